#include "node/messages.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace skywarden;
using namespace skywarden::node;

namespace {

datum::Hotspot hotspot() {
  datum::Hotspot h;
  h.time = parse_utc("2017-10-09T10:15:00Z").value();
  h.centre = {38.6, -122.6};
  h.scan = Metres(420);
  h.track = Metres(380);
  h.brightness = Kelvin(367);
  h.radiative_power = megawatts(101.2);
  h.confidence = Probability(0.95);
  h.satellite = "N";
  h.instrument = "VIIRS";
  h.id = datum::observation_id(h);
  return h;
}

datum::Finding finding() {
  datum::Finding f;
  f.by = NodeId(3);
  f.event = EventId(77);
  f.time = parse_utc("2017-10-09T10:16:00Z").value();
  f.verdict = datum::Verdict::kFire;
  f.probability = Probability(0.9);
  f.interval = {0.8, 0.95};
  f.outline = {{1, 1}, {1, 2}, {2, 2}, {1, 1}};
  f.measured = true;
  f.reasons = {
      {datum::EvidenceKind::kMeasured, 2.5, "VIIRS N", "12 pixels", "12 个像元", std::chrono::minutes(3)}};
  f.observations = {ObservationId(1), ObservationId(9)};
  return f;
}

template <typename T>
T round_trip(const T& message) {
  return std::get<T>(decode(encode(Message(message))).value());
}

}  // namespace

TEST_CASE("every kind of message survives the wire") {
  const auto batch = round_trip(ObservationBatch{5, {hotspot(), hotspot()}});
  CHECK(batch.id == 5);
  REQUIRE(batch.hotspots.size() == 2);
  CHECK(batch.hotspots[0].id == hotspot().id);
  CHECK(batch.hotspots[0].radiative_power->value() == 101.2e6);
  CHECK_FALSE(batch.hotspots[0].background.has_value());
  CHECK(round_trip(BatchReceived{8}).id == 8);
  const auto report = round_trip(Report{finding()});
  CHECK(report.finding.reasons[0].text_zh == "12 个像元");
  CHECK(report.finding.observations == finding().observations);
  CHECK(report.finding.probability == finding().probability);
  CHECK(round_trip(ReportConfirmed{EventId(4), -5}).time_ns == -5);
  datum::Prior prior;
  prior.source = "FWI 38";
  CHECK(round_trip(Bulletin{prior}).prior.source == "FWI 38");
  const consensus::Message raft{NodeId(1), NodeId(2), Term(3), consensus::VoteReply{true}};
  CHECK(round_trip(raft) == raft);
}

TEST_CASE("an observation cannot be given another's identity") {
  datum::Hotspot forged = hotspot();
  forged.id = ObservationId(1);
  CHECK(round_trip(ObservationBatch{1, {forged}}).hotspots[0].id == hotspot().id);
}

TEST_CASE("a message cut anywhere, or with any byte changed, is refused or still within its limits") {
  const std::vector<std::byte> whole = encode(Message(Report{finding()}));
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(decode(std::span(whole).first(length)).has_value());
  CHECK(rc::check([&] {
    std::vector<std::byte> bytes = whole;
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
        static_cast<std::byte>(*rc::gen::inRange(0, 256));
    const auto read = decode(bytes);
    if (!read) return;
    if (const auto* report = std::get_if<Report>(&*read)) {
      RC_ASSERT(report->finding.probability.value() >= 0.0);
      RC_ASSERT(report->finding.probability.value() <= 1.0);
      RC_ASSERT(report->finding.observations.size() <= kObservationsPerFindingMax);
    }
  }));
}
