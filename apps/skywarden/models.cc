// skywarden models: what trained models there are, whether they are sound, and how fast they run here.
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "model_files.h"
#include "model_timing.h"

namespace skywarden::app {
namespace {

using nlohmann::json;

struct Arguments {
  std::vector<std::string> paths = {"models"};
  std::vector<std::string> signed_by;
  std::string key;
  bool json = false;
  double seconds = 0.5;
};

json about(const CheckedModel& m) {
  json out = {{"name", m.found.name},
              {"file", m.found.path},
              {"kind", std::string(to_string(m.found.kind)).substr(1)},
              {"bytes", m.bytes},
              {"crc32c", fmt::format("{:08x}", m.crc32c)},
              {"signed", to_string(m.is_signed)},
              {"run_record", !m.record.empty()}};
  if (m.completion || m.anomaly) {
    out["schema"] = m.schema;
    out["trees"] = m.trees;
    out["nodes"] = m.nodes;
    out["fields"] = m.fields;
  }
  if (m.found.kind == ModelKind::kFused) out["networks"] = m.networks;
  if (m.anomaly) out["rate"] = m.anomaly->rate;
  if (m.program) {
    out["tensors"] = m.tensors;
    out["steps"] = m.steps;
    out["parameter_bytes"] = m.parameter_bytes;
    out["multiply_adds_a_token"] = m.multiply_adds;
    out["arena_bytes"] = m.program->arena_bytes;
    out["rows_max"] = m.program->length_max;
    out["places_repaired"] = m.repaired;
    out["about"] = m.program->model.about;
  }
  return out;
}

std::string summary(const CheckedModel& m) {
  if (m.completion)
    return fmt::format("completion of {}, {} trees, {} nodes, {} fields{}", m.schema, m.trees, m.nodes,
                       m.fields, m.networks > 0 ? fmt::format(", {} networks", m.networks) : "");
  if (m.anomaly)
    return fmt::format("anomalies of {}, {} trees, {} nodes, {} fields", m.schema, m.trees, m.nodes,
                       m.fields);
  if (m.program)
    return fmt::format("{} steps, {} bytes of parameters, at most {} rows", m.steps, m.parameter_bytes,
                       m.program->length_max);
  return "checked by the plug-in that runs it";
}

void print(const Arguments& arguments, const CheckedModel& m, std::string_view more = "") {
  if (arguments.json) {
    fmt::print("{}\n", about(m).dump());
  } else {
    fmt::print(
        "{:<20} {:<7} {:>10} bytes  crc32c {:08x}  {}{}{}{}\n", m.found.name,
        to_string(m.found.kind).substr(1), m.bytes, m.crc32c, summary(m),
        m.record.empty() ? "; no run record" : "",
        m.is_signed == Signed::kNot ? std::string() : fmt::format("; signed ({})", to_string(m.is_signed)),
        more);
  }
}

// Calls `each` with every sound model; those that are not are a line each. 0, or 1 when one was not sound.
int for_all(const Arguments& arguments, const std::function<void(const CheckedModel&)>& each) {
  const auto found = find_models(arguments.paths);
  const auto signers = KnownSigners::read(arguments.signed_by);
  if (!found || !signers) {
    fmt::print(stderr, "skywarden models: {}\n", found ? signers.error().message : found.error().message);
    return 2;
  }
  if (found->empty()) fmt::print(stderr, "skywarden models: no model in {}\n", arguments.paths.front());
  int code = 0;
  for (const FoundModel& one : *found) {
    const auto checked = check_model_file(one, *signers);
    if (checked) {
      each(*checked);
      continue;
    }
    code = 1;
    fmt::print(stderr, "skywarden models: {}\n", checked.error().message);
    if (arguments.json)
      fmt::print("{}\n", json({{"name", one.name}, {"file", one.path}, {"error", checked.error().message}})
                             .dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return code;
}

Result<void> sign(const Arguments& arguments) {
  const auto pem = formats::read_file(arguments.key, kKeyFileBytesMax);
  if (!pem) return tl::unexpected<Error>(pem.error());
  const auto key = storage::SigningKey::read_private(*pem);
  if (!key) return fail(key.error().code, "{}: {}", arguments.key, key.error().message);
  const auto found = find_models(arguments.paths);
  if (!found) return tl::unexpected<Error>(found.error());
  for (const FoundModel& one : *found) {
    if (const auto done = sign_model_file(one, *key); !done) return done;
    fmt::print("{}: signed\n", one.path);
  }
  return {};
}

void show(const Arguments& arguments, const CheckedModel& m) {
  json out = about(m);
  if (!m.record.empty()) {
    json record = json::parse(m.record, nullptr, false);
    out["record"] = record.is_discarded() ? json("unreadable") : std::move(record);
  }
  fmt::print("{}\n", out.dump(arguments.json ? -1 : 1, ' ', false, json::error_handler_t::replace));
}

// Median time of a correction with its spread, over all fields of one mode, on drawn rows with gaps.
double trees_seconds(const onboard::CompletionModel& model, double budget) {
  Random random(1);
  std::vector<std::vector<float>> rows;
  for (const onboard::FieldTrees& field : model.causal) {
    rows.emplace_back(field.correction.features());
    for (float& v : rows.back())
      v = random.chance(0.2) ? std::numeric_limits<float>::quiet_NaN()
                             : static_cast<float>(random.normal(0.0, 3.0));
  }
  float sum = 0.0F;
  const double all = seconds_each(budget, [&] {
    for (std::size_t f = 0; f < rows.size(); ++f)
      sum += model.causal[f].correction.evaluate(rows[f]) + model.causal[f].spread.evaluate(rows[f]);
  });
  if (!std::isfinite(sum)) fmt::print(stderr, "skywarden models: a sum of trees is not finite\n");
  return all / std::max<std::size_t>(1, rows.size());
}

// The same of one reading judged.
double anomaly_seconds(const onboard::AnomalyModel& model, double budget) {
  Random random(1);
  onboard::Evidence evidence{};
  for (float& v : evidence)
    v = random.chance(0.2) ? std::numeric_limits<float>::quiet_NaN()
                           : static_cast<float>(random.normal(0.0, 3.0));
  float sum = 0.0F;
  const double all = seconds_each(budget, [&] {
    for (const onboard::FieldJudge& field : model.fields) sum += onboard::judge(field, evidence, model.rate);
  });
  if (std::isnan(sum)) fmt::print(stderr, "skywarden models: a sum of judgements is no number\n");
  return all / static_cast<double>(std::max<std::size_t>(1, model.fields.size()));
}

void bench(const Arguments& arguments, const CheckedModel& m) {
  json line = {{"model", m.found.name}};
  if (m.completion) {
    line["figure"] = "one number corrected, with its interval, one core";
    line["us"] = trees_seconds(m.completion->trees, arguments.seconds) * 1e6;
  } else if (m.anomaly) {
    line["figure"] = "one reading judged, one core";
    line["us"] = anomaly_seconds(*m.anomaly, arguments.seconds) * 1e6;
  } else if (m.program) {
    const std::uint32_t tokens = std::min(16U, m.program->length_max);
    line["figure"] = fmt::format("one sequence of {} rows, one core", tokens);
    const auto seconds = graph_seconds(*m.program, tokens, arguments.seconds);
    if (!seconds) return fmt::print(stderr, "skywarden models: {}\n", seconds.error().message);
    line["us"] = *seconds * 1e6;
  } else {
    return;
  }
  if (arguments.json)
    fmt::print("{}\n", line.dump());
  else
    fmt::print("{:<20} {}: {:.1f} us\n", m.found.name, line["figure"].get<std::string>(),
               line["us"].get<double>());
  std::fflush(stdout);
}

}  // namespace

void add_models(command_line::Command app, int* exit_code) {
  command_line::Command command = app.add_subcommand("models", "List, show, verify and time trained models");
  command.require_subcommand(1);
  const auto add = [&](const char* name, const char* what, const char* example, auto work) {
    auto arguments = std::make_shared<Arguments>();
    command_line::Command sub = command.add_subcommand(name, what);
    sub.add_option("path", arguments->paths, "model files, or folders of them").capture_default_str();
    sub.add_flag("--json", arguments->json, "a JSON object a line");
    sub.add_option("--signed-by", arguments->signed_by,
                   "public keys (PEM): only models that one of them signed are sound");
    if (std::string_view(name) == "bench")
      sub.add_option("--seconds", arguments->seconds, "how long each is timed")
          .check(command_line::range(0.01, 60.0))
          .capture_default_str();
    sub.footer(fmt::format(
        "Exit code 0: all sound; 1: a model is not sound; 2: nothing to look at.\n\nExample:\n  {}",
        example));
    sub.callback([arguments, exit_code, work] {
      *exit_code = for_all(*arguments, [&](const CheckedModel& m) { work(*arguments, m); });
    });
  };
  add("list", "What there is, a line each", "skywarden models list",
      [](const Arguments& arguments, const CheckedModel& m) { print(arguments, m); });
  add("show", "All that a model and its run record say", "skywarden models show models/prsa.trees", show);
  add("verify", "Read everything, checksums included", "skywarden models verify models --json",
      [](const Arguments& arguments, const CheckedModel& m) { print(arguments, m, "  sound"); });
  auto signing = std::make_shared<Arguments>();
  command_line::Command sub = command.add_subcommand("sign", "Sign models, in their files");
  sub.add_option("path", signing->paths, "model files, or folders of them").required();
  sub.add_option("--key", signing->key, "private key (PEM, Ed25519)").required();
  sub.footer(
      "A signature tells whom a model is from; `serve` and `models verify` ask for it with --signed-by. Exit "
      "code 1: "
      "one\nwas not signed, and those after it neither.\n\nExample:\n"
      "  openssl genpkey -algorithm ed25519 -out models.key\n"
      "  openssl pkey -in models.key -pubout -out models.pub\n"
      "  skywarden models sign models/prsa.trees --key models.key\n"
      "  skywarden models verify models/prsa.trees --signed-by models.pub");
  sub.callback([signing, exit_code] {
    const auto done = sign(*signing);
    if (!done) fmt::print(stderr, "skywarden models sign: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
  add("bench", "How long an answer takes on this machine",
      "skywarden models bench models/prsa.trees --seconds 2", bench);
}

}  // namespace skywarden::app
