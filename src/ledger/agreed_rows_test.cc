#include "ledger/agreed_rows.h"

#include <doctest/doctest.h>

#include <set>

#include "ledger/ledger_example.h"

namespace skywarden::ledger {
namespace {

node::Entered entered(consensus::Payload payload, bool told,
                      consensus::EntryKind kind = consensus::EntryKind::kProposal) {
  node::Entered out;
  out.entry = {Term(3), LogIndex(17), std::move(payload), kind};
  out.head.fill(std::byte{9});
  out.told = told;
  return out;
}

const Cells* row_of(const std::vector<TableRow>& rows, Table table, std::size_t nth = 0) {
  for (const TableRow& row : rows)
    if (row.table == table && nth-- == 0) return &row.cells;
  return nullptr;
}

Cell word(const char* text) {
  return std::string(text);
}
Cell whole(std::int64_t number) {
  return number;
}

}  // namespace

TEST_CASE("an alert is told with its identifiers, level, place, reasons and whose findings it merges") {
  const datum::Alert alert = wildfire::example::alert();
  const auto rows = rows_of(entered(wildfire::encode(alert.proposal), true), 4, {});
  const Cells& entry = *row_of(rows, Table::kEntry);
  CHECK(entry[0] == whole(17));
  CHECK(entry[1] == whole(3));
  CHECK(entry[2] == whole(4));
  CHECK(entry[3] == word("alert"));
  CHECK(entry[5] == word("2017-10-09T04:58:12Z"));
  const Cells& told = *row_of(rows, Table::kAlert);
  CHECK(told[1] == word("00000000000000ab"));
  CHECK(told[3] == word("skywarden-exercise-00000000000000ab-0"));
  CHECK(told[4] == word("Exercise"));
  CHECK(told[5] == word("Extreme"));
  CHECK(told[12] == whole(12'432'000));
  CHECK(told[17] == whole(57));
  CHECK(std::get<std::string>(told[18]).starts_with("[[-122.6500000,38.5900000],[-122.6000000,"));
  const Cells& box = *row_of(rows, Table::kArea);
  CHECK(box == Cells{whole(34), whole(385'900'000), whole(386'200'000), whole(-1'226'500'000),
                     whole(-1'226'000'000)});
  CHECK((*row_of(rows, Table::kReason, 1))[2] == word("modelled"));
  CHECK((*row_of(rows, Table::kMerged, 11))[1] == whole(12));
  CHECK(row_of(rows, Table::kMerged, 12) == nullptr);
}

TEST_CASE("an area across the antimeridian has a box on either side") {
  datum::Alert alert = wildfire::example::alert();
  alert.proposal.outline = {{0, 1'799'000'000},
                            {0, -1'799'000'000},
                            {10'000'000, -1'799'000'000},
                            {10'000'000, 1'799'000'000},
                            {0, 1'799'000'000}};
  const auto rows = rows_of(entered(wildfire::encode(alert.proposal), true), 0, {});
  REQUIRE(row_of(rows, Table::kArea, 1) != nullptr);
  CHECK(row_of(rows, Table::kArea, 2) == nullptr);
  std::set<std::pair<std::int64_t, std::int64_t>> sides;
  for (std::size_t i = 0; i < 2; ++i) {
    const Cells& box = *row_of(rows, Table::kArea, i);
    sides.emplace(std::get<std::int64_t>(box[3]), std::get<std::int64_t>(box[4]));
  }
  CHECK(sides == std::set<std::pair<std::int64_t, std::int64_t>>{{-1'800'000'000, -1'799'000'000},
                                                                 {1'799'000'000, 1'800'000'000}});
}

TEST_CASE("what told nothing is kept as an entry alone") {
  const auto untold = rows_of(entered(wildfire::encode(wildfire::example::alert().proposal), false), 0, {});
  CHECK((*row_of(untold, Table::kEntry))[3] == word("untold"));
  CHECK(untold.size() == 2);
  CHECK((*row_of(rows_of(entered({}, false), 0, {}), Table::kEntry))[3] == word("term"));
  const auto unread = rows_of(entered({std::byte{7}}, false), 0, {});
  CHECK((*row_of(unread, Table::kEntry))[3] == word("unread"));
  CHECK((*row_of(unread, Table::kPayload))[1] == Cell(Blob{std::byte{7}}));
}

TEST_CASE("an epoch is told with the shares of both halves") {
  consensus::Configuration c;
  c.epoch = consensus::Epoch(6);
  c.shares.incoming = {{NodeId(1), 3}, {NodeId(2), 0}};
  c.shares.outgoing = {{NodeId(1), 2}, {NodeId(4), 1}};
  c.domains[NodeId(1)] = consensus::FailureDomain(8);
  c.witnesses = {NodeId(4)};
  const auto epoch = entered(encode(c), false, consensus::EntryKind::kConfiguration);
  CHECK(epoch_at(epoch.entry, 5) == 6);
  const auto rows = rows_of(epoch, 6, {});
  CHECK((*row_of(rows, Table::kEntry))[3] == word("epoch"));
  CHECK((*row_of(rows, Table::kEpoch)) == Cells{whole(17), whole(6), whole(1), whole(0), whole(0)});
  CHECK((*row_of(rows, Table::kShare, 0)) ==
        Cells{whole(17), whole(1), whole(3), whole(2), whole(8), whole(0)});
  CHECK((*row_of(rows, Table::kShare, 1)) == Cells{whole(17), whole(2), whole(0), {}, {}, whole(0)});
  CHECK((*row_of(rows, Table::kShare, 2)) == Cells{whole(17), whole(4), {}, whole(1), {}, whole(1)});
}

TEST_CASE("a value is told by its name, and a name that goes by nothing") {
  const ReadValue read = [](std::span<const std::byte> bytes) -> std::optional<AgreedValue> {
    if (bytes.size() == 1) return std::nullopt;
    return AgreedValue{"name", bytes.size() == 2 ? std::optional<std::string>("x") : std::nullopt, {}, true};
  };
  const auto set = rows_of(entered({std::byte{1}, std::byte{2}}, false), 0, read);
  CHECK((*row_of(set, Table::kEntry))[3] == word("value"));
  CHECK((*row_of(set, Table::kValue))[2] == Cell(Blob{std::byte{'x'}}));
  CHECK((*row_of(rows_of(entered(consensus::Payload(3), false), 0, read), Table::kValue))[2] == Cell());
  CHECK((*row_of(rows_of(entered(consensus::Payload(1), false), 0, read), Table::kEntry))[3] ==
        word("unread"));
}

TEST_CASE("what a witness keeps is told as withheld, and not as a value") {
  const ReadValue read = [](std::span<const std::byte>) { return AgreedValue{"name", "x", {}, false}; };
  const auto rows = rows_of(entered(consensus::Payload(8), false, consensus::EntryKind::kWithheld), 0, read);
  CHECK((*row_of(rows, Table::kEntry))[3] == word("withheld"));
  CHECK(rows.size() == 2);
}

TEST_CASE("words of kinds are read back") {
  for (int i = 0; i <= static_cast<int>(Kind::kUnread); ++i)
    CHECK(kind_named(word_for(static_cast<Kind>(i))) == static_cast<Kind>(i));
  CHECK(!kind_named("fire"));
}

}  // namespace skywarden::ledger
