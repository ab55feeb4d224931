#include "onboard/power.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr double kPerNode = 14.0;      // instructions
constexpr double kBytesPerNode = 8.0;  // as TreeEnsemble holds them

}  // namespace

OperationCounts& OperationCounts::operator+=(const OperationCounts& other) {
  int8_multiply_adds += other.int8_multiply_adds;
  float_multiplies += other.float_multiplies;
  float_additions += other.float_additions;
  instructions += other.instructions;
  cache_bytes += other.cache_bytes;
  memory_bytes += other.memory_bytes;
  return *this;
}

OperationCounts operator*(double times, const OperationCounts& counts) {
  return {times * counts.int8_multiply_adds, times * counts.float_multiplies, times * counts.float_additions,
          times * counts.instructions,       times * counts.cache_bytes,      times * counts.memory_bytes};
}

Joules modelled_energy(const OperationCounts& counts, const EnergyTable& table) {
  const double picojoules =
      counts.int8_multiply_adds * table.int8_multiply_add + counts.float_multiplies * table.float_multiply +
      counts.float_additions * table.float_addition + counts.instructions * table.instruction +
      counts.cache_bytes * table.cache_byte + counts.memory_bytes * table.memory_byte;
  return Joules(picojoules * 1e-12);
}

OperationCounts tree_operations(double rows, double trees, double depth, double model_bytes,
                                double model_bytes_from_memory_share) {
  const double nodes = rows * trees * (depth + 1.0);
  OperationCounts out;
  out.float_additions = nodes;
  out.instructions = kPerNode * nodes;
  out.cache_bytes = (kBytesPerNode + sizeof(float)) * nodes;
  out.memory_bytes = model_bytes * model_bytes_from_memory_share;
  return out;
}

PowerGovernor::PowerGovernor(const GovernorOptions& options) : options_(options) {
  EXPECTS(options_.window.count() >= static_cast<std::int64_t>(kParts));
}

std::int64_t PowerGovernor::part_of(Instant now) const {
  const std::int64_t length = options_.window.count() / static_cast<std::int64_t>(kParts);
  const std::int64_t ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  return ns / length - (ns % length < 0 ? 1 : 0);
}

// Whole batches: all but the last are full.
double PowerGovernor::energy(const PowerChoice& choice, std::size_t records) {
  const std::size_t batches = (records + choice.batch_max - 1) / choice.batch_max;
  return static_cast<double>(batches) * choice.batch.value() +
         static_cast<double>(records) * choice.record.value();
}

Joules PowerGovernor::spent(Instant now) const {
  const std::int64_t here = part_of(now);
  double sum = 0.0;
  for (const Part& part : parts_)
    if (part.number >= 0 && here - part.number <= static_cast<std::int64_t>(kParts) + 1) sum += part.joules;
  return Joules(sum);
}

Joules PowerGovernor::left(Instant now, Watts offered) const {
  const double watts = std::min(offered, options_.module).value() - options_.idle.value();
  return Joules(watts * std::chrono::duration<double>(options_.window).count()) - spent(now);
}

PowerGrant PowerGovernor::grant(std::span<const PowerChoice> choices, Instant now, Watts offered,
                                std::size_t wanted) {
  EXPECTS(part_of(now) >= 0 && !choices.empty());
  for (const PowerChoice& choice : choices)
    EXPECTS(choice.batch_max > 0 && choice.batch.value() >= 0.0 && choice.record.value() > 0.0);
  const double left = this->left(now, offered).value();
  PowerGrant out{choices.size() - 1, 0, 0, Joules(0.0)};
  for (std::size_t c = 0; c < choices.size(); ++c) {
    if (energy(choices[c], wanted) > left) continue;
    out.choice = c;
    out.records = wanted;
    break;
  }
  const PowerChoice& chosen = choices[out.choice];
  if (out.records == 0 && left > 0.0) {
    std::size_t low = 0, high = wanted;  // the most that fit, by halving: energy grows with records
    while (low < high) {
      const std::size_t middle = low + (high - low + 1) / 2;
      if (energy(chosen, middle) <= left)
        low = middle;
      else
        high = middle - 1;
    }
    out.records = low;
  }
  out.batch = std::min(out.records, chosen.batch_max);
  out.energy = Joules(energy(chosen, out.records));
  Part& part = parts_[static_cast<std::size_t>(part_of(now)) % parts_.size()];
  if (part.number != part_of(now)) part = {part_of(now), 0.0};
  part.joules += out.energy.value();
  return out;
}

}  // namespace skywarden::onboard
