#include "onboard/complete.h"

#include <algorithm>

#include "base/contract.h"
#include "onboard/complete_steps.h"

namespace skywarden::onboard {
namespace {

// Streams that lead their source share what they learn; further streams of one file learn alone, because in
// causal work a row must not profit from rows below it.
std::vector<std::uint32_t> pools_of(const Panel& panel, bool alone) {
  std::vector<std::uint32_t> pools;
  std::uint32_t next = 1;
  for (std::size_t s = 0; s < panel.streams(); ++s)
    pools.push_back(!alone || panel.leads_source(s) ? 0 : next++);
  return pools;
}

template <typename T>
void copy_record(const std::vector<T>& from, std::size_t theirs, std::vector<T>& to, std::size_t mine,
                 std::size_t fields) {
  std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(theirs), fields,
              to.begin() + static_cast<std::ptrdiff_t>(mine));
}

void copy_said(const Completion& from, std::size_t theirs, Completion& to, std::size_t mine,
               std::size_t fields) {
  copy_record(from.origins, theirs, to.origins, mine, fields);
  copy_record(from.values, theirs, to.values, mine, fields);
  copy_record(from.lows, theirs, to.lows, mine, fields);
  copy_record(from.highs, theirs, to.highs, mine, fields);
  copy_record(from.probabilities, theirs, to.probabilities, mine, fields);
  copy_record(from.by, theirs, to.by, mine, fields);
  copy_record(from.decimals, theirs, to.decimals, mine, fields);
  if (!to.residuals.empty()) copy_record(from.residuals, theirs, to.residuals, mine, fields);
}

// The block goes through a window, slot by slot, as a stream does.
Completion complete_causal(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options) {
  PanelWindow window(panel.fields(), kWindowSlots);
  const std::vector<std::size_t> moves(panel.streams(), kNewStream);
  std::vector<std::string> names;
  for (std::size_t s = 0; s < panel.streams(); ++s) names.push_back(panel.stream_name(s));
  window.name_streams(moves, names);
  CompletionSteps steps(window.panel(), schema, options, pools_of(panel, !options.rows_as_arrived));
  Completion out = Completion::of(panel.cells(), options.keep_residuals);
  std::vector<std::size_t> streams;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    window.open(panel.time(slot));
    steps.open(slot);
    streams.clear();
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      if (panel.record_at(slot, s) == Panel::kNoRecord) continue;
      window.put(slot, s, panel, slot);
      streams.push_back(s);
    }
    steps.fill(slot, streams, Method::kTrees, panel.at(slot, 0, 0));
    for (const std::size_t s : streams)
      copy_said(steps.said(), window.panel().at(slot, s, 0), out, panel.at(slot, s, 0), panel.fields());
    steps.learn(slot, true);
  }
  return out;
}

}  // namespace

Completion Completion::of(std::size_t cells, bool with_residuals) {
  Completion out;
  out.origins.assign(cells, Origin::kNone);
  out.values.assign(cells, 0.0);
  out.lows.assign(cells, 0.0F);
  out.highs.assign(cells, 0.0F);
  out.probabilities.assign(cells, 0.0F);
  out.by.assign(cells, 0);
  out.decimals.assign(cells, 0);
  if (with_residuals) out.residuals.assign(cells, Residual{});
  return out;
}

Completion complete(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options) {
  EXPECTS(panel.streams() == 0 || panel.fields() == schema.fields.size());
  if (panel.cells() == 0) return {};
  if (options.causal) return complete_causal(panel, schema, options);
  CompletionSteps steps(panel, schema, options, pools_of(panel, false));
  steps.run_offline();
  return steps.take();
}

}  // namespace skywarden::onboard
