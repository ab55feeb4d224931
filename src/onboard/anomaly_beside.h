// What the other fields of a record make one expect of a field's difference from its neighbours: a cloud of
// smoke lifts several quantities at once, a fault one. A linear expectation (ridge regression) from
// covariances that all streams share, learnt as readings arrive, each clipped so that faults hardly move
// them. A field that is missing counts as ordinary.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace skywarden::onboard {

class RecordBonds {
 public:
  static constexpr std::size_t kFieldsMax =
      32;  // of a record with more, the others expect and are expected nothing

  explicit RecordBonds(std::size_t fields);

  // `record`: a value for each field in usual sizes, NaN where unknown.
  [[nodiscard]] float expected(std::span<const float> record, std::size_t field) const;
  void arrive(std::span<const float> record);
  // Takes up what arrived since the last call.
  void learn();

 private:
  void solve();

  std::size_t fields_;
  double count_ = 0.0;
  std::size_t since_ = 0;
  std::vector<double> products_;  // fields × fields, means
  std::vector<double> weights_;   // fields × fields: of the second in the expectation of the first
  std::vector<float> arrived_;
};

}  // namespace skywarden::onboard
