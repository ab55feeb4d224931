#include "serving/requests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "onboard/ingest.h"
#include "onboard/record_csv.h"

namespace skywarden::serving {
namespace {

using nlohmann::json;

constexpr std::size_t kFieldBytesUsual = 128;  // of an answer, so that it grows at most once or twice

// How deep arrays and objects nest, without parsing: what lies deeper than the limit is never built.
bool too_deep(std::string_view text, std::size_t depth_max) {
  std::size_t depth = 0;
  bool in_string = false, escaped = false;
  for (const char c : text) {
    if (in_string) {
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

Result<json> parse_object(std::string_view body, const RequestLimits& limits) {
  if (too_deep(body, limits.depth_max))
    return fail(Errc::kLimitReached, "expected at most {} levels of nesting", limits.depth_max);
  json object = json::parse(body, nullptr, false);
  if (object.is_discarded() || !object.is_object())
    return fail(Errc::kMalformed, "the body: expected a JSON object");
  return object;
}

Result<std::string> text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    return fail(Errc::kMalformed, "\"{}\": expected a name", key);
  return found->get<std::string>();
}

Result<Wishes> read_wishes(const json& object, const RequestLimits& limits) {
  Wishes out;
  if (const auto found = object.find("priority"); found != object.end()) {
    if (*found == "high")
      out.priority = inference::Priority::kHigh;
    else if (*found == "low")
      out.priority = inference::Priority::kLow;
    else if (*found != "normal")
      return fail(Errc::kMalformed, "\"priority\": expected high, normal or low");
  }
  if (const auto found = object.find("deadline_ms"); found != object.end()) {
    const double ms = found->is_number() ? found->get<double>() : 0.0;
    if (!(ms > 0.0 && ms <= limits.deadline_ms_max))
      return fail(Errc::kOutOfRange, "\"deadline_ms\": expected a number above 0, at most {:g}",
                  limits.deadline_ms_max);
    out.within = from_seconds(ms * 1e-3);
  }
  return out;
}

// As json_text, behind what is there: names and methods need no escapes, and copies cost more than their
// bytes.
void add_text(std::string& out, std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (plain) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

// Rows of numbers, all of the port's width; a row of one number may stand without brackets.
Result<std::size_t> read_rows(const json& rows, const Port& port, const RequestLimits& limits,
                              std::vector<float>& numbers, std::vector<std::int32_t>& indices) {
  if (!rows.is_array()) return fail(Errc::kMalformed, "input '{}': expected an array of rows", port.name);
  if (rows.size() > limits.numbers_max / std::max(1U, port.width))
    return fail(Errc::kLimitReached, "input '{}': expected at most {} numbers", port.name,
                limits.numbers_max);
  std::size_t number = 0;
  for (const json& row : rows) {
    ++number;
    const bool bare = row.is_number() && port.width == 1;
    if (!bare && (!row.is_array() || row.size() != port.width))
      return fail(Errc::kMalformed, "input '{}', row {}: expected {} numbers", port.name, number, port.width);
    const auto add = [&](const json& cell) {
      if (!cell.is_number()) return false;
      const double value = cell.get<double>();
      if (!port.indices) {
        if (!(std::abs(value) <= std::numeric_limits<float>::max())) return false;
        numbers.push_back(static_cast<float>(value));
        return true;
      }
      if (value != std::floor(value) || value < 0 || value > 2'147'483'647.0) return false;
      indices.push_back(static_cast<std::int32_t>(value));
      return true;
    };
    bool sound = true;
    if (bare)
      sound = add(row);
    else
      for (const json& cell : row) sound = sound && add(cell);
    if (!sound)
      return fail(Errc::kMalformed, "input '{}', row {}: expected {}", port.name, number,
                  port.indices ? "whole numbers from 0" : "finite numbers");
  }
  return rows.size();
}

void write_rows(std::string& out, const Port& port, const std::vector<float>& numbers) {
  add_text(out, port.name);
  out += ":[";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % port.width == 0)
      out += i == 0 ? "[" : ",[";
    else
      out += ',';
    fmt::format_to(std::back_inserter(out), "{}", numbers[i]);
    if ((i + 1) % port.width == 0) out += ']';
  }
  out += ']';
}

void write_served(std::string& out, const Served& served) {
  fmt::format_to(std::back_inserter(out), "\"waited_us\":{},\"took_us\":{}", served.waited.count() / 1000,
                 served.took.count() / 1000);
}

void write_value(std::string& out, const datum::FieldSpec& spec, const datum::Value& value) {
  out += "\"value\":";
  if (const auto* number = std::get_if<double>(&value))
    fmt::format_to(std::back_inserter(out), "{}", *number);
  else if (const auto* level = std::get_if<datum::Category>(&value))
    add_text(out, spec.levels[level->level]);
  else
    add_text(out, std::get<std::string>(value));
}

void write_field(std::string& out, const datum::FieldSpec& spec, const datum::Field& field,
                 GapPattern pattern, std::optional<double> anomaly) {
  add_text(out, spec.name);
  out += ":{";
  if (const auto* missing = std::get_if<datum::Missing>(&field)) {
    fmt::format_to(std::back_inserter(out), "\"state\":\"missing\",\"reason\":\"{}\"",
                   datum::to_string(missing->reason));
  } else {
    write_value(out, spec, *datum::value_of(field));
    const auto* estimated = std::get_if<datum::Estimated>(&field);
    out += estimated == nullptr ? ",\"state\":\"observed\"" : ",\"state\":\"estimated\"";
    if (estimated != nullptr) {
      if (estimated->interval)
        fmt::format_to(std::back_inserter(out), ",\"low\":{},\"high\":{}",
                       static_cast<float>(estimated->interval->low),
                       static_cast<float>(estimated->interval->high));
      // Of a rule no probability is known; none is invented.
      if (spec.kind == datum::FieldKind::kCategory && estimated->probability.value() > 0.0)
        fmt::format_to(std::back_inserter(out), ",\"p\":{:.3f}", estimated->probability.value());
      out += ",\"by\":";
      add_text(out, estimated->by);
      if (estimated->abstained) out += ",\"abstained\":true";
    } else if (anomaly) {
      fmt::format_to(std::back_inserter(out), ",\"anomaly\":{:.3f}", *anomaly);
    }
  }
  if (pattern != GapPattern::kNone)
    fmt::format_to(std::back_inserter(out), ",\"pattern\":\"{}\"", to_string(pattern));
  out += '}';
}

void write_record(std::string& out, const datum::Schema& schema, const CompletedNewest& done) {
  out += "{\"stream\":";
  add_text(out, done.record.stream);
  fmt::format_to(std::back_inserter(out), ",\"time\":\"{}\",\"depth\":\"{}\"", format_utc(done.record.time),
                 to_string(done.depth));
  if (done.new_stream) out += ",\"new_stream\":true";
  if (done.clock_back) out += ",\"clock_back\":true";
  out += ",\"fields\":{";
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    if (f > 0) out += ',';
    write_field(out, schema.fields[f], done.record.fields[f], done.patterns[f],
                done.anomalies.empty() ? std::nullopt : std::optional(done.anomalies[f]));
  }
  out += "}}";
}

void drop_long_texts(datum::Record& record, const datum::Schema& schema, std::size_t row,
                     const RequestLimits& limits, std::vector<datum::RowProblem>& problems) {
  for (std::size_t f = 0; f < record.fields.size(); ++f) {
    const datum::Value* value = datum::value_of(record.fields[f]);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    if (text == nullptr || text->size() <= limits.text_bytes_max) continue;
    problems.push_back({row, schema.fields[f].name,
                        fmt::format("expected at most {} bytes; read as missing", limits.text_bytes_max)});
    record.fields[f] = datum::Missing{datum::MissingReason::kMalformed};
  }
}

// `what` names them in messages.
Result<std::vector<datum::Record>> read_records(const json& records, std::string_view what,
                                                const datum::Schema& schema, const RequestLimits& limits,
                                                std::vector<datum::RowProblem>& problems) {
  std::vector<datum::Record> out;
  std::size_t row = 0;
  for (const json& each : records) {
    ++row;
    auto record = onboard::decode_json_object(each, schema, {}, row, problems);
    if (!record) return fail(record.error().code, "{} {}: {}", what, row, record.error().message);
    if (record->stream.size() > limits.stream_bytes_max)
      return fail(Errc::kLimitReached, "{} {}: the stream's name: expected at most {} bytes", what, row,
                  limits.stream_bytes_max);
    drop_long_texts(*record, schema, row, limits, problems);
    out.push_back(std::move(*record));
  }
  return out;
}

std::string_view name_of(inference::Priority priority) {
  return priority == inference::Priority::kHigh     ? "high"
         : priority == inference::Priority::kNormal ? "normal"
                                                    : "low";
}

// Whether what was observed here is not contradicted, and every field is there.
bool speaks_of(const nlohmann::ordered_json& said, const datum::Schema& schema, const datum::Record& record) {
  if (!said.is_object() || said.value("stream", nlohmann::ordered_json()) != record.stream ||
      said.value("time", nlohmann::ordered_json()) != format_utc(record.time))
    return false;
  const auto fields = said.find("fields");
  if (fields == said.end() || !fields->is_object() || fields->size() != schema.fields.size()) return false;
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const auto field = fields->find(schema.fields[f].name);
    if (field == fields->end() || !field->is_object()) return false;
    const bool observed = field->value("state", nlohmann::ordered_json()) == "observed";
    if (observed == std::holds_alternative<datum::Missing>(record.fields[f])) return false;
  }
  return true;
}

nlohmann::ordered_json problems_json(const std::vector<datum::RowProblem>& problems) {
  auto out = nlohmann::ordered_json::array();
  for (const datum::RowProblem& problem : problems)
    out.push_back({{"record", problem.row}, {"field", problem.column}, {"message", problem.expected}});
  return out;
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string out;
  add_text(out, text);
  return out;
}

std::string error_json(std::string_view code, std::string_view message) {
  return "{\"error\":{\"code\":" + json_text(code) + ",\"message\":" + json_text(message) + "}}\n";
}

Result<InferQuery> read_infer(std::string_view body, const ShapeOf& shape_of, const RequestLimits& limits) {
  const auto object = parse_object(body, limits);
  if (!object) return tl::unexpected<Error>(object.error());
  InferQuery out;
  const auto model = text_at(*object, "model");
  if (!model) return tl::unexpected<Error>(model.error());
  out.model = *model;
  const auto wishes = read_wishes(*object, limits);
  if (!wishes) return tl::unexpected<Error>(wishes.error());
  out.wishes = *wishes;
  const auto shape = shape_of(out.model);
  if (!shape) return tl::unexpected<Error>(shape.error());
  const auto rows = object->find("rows"), inputs = object->find("inputs");
  if ((rows == object->end()) == (inputs == object->end()))
    return fail(Errc::kMalformed, "expected \"rows\" or \"inputs\", and not both");
  if (rows != object->end() && shape->inputs.size() != 1)
    return fail(Errc::kMalformed, "\"rows\": this model has {} inputs; expected \"inputs\"",
                shape->inputs.size());
  out.sequence.numbers.resize(shape->inputs.size());
  out.sequence.indices.resize(shape->inputs.size());
  out.sequence.rows = 1;
  for (std::size_t i = 0; i < shape->inputs.size(); ++i) {
    const Port& port = shape->inputs[i];
    const json* given = rows != object->end() ? &*rows : nullptr;
    if (given == nullptr && inputs->is_object())
      if (const auto found = inputs->find(port.name); found != inputs->end()) given = &*found;
    if (given == nullptr) return fail(Errc::kMalformed, "\"inputs\": expected an input '{}'", port.name);
    const auto count = read_rows(*given, port, limits, out.sequence.numbers[i], out.sequence.indices[i]);
    if (!count) return tl::unexpected<Error>(count.error());
    if (!port.per_sequence) out.sequence.rows = static_cast<std::uint32_t>(*count);
  }
  if (auto fits = check_sequence(*shape, out.sequence); !fits) return tl::unexpected<Error>(fits.error());
  return out;
}

Result<CompleteQuery> read_complete(std::string_view body, const SchemaOf& schema_of,
                                    const RequestLimits& limits) {
  const auto object = parse_object(body, limits);
  if (!object) return tl::unexpected<Error>(object.error());
  const auto name = text_at(*object, "schema");
  if (!name) return tl::unexpected<Error>(name.error());
  CompleteQuery out;
  out.schema = schema_of(*name);
  if (out.schema == nullptr) return fail(Errc::kNotFound, "no schema '{}'", *name);
  const auto wishes = read_wishes(*object, limits);
  if (!wishes) return tl::unexpected<Error>(wishes.error());
  out.wishes = *wishes;
  for (const auto& [key, to] : {std::pair{"deeper", &out.deeper}, std::pair{"forwarded", &out.forwarded}}) {
    const auto found = object->find(key);
    if (found == object->end()) continue;
    if (!found->is_boolean()) return fail(Errc::kMalformed, "\"{}\": expected true or false", key);
    *to = found->get<bool>();
  }
  const auto records = object->find("records");
  if (records == object->end() || !records->is_array() || records->empty() ||
      records->size() > limits.records_max)
    return fail(records != object->end() && records->is_array() && !records->empty() ? Errc::kLimitReached
                                                                                     : Errc::kMalformed,
                "\"records\": expected an array of 1…{} objects", limits.records_max);
  auto read = read_records(*records, "record", *out.schema, limits, out.problems);
  if (!read) return tl::unexpected<Error>(read.error());
  out.records = std::move(*read);
  if (const auto before = object->find("before"); before != object->end()) {
    if (!before->is_array()) return fail(Errc::kMalformed, "\"before\": expected an array of objects");
    if (before->size() + records->size() > limits.records_max)
      return fail(Errc::kLimitReached, "\"before\": expected at most {} objects with \"records\"",
                  limits.records_max);
    std::vector<datum::RowProblem> unsaid;  // nothing is said of what came before
    read = read_records(*before, "before", *out.schema, limits, unsaid);
    if (!read) return tl::unexpected<Error>(read.error());
    out.before = std::move(*read);
  }
  return out;
}

std::string infer_json(const std::string& model, const EngineShape& shape, const Rows& rows,
                       const Served& served) {
  std::string out = "{\"model\":" + json_text(model) + ",";
  write_served(out, served);
  out += ",\"outputs\":{";
  for (std::size_t o = 0; o < shape.outputs.size(); ++o) {
    if (o > 0) out += ',';
    write_rows(out, shape.outputs[o], rows[o]);
  }
  return out + "}}\n";
}

std::string record_json(const datum::Schema& schema, const CompletedNewest& record) {
  std::string out;
  write_record(out, schema, record);
  return out;
}

std::string complete_json(const datum::Schema& schema, const std::vector<CompletedNewest>& records,
                          const std::vector<datum::RowProblem>& problems, const Served& served,
                          std::string_view place) {
  std::string out;
  out.reserve(128 + records.size() * (96 + schema.fields.size() * kFieldBytesUsual));
  out += "{\"schema\":";
  add_text(out, schema.name);
  out += ',';
  write_served(out, served);
  if (!place.empty()) out += ",\"place\":" + json_text(place);
  out += ",\"records\":[";
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i > 0) out += ',';
    write_record(out, schema, records[i]);
  }
  out += "],\"problems\":";
  return out + problems_json(problems).dump(-1, ' ', false, json::error_handler_t::replace) + "}\n";
}

std::optional<std::string> forwarded_json(const datum::Schema& schema,
                                          const std::vector<datum::Record>& records,
                                          const std::vector<datum::Record>& before,
                                          inference::Priority priority, Duration within) {
  std::string out =
      fmt::format("{{\"schema\":{},\"forwarded\":true,\"priority\":\"{}\",\"deadline_ms\":{:.3f}",
                  json_text(schema.name), name_of(priority), 1e3 * to_seconds(within));
  for (const auto& [key, all] : {std::pair{"before", &before}, std::pair{"records", &records}}) {
    out += fmt::format(",\"{}\":[", key);
    for (std::size_t i = 0; i < all->size(); ++i) {
      const auto record = onboard::record_to_json(schema, (*all)[i]);
      if (!record) return std::nullopt;
      out += (i > 0 ? "," : "") + *record;
    }
    out += ']';
  }
  return out + "}";
}

Result<std::string> relayed_json(std::string_view answer, const datum::Schema& schema,
                                 const std::vector<datum::Record>& records,
                                 const std::vector<datum::RowProblem>& problems, std::string_view place,
                                 std::string_view node) {
  constexpr std::size_t kDepthMax = 8;  // of such an answer
  const auto bad = [&] { return fail(Errc::kMalformed, "{}: expected an answer about these records", node); };
  if (too_deep(answer, kDepthMax)) return bad();
  auto said = nlohmann::ordered_json::parse(answer, nullptr, false);
  if (said.is_discarded() || !said.is_object()) return bad();
  const auto found = said.find("records");
  if (found == said.end() || !found->is_array() || found->size() != records.size()) return bad();
  for (std::size_t i = 0; i < records.size(); ++i)
    if (!speaks_of((*found)[i], schema, records[i])) return bad();
  said["place"] = std::string(place);
  said["node"] = std::string(node);
  said["problems"] = problems_json(problems);
  return said.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Duration said_time(std::string_view answer) {
  double us = 0.0;
  for (const std::string_view key : {"\"waited_us\":", "\"took_us\":"}) {
    const std::size_t at = answer.find(key);
    if (at == std::string_view::npos) return Duration::zero();
    double value = 0.0;
    for (const char c : answer.substr(at + key.size(), 12)) {
      if (c < '0' || c > '9') break;
      value = 10.0 * value + (c - '0');
    }
    us += value;
  }
  return from_seconds(us * 1e-6);
}

std::string offer_json(const OfferTold& offer) {
  json schemas = json::object();
  for (const auto& [name, queue] : offer.queues) schemas[name] = {{"queue_ms", 1e3 * to_seconds(queue)}};
  return json{{"spare_watts", offer.spare.value()}, {"modelled", true}, {"schemas", std::move(schemas)}}.dump(
             -1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Result<OfferTold> read_offer(std::string_view body) {
  constexpr double kQueueMsMax = 3'600'000.0;
  const auto object = parse_object(body, {});
  if (!object) return tl::unexpected<Error>(object.error());
  const auto spare = object->find("spare_watts"), schemas = object->find("schemas");
  if (spare == object->end() || !spare->is_number() || !(spare->get<double>() >= 0.0))
    return fail(Errc::kMalformed, "\"spare_watts\": expected a number from 0");
  if (schemas == object->end() || !schemas->is_object())
    return fail(Errc::kMalformed, "\"schemas\": expected an object");
  OfferTold out{Watts(spare->get<double>()), {}};
  for (const auto& [name, told] : schemas->items()) {
    const auto ms = told.is_object() ? told.find("queue_ms") : told.end();
    if (!told.is_object() || ms == told.end() || !ms->is_number() ||
        !(ms->get<double>() >= 0.0 && ms->get<double>() <= kQueueMsMax))
      return fail(Errc::kMalformed, "\"queue_ms\" of '{}': expected a number from 0", name);
    out.queues[name] = from_seconds(ms->get<double>() * 1e-3);
  }
  return out;
}

Result<Watts> read_watts(std::string_view body) {
  const auto object = parse_object(body, {});
  if (!object) return tl::unexpected<Error>(object.error());
  const auto found = object->find("watts");
  if (found == object->end() || !found->is_number())
    return fail(Errc::kMalformed, "\"watts\": expected a number");
  return Watts(found->get<double>());
}

}  // namespace skywarden::serving
