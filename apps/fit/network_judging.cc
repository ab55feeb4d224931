#include "network_judging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace skywarden::fit {

using nlohmann::ordered_json;

void Tally::add(double error, double tolerance) {
  ++count;
  within += error <= tolerance ? 1 : 0;
  within_half += error <= 0.5 * tolerance ? 1 : 0;
}

double Tally::share() const {
  return static_cast<double>(within) / std::max<double>(1.0, static_cast<double>(count));
}

ordered_json Tally::json() const {
  const double all = std::max<double>(1.0, static_cast<double>(count));
  const auto rounded = [&](std::size_t n) { return std::round(1e4 * static_cast<double>(n) / all) / 1e4; };
  return {{"within", rounded(within)}, {"within_half", rounded(within_half)}};
}

Verdict judge(const RecordExamples& examples, onboard::Network& network) {
  Verdict out{std::vector<Tally>(examples.numbers + 1), std::vector<Tally>(examples.numbers + 1)};
  for (std::size_t s = 0; s < examples.begins.size(); ++s) {
    network.forget();
    for (std::size_t r = examples.begins[s]; r < examples.end_of(s); ++r) {
      network.prepare(std::span(&examples.records[r], 1));
      for (std::size_t n = 0; n < examples.numbers; ++n) {
        if (!examples.asked(r, n)) continue;
        const std::size_t at = r * examples.numbers + n;
        const onboard::RecordNumber& number = examples.records[r].numbers[n];
        const double wanted = static_cast<double>(examples.truths[at]) - number.estimate;
        const auto opinion = network.opinion(number.cell);
        const double left = wanted - (opinion ? opinion->correction : 0.0F);
        for (const std::size_t to : {n, examples.numbers}) {
          out.baseline[to].add(std::abs(wanted), examples.tolerances[at]);
          out.network[to].add(std::abs(left), examples.tolerances[at]);
        }
      }
    }
  }
  return out;
}

ordered_json to_json(const Verdict& verdict, const datum::Schema& schema) {
  ordered_json out = ordered_json::object();
  std::size_t n = 0;
  const auto note = [&](const std::string& name) {
    out[name] = {{"examples", verdict.baseline[n].count},
                 {"baseline", verdict.baseline[n].json()},
                 {"network", verdict.network[n].json()}};
    ++n;
  };
  for (const datum::FieldSpec& spec : schema.fields)
    if (spec.kind == datum::FieldKind::kNumber) note(spec.name);
  note("all");
  return out;
}

void print(std::string_view label, const ordered_json& held_back) {
  for (const auto& [name, figures] : held_back.items())
    fmt::print("  {} {}: {} -> {}\n", label, name, figures["baseline"].dump(), figures["network"].dump());
}

}  // namespace skywarden::fit
