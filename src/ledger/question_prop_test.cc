// Whatever is asked of whatever was agreed: the answer is that of a slow look at all of it.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "ledger/ledger_example.h"
#include "ledger/ledger_reader.h"
#include "wildfire/alert_area.h"

namespace skywarden::ledger {
namespace {

struct Line {  // an entry as a person would read it
  LogIndex index;
  Kind kind = Kind::kUnread;
  std::optional<datum::Proposal> told, read;
};

std::vector<Line> lines_of(const std::vector<node::Entered>& all) {
  std::vector<Line> lines;
  for (const node::Entered& each : all) {
    Line line;
    line.index = each.entry.index;
    const auto proposal = wildfire::decode_proposal(each.entry.payload);
    if (each.entry.kind == consensus::EntryKind::kConfiguration) {
      line.kind = Kind::kEpoch;
    } else if (each.entry.kind == consensus::EntryKind::kWithheld) {
      line.kind = Kind::kWithheld;
    } else if (each.entry.payload.empty()) {
      line.kind = Kind::kTerm;
    } else if (proposal) {
      line.read = *proposal;
      if (each.told) line.told = *proposal;
      line.kind = !each.told                                       ? Kind::kUntold
                  : proposal->kind == datum::ProposalKind::kAlert  ? Kind::kAlert
                  : proposal->kind == datum::ProposalKind::kUpdate ? Kind::kUpdate
                                                                   : Kind::kCancel;
    }
    lines.push_back(line);
  }
  return lines;
}

// Whether two ranges of longitude or latitude meet, in units of 1e-7 degree.
bool meet(double from, double to, double low, double high) {
  return std::llround(from * 1e7) <= std::llround(high * 1e7) &&
         std::llround(to * 1e7) >= std::llround(low * 1e7);
}

bool meets(const datum::Proposal& p, const GeoBox& box) {
  for (const datum::Ring& ring : wildfire::area_rings(p)) {
    double south = 90, north = -90, west = 180, east = -180;
    for (const GeoPoint& point : ring) {
      south = std::min(south, point.lat_deg);
      north = std::max(north, point.lat_deg);
      west = std::min(west, point.lon_deg);
      east = std::max(east, point.lon_deg);
    }
    if (!meet(south, north, box.south, box.north)) continue;
    if (box.west <= box.east ? meet(west, east, box.west, box.east)
                             : meet(west, east, box.west, 180) || meet(west, east, -180, box.east))
      return true;
  }
  return false;
}

bool fits(const Line& line, const std::vector<Line>& all, const Question& q) {
  if (line.index < q.from) return false;
  const std::int64_t time = line.read ? line.read->time_ns : 0;
  if (q.since && (!line.read || time < q.since->time_since_epoch().count())) return false;
  if (q.until && (!line.read || time >= q.until->time_since_epoch().count())) return false;
  if (!q.kinds.empty() && std::find(q.kinds.begin(), q.kinds.end(), line.kind) == q.kinds.end()) return false;
  if (q.severity_min && (!line.told || wildfire::level_of(*line.told).severity < *q.severity_min))
    return false;
  if (q.status && (!line.told || *q.status != "Exercise")) return false;
  if (q.event && (!line.told || line.told->event != *q.event)) return false;
  if (q.box && (!line.told || !meets(*line.told, *q.box))) return false;
  if (q.name) return false;  // nobody sets a name in a group that agrees on fires
  if (!q.latest) return true;
  if (!line.told) return false;
  return std::none_of(all.begin(), all.end(), [&](const Line& other) {
    return other.told && other.told->event == line.told->event && other.index > line.index;
  });
}

Question any_question(Random& random, const std::vector<Line>& lines) {
  Question q;
  const auto some_time = [&] {
    const Line& line = lines[random.below(lines.size())];
    return Instant(Duration(line.read ? line.read->time_ns : 1'507'000'000'000'000'000));
  };
  if (random.chance(0.3)) q.since = some_time();
  if (random.chance(0.3)) q.until = some_time();
  if (random.chance(0.4))
    q.box = GeoBox{-90 + random.uniform() * 100, -180 + random.uniform() * 360, 10 + random.uniform() * 80,
                   -180 + random.uniform() * 360};
  for (int kind = 0; kind <= static_cast<int>(Kind::kUnread); ++kind)
    if (random.chance(0.15)) q.kinds.push_back(static_cast<Kind>(kind));
  if (random.chance(0.2)) q.severity_min = static_cast<wildfire::Severity>(random.below(4));
  if (random.chance(0.2)) q.event = EventId(1 + random.below(20));
  if (random.chance(0.2)) q.status = random.chance(0.8) ? "Exercise" : "Actual";
  if (random.chance(0.05)) q.name = "name";
  q.latest = random.chance(0.2);
  if (random.chance(0.2)) q.from = LogIndex(random.below(lines.size()));
  q.limit = random.chance(0.3) ? 1 + random.below(10) : kLinesMax;
  return q;
}

}  // namespace

TEST_CASE("any question over any log gives what a slow filter gives") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random(seed);
    const auto all = example::agreed(seed, 1 + random.below(90));
    const example::Folder folder;
    example::open(folder.file()).enter(all);
    const auto lines = lines_of(all);
    auto reader = LedgerReader::open(folder.file());
    RC_ASSERT(reader.has_value());
    for (int i = 0; i < 20; ++i) {
      const Question question = any_question(random, lines);
      std::vector<std::int64_t> expected, got;
      for (const Line& line : lines)
        if (fits(line, lines, question)) expected.push_back(static_cast<std::int64_t>(line.index.value()));
      const bool more = expected.size() > question.limit;
      if (more) expected.resize(question.limit);
      const auto answer = reader->ask(question);
      RC_ASSERT(answer.has_value());
      for (const Cells& row : answer->rows) got.push_back(std::get<std::int64_t>(row.front()));
      RC_ASSERT(got == expected);
      RC_ASSERT(answer->more == more);
      RC_ASSERT(std::equal(answer->columns.begin(), answer->columns.end(), std::begin(kLineColumns),
                           std::end(kLineColumns)));
    }
  }));
}

TEST_CASE("a box is four numbers in order, and else one line says so") {
  CHECK(parse_box("38,-123,39,-122").value().west == -123.0);
  CHECK(parse_box(" -90 , 170.5 , 90 , -170 ").value().east == -170.0);
  for (const char* bad : {"", "1,2,3", "1,2,3,4,5", "a,2,3,4", "1,2,3,", ",,,"})
    CHECK(parse_box(bad).error().code == Errc::kMalformed);
  for (const char* bad : {"2,0,1,0", "-91,0,1,0", "0,-181,1,0", "0,0,1,181"})
    CHECK(parse_box(bad).error().code == Errc::kOutOfRange);
}

}  // namespace skywarden::ledger
