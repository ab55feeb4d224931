#include "games/nfg.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace skywarden::games {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// Takes one token after the other off the text. The first error stays; what is read after it means nothing.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool sound() const { return !error_; }
  [[nodiscard]] tl::unexpected<Error> error() const { return tl::unexpected(*error_); }

  // The next character that is no white space; '\0' at the end.
  char peek() {
    while (!text_.empty() && is_space(text_[0])) {
      if (text_[0] == '\n') ++line_;
      text_.remove_prefix(1);
    }
    return text_.empty() ? '\0' : text_[0];
  }

  bool take(char expected) {
    if (!sound() || peek() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char expected) {
    if (!take(expected)) refuse(fmt::format("'{}'", expected));
  }

  std::string_view word() {
    peek();
    std::size_t length = 0;
    while (length < text_.size() && !is_space(text_[length]) && text_[length] != '{' &&
           text_[length] != '}' && text_[length] != '"' && text_[length] != ',')
      ++length;
    const std::string_view found = text_.substr(0, length);
    text_.remove_prefix(length);
    return found;
  }

  std::string quoted() {
    expect('"');
    std::string value;
    while (sound()) {
      if (text_.empty()) {
        refuse("a closing \"");
        break;
      }
      const char c = text_[0];
      text_.remove_prefix(1);
      if (c == '"') break;
      if (c == '\n') ++line_;
      if (c == '\\' && !text_.empty() && (text_[0] == '"' || text_[0] == '\\')) {
        value += text_[0];
        text_.remove_prefix(1);
      } else {
        value += c;
      }
    }
    return value;
  }

  Rational number() {
    if (!sound()) return 0;
    const std::string_view found = word();
    auto value = parse_rational(found);
    if (!value) stop(value.error().code, value.error().message);
    return value.value_or(Rational(0));
  }

  std::size_t count(std::size_t least, std::size_t most) {
    if (!sound()) return least;
    const std::string_view found = word();
    const auto value = parse_integer(found);
    if (!value || *value < 0)
      stop(Errc::kMalformed, fmt::format("expected a whole number, found '{}'", printable(found)));
    else if (static_cast<std::size_t>(*value) < least || static_cast<std::size_t>(*value) > most)
      stop(Errc::kOutOfRange, fmt::format("expected {} to {}, found {}", least, most, *value));
    return sound() ? static_cast<std::size_t>(*value) : least;
  }

  void refuse(const std::string& expected) {
    const char found = peek();
    stop(Errc::kMalformed,
         found == '\0' && text_.empty()
             ? fmt::format("expected {}, found the end", expected)
             : fmt::format("expected {}, found '{}'", expected, printable(text_.substr(0, 12))));
  }
  void stop(Errc code, const std::string& message) {
    if (!error_) error_ = Error{code, fmt::format("line {}: {}", line_, message)};
  }

 private:
  std::string_view text_;
  std::size_t line_ = 1;
  std::optional<Error> error_;
};

void read_head(Reader& in, StrategicGame& game) {
  if (in.word() != "NFG") return in.stop(Errc::kMalformed, "expected NFG");
  if (in.word() != "1") return in.stop(Errc::kUnsupported, "expected version 1");
  if (const auto letter = in.word(); letter != "R" && letter != "D")
    return in.stop(Errc::kMalformed, "expected R or D after the version");
  game.title = in.quoted();
  in.expect('{');
  while (in.sound() && in.peek() == '"') {
    if (game.players.size() == kGamePlayersMax)
      return in.stop(Errc::kLimitReached, fmt::format("expected at most {} players", kGamePlayersMax));
    game.players.push_back(in.quoted());
  }
  in.expect('}');
  if (in.sound() && game.players.empty()) in.stop(Errc::kMalformed, "expected a player");
}

// Names are counted and not kept: nothing reads them.
std::size_t read_strategy_names(Reader& in) {
  std::size_t count = 0;
  in.expect('{');
  for (; in.sound() && in.peek() == '"'; ++count) (void)in.quoted();
  in.expect('}');
  if (in.sound() && count == 0) in.stop(Errc::kMalformed, "expected a strategy");
  return count;
}

void read_strategies(Reader& in, StrategicGame& game) {
  in.expect('{');
  std::size_t numbers = game.players.size();
  for (std::size_t player = 0; player < game.players.size() && in.sound(); ++player) {
    const std::size_t count = in.peek() == '{' ? read_strategy_names(in) : in.count(1, kGamePayoffsMax);
    if (!in.sound()) return;
    if (count > kGamePayoffsMax / numbers)
      return in.stop(Errc::kLimitReached, fmt::format("expected at most {} payoffs", kGamePayoffsMax));
    numbers *= count;
    game.strategies.push_back(count);
  }
  in.expect('}');
  if (in.sound() && in.peek() == '"') (void)in.quoted();
}

void read_payoffs(Reader& in, StrategicGame& game) {
  const std::size_t count = game.profiles() * game.players.size();
  for (std::size_t i = 0; i < count && in.sound(); ++i) {
    if (in.peek() == '\0')
      return in.stop(Errc::kMalformed, fmt::format("expected {} payoffs, found the end after {}", count, i));
    game.payoffs.push_back(in.number());
    in.take(',');
  }
}

std::vector<std::vector<Rational>> read_outcomes(Reader& in, std::size_t players) {
  std::vector<std::vector<Rational>> outcomes(1,
                                              std::vector<Rational>(players, Rational(0)));  // 0 pays nothing
  in.expect('{');
  while (in.take('{')) {
    if (outcomes.size() * players > kGamePayoffsMax) {
      in.stop(Errc::kLimitReached, fmt::format("expected at most {} payoffs", kGamePayoffsMax));
      break;
    }
    (void)in.quoted();
    std::vector<Rational> payoffs;
    for (std::size_t player = 0; player < players && in.sound(); ++player) {
      in.take(',');
      payoffs.push_back(in.number());
    }
    in.take(',');
    in.expect('}');
    outcomes.push_back(std::move(payoffs));
  }
  in.expect('}');
  return outcomes;
}

void read_outcome_form(Reader& in, StrategicGame& game) {
  const auto outcomes = read_outcomes(in, game.players.size());
  for (std::size_t i = 0; i < game.profiles() && in.sound(); ++i) {
    const std::size_t which = in.count(0, outcomes.size() - 1);
    if (in.sound()) game.payoffs.insert(game.payoffs.end(), outcomes[which].begin(), outcomes[which].end());
  }
}

std::string in_quotes(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

Result<StrategicGame> parse_nfg(std::string_view text) {
  if (text.size() > kNfgBytesMax)
    return fail(Errc::kLimitReached, "expected at most {} bytes, found {}", kNfgBytesMax, text.size());
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader in(text);
  StrategicGame game;
  read_head(in, game);
  if (in.sound()) read_strategies(in, game);
  if (in.sound() && in.peek() == '{')
    read_outcome_form(in, game);
  else if (in.sound())
    read_payoffs(in, game);
  if (in.sound() && in.peek() != '\0') in.refuse("the end");
  if (!in.sound()) return in.error();
  return game;
}

std::string to_nfg(const StrategicGame& game) {
  std::string text = "NFG 1 R " + in_quotes(game.title) + " {";
  for (const std::string& player : game.players) text += " " + in_quotes(player);
  text += " } {";
  for (const std::size_t count : game.strategies) text += fmt::format(" {}", count);
  text += " }\n\n";
  for (std::size_t i = 0; i < game.payoffs.size(); ++i)
    text += (i == 0 ? "" : " ") + to_text(game.payoffs[i]);
  return text + "\n";
}

}  // namespace skywarden::games
