#include "network/plan_file.h"

#include <algorithm>

#include "base/text.h"
#include "network/plan_builder.h"

namespace skywarden::network {
namespace {

// Lines of ION's administration program: a command of one character, then a space or the line's end.
bool looks_like_ionrc(std::string_view text) {
  const std::string_view line = trim(take_line(text));
  return line.starts_with('#') || line.size() == 1 ||
         (line.size() > 1 && (line[1] == ' ' || line[1] == '\t'));
}

Result<PlanFile> read_any(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::string_view text = trim(bytes);
  if (text.empty())
    return fail(Errc::kMalformed, "expected a contact plan (JSON, ionrc or CSV), found nothing");
  if (text.front() == '{' || text.front() == '[') return read_plan_json(text);
  if (looks_like_ionrc(text)) return read_plan_ionrc(bytes);
  return read_plan_csv(bytes);
}

}  // namespace

std::optional<Vertex> PlanFile::find(std::string_view node) const {
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if (nodes[i] == node) return Vertex(i);
  return std::nullopt;
}

Result<PlanFile> read_plan(std::string_view bytes, std::string_view file_name) {
  auto plan = read_any(bytes);
  if (!plan) return fail(plan.error().code, "{}: {}", file_name, plan.error().message);
  if (plan->nodes.size() > ContactGraph::kVerticesMax)
    return fail(Errc::kLimitReached, "{}: expected at most {} nodes, found {}", file_name,
                ContactGraph::kVerticesMax, plan->nodes.size());
  return plan;
}

std::string format_seconds(Duration t) {
  constexpr std::int64_t kNs = 1'000'000'000;
  const std::uint64_t ns =
      t.count() < 0 ? -static_cast<std::uint64_t>(t.count()) : static_cast<std::uint64_t>(t.count());
  std::string out = fmt::format("{}{}.{:09}", t.count() < 0 ? "-" : "", ns / kNs, ns % kNs);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

}  // namespace skywarden::network
