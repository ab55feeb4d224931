#include "ledger/schema.h"

#include "base/text.h"

namespace skywarden::ledger {
namespace {

constexpr const char* kTablesSql = R"(
CREATE TABLE origin (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  cluster TEXT NOT NULL CHECK (length(cluster) <= 256),
  node INTEGER NOT NULL,
  agrees_on TEXT NOT NULL CHECK (agrees_on IN ('fires', 'values'))
) STRICT;
CREATE TABLE gap (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL CHECK (last >= first),
  epoch INTEGER NOT NULL,
  head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE TABLE leader (
  term INTEGER PRIMARY KEY,
  node INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
  idx INTEGER PRIMARY KEY CHECK (idx > 0),
  term INTEGER NOT NULL,
  epoch INTEGER,
  kind TEXT NOT NULL
    CHECK (kind IN ('term', 'epoch', 'alert', 'update', 'cancel', 'untold', 'value', 'withheld', 'unread')),
  time_ns INTEGER,
  time TEXT CHECK (length(time) <= 32),
  bytes INTEGER NOT NULL,
  head BLOB CHECK (length(head) = 32)
) STRICT;
CREATE TABLE payload (
  idx INTEGER PRIMARY KEY REFERENCES entry,
  bytes BLOB NOT NULL CHECK (length(bytes) <= 1048576)
) STRICT;
CREATE TABLE alert (
  idx INTEGER PRIMARY KEY REFERENCES entry,
  event TEXT NOT NULL CHECK (length(event) = 16),
  sequence INTEGER NOT NULL,
  identifier TEXT NOT NULL CHECK (length(identifier) <= 64),
  status TEXT NOT NULL CHECK (status IN ('Exercise')),
  severity TEXT NOT NULL CHECK (severity IN ('Minor', 'Moderate', 'Severe', 'Extreme')),
  urgency TEXT NOT NULL CHECK (urgency IN ('Past', 'Future', 'Expected', 'Immediate')),
  certainty TEXT NOT NULL CHECK (certainty IN ('Unlikely', 'Possible', 'Likely', 'Observed')),
  probability_ppm INTEGER NOT NULL,
  low_ppm INTEGER NOT NULL,
  high_ppm INTEGER NOT NULL,
  threshold_ppm INTEGER NOT NULL,
  area_m2 INTEGER NOT NULL,
  power_w INTEGER NOT NULL,
  danger INTEGER NOT NULL,
  lat_e7 INTEGER NOT NULL,
  lon_e7 INTEGER NOT NULL,
  observations INTEGER NOT NULL,
  outline TEXT NOT NULL CHECK (length(outline) <= 65536)
) STRICT;
CREATE VIRTUAL TABLE area USING rtree_i32(id, south, north, west, east);
CREATE TABLE reason (
  idx INTEGER NOT NULL REFERENCES alert,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('measured', 'estimated', 'modelled')),
  log_odds_milli INTEGER NOT NULL,
  age_ms INTEGER NOT NULL,
  source TEXT NOT NULL CHECK (length(source) <= 96),
  text_en TEXT NOT NULL CHECK (length(text_en) <= 480),
  text_zh TEXT NOT NULL CHECK (length(text_zh) <= 480),
  PRIMARY KEY (idx, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE merged (
  idx INTEGER NOT NULL REFERENCES alert,
  node INTEGER NOT NULL,
  PRIMARY KEY (idx, node)
) STRICT, WITHOUT ROWID;
CREATE TABLE value (
  idx INTEGER PRIMARY KEY REFERENCES entry,
  name BLOB NOT NULL CHECK (length(name) <= 1024),
  value BLOB,
  expected BLOB,
  compares INTEGER NOT NULL CHECK (compares IN (0, 1))
) STRICT;
CREATE TABLE epoch (
  idx INTEGER PRIMARY KEY REFERENCES entry,
  epoch INTEGER NOT NULL,
  joint INTEGER NOT NULL CHECK (joint IN (0, 1)),
  failures_max INTEGER NOT NULL,
  newest INTEGER NOT NULL
) STRICT;
CREATE TABLE share (
  idx INTEGER NOT NULL REFERENCES epoch,
  node INTEGER NOT NULL,
  share INTEGER,
  outgoing INTEGER,
  domain INTEGER,
  witness INTEGER NOT NULL CHECK (witness IN (0, 1)),
  PRIMARY KEY (idx, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_by_time ON entry (time_ns) WHERE time_ns IS NOT NULL;
CREATE INDEX entry_by_kind ON entry (kind, idx);
CREATE INDEX alert_by_event ON alert (event, sequence);
CREATE INDEX value_by_name ON value (name, idx);
)";

constexpr std::string_view kEntry[] = {"idx", "term", "epoch", "kind", "time_ns", "time", "bytes", "head"};
constexpr std::string_view kPayload[] = {"idx", "bytes"};
constexpr std::string_view kAlert[] = {
    "idx",       "event",           "sequence", "identifier",   "status",        "severity", "urgency",
    "certainty", "probability_ppm", "low_ppm",  "high_ppm",     "threshold_ppm", "area_m2",  "power_w",
    "danger",    "lat_e7",          "lon_e7",   "observations", "outline"};
constexpr std::string_view kArea[] = {"id", "south", "north", "west", "east"};
constexpr std::string_view kReason[] = {"idx",    "n",      "kind",    "log_odds_milli",
                                        "age_ms", "source", "text_en", "text_zh"};
constexpr std::string_view kMerged[] = {"idx", "node"};
constexpr std::string_view kValue[] = {"idx", "name", "value", "expected", "compares"};
constexpr std::string_view kEpoch[] = {"idx", "epoch", "joint", "failures_max", "newest"};
constexpr std::string_view kShare[] = {"idx", "node", "share", "outgoing", "domain", "witness"};
constexpr TableShape kShapes[kTables] = {{"entry", kEntry}, {"payload", kPayload}, {"alert", kAlert},
                                         {"area", kArea},   {"reason", kReason},   {"merged", kMerged},
                                         {"value", kValue}, {"epoch", kEpoch},     {"share", kShare}};

// The tables behind `area` are SQLite's own; another version of it may write their text otherwise.
constexpr std::string_view kSchemaSql =
    "SELECT type, name, CASE WHEN name LIKE 'area\\_%' ESCAPE '\\' THEN '' ELSE coalesce(sql, '') END "
    "FROM sqlite_schema ORDER BY type, name";

}  // namespace

TableShape shape_of(Table table) {
  return kShapes[static_cast<std::size_t>(table)];
}

Result<void> make_schema(Database& database) {
  return database.run(fmt::format("PRAGMA application_id={};PRAGMA user_version={};{}", kApplicationId,
                                  kSchemaVersion, kTablesSql));
}

Result<void> check_schema(const Database& database, const std::string& path) {
  const auto id = database.ask_number("PRAGMA application_id");
  if (!id) return tl::unexpected<Error>(id.error());
  if (*id != kApplicationId) return fail(Errc::kMalformed, "{}: not a ledger", path);
  const auto version = database.ask_number("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  if (*version != kSchemaVersion)
    return fail(Errc::kUnsupported, "{}: a ledger of version {}, this build knows {}", path, *version,
                kSchemaVersion);
  auto wanted = Database::open("", Database::Mode::kMemory);
  if (!wanted) return tl::unexpected<Error>(wanted.error());
  if (auto made = make_schema(*wanted); !made) return made;
  const auto has = database.ask(kSchemaSql);
  if (!has) return tl::unexpected<Error>(has.error());
  const auto should = wanted->ask(kSchemaSql);
  if (!should) return tl::unexpected<Error>(should.error());
  for (std::size_t i = 0; i < has->size() || i < should->size(); ++i)
    if (i >= has->size() || i >= should->size() || (*has)[i] != (*should)[i]) {
      const Cells& at = i < has->size() ? (*has)[i] : (*should)[i];
      const auto* name = std::get_if<std::string>(&at[1]);
      return fail(Errc::kMalformed, "{}: its tables are not a ledger's, at '{}'", path,
                  name == nullptr ? "" : printable(*name));
    }
  return {};
}

}  // namespace skywarden::ledger
