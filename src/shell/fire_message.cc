#include "shell/fire_message.h"

#include <algorithm>

#include "base/contract.h"
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

}  // namespace

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
