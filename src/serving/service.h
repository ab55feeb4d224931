// The service on a node: completion and inference for many clients at once (docs/formats.md, HTTP API). It
// turns requests into answers through callbacks and knows nothing of sockets; shell/http_server.h carries
// them. Models and schemas can be exchanged while requests come in. From any thread.
//
// Where a completion runs is decided when it arrives, from what is known then (placement.h): nothing waits
// for a decision, a lock is held for moments only, and who is asked elsewhere answers through a callback.
// Work that leaves goes through the lane first, in its turn: there it gets the rows that the other node
// needs, and an answer by rules that stands if the other fails.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "onboard/complete_fusion.h"
#include "serving/completion_stand.h"
#include "serving/model_shelf.h"
#include "serving/neighbours.h"
#include "serving/placement.h"
#include "serving/power_budget.h"
#include "serving/record_keeper.h"
#include "serving/requests.h"
#include "serving/worker_pool.h"
#include "shell/http_message.h"

namespace skywarden::serving {

struct ServiceOptions {
  unsigned threads = 1;
  // Of an inference: a row is a token.
  inference::BatcherOptions infer = {.preferred = {16, 256}};
  // Of a completion: a row is a record; a depth for each degree of haste (completion_ladder.h). Few at once
  // while others come: the first are on their way while the next are worked on.
  inference::BatcherOptions complete = {
      .delay_max = std::chrono::microseconds(300),
      .preferred = {4, 256},
      .depths = {{std::chrono::microseconds(100), std::chrono::microseconds(500)},
                 {std::chrono::microseconds(100), std::chrono::microseconds(300)},
                 {std::chrono::microseconds(20), std::chrono::microseconds(5)}}};
  LadderOptions ladder;
  RequestLimits limits;
  PowerOptions power;
  NeighbourOptions neighbours;                  // none: all work stays here
  Duration deadline = std::chrono::seconds(1);  // of a request that states none
  [[nodiscard]] Result<void> validate() const;
};

class Service {
 public:
  using Respond = std::function<void(shell::HttpResponse)>;
  using Complain = std::function<void(const std::string&)>;

  Service(ServiceOptions options, Complain complain);  // options that validate
  ~Service();                                          // answers everything that waits
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Models for /v1/infer.
  [[nodiscard]] Result<std::uint64_t> put_model(const std::string& name, std::unique_ptr<Engine> engine,
                                                const std::string& origin);
  [[nodiscard]] Result<void> remove_model(const std::string& name) { return shelf_.remove(name); }

  // A schema for /v1/complete. kConflict: there is one of that name, and it stays as it is.
  [[nodiscard]] Result<void> add_schema(datum::Schema schema);
  // The trained model of a schema (null: the baseline) and a plug-in's method for it (null: none), from the
  // next batch on. kNotFound: no such schema; kConflict: a model of another schema,
  // or networks that do not fit it.
  [[nodiscard]] Result<void> set_completion_model(const std::string& schema, const onboard::FusedModel* model,
                                                  const std::string& origin);
  [[nodiscard]] Result<void> set_method(const std::string& schema, std::shared_ptr<const Plugin> plugin);
  [[nodiscard]] const datum::Schema* schema(const std::string& name) const;

  // Records are kept as they came, but not those that another service sent on, and its metrics are among the
  // service's. Before the first request; it outlives the service and knows its schemas.
  void keep_records(RecordKeeper& keeper) { keeper_ = &keeper; }

  // Calls `respond` once, now or later, from any thread.
  void handle(shell::HttpRequest request, Respond respond);

 private:
  struct Stand {
    CompletionStand completion;
    std::string model = "baseline", method = {};  // names, guarded by the service's mutex
  };

  void infer(const shell::HttpRequest& request, const Respond& respond);
  void complete(const shell::HttpRequest& request, const Respond& respond);
  void set_power(const shell::HttpRequest& request, const Respond& respond);
  [[nodiscard]] Placement place_work(const CompletionStand& here, const CompleteQuery& query, Instant now,
                                     Instant deadline, onboard::Joules energy, std::size_t body_bytes) const;
  // Asks the other node for what it was placed there for; what was answered here stands in.
  void ask_elsewhere(const CompletionStand& here, const std::shared_ptr<const CompleteQuery>& query,
                     const Placement& where, Instant deadline, onboard::Joules energy, CompletionDone done,
                     const Served& served, const Respond& respond);
  [[nodiscard]] std::string models_json() const;
  [[nodiscard]] std::string power_json() const;
  [[nodiscard]] std::string offer() const;
  [[nodiscard]] std::string metrics_text() const;
  void add_power_metrics(std::string& out) const;
  [[nodiscard]] Instant deadline_of(const Wishes& wishes) const;
  [[nodiscard]] Stand* stand(const std::string& name) const;

  ServiceOptions options_;
  Complain complain_;
  RecordKeeper* keeper_ = nullptr;
  mutable std::mutex mutex_;  // guards the map and the names in it
  PowerBudget power_;
  std::map<std::string, std::unique_ptr<Stand>> stands_;
  std::array<std::atomic<std::uint64_t>, 4> placed_{};  // completions, by Place
  std::atomic<std::uint64_t> stood_in_ = 0;             // answered here because the other node did not
  std::optional<Neighbours> neighbours_;                // ends after the pool, which may still send to them
  WorkerPool pool_;                                     // stops before the stands go
  ModelShelf shelf_;
};

}  // namespace skywarden::serving
