// Records whose readings do not move together as they use to, though each of them moves no more than usual.
// Looked at is the change of each number since the stream's record before, as the normal score of its rank
// among the last `window` changes, so that heavy tails (gusts, showers) do not hide the rest; and of these
// the robust Mahalanobis distance (statistics/outlier_stream.h). A number that is missing here or was missing
// before counts as an ordinary change, one that hardly ever moves is left out.
//
// A score above 1 is an anomaly: the distance over the larger of its chi-squared limit and the quantile of
// the stream's own trailing distances that lets through `false_positive_rate`. Rows never depend on later
// rows. It needs two numbers or more that move; of more than 32 number fields the first 32 are looked at. It
// learns no course of the day, sees no slow drift, and marks the record after a fault as well, when things
// move back.
#pragma once

#include <vector>

#include "datum/schema.h"
#include "onboard/anomaly.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

// A score for each record of the panel, 0 where nothing can be said.
[[nodiscard]] std::vector<float> joint_anomaly_scores(const Panel& panel, const datum::Schema& schema,
                                                      const AnomalyOptions& options);

}  // namespace skywarden::onboard
