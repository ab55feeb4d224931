#include "onboard/text_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "base/contract.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"

namespace skywarden::onboard {
namespace {

enum class Kind : std::uint8_t { kWord = 1, kNgram, kPair, kClass, kNumber, kScript };

constexpr char32_t kEdge = 0x110000;  // no character: stands before and behind a word

// The text is known to be valid UTF-8.
std::u32string decode(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    out += c;
    i += length;
  }
  return out;
}

bool within(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

char32_t folded(char32_t c) {
  if (within(c, 0xFF01, 0xFF5E)) c -= 0xFEE0;  // full-width
  if (within(c, U'A', U'Z')) return c + 32;
  if (within(c, 0xC0, 0xDE) && c != 0xD7) return c + 32;
  if (within(c, 0x391, 0x3A9)) return c + 32;  // Greek
  if (within(c, 0x410, 0x42F)) return c + 32;  // Cyrillic
  if (within(c, 0x400, 0x40F)) return c + 80;
  return c;
}

bool is_digit(char32_t c) {
  return within(c, U'0', U'9');
}

// Scripts that do not put spaces between words.
bool stands_alone(char32_t c) {
  return within(c, 0x4E00, 0x9FFF) || within(c, 0x3400, 0x4DBF) || within(c, 0x20000, 0x3FFFF) ||
         within(c, 0x3040, 0x30FF) || within(c, 0x0E00, 0x0EFF) || within(c, 0x1000, 0x109F) ||
         within(c, 0x1780, 0x17FF);
}

bool in_word(char32_t c) {
  if (c < 0x80) return is_digit(c) || within(c, U'a', U'z');
  return !within(c, 0x80, 0xBF) && c != 0xD7 && c != 0xF7 && !within(c, 0x2000, 0x2BFF) &&
         !within(c, 0x3000, 0x303F) && !within(c, 0xFE00, 0xFE6F) && !within(c, 0xFF00, 0xFFEF);
}

char32_t script_of(char32_t c) {
  return c < 0x250 ? 0 : within(c, 0x370, 0x3FF) ? 1 : within(c, 0x400, 0x52F) ? 2 : stands_alone(c) ? 3 : 4;
}

// Words by which people report fire and weather, in the languages that the project speaks. A class says that
// one of its words is there.
struct Lexicon {
  char32_t meaning;
  std::u32string_view word;
};
constexpr std::array<Lexicon, 42> kLexicon{{
    {1, U"fire"},   {1, U"flame"},    {1, U"flames"}, {1, U"burning"},   {1, U"wildfire"}, {1, U"火"},
    {1, U"燃"},     {1, U"incêndio"}, {1, U"fuego"},  {2, U"smoke"},     {2, U"plume"},    {2, U"haze"},
    {2, U"烟"},     {2, U"煙"},       {2, U"fumo"},   {2, U"humo"},      {3, U"wind"},     {3, U"windy"},
    {3, U"gust"},   {3, U"gusts"},    {3, U"风"},     {3, U"風"},        {4, U"rain"},     {4, U"wet"},
    {4, U"shower"}, {4, U"雨"},       {5, U"storm"},  {5, U"hurricane"}, {5, U"thunder"},  {5, U"雷"},
    {6, U"no"},     {6, U"not"},      {6, U"none"},   {6, U"without"},   {6, U"无"},       {6, U"無"},
    {6, U"没"},     {7, U"clear"},    {7, U"quiet"},  {7, U"calm"},      {7, U"晴"},       {7, U"平静"},
}};

class Collector {
 public:
  explicit Collector(const TextOptions& options) : options_(options) {}

  void add(Kind kind, std::u32string_view what) {
    Fnv1a hash;
    hash.add_byte(static_cast<std::uint8_t>(kind));
    for (const char32_t c : what) hash.add(std::uint64_t{c});
    std::uint64_t state = hash.value();
    const std::uint64_t mixed = splitmix64(state);  // FNV's high bits are weak for short input
    const auto place = static_cast<std::uint32_t>(mixed >> (64 - options_.bits));
    counts_[place] += (mixed & 1) != 0 ? 1.0F : -1.0F;
  }

  void add_word(std::u32string_view word) {
    if (options_.words) add(Kind::kWord, word);
    if (options_.classes) add_classes(word);
    if (!options_.ngrams) return;
    std::u32string marked(1, kEdge);
    marked += word;
    marked += kEdge;
    for (std::size_t n = options_.ngram_min; n <= options_.ngram_max && n <= marked.size(); ++n)
      for (std::size_t i = 0; i + n <= marked.size(); ++i)
        add(Kind::kNgram, std::u32string_view(marked).substr(i, n));
  }

  void add_alone(std::u32string_view text, std::size_t at) {
    if (options_.words) add(Kind::kWord, text.substr(at, 1));
    const bool pair = at + 1 < text.size() && stands_alone(text[at + 1]);
    if (options_.ngrams && pair) add(Kind::kPair, text.substr(at, 2));
    if (!options_.classes) return;
    add_script(text[at]);
    for (const Lexicon& each : kLexicon)
      if (text.substr(at).starts_with(each.word)) add(Kind::kClass, std::u32string(1, each.meaning));
  }

  [[nodiscard]] std::vector<TextFeature> take() const {
    std::vector<TextFeature> out;
    for (const auto& [place, count] : counts_)
      if (count != 0.0F) out.push_back({place, std::copysign(1.0F + std::log(std::abs(count)), count)});
    return out;
  }

 private:
  // Where it changes only, so that a long text in one script is not mostly about its script.
  void add_script(char32_t c) {
    const char32_t script = script_of(c);
    if (script != last_script_) add(Kind::kScript, std::u32string(1, script));
    last_script_ = script;
  }
  void add_classes(std::u32string_view word) {
    add_script(word[0]);
    if (std::all_of(word.begin(), word.end(), is_digit))
      add(Kind::kNumber, std::u32string(1, static_cast<char32_t>(word.size())));  // its order of magnitude
    for (const Lexicon& each : kLexicon)
      if (word == each.word) add(Kind::kClass, std::u32string(1, each.meaning));
  }

  const TextOptions& options_;
  std::map<std::uint32_t, float> counts_;
  char32_t last_script_ = kEdge;
};

// Cut at a character's first byte.
std::string_view first_bytes(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

std::vector<TextFeature> text_features(std::string_view text, const TextOptions& options) {
  EXPECTS(options.bits >= 1 && options.bits <= 20 && options.ngram_min >= 1);
  text = first_bytes(text, options.bytes_max);
  if (!is_valid_utf8(text)) return {};
  std::u32string folded_text = decode(text);
  for (char32_t& c : folded_text) c = folded(c);
  const std::u32string_view all = folded_text;
  Collector collector(options);
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < all.size() && tokens < options.tokens_max;) {
    if (stands_alone(all[i])) {
      collector.add_alone(all, i++);
      ++tokens;
      continue;
    }
    std::size_t end = i;
    while (end < all.size() && in_word(all[end]) && !stands_alone(all[end])) ++end;
    if (end > i) {
      collector.add_word(all.substr(i, end - i));
      ++tokens;
    }
    i = std::max(end, i + 1);
  }
  return collector.take();
}

TextWeights::TextWeights(const TextOptions& options) : texts_with_(options.places(), 0) {}

void TextWeights::learn(const std::vector<TextFeature>& features) {
  if (features.empty()) return;
  ++texts_;
  for (const TextFeature& feature : features) ++texts_with_.at(feature.place);
}

std::vector<TextFeature> TextWeights::weigh(std::vector<TextFeature> features) const {
  double square = 0.0;
  for (TextFeature& feature : features) {
    const double rarity =
        std::log((1.0 + static_cast<double>(texts_)) / (1.0 + texts_with_.at(feature.place))) + 1.0;
    feature.weight = static_cast<float>(feature.weight * rarity);
    square += double{feature.weight} * feature.weight;
  }
  if (square <= 0.0) return {};
  const auto scale = static_cast<float>(1.0 / std::sqrt(square));
  for (TextFeature& feature : features) feature.weight *= scale;
  return features;
}

}  // namespace skywarden::onboard
