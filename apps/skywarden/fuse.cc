// skywarden fuse: what a scene patch, a text and sensors of one record say together about a yes-or-no
// question.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "datum/delimited.h"
#include "formats/read_file.h"
#include "fusion/evidence_pool.h"
#include "fusion/opinions.h"
#include "fusion/scene_encoder.h"
#include "fusion/scene_patch.h"
#include "fusion/synthetic_reports.h"
#include "onboard/ingest.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;
constexpr std::size_t kExampleMax = 100'000;

struct Arguments {
  std::string schema, in, out, label, positive;
  std::string scene_model = "models/scene.swm";
  std::size_t example = 0;
  std::uint64_t seed = 1;
  bool json = false;
};

// What the rows hold, source by source.
struct Witnesses {
  datum::Table table;
  fusion::Labels labels;
  std::vector<fusion::Source> sources;
  std::size_t problems = 0;
};

class RowReader {
 public:
  RowReader(const std::string& file, const datum::Schema& schema, std::optional<fusion::SceneEncoder> encoder)
      : file_(file), schema_(schema), encoder_(std::move(encoder)) {}

  Result<Witnesses> read(datum::Table table, std::size_t label, std::uint16_t positive) {
    const auto layout = onboard::lay_out(schema_, table);
    if (!layout) return fail(layout.error().code, "{}: {}", file_, layout.error().message);
    Witnesses out;
    for (const datum::RowProblem& problem : table.problems) report(problem);
    std::vector<std::vector<std::optional<double>>> numbers;
    for (std::size_t f = 0; f < schema_.fields.size(); ++f) {
      const datum::FieldSpec& spec = schema_.fields[f];
      const std::vector<datum::Field> cells = read_column(table, layout->fields[f], spec);
      if (f == label) {
        for (const datum::Field& cell : cells) {
          const datum::Value* value = datum::value_of(cell);
          out.labels.push_back(value == nullptr
                                   ? std::nullopt
                                   : std::optional(std::get<datum::Category>(*value).level == positive));
        }
      } else if (spec.kind == datum::FieldKind::kNumber) {
        numbers.emplace_back();
        for (const datum::Field& cell : cells) numbers.back().push_back(datum::number_of(cell));
      } else if (spec.kind == datum::FieldKind::kText) {
        out.sources.push_back(fusion::text_source(spec.name, texts_of(cells)));
      } else if (spec.kind == datum::FieldKind::kImage && encoder_ && !spec.bands.empty()) {
        out.sources.push_back(fusion::scene_source(spec.name, scenes_of(spec, cells, table.row_numbers)));
      }
    }
    if (!numbers.empty()) out.sources.push_back(fusion::number_source("sensors", numbers));
    if (out.sources.empty())
      return fail(Errc::kNotFound, "expected a field of text, numbers or a scene beside '{}'",
                  printable(schema_.fields[label].name));
    out.table = std::move(table);
    out.problems = problems_;
    if (problems_ > kProblemLinesMax)
      fmt::print(stderr, "{}: {} more problems\n", file_, problems_ - kProblemLinesMax);
    return out;
  }

 private:
  void report(const datum::RowProblem& problem) {
    if (++problems_ <= kProblemLinesMax) fmt::print(stderr, "{}\n", to_line(file_, problem));
  }

  std::vector<datum::Field> read_column(const datum::Table& table, std::size_t column,
                                        const datum::FieldSpec& spec) {
    std::vector<datum::Field> out;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      out.push_back(column == datum::Table::npos
                        ? datum::Field(datum::Missing{})
                        : onboard::decode_field(spec, schema_, table.rows[r][column]));
      const auto* missing = std::get_if<datum::Missing>(&out.back());
      if (missing != nullptr && missing->reason == datum::MissingReason::kMalformed)
        report({table.row_numbers[r], spec.name,
                onboard::expectation(spec, table.rows[r][column]) + "; read as missing"});
    }
    return out;
  }

  static std::vector<std::optional<std::string>> texts_of(const std::vector<datum::Field>& cells) {
    std::vector<std::optional<std::string>> out;
    for (const datum::Field& cell : cells) {
      const datum::Value* value = datum::value_of(cell);
      out.push_back(value == nullptr ? std::nullopt : std::optional(std::get<std::string>(*value)));
    }
    return out;
  }

  // A patch that cannot be read, or holds no data, is a missing witness.
  std::vector<std::optional<fusion::KindProbabilities>> scenes_of(const datum::FieldSpec& spec,
                                                                  const std::vector<datum::Field>& cells,
                                                                  const std::vector<std::size_t>& numbers) {
    std::vector<std::optional<fusion::KindProbabilities>> out;
    for (std::size_t r = 0; r < cells.size(); ++r) {
      out.emplace_back();
      const datum::Value* value = datum::value_of(cells[r]);
      if (value == nullptr) continue;
      const auto patch = fusion::decode_patch(spec, std::get<std::string>(*value));
      const auto kinds =
          patch ? encoder_->look(*patch) : Result<fusion::KindProbabilities>(tl::unexpect, patch.error());
      if (kinds)
        out.back() = *kinds;
      else
        report({numbers[r], spec.name, kinds.error().message + "; read as missing"});
    }
    return out;
  }

  const std::string& file_;
  const datum::Schema& schema_;
  std::optional<fusion::SceneEncoder> encoder_;
  std::size_t problems_ = 0;
};

struct Figure {
  std::string name;
  std::size_t records = 0;
  double accuracy = 0.0, area = 0.0;
};

Figure figure_of(std::string name, const std::vector<double>& scores, const std::vector<bool>& yes,
                 double threshold) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) right += (scores[i] >= threshold) == yes[i] ? 1 : 0;
  return {std::move(name), scores.size(),
          scores.empty() ? 0.0 : static_cast<double>(right) / static_cast<double>(scores.size()),
          fusion::area_under_curve(scores, yes)};
}

// Of the records whose answer is known, each judged by shares learnt without its part.
Figure fused_figure(std::string name, const std::vector<fusion::Opinions>& opinions,
                    const fusion::Labels& labels) {
  std::vector<fusion::EvidencePool> pools;
  for (std::size_t fold = 0; fold < fusion::kFolds; ++fold) pools.emplace_back(opinions, labels, fold);
  std::vector<double> scores;
  std::vector<bool> yes;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (!labels[r]) continue;
    std::vector<std::optional<double>> said;
    for (const fusion::Opinions& each : opinions) said.push_back(each[r]);
    scores.push_back(pools[fusion::fold_of(r)].pool(said).probability);
    yes.push_back(*labels[r]);
  }
  return figure_of(std::move(name), scores, yes, 0.5);
}

std::vector<Figure> figures_of(const Witnesses& witnesses, const std::vector<fusion::Opinions>& opinions) {
  std::vector<Figure> out;
  const fusion::Labels& labels = witnesses.labels;
  for (std::size_t s = 0; s < opinions.size(); ++s) {
    const std::string& name = witnesses.sources[s].name;
    std::vector<fusion::Opinions> only(opinions.size(), fusion::Opinions(labels.size())), others = opinions;
    only[s] = opinions[s];
    others[s].assign(labels.size(), std::nullopt);
    std::vector<double> scores;
    std::vector<bool> yes;
    for (std::size_t r = 0; r < labels.size(); ++r) {
      if (!labels[r] || !opinions[s][r]) continue;
      scores.push_back(*opinions[s][r]);
      yes.push_back(*labels[r]);
    }
    out.push_back(figure_of(name + " alone, where it is there", scores, yes, 0.0));
    out.push_back(fused_figure(name + " alone, over all records", only, labels));
    out.push_back(fused_figure("all but " + name, others, labels));
  }
  out.push_back(fused_figure("all", opinions, labels));
  return out;
}

std::string json_of(const Witnesses& witnesses, const fusion::EvidencePool& pool,
                    const std::vector<Figure>& figures, std::string_view scene_model) {
  nlohmann::ordered_json shares, rows = nlohmann::ordered_json::array();
  for (std::size_t s = 0; s < witnesses.sources.size(); ++s)
    shares[witnesses.sources[s].name] = pool.shares()[s];
  for (const Figure& each : figures)
    rows.push_back({{"evidence", each.name},
                    {"records", each.records},
                    {"accuracy", each.accuracy},
                    {"auc", each.area}});
  const nlohmann::ordered_json out = {{"records", witnesses.labels.size()},
                                      {"prior_log_odds", pool.prior()},
                                      {"shares", shares},
                                      {"scene_model_trained_on", scene_model},
                                      {"figures", rows}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<bool> write_results(const Arguments& arguments, Witnesses& witnesses,
                           const std::vector<fusion::Opinions>& opinions, const fusion::EvidencePool& pool) {
  const datum::Table& table = witnesses.table;
  std::vector<std::string> cells = table.header;
  for (const char* column : {".p", ".low", ".high", ".prior"}) cells.push_back(arguments.label + column);
  for (const fusion::Source& source : witnesses.sources) cells.push_back(source.name + ".contribution");
  std::string bytes;
  datum::append_row(bytes, cells, table.delimiter);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::vector<std::optional<double>> said;
    for (const fusion::Opinions& each : opinions) said.push_back(each[r]);
    const fusion::Fused fused = pool.pool(said);
    cells = table.rows[r];
    for (const double value : {fused.probability, fused.low, fused.high})
      cells.push_back(fmt::format("{:.4f}", value));
    cells.push_back(fmt::format("{:.3f}", fused.prior));
    for (std::size_t s = 0; s < said.size(); ++s)
      cells.push_back(said[s] ? fmt::format("{:.3f}", fused.contributions[s]) : "");  // empty: not there
    datum::append_row(bytes, cells, table.delimiter);
  }
  if (const auto written = formats::write_file(arguments.out, bytes); !written)
    return tl::unexpected(written.error());
  return true;
}

Result<bool> write_example(const Arguments& arguments) {
  const auto reports = fusion::draw_reports(arguments.example, arguments.seed);
  std::string bytes;
  datum::append_row(bytes, {"time", "tower", "provenance", "scene", "report", "temperature", "humidity",
                            "eCO2", "wind", "fire"});
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.6g}", *value) : "";
  };
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const fusion::SyntheticReport& each = reports[i];
    const Instant time = *parse_utc("2026-07-01") + std::chrono::minutes(10) * static_cast<long>(i / 8);
    datum::append_row(bytes, {format_utc(time), fmt::format("tower{}", i % 8 + 1), "simulated",
                              each.scene ? fusion::encode_patch(*each.scene) : "", each.report.value_or(""),
                              number(each.temperature), number(each.humidity), number(each.eco2),
                              number(each.wind), each.fire ? "yes" : "no"});
  }
  if (const auto written = formats::write_file(arguments.out, bytes); !written)
    return tl::unexpected(written.error());
  fmt::print("{}: {} SYNTHETIC records; their schema is schemas/fire_reports.toml\n", arguments.out,
             reports.size());
  return true;
}

bool has_scene(const datum::Schema& schema) {
  return std::any_of(schema.fields.begin(), schema.fields.end(), [](const datum::FieldSpec& spec) {
    return spec.kind == datum::FieldKind::kImage && !spec.bands.empty();
  });
}

Result<bool> run(const Arguments& arguments) {
  if (arguments.example > 0) return write_example(arguments);
  if (arguments.schema.empty() || arguments.in.empty() || arguments.label.empty())
    return fail(Errc::kMalformed, "expected --schema, --in and --label (or --example)");
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto label = schema->field_index(arguments.label);
  if (!label || schema->fields[*label].kind != datum::FieldKind::kCategory ||
      schema->fields[*label].levels.size() != 2)
    return fail(Errc::kNotFound, "--label: expected a category of two levels in {}, found '{}'",
                arguments.schema, printable(arguments.label));
  const std::vector<std::string>& levels = schema->fields[*label].levels;
  const std::string& wanted = arguments.positive.empty() ? levels[1] : arguments.positive;
  if (wanted != levels[0] && wanted != levels[1])
    return fail(Errc::kNotFound, "--yes: expected {} or {}, found '{}'", printable(levels[0]),
                printable(levels[1]), printable(wanted));
  std::optional<fusion::SceneEncoder> encoder;
  if (has_scene(*schema)) {
    const auto bytes = formats::read_file(arguments.scene_model);
    if (!bytes) return tl::unexpected(bytes.error());
    auto loaded = fusion::SceneEncoder::load(std::as_bytes(std::span(*bytes)), arguments.scene_model);
    if (!loaded) return tl::unexpected(loaded.error());
    encoder = std::move(*loaded);
  }
  const std::string trained(encoder ? encoder->about() : "");
  const auto bytes = formats::read_file(arguments.in);
  if (!bytes) return tl::unexpected(bytes.error());
  auto table = onboard::looks_like_json_lines(*bytes)
                   ? onboard::json_lines_table(*bytes)
                   : datum::parse_delimited(*bytes, {.detect_delimiter = true});
  if (!table) return fail(table.error().code, "{}: {}", arguments.in, table.error().message);
  RowReader reader(arguments.in, *schema, std::move(encoder));
  auto witnesses = reader.read(std::move(*table), *label, wanted == levels[1] ? 1 : 0);
  if (!witnesses) return tl::unexpected(witnesses.error());
  std::vector<fusion::Opinions> opinions;
  for (const fusion::Source& source : witnesses->sources)
    opinions.push_back(fusion::opinions_of(source, witnesses->labels));
  const fusion::EvidencePool pool(opinions, witnesses->labels);
  if (!arguments.out.empty())
    if (const auto written = write_results(arguments, *witnesses, opinions, pool); !written)
      return tl::unexpected(written.error());
  const std::vector<Figure> figures = figures_of(*witnesses, opinions);
  if (arguments.json) {
    fmt::print("{}\n", json_of(*witnesses, pool, figures, trained));
  } else {
    if (!trained.empty()) fmt::print("scenes are judged by a model trained on {}\n", trained);
    fmt::print("{:<42} {:>8} {:>9} {:>6}\n", "evidence", "records", "accuracy", "AUC");
    for (const Figure& each : figures)
      fmt::print("{:<42} {:>8} {:>9.3f} {:>6.3f}\n", each.name, each.records, each.accuracy, each.area);
    for (std::size_t s = 0; s < witnesses->sources.size(); ++s)
      fmt::print("{} counts {:.2f}\n", witnesses->sources[s].name, pool.shares()[s]);
  }
  return witnesses->problems == 0;
}

}  // namespace

void add_fuse(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("fuse", "Scene patches, texts and sensors about one question, as one probability");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)");
  command.add_option("--in", arguments->in, "table (.csv, .jsonl, either also .gz)");
  command.add_option("--label", arguments->label, "category of two levels: the answer, where it is known");
  command.add_option("--yes", arguments->positive, "the level that means yes; else the second");
  command.add_option("--out", arguments->out, "where to write the table with a probability and its reasons");
  command.add_option("--scene-model", arguments->scene_model, "encoder of scene patches")
      .capture_default_str();
  command.add_option("--example", arguments->example, "write so many SYNTHETIC records to --out instead")
      .check(command_line::range(std::size_t{1}, kExampleMax));
  command.add_option("--seed", arguments->seed, "of --example").capture_default_str();
  command.add_flag("--json", arguments->json, "print figures and shares as a JSON object");
  command.footer(
      "Every source (each text, each scene, all numbers together) gives a log-likelihood ratio, learnt from "
      "the rows\n"
      "whose answer is known; they are pooled with learnt shares. A missing source adds nothing. Columns "
      "written:\n"
      "LABEL.p, LABEL.low, LABEL.high (90 %), LABEL.prior and SOURCE.contribution, both in log-odds.\n"
      "Printed is how well each source alone and all together do on rows with an answer, each judged without "
      "it.\n"
      "The shipped encoder is trained on SYNTHETIC scenes.\n\n"
      "Example:\n  skywarden fuse --example 2000 --seed 7 --out out/reports.csv\n"
      "  skywarden fuse --schema schemas/fire_reports.toml --in out/reports.csv --label fire --out "
      "out/fused.csv");
  command.callback([arguments, exit_code] {
    if (arguments->example > 0 && arguments->out.empty()) {
      fmt::print(stderr, "skywarden fuse: --example: expected --out as well\n");
      *exit_code = 1;
      return;
    }
    const auto sound = run(*arguments);
    if (!sound) fmt::print(stderr, "skywarden fuse: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
