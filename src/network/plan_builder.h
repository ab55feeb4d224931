// What the readers of contact plans share: raw contacts by node name become a PlanFile, the unusable ones
// problems.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "network/plan_file.h"

namespace skywarden::network {

struct NamedContact {
  std::size_t row = 0;  // for messages
  std::string from, to;
  double start_s = 0.0, end_s = 0.0, light_s = 0.0;
  double rate_bps = 0.0;
};

class PlanBuilder {
 public:
  void add(NamedContact contact);
  void refuse(std::size_t row, std::string column, std::string expected);
  void set_epoch(Instant epoch) { plan_.epoch = epoch; }
  [[nodiscard]] bool is_full() const { return contacts_.size() >= ContactGraph::kContactsMax; }
  // Numbers the nodes and turns to time.
  [[nodiscard]] PlanFile finish() &&;

 private:
  std::vector<NamedContact> contacts_;
  PlanFile plan_;
};

[[nodiscard]] Result<PlanFile> read_plan_json(std::string_view bytes);
[[nodiscard]] Result<PlanFile> read_plan_ionrc(std::string_view bytes);
[[nodiscard]] Result<PlanFile> read_plan_csv(std::string_view bytes);

}  // namespace skywarden::network
