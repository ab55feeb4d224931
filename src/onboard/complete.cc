#include "onboard/complete.h"

#include <algorithm>
#include <type_traits>

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

void run_causal(const Panel& panel, CompletionSteps& steps) {
  std::vector<CompletionSteps::Arrived> records;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    CompletionSteps::records_at(panel, slot, &records);
    steps.open(slot);
    steps.arrive(records);
    steps.complete(records);
    steps.learn(slot);
  }
}

}  // namespace

Completion Completion::of(std::size_t cells, bool with_residuals) {
  Completion out;
  out.origins.resize(cells);
  out.values.resize(cells);
  out.lows.resize(cells);
  out.highs.resize(cells);
  out.probabilities.resize(cells);
  out.abstained.resize(cells);
  out.by.resize(cells);
  out.decimals.resize(cells);
  if (with_residuals) out.residuals.resize(cells);
  return out;
}

template <typename Visit>
void Completion::for_each_list(Visit visit) {
  visit(origins);
  visit(values);
  visit(lows);
  visit(highs);
  visit(probabilities);
  visit(abstained);
  visit(by);
  visit(decimals);
  if (!residuals.empty()) visit(residuals);
}

void Completion::forget(std::size_t first, std::size_t count) {
  for_each_list([&](auto& list) {
    using Element = typename std::remove_reference_t<decltype(list)>::value_type;
    std::fill_n(list.begin() + static_cast<std::ptrdiff_t>(first), count, Element{});
  });
}

void Completion::move_streams(std::size_t rows, std::size_t streams, std::size_t fields, StreamMoves moves) {
  for_each_list([&](auto& list) {
    using Element = typename std::remove_reference_t<decltype(list)>::value_type;
    onboard::move_streams(list, rows, streams, fields, moves, Element{});
  });
}

Completion complete(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options) {
  EXPECTS(panel.streams() == 0 || panel.fields() == schema.fields.size());
  if (panel.cells() == 0) return {};
  CompletionSteps steps(panel, schema, options, pools_of(panel, options.causal && !options.rows_as_arrived));
  if (options.causal)
    run_causal(panel, steps);
  else
    steps.run_offline();
  return steps.take();
}

}  // namespace skywarden::onboard
