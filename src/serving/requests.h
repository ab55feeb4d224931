// What clients ask of the service and what they are told, as JSON (docs/formats.md). Bodies come from
// anybody: size, depth and counts are bounded, and whatever is wrong is one line that names the place.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "datum/delimited.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "inference/batcher.h"
#include "serving/completion_ladder.h"
#include "serving/engine.h"
#include "serving/lane.h"

namespace skywarden::serving {

struct RequestLimits {
  std::size_t depth_max = 16;           // of nested arrays and objects
  std::size_t records_max = 256;        // of one completion, those before it included
  std::size_t stream_bytes_max = 256;   // of a stream's name
  std::size_t text_bytes_max = 4096;    // of a text; a longer one counts as missing
  std::size_t numbers_max = 1'000'000;  // of one inference
  double deadline_ms_max = 60'000;
};

struct Wishes {
  inference::Priority priority = inference::Priority::kNormal;
  std::optional<Duration> within;  // from the arrival
};

struct InferQuery {
  std::string model;
  Sequence sequence;
  Wishes wishes;
};
struct CompleteQuery {
  const datum::Schema* schema = nullptr;
  std::vector<datum::Record> records;
  std::vector<datum::Record> before;        // what came earlier on these streams; not answered
  std::vector<datum::RowProblem> problems;  // cells that could not be read; row 1 is the first record
  Wishes wishes;
  bool deeper = false;     // the ground's model is wanted
  bool forwarded = false;  // by another service: never to be sent on
};

using ShapeOf = std::function<Result<EngineShape>(const std::string& model)>;
using SchemaOf = std::function<const datum::Schema*(const std::string& name)>;  // null: no such schema

[[nodiscard]] Result<InferQuery> read_infer(std::string_view body, const ShapeOf& shape_of,
                                            const RequestLimits& limits = {});
[[nodiscard]] Result<CompleteQuery> read_complete(std::string_view body, const SchemaOf& schema_of,
                                                  const RequestLimits& limits = {});

[[nodiscard]] std::string infer_json(const std::string& model, const EngineShape& shape, const Rows& rows,
                                     const Served& served);
// A completed record by itself, as it stands in an answer.
[[nodiscard]] std::string record_json(const datum::Schema& schema, const CompletedNewest& record);
[[nodiscard]] std::string complete_json(const datum::Schema& schema,
                                        const std::vector<CompletedNewest>& records,
                                        const std::vector<datum::RowProblem>& problems, const Served& served,
                                        std::string_view place = "");
// The same question for another service, with what is known of the streams and the time that is left. Nothing
// when a stream's name cannot be written in the schema's columns.
[[nodiscard]] std::optional<std::string> forwarded_json(const datum::Schema& schema,
                                                        const std::vector<datum::Record>& records,
                                                        const std::vector<datum::Record>& before,
                                                        inference::Priority priority, Duration within);
// The other's answer as this service's own: checked that it speaks of these records, and said who gave it.
// kMalformed for anything else.
[[nodiscard]] Result<std::string> relayed_json(std::string_view answer, const datum::Schema& schema,
                                               const std::vector<datum::Record>& records,
                                               const std::vector<datum::RowProblem>& problems,
                                               std::string_view place, std::string_view node);
// How long the other says that it waited and worked; zero when it says nothing.
[[nodiscard]] Duration said_time(std::string_view answer);

// What a service can spare, as it tells others.
struct OfferTold {
  Watts spare{0.0};
  std::map<std::string, Duration> queues;  // until it would begin, by schema that it completes
};
[[nodiscard]] std::string offer_json(const OfferTold& offer);
[[nodiscard]] Result<OfferTold> read_offer(std::string_view body);
// {"watts": W}
[[nodiscard]] Result<Watts> read_watts(std::string_view body);

// {"error":{"code":…,"message":…}}
[[nodiscard]] std::string error_json(std::string_view code, std::string_view message);
[[nodiscard]] std::string json_text(std::string_view text);  // as a JSON string; what is no UTF-8 is replaced

}  // namespace skywarden::serving
