#include "shell/fire_message.h"

#include <algorithm>

#include "base/contract.h"
#include "node/messages.h"
#include "shell/group_message.h"
#include "wildfire/proposal_codec.h"
#include "wire/cbor.h"

namespace skywarden::shell {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kTakenFields = 7, kQuestionFields = 2, kAnswerFields = 3;
constexpr std::size_t kAnswerBytesMax = kFrameBytesMax - 1024;  // what surrounds it in a frame

std::uint64_t number(CborReader& in) {
  return in.unsigned_integer().value_or(0);
}

CborReader begin(std::span<const std::byte> bytes, std::uint64_t fields, Result<void>& fits) {
  CborReader in(bytes, kFrameBytesMax);
  const std::uint64_t items = in.array().value_or(fields);
  const std::uint64_t version = in.unsigned_integer().value_or(kVersion);
  if (version != kVersion)
    fits = fail(Errc::kUnsupported, "it speaks version {} of fires, this build {}", version, kVersion);
  else if (items != fields)
    fits = fail(Errc::kMalformed, "a message about fires with {} fields, expected {}", items, fields);
  return in;
}

// ---- how nodes catch up

constexpr std::uint64_t kCompareFields = 4, kComparedFields = 5, kFetchFields = 4, kFetchedFields = 4;
constexpr std::uint64_t kKeyFields = 2, kSpanFields = 6;
constexpr std::uint64_t kSpanCountMax = std::uint64_t{1} << 32;

enum class CatchUpKind : std::uint64_t { kCompare = 1, kCompared, kFetch, kFetched };

CborWriter& begin(CborWriter& out, std::uint64_t fields, CatchUpKind kind, std::uint64_t number) {
  return out.array(fields)
      .unsigned_integer(kVersion)
      .unsigned_integer(static_cast<std::uint64_t>(kind))
      .unsigned_integer(number);
}

void write(CborWriter& out, const node::ObservationKey& key) {
  out.signed_integer(key.time.time_since_epoch().count()).unsigned_integer(key.id.value());
}

void write(CborWriter& out, const std::vector<node::HeldSpan>& spans) {
  out.array(spans.size());
  for (const node::HeldSpan& span : spans) {
    out.array(kSpanFields);
    write(out, span.first);
    write(out, span.last);
    out.unsigned_integer(span.count).bytes(span.fingerprint);
  }
}

void write(CborWriter& out, const std::vector<node::ObservationKey>& keys) {
  out.array(keys.size());
  for (const node::ObservationKey& key : keys) write(out.array(kKeyFields), key);
}

struct CatchUpEncoder {
  CborWriter out;

  void operator()(const node::CompareHeld& m) {
    write(begin(out, kCompareFields, CatchUpKind::kCompare, m.number), m.spans);
  }
  void operator()(const node::HeldCompared& m) {
    write(begin(out, kComparedFields, CatchUpKind::kCompared, m.number), m.parts.spans);
    write(out, m.parts.keys);
  }
  void operator()(const node::FetchObservations& m) {
    write(begin(out, kFetchFields, CatchUpKind::kFetch, m.number), m.keys);
  }
  void operator()(const node::ObservationsFetched& m) {
    begin(out, kFetchedFields, CatchUpKind::kFetched, m.number)
        .bytes(node::encode(node::ObservationBatch{m.number, m.hotspots}));
  }
};

// The reader keeps its first failure; what is beyond a limit, or not in order, is remembered here.
class CatchUpReader {
 public:
  explicit CatchUpReader(CborReader& in) : in_(in) {}

  std::vector<node::HeldSpan> spans(std::size_t most) {
    std::vector<node::HeldSpan> all(count(most));
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = span();
      in_order_ = in_order_ && all[i].first <= all[i].last && (i == 0 || all[i - 1].last < all[i].first);
    }
    return all;
  }
  std::vector<node::ObservationKey> keys(std::size_t most) {
    std::vector<node::ObservationKey> all(count(most));
    for (std::size_t i = 0; i < all.size(); ++i) {
      in_order_ = in_order_ && in_.array().value_or(kKeyFields) == kKeyFields;
      all[i] = key();
      in_order_ = in_order_ && (i == 0 || all[i - 1] < all[i]);
    }
    return all;
  }
  [[nodiscard]] bool in_order() const { return in_order_; }

 private:
  std::size_t count(std::size_t most) {
    const std::uint64_t items = in_.array().value_or(0);
    in_order_ = in_order_ && items <= most;
    return in_order_ ? static_cast<std::size_t>(items) : 0;
  }
  node::ObservationKey key() {
    const Instant time{Duration(in_.signed_integer().value_or(0))};
    return {time, ObservationId(number(in_))};
  }
  node::HeldSpan span() {
    node::HeldSpan span;
    in_order_ = in_order_ && in_.array().value_or(kSpanFields) == kSpanFields;
    span.first = key();
    span.last = key();
    const std::uint64_t count = number(in_);
    const auto print = in_.bytes().value_or(std::span<const std::byte>());
    in_order_ = in_order_ && count <= kSpanCountMax && print.size() == span.fingerprint.size();
    if (!in_order_) return span;
    span.count = static_cast<std::size_t>(count);
    std::copy(print.begin(), print.end(), span.fingerprint.begin());
    return span;
  }

  CborReader& in_;
  bool in_order_ = true;
};

Result<node::ObservationsFetched> read_fetched(std::uint64_t id, std::span<const std::byte> bytes) {
  auto message = node::decode(bytes);
  if (!message) return tl::unexpected<Error>(message.error());
  auto* batch = std::get_if<node::ObservationBatch>(&*message);
  if (batch == nullptr || batch->id != id || !std::ranges::equal(node::encode(*batch), bytes))
    return fail(Errc::kMalformed, "expected observations under their own ids, as number {}", id);
  return node::ObservationsFetched{id, std::move(batch->hotspots)};
}

}  // namespace

std::vector<std::byte> encode(const node::CatchUpMessage& message) {
  CatchUpEncoder encoder;
  std::visit(encoder, message);
  auto bytes = encoder.out.take();
  EXPECTS(bytes.size() <= kCatchUpBytesMax);
  return bytes;
}

Result<node::CatchUpMessage> decode_catch_up(std::span<const std::byte> bytes) {
  CborReader in(bytes, kCatchUpBytesMax);
  const std::uint64_t items = in.array().value_or(0);
  const std::uint64_t version = in.unsigned_integer().value_or(kVersion);
  const std::uint64_t kind = number(in);
  const std::uint64_t id = number(in);
  CatchUpReader body(in);
  node::CatchUpMessage message;
  std::uint64_t fields = 0;
  std::span<const std::byte> batch;
  switch (static_cast<CatchUpKind>(kind)) {
    case CatchUpKind::kCompare:
      fields = kCompareFields;
      message = node::CompareHeld{id, body.spans(node::kSpansPerQuestionMax)};
      break;
    case CatchUpKind::kCompared: {
      fields = kComparedFields;
      auto spans = body.spans(node::kSpansPerAnswerMax);
      message = node::HeldCompared{id, {std::move(spans), body.keys(node::kKeysPerAnswerMax)}};
      break;
    }
    case CatchUpKind::kFetch:
      fields = kFetchFields;
      message = node::FetchObservations{id, body.keys(node::kKeysPerFetchMax)};
      break;
    case CatchUpKind::kFetched:
      fields = kFetchedFields;
      batch = in.bytes().value_or(std::span<const std::byte>());
      break;
  }
  if (!body.in_order())
    return fail(Errc::kOutOfRange, "expected spans and keys within their limits, ascending and apart");
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (version != kVersion)
    return fail(Errc::kUnsupported, "it speaks version {} of fires, this build {}", version, kVersion);
  if (fields == 0 || items != fields)
    return fail(Errc::kMalformed, "a message of kind {} with {} fields about what is held", kind, items);
  if (static_cast<CatchUpKind>(kind) != CatchUpKind::kFetched) return message;
  auto fetched = read_fetched(id, batch);
  if (!fetched) return tl::unexpected<Error>(fetched.error());
  return node::CatchUpMessage(std::move(*fetched));
}

std::vector<std::byte> encode(const ObservationsTaken& taken) {
  CborWriter out;
  out.array(kTakenFields).unsigned_integer(kVersion).signed_integer(taken.clock.time_since_epoch().count());
  for (const std::uint64_t count : {taken.taken, taken.known, taken.late, taken.future, taken.unusable})
    out.unsigned_integer(count);
  return out.take();
}

std::vector<std::byte> encode(const AlertsQuestion& question) {
  CborWriter out;
  return out.array(kQuestionFields)
      .unsigned_integer(kVersion)
      .unsigned_integer(question.after.value())
      .take();
}

std::vector<std::byte> encode(const AlertsAnswer& answer) {
  CborWriter out;
  out.array(kAnswerFields).unsigned_integer(kVersion).boolean(answer.more).array(answer.alerts.size());
  for (const datum::Alert& alert : answer.alerts) out.bytes(wildfire::encode(alert));
  auto bytes = out.take();
  EXPECTS(bytes.size() <= kFrameBytesMax);
  return bytes;
}

Result<ObservationsTaken> decode_observations_taken(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kTakenFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  ObservationsTaken taken;
  taken.clock = Instant(Duration(in.signed_integer().value_or(0)));
  for (std::uint64_t* count : {&taken.taken, &taken.known, &taken.late, &taken.future, &taken.unusable})
    *count = number(in);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  return taken;
}

Result<AlertsQuestion> decode_alerts_question(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kQuestionFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  const AlertsQuestion question{LogIndex(number(in))};
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  return question;
}

Result<AlertsAnswer> decode_alerts_answer(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kAnswerFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  AlertsAnswer answer;
  answer.more = in.boolean().value_or(false);
  for (std::uint64_t left = in.array().value_or(0); left > 0; --left) {
    const auto each = in.bytes();
    if (!each) return tl::unexpected<Error>(each.error());
    auto alert = wildfire::decode_alert(*each);
    if (!alert) return tl::unexpected<Error>(alert.error());
    if (!answer.alerts.empty() && answer.alerts.back().index >= alert->index)
      return fail(Errc::kMalformed, "alerts out of the order of the log");
    answer.alerts.push_back(std::move(*alert));
  }
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  return answer;
}

AlertsAnswer answer_to(const AlertsQuestion& question, std::span<const datum::Alert> told) {
  const auto first =
      std::upper_bound(told.begin(), told.end(), question.after,
                       [](LogIndex after, const datum::Alert& alert) { return after < alert.index; });
  AlertsAnswer answer;
  std::size_t bytes = 0;
  for (auto each = first; each != told.end(); ++each) {
    constexpr std::size_t kHead = 8;
    bytes += wildfire::encode(*each).size() + kHead;
    if (bytes > kAnswerBytesMax) {
      answer.more = true;
      break;
    }
    answer.alerts.push_back(*each);
  }
  return answer;
}

}  // namespace skywarden::shell
