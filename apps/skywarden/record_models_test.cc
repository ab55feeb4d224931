#include "record_models.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "console_feed.h"
#include "onboard/complete_test_data.h"
#include "orbit/walker.h"
#include "player.h"

namespace skywarden::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using onboard::CompletionModel;

const Instant kStart = parse_utc("2030-01-01T00:00:00Z").value();
constexpr std::size_t kHours = 60;

// A folder of model files that goes with the test.
class ModelFolder {
 public:
  ModelFolder() : path_(fs::temp_directory_path() / ("skywarden-models-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~ModelFolder() { fs::remove_all(path_); }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;

  void write(const std::string& name, std::vector<std::byte> bytes) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  [[nodiscard]] std::vector<std::string> paths() const { return {path_.string()}; }
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

// Trees that add two to temp, whatever they see.
std::vector<std::byte> adds_two(const datum::Schema& schema) {
  const std::size_t features = onboard::feature_names(schema, 0).size();
  onboard::FieldTrees trees{"temp", onboard::saying(2.0F, features), onboard::saying(0.0F, features), {}};
  trees.gaps.fill({1.0F, -1.5F, 3.0F});
  return onboard::encode_model(CompletionModel{schema.name, {trees}, {trees}}, schema);
}

datum::Schema renamed(std::string name) {
  datum::Schema schema = onboard::example_schema();
  schema.name = std::move(name);
  return schema;
}

Incident stations() {
  Incident incident;
  incident.start = kStart;
  incident.end = kStart + std::chrono::hours(kHours);
  orbit::WalkerPattern pattern;
  pattern.satellites = 2;
  pattern.planes = 1;
  pattern.phasing = 0;
  pattern.inclination = Degrees(98.7);
  pattern.altitude = kilometres(829.0);
  pattern.epoch = kStart;
  incident.satellites = orbit::walker_elements(pattern).value();
  RecordSource source;
  source.schema = onboard::example_schema();
  source.records = onboard::example_records(kHours, 7);
  onboard::hide(source.records, 0.3, 7);
  for (datum::Record& record : source.records) record.time = kStart + (record.time - Instant{});
  incident.records.push_back(std::move(source));
  return incident;
}

class Told : public PlayListener {
 public:
  void on_record(const datum::Schema&, const node::PreparedRecord& prepared) override {
    records.push_back(prepared.record);
  }
  [[nodiscard]] std::size_t filled_by(const std::string& method) const {
    std::size_t count = 0;
    for (const datum::Record& record : records)
      for (const datum::Field& field : record.fields)
        if (const auto* estimate = std::get_if<datum::Estimated>(&field)) count += estimate->by == method;
    return count;
  }
  std::vector<datum::Record> records;
};

struct Played {
  Told told;
  PlaySummary summary;
  nlohmann::json incident;
};

Played play(const Incident& incident, const ChosenModels& models) {
  auto player = Player::prepare(incident, 1, {}, models.of_sources);
  REQUIRE(player);
  Played out;
  ConsoleFeed feed([](const std::string&) {});
  feed.begin(incident, (*player)->nodes(), (*player)->methods());
  (*player)->listen(&out.told);
  (*player)->advance(incident.end);
  out.summary = (*player)->summary();
  out.incident = nlohmann::json::parse(feed.incident_json());
  return out;
}

bool same_records(const Told& a, const Told& b) {
  if (a.records.size() != b.records.size()) return false;
  for (std::size_t r = 0; r < a.records.size(); ++r)
    for (std::size_t f = 0; f < a.records[r].fields.size(); ++f)
      if (!onboard::same(a.records[r].fields[f], b.records[r].fields[f])) return false;
  return true;
}

}  // namespace

TEST_CASE("a play uses the model that fits its records, names it, and is the same again") {
  const ModelFolder folder;
  folder.write("hills.trees", adds_two(onboard::example_schema()));
  folder.write("another.trees", adds_two(renamed("another")));
  const Incident incident = stations();
  const ChosenModels models = choose_models(incident, folder.paths());
  CHECK(models.problems.empty());
  REQUIRE(models.of_sources.size() == 1);
  CHECK(methods_line(models.of_sources[0].methods) ==
        "example records: completed by hills.trees, readings judged without a model");

  const Played played = play(incident, models);
  CHECK(played.told.filled_by("model") > 20);
  REQUIRE(played.summary.methods.size() == 1);
  CHECK(played.summary.methods[0].completion == "hills.trees");
  CHECK(played.incident["completion"][0]["schema"] == "example");
  CHECK(played.incident["completion"][0]["model"] == "hills.trees");
  CHECK(played.incident["completion"][0]["judge"].is_null());
  CHECK(same_records(played.told, play(incident, models).told));

  const Played plain = play(incident, choose_models(incident, {}));
  CHECK(plain.told.filled_by("model") == 0);
  CHECK(plain.told.filled_by("baseline") ==
        played.told.filled_by("model") + played.told.filled_by("baseline"));
  CHECK_FALSE(same_records(played.told, plain.told));
}

TEST_CASE("a model for other records is not used, and the line says that none fits") {
  const ModelFolder folder;
  folder.write("another.trees", adds_two(renamed("another")));
  const Incident incident = stations();
  const ChosenModels models = choose_models(incident, folder.paths());
  CHECK(models.problems.empty());
  CHECK(methods_line(models.of_sources.at(0).methods) ==
        "example records: completed by the baseline, no model fits, readings judged without a model");
  const Played played = play(incident, models);
  CHECK(played.told.filled_by("model") == 0);
  CHECK(played.incident["completion"][0]["model"].is_null());
}

TEST_CASE("a damaged model costs one line, and the play goes on with the baseline") {
  const ModelFolder folder;
  std::vector<std::byte> bytes = adds_two(onboard::example_schema());
  bytes[bytes.size() / 2] ^= std::byte{1};
  folder.write("hills.trees", bytes);
  folder.write("short.anomaly", {std::byte{0x83}});
  const Incident incident = stations();
  const ChosenModels models = choose_models(incident, folder.paths());
  REQUIRE(models.problems.size() == 2);
  for (const std::string& problem : models.problems) {
    CHECK(problem.find('\n') == std::string::npos);
    CHECK(problem.ends_with("; without it"));
  }
  CHECK(models.problems[0].starts_with(folder.path("hills.trees") + ": "));
  CHECK(models.problems[1].starts_with(folder.path("short.anomaly") + ": "));
  CHECK(play(incident, models).told.filled_by("model") == 0);
}

TEST_CASE("a model that knows other fields of a schema of this name is refused in a line") {
  const ModelFolder folder;
  datum::Schema wider = onboard::example_schema();
  datum::FieldSpec more;
  more.name = "pressure";
  wider.fields.push_back(more);
  folder.write("wider.trees", adds_two(wider));
  const ChosenModels models = choose_models(stations(), folder.paths());
  CHECK(models.problems.size() == 1);
  CHECK_FALSE(models.of_sources.at(0).completion.has_value());
}

TEST_CASE("trees beside a fused model of their name are silently left, and stand in when it cannot be read") {
  const ModelFolder folder;
  const datum::Schema schema = onboard::example_schema();
  const std::vector<std::byte> trees = adds_two(schema);
  std::vector<std::byte> fused =
      onboard::encode_fused_model({onboard::decode_model(trees, schema).value(), {}, {}}, schema);
  folder.write("a.trees", trees);
  folder.write("a.fused", fused);
  const ChosenModels both = choose_models(stations(), folder.paths());
  CHECK(both.problems.empty());
  CHECK(both.of_sources.at(0).methods.completion == "a.fused");
  fused[fused.size() / 2] ^= std::byte{1};
  folder.write("a.fused", fused);
  const ChosenModels one = choose_models(stations(), folder.paths());
  CHECK(one.problems.size() == 1);
  CHECK(one.of_sources.at(0).methods.completion == "a.trees");
}

TEST_CASE("of two models for one schema the first by name is taken, and the other is said") {
  const ModelFolder folder;
  folder.write("a.trees", adds_two(onboard::example_schema()));
  folder.write("b.trees", adds_two(onboard::example_schema()));
  const ChosenModels models = choose_models(stations(), folder.paths());
  CHECK(models.of_sources.at(0).methods.completion == "a.trees");
  REQUIRE(models.problems.size() == 1);
  CHECK(models.problems[0].find("a second model for 'example'") != std::string::npos);
}

TEST_CASE(
    "a folder that is not there is the baseline and a line, and without records nothing is looked for") {
  const ChosenModels models = choose_models(stations(), {"no such folder"});
  CHECK(models.problems.size() == 1);
  CHECK_FALSE(models.of_sources.at(0).completion.has_value());
  CHECK(choose_models(Incident{}, {"no such folder"}).problems.empty());
}

}  // namespace skywarden::app
