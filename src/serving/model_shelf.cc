#include "serving/model_shelf.h"

namespace skywarden::serving {
namespace {

using ModelLane = LaneOf<Sequence, Rows>;

// The engine lives as long as the lane that runs it.
std::shared_ptr<ModelLane> make_lane(const std::shared_ptr<Engine>& shared,
                                     const inference::BatcherOptions& options) {
  return std::make_shared<ModelLane>(options, [shared](std::span<const Sequence* const> batch, std::size_t&) {
    std::vector<Result<Rows>> out;
    auto results = shared->run(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (results)
        out.emplace_back(std::move((*results)[i]));
      else
        out.emplace_back(tl::unexpected<Error>(results.error()));
    }
    return out;
  });
}

}  // namespace

ModelShelf::~ModelShelf() {
  for (const auto& [name, version] : versions_) retire(name, version);
}

void ModelShelf::retire(const std::string& name, const Version& version) {
  pool_.retire(version.lane, [past = past_, name](const inference::BatchMetrics& metrics) {
    const std::lock_guard lock(past->mutex);
    past->metrics[name] += metrics;
  });
}

Result<std::uint64_t> ModelShelf::put(const std::string& name, std::unique_ptr<Engine> engine,
                                      std::string origin, const inference::BatcherOptions& options) {
  EXPECTS(engine != nullptr);
  if (const auto valid = options.validate(); !valid) return tl::unexpected<Error>(valid.error());
  const std::shared_ptr<Engine> shared =
      std::move(engine);  // std::function wants what it holds to be copyable
  Version version{0, std::move(origin), shared->shape(), shared, make_lane(shared, options)};
  pool_.add(version.lane);
  const std::lock_guard lock(mutex_);
  const auto found = versions_.find(name);
  if (found == versions_.end() && versions_.size() >= kModelsMax) {
    pool_.retire(version.lane, {});
    return fail(Errc::kLimitReached, "expected at most {} models", kModelsMax);
  }
  version.number = ++numbers_[name];
  const std::uint64_t number = version.number;
  if (found == versions_.end()) {
    versions_.emplace(name, std::move(version));
  } else {
    std::swap(found->second, version);
    retire(name, version);
  }
  return number;
}

Result<void> ModelShelf::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = versions_.find(name);
  if (found == versions_.end()) return fail(Errc::kNotFound, "no model '{}'", name);
  retire(name, found->second);
  versions_.erase(found);
  return {};
}

Result<void> ModelShelf::submit(const std::string& name, Sequence sequence, inference::Priority priority,
                                Instant deadline, Done done) {
  {
    // Under the lock until the lane has it: a lane is retired under the same lock, so nothing comes after.
    const std::lock_guard lock(mutex_);
    const auto found = versions_.find(name);
    if (found == versions_.end()) return fail(Errc::kNotFound, "no model '{}'", name);
    if (auto fits = check_sequence(found->second.shape, sequence); !fits) return fits;
    const std::uint32_t rows = sequence.rows;
    found->second.lane->submit(std::move(sequence), rows, priority, deadline, std::move(done));
  }
  pool_.wake();
  return {};
}

bool ModelShelf::affords(const std::string& name, std::uint32_t rows, PowerBudget& power) const {
  std::shared_ptr<const Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    const auto found = versions_.find(name);
    if (found == versions_.end()) return true;
    engine = found->second.engine;
  }
  const onboard::PowerChoice only{
      onboard::Joules(0.0), onboard::modelled_energy(engine->operations(rows), power.options().table), 1};
  if (!(only.record.value() > 0.0)) return true;
  return power.grant(std::span(&only, 1), shell::steady_now(), 1).records == 1;
}

Result<EngineShape> ModelShelf::shape(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = versions_.find(name);
  if (found == versions_.end()) return fail(Errc::kNotFound, "no model '{}'", name);
  return found->second.shape;
}

std::vector<ModelStatus> ModelShelf::status() const {
  std::vector<ModelStatus> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, version] : versions_)
      out.push_back({name, version.number, version.origin, version.shape, version.lane->metrics()});
  }
  const std::lock_guard lock(past_->mutex);
  for (ModelStatus& each : out)
    if (const auto found = past_->metrics.find(each.name); found != past_->metrics.end())
      each.metrics += found->second;
  return out;
}

}  // namespace skywarden::serving
