#include "serving/service.h"

namespace skywarden::serving {
namespace {

shell::HttpResponse failed(int status, std::string_view code, std::string_view message) {
  return {status, "application/json", error_json(code, message)};
}

shell::HttpResponse failed(const Error& error) {
  switch (error.code) {
    case Errc::kNotFound:
      return failed(404, "not_found", error.message);
    case Errc::kLimitReached:
      return failed(413, "too_large", error.message);
    case Errc::kUnavailable:
      return failed(503, "failed", error.message);
    default:
      return failed(400, "bad_request", error.message);
  }
}

// What was not done; nothing when it was.
std::optional<shell::HttpResponse> refused(const Served& served) {
  using inference::Admission;
  if (served.given_up)
    return failed(504, "deadline", "it could not be done before the deadline, and was not begun");
  switch (served.admission) {
    case Admission::kAdmitted:
      return std::nullopt;
    case Admission::kQueueFull:
      return failed(503, "queue_full", "too many requests wait; try again later");
    case Admission::kTooLate:
      return failed(504, "deadline", "it cannot be done before the deadline");
    case Admission::kTooLarge:
      return failed(413, "too_large", "more rows than a batch may hold");
  }
  return std::nullopt;
}

std::string ports_json(const std::vector<Port>& ports) {
  std::string out = "[";
  for (const Port& port : ports)
    out += fmt::format("{}{{\"name\":{},\"width\":{},\"rows\":\"{}\",\"indices\":{}}}",
                       out.size() > 1 ? "," : "", json_text(port.name), port.width,
                       port.per_sequence ? "one" : "any", port.indices);
  return out + "]";
}

std::string metrics_json(const inference::BatchMetrics& m) {
  return fmt::format(
      "{{\"offered\":{},\"served\":{},\"rows\":{},\"batches\":{},\"refused_queue_full\":{},\"refused_too_"
      "late\":{},"
      "\"refused_too_large\":{},\"given_up\":{},\"degraded\":{},\"missed_deadlines\":{},\"wait_us_p50_"
      "below\":{:.0f},"
      "\"wait_us_p95_below\":{:.0f}}}",
      m.offered, m.served, m.rows, m.batches, m.refused_full, m.refused_late, m.refused_large, m.given_up,
      m.degraded, m.missed, wait_quantile_us(m, 0.5), wait_quantile_us(m, 0.95));
}

// The text format of Prometheus, version 0.0.4.
void add_metrics(std::string& out, std::string_view kind, std::string_view name,
                 const inference::BatchMetrics& m) {
  const std::string labels = fmt::format("{{{}={}", kind, json_text(name));
  const auto count = [&](std::string_view what, std::uint64_t value) {
    fmt::format_to(std::back_inserter(out), "skywarden_requests_total{},outcome=\"{}\"}} {}\n", labels, what,
                   value);
  };
  count("served", m.served - m.degraded);
  count("degraded", m.degraded);
  count("queue_full", m.refused_full);
  count("too_late", m.refused_late + m.given_up);
  count("too_large", m.refused_large);
  fmt::format_to(std::back_inserter(out), "skywarden_deadlines_missed_total{}}} {}\n", labels, m.missed);
  fmt::format_to(std::back_inserter(out), "skywarden_batches_total{}}} {}\n", labels, m.batches);
  fmt::format_to(std::back_inserter(out), "skywarden_batch_rows_total{}}} {}\n", labels, m.rows);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < 24; ++i) {
    below += m.waits[i];
    fmt::format_to(std::back_inserter(out), "skywarden_wait_seconds_bucket{},le=\"{:g}\"}} {}\n", labels,
                   static_cast<double>(std::uint64_t{1} << i) * 1e-6, below);
  }
  for (std::size_t i = 24; i < inference::BatchMetrics::kClasses; ++i) below += m.waits[i];
  fmt::format_to(std::back_inserter(out), "skywarden_wait_seconds_bucket{},le=\"+Inf\"}} {}\n", labels,
                 below);
}

}  // namespace

Result<void> ServiceOptions::validate() const {
  if (threads == 0 || threads > 64) return fail(Errc::kOutOfRange, "threads: expected 1…64");
  if (deadline <= Duration::zero()) return fail(Errc::kOutOfRange, "deadline: expected more than 0");
  if (complete.depths.size() != 3) return fail(Errc::kOutOfRange, "complete.depths: expected three");
  if (auto valid = infer.validate(); !valid) return valid;
  if (auto valid = complete.validate(); !valid) return valid;
  return ladder.validate();
}

Service::Service(ServiceOptions options, Complain complain)
    : options_(std::move(options)), complain_(std::move(complain)), pool_(options_.threads), shelf_(pool_) {
  EXPECTS(options_.validate().has_value());
}

Service::~Service() = default;

Instant Service::deadline_of(const Wishes& wishes) const {
  return shell::steady_now() + wishes.within.value_or(options_.deadline);
}

Result<std::uint64_t> Service::put_model(const std::string& name, std::unique_ptr<Engine> engine,
                                         const std::string& origin) {
  return shelf_.put(name, std::move(engine), origin, options_.infer);
}

Service::Stand* Service::stand(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = stands_.find(name);
  return found == stands_.end() ? nullptr : found->second.get();  // stands stay
}

const datum::Schema* Service::schema(const std::string& name) const {
  const Stand* found = stand(name);
  return found == nullptr ? nullptr : &found->schema;
}

Result<void> Service::add_schema(datum::Schema schema) {
  if (schema.fields.empty())
    return fail(Errc::kOutOfRange, "schema '{}': expected at least one field", schema.name);
  auto made = std::make_unique<Stand>();
  Stand& here = *made;
  here.schema = std::move(schema);
  here.ladder = std::make_unique<CompletionLadder>(here.schema, nullptr, options_.ladder);
  here.lane = std::make_shared<CompletionLane>(
      options_.complete, [this, &here](std::span<const std::vector<datum::Record>* const> batch,
                                       std::size_t depth) { return run_completion(here, batch, depth); });
  const std::lock_guard lock(mutex_);
  if (!stands_.try_emplace(here.schema.name, std::move(made)).second)
    return fail(Errc::kConflict, "there is a schema '{}' already", here.schema.name);
  pool_.add(here.lane);
  return {};
}

Result<void> Service::set_completion_model(const std::string& schema, const onboard::FusedModel* model,
                                           const std::string& origin) {
  Stand* here = stand(schema);
  if (here == nullptr) return fail(Errc::kNotFound, "no schema '{}'", schema);
  if (model != nullptr && model->trees.schema != schema)
    return fail(Errc::kConflict, "{}: a model for schema '{}', not '{}'", origin, model->trees.schema,
                schema);
  // std::function wants what it holds to be copyable.
  auto reviewer = std::make_shared<std::unique_ptr<onboard::NumberReviewer>>();
  if (model != nullptr) {
    auto made = onboard::make_fused_reviewer(*model, here->schema, true);
    if (!made) return fail(made.error().code, "{}: {}", origin, made.error().message);
    *reviewer = std::move(*made);
  }
  {
    const std::lock_guard lock(here->mutex);
    here->news.emplace_back(
        [reviewer](CompletionLadder& ladder) { ladder.set_reviewer(std::move(*reviewer)); });
  }
  const std::lock_guard lock(mutex_);
  here->model = model == nullptr ? "baseline" : origin;
  return {};
}

Result<void> Service::set_method(const std::string& schema, std::shared_ptr<const Plugin> plugin) {
  Stand* here = stand(schema);
  if (here == nullptr) return fail(Errc::kNotFound, "no schema '{}'", schema);
  std::string name;
  auto method = std::make_shared<std::unique_ptr<PluginMethod>>();
  if (plugin != nullptr) {
    name = plugin->name() + " " + plugin->version();
    auto opened = PluginMethod::open(std::move(plugin), here->schema);
    if (!opened) return tl::unexpected<Error>(opened.error());
    *method = std::move(*opened);
  }
  {
    const std::lock_guard lock(here->mutex);
    here->news.emplace_back([method](CompletionLadder& ladder) { ladder.set_method(std::move(*method)); });
  }
  const std::lock_guard lock(mutex_);
  here->method = name;
  return {};
}

std::vector<Result<std::vector<CompletedNewest>>> Service::run_completion(
    Stand& stand, std::span<const std::vector<datum::Record>* const> batch, std::size_t depth) const {
  std::vector<std::function<void(CompletionLadder&)>> news;
  {
    const std::lock_guard lock(stand.mutex);
    news.swap(stand.news);
  }
  for (const auto& change : news) change(*stand.ladder);
  std::vector<const datum::Record*> records;
  for (const auto* request : batch)
    for (const datum::Record& record : *request) records.push_back(&record);
  auto done = stand.ladder->complete_newest(records, static_cast<Haste>(depth));
  stand.owed = stand.ladder->owed();
  stand.never_shown = stand.ladder->never_shown();
  if (const auto complaint = stand.ladder->take_complaint())
    complain_(fmt::format("schema {}: {}; without it", stand.schema.name, *complaint));
  std::vector<Result<std::vector<CompletedNewest>>> out;
  auto next = done.begin();
  for (const auto* request : batch) {
    const auto end = next + static_cast<std::ptrdiff_t>(request->size());
    out.emplace_back(std::vector(std::make_move_iterator(next), std::make_move_iterator(end)));
    next = end;
  }
  return out;
}

void Service::handle(shell::HttpRequest request, Respond respond) {
  const auto only = [&](std::string_view method) {
    if (request.method == method) return true;
    respond(failed(405, "method", fmt::format("{}: expected {}", request.path, method)));
    return false;
  };
  if (request.path == "/v1/infer") {
    if (only("POST")) infer(request, respond);
  } else if (request.path == "/v1/complete") {
    if (only("POST")) complete(request, respond);
  } else if (request.path == "/v1/models") {
    if (only("GET")) respond({200, "application/json", models_json()});
  } else if (request.path == "/metrics") {
    if (only("GET")) respond({200, "text/plain; version=0.0.4; charset=utf-8", metrics_text()});
  } else {
    respond(failed(404, "not_found", "expected /v1/complete, /v1/infer, /v1/models or /metrics"));
  }
}

void Service::infer(const shell::HttpRequest& request, const Respond& respond) {
  EngineShape shape;
  auto query = read_infer(
      request.body,
      [&](const std::string& model) {
        auto found = shelf_.shape(model);
        if (found) shape = *found;
        return found;
      },
      options_.limits);
  if (!query) return respond(failed(query.error()));
  const auto submitted = shelf_.submit(
      query->model, std::move(query->sequence), query->wishes.priority, deadline_of(query->wishes),
      [respond, model = query->model, shape](const Served& served, Result<Rows> rows) {
        if (auto why = refused(served)) return respond(std::move(*why));
        if (!rows) return respond(failed(502, "model_failed", rows.error().message));
        // A version that came in between may have other outputs; then the rows say how many.
        if (rows->size() != shape.outputs.size())
          return respond(failed(503, "exchanged", "the model was exchanged meanwhile; ask again"));
        respond({200, "application/json", infer_json(model, shape, *rows, served)});
      });
  if (!submitted) respond(failed(submitted.error()));
}

void Service::complete(const shell::HttpRequest& request, const Respond& respond) {
  auto query =
      read_complete(request.body, [this](const std::string& name) { return schema(name); }, options_.limits);
  if (!query) return respond(failed(query.error()));
  Stand* here = stand(query->schema->name);
  const auto rows = static_cast<std::uint32_t>(query->records.size());
  here->lane->submit(
      std::move(query->records), rows, query->wishes.priority, deadline_of(query->wishes),
      [respond, here, problems = std::move(query->problems)](const Served& served,
                                                             Result<std::vector<CompletedNewest>> done) {
        if (auto why = refused(served)) return respond(std::move(*why));
        if (!done) return respond(failed(done.error()));
        respond({200, "application/json", complete_json(here->schema, *done, problems, served)});
      });
  pool_.wake();
}

std::string Service::models_json() const {
  std::string out = "{\"models\":[";
  bool first = true;
  for (const ModelStatus& each : shelf_.status()) {
    out += fmt::format(
        "{}{{\"name\":{},\"version\":{},\"origin\":{},\"engine\":{},\"inputs\":{},\"outputs\":{},\"rows_"
        "max\":{},"
        "\"metrics\":{}}}",
        first ? "" : ",", json_text(each.name), each.version, json_text(each.origin),
        json_text(each.shape.kind), ports_json(each.shape.inputs), ports_json(each.shape.outputs),
        each.shape.rows_max, metrics_json(each.metrics));
    first = false;
  }
  out += "],\"schemas\":[";
  first = true;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, here] : stands_) {
    out += fmt::format("{}{{\"name\":{},\"fields\":{},\"model\":{},\"plugin\":{},\"metrics\":{}}}",
                       first ? "" : ",", json_text(name), here->schema.fields.size(), json_text(here->model),
                       here->method.empty() ? "null" : json_text(here->method),
                       metrics_json(here->lane->metrics()));
    first = false;
  }
  return out + "]}\n";
}

std::string Service::metrics_text() const {
  std::string out =
      "# HELP skywarden_requests_total Requests by outcome.\n# TYPE skywarden_requests_total counter\n"
      "# HELP skywarden_wait_seconds From arrival to leaving the queue.\n# TYPE skywarden_wait_seconds "
      "histogram\n";
  for (const ModelStatus& each : shelf_.status()) add_metrics(out, "model", each.name, each.metrics);
  const std::lock_guard lock(mutex_);
  for (const auto& [name, here] : stands_) {
    add_metrics(out, "schema", name, here->lane->metrics());
    fmt::format_to(
        std::back_inserter(out),
        "skywarden_records_owed{{schema={0}}} {1}\nskywarden_records_never_shown_total{{schema={0}}} "
        "{2}\n",
        json_text(name), here->owed.load(), here->never_shown.load());
  }
  return out;
}

}  // namespace skywarden::serving
