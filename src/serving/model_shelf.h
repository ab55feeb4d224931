// Several models side by side under their names, each in a lane of its own. A name can be given another
// version while requests come in: what was submitted before finishes on the version it was submitted to, what
// comes after goes to the new one, nothing is dropped, and the old version is freed when its last request has
// been answered. From any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serving/engine.h"
#include "serving/lane.h"
#include "serving/power_budget.h"
#include "serving/worker_pool.h"

namespace skywarden::serving {

struct ModelStatus {
  std::string name;
  std::uint64_t version = 0;  // 1, 2, … since the start
  std::string origin;         // the file, or what the caller said
  EngineShape shape;
  inference::BatchMetrics metrics;  // of all versions; of an older one once it is empty
};

class ModelShelf {
 public:
  using Done = LaneOf<Sequence, Rows>::Done;
  inline static constexpr std::size_t kModelsMax = 256;

  explicit ModelShelf(WorkerPool& pool) : pool_(pool) {}  // the pool outlives it
  // All its lanes are retired; callbacks come until the pool has stopped.
  ~ModelShelf();
  ModelShelf(const ModelShelf&) = delete;
  ModelShelf& operator=(const ModelShelf&) = delete;

  // Adds the model, or makes it the version that new requests of this name go to. kLimitReached beyond
  // kModelsMax names.
  [[nodiscard]] Result<std::uint64_t> put(const std::string& name, std::unique_ptr<Engine> engine,
                                          std::string origin, const inference::BatcherOptions& options);
  // kNotFound; requests under way are answered.
  [[nodiscard]] Result<void> remove(const std::string& name);

  // kNotFound: no such model; what check_sequence refuses. Then `done` is not called.
  [[nodiscard]] Result<void> submit(const std::string& name, Sequence sequence, inference::Priority priority,
                                    Instant deadline, Done done);
  // Whether the power that is left reaches for one sequence of so many rows; then it is spent. Each is
  // counted as if it ran alone: what a batch shares is saved. True of a model that there is not.
  [[nodiscard]] bool affords(const std::string& name, std::uint32_t rows, PowerBudget& power) const;
  [[nodiscard]] Result<EngineShape> shape(const std::string& name) const;
  [[nodiscard]] std::vector<ModelStatus> status() const;  // by name

 private:
  struct Version {
    std::uint64_t number = 0;
    std::string origin;
    EngineShape shape;
    std::shared_ptr<const Engine> engine;  // also of the lane
    std::shared_ptr<LaneOf<Sequence, Rows>> lane;
  };
  struct Past {  // of versions that are gone; shared with callbacks that may come after the shelf
    std::mutex mutex;
    std::map<std::string, inference::BatchMetrics> metrics;
  };
  void retire(const std::string& name, const Version& version);

  WorkerPool& pool_;
  std::shared_ptr<Past> past_ = std::make_shared<Past>();
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Version> versions_;
  std::map<std::string, std::uint64_t> numbers_;
};

}  // namespace skywarden::serving
