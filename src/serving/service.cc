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

shell::HttpResponse no_power() {
  shell::HttpResponse out =
      failed(503, "power", "the power that is left in this minute does not reach; try again later");
  out.retry_after_s = 1;
  return out;
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

std::string_view name_of(Place place) {
  switch (place) {
    case Place::kHere:
      return "here";
    case Place::kNeighbour:
      return "neighbour";
    case Place::kGround:
      return "ground";
    case Place::kHereCheaper:
      return "here_cheaper";
  }
  return "";
}

bool goes_elsewhere(const Placement& where) {
  return where.place == Place::kNeighbour || where.place == Place::kGround;
}

// Who asks for the ground's deeper model has the power here as well; else rules alone answer here meanwhile.
bool only_rules(const CompleteQuery& query, const Placement& where) {
  return where.place == Place::kNeighbour || (where.place == Place::kGround && !query.deeper);
}

}  // namespace

Result<void> ServiceOptions::validate() const {
  if (threads == 0 || threads > 64) return fail(Errc::kOutOfRange, "threads: expected 1…64");
  if (deadline <= Duration::zero()) return fail(Errc::kOutOfRange, "deadline: expected more than 0");
  if (complete.depths.size() != 3) return fail(Errc::kOutOfRange, "complete.depths: expected three");
  if (auto valid = infer.validate(); !valid) return valid;
  if (auto valid = complete.validate(); !valid) return valid;
  if (auto valid = power.validate(); !valid) return valid;
  if (auto valid = neighbours.validate(); !valid) return valid;
  return ladder.validate();
}

Service::Service(ServiceOptions options, Complain complain)
    : options_(std::move(options)),
      complain_(std::move(complain)),
      power_(options_.power),
      pool_(options_.threads),
      shelf_(pool_) {
  EXPECTS(options_.validate().has_value());
  if (options_.neighbours.any()) neighbours_.emplace(options_.neighbours);
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
  return found == nullptr ? nullptr : &found->completion.schema();
}

Result<void> Service::add_schema(datum::Schema schema) {
  const std::string name = schema.name;
  if (schema.fields.empty()) return fail(Errc::kOutOfRange, "schema '{}': expected at least one field", name);
  auto made = std::unique_ptr<Stand>(
      new Stand{CompletionStand(std::move(schema), options_.ladder, options_.complete, power_, complain_)});
  Stand& here = *made;
  const std::lock_guard lock(mutex_);
  if (!stands_.try_emplace(here.completion.schema().name, std::move(made)).second)
    return fail(Errc::kConflict, "there is a schema '{}' already", name);
  pool_.add(here.completion.lane());
  return {};
}

Result<void> Service::set_completion_model(const std::string& schema, const onboard::FusedModel* model,
                                           const std::string& origin) {
  Stand* here = stand(schema);
  if (here == nullptr) return fail(Errc::kNotFound, "no schema '{}'", schema);
  if (model != nullptr && model->trees.schema != schema)
    return fail(Errc::kConflict, "{}: a model for schema '{}', not '{}'", origin, model->trees.schema,
                schema);
  std::unique_ptr<onboard::NumberReviewer> reviewer;
  if (model != nullptr) {
    auto made = onboard::make_fused_reviewer(*model, here->completion.schema(), true);
    if (!made) return fail(made.error().code, "{}: {}", origin, made.error().message);
    reviewer = std::move(*made);
  }
  here->completion.set_reviewer(std::move(reviewer));
  const std::lock_guard lock(mutex_);
  here->model = model == nullptr ? "baseline" : origin;
  return {};
}

Result<void> Service::set_method(const std::string& schema, std::shared_ptr<const Plugin> plugin) {
  Stand* here = stand(schema);
  if (here == nullptr) return fail(Errc::kNotFound, "no schema '{}'", schema);
  std::string name;
  std::unique_ptr<PluginMethod> method;
  if (plugin != nullptr) {
    name = plugin->name() + " " + plugin->version();
    auto opened = PluginMethod::open(std::move(plugin), here->completion.schema());
    if (!opened) return tl::unexpected<Error>(opened.error());
    method = std::move(*opened);
  }
  here->completion.set_method(std::move(method));
  const std::lock_guard lock(mutex_);
  here->method = name;
  return {};
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
  } else if (request.path == "/v1/power") {
    if (request.method == "POST")
      set_power(request, respond);
    else if (only("GET"))
      respond({200, "application/json", power_json()});
  } else if (request.path == "/v1/offer") {
    if (only("GET")) respond({200, "application/json", offer()});
  } else if (request.path == "/metrics") {
    if (only("GET")) respond({200, "text/plain; version=0.0.4; charset=utf-8", metrics_text()});
  } else {
    respond(failed(404, "not_found",
                   "expected /v1/complete, /v1/infer, /v1/models, /v1/power, /v1/offer or /metrics"));
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
  if (!shelf_.affords(query->model, query->sequence.rows, power_)) return respond(no_power());
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
  auto read =
      read_complete(request.body, [this](const std::string& name) { return schema(name); }, options_.limits);
  if (!read) return respond(failed(read.error()));
  // Shared by the callbacks that come one after the other.
  const auto query = std::make_shared<CompleteQuery>(std::move(*read));
  CompletionStand* here = &stand(query->schema->name)->completion;
  const Instant now = shell::steady_now(), deadline = deadline_of(query->wishes);
  const onboard::Joules energy = here->energy(query->records);
  if (query->forwarded && power_.spread(energy) > power_.spare_for_others(now)) return respond(no_power());
  if (keeper_ != nullptr && !query->forwarded) {
    std::vector<const datum::Record*> came;
    for (const datum::Record& record : query->records) came.push_back(&record);
    keeper_->offer(here->schema().name, came);
  }
  const Placement where = place_work(*here, *query, now, deadline, energy, request.body.size());
  ++placed_.at(static_cast<std::size_t>(where.place));
  const bool elsewhere = goes_elsewhere(where), by_rules = only_rules(*query, where);
  const onboard::Joules promised = by_rules ? onboard::Joules(0.0) : energy;
  power_.promise(promised);
  const auto rows = static_cast<std::uint32_t>(query->before.size() + query->records.size());
  CompletionWork work{std::move(query->before), {}, elsewhere, by_rules};
  work.records = elsewhere ? query->records : std::move(query->records);  // the other is told of them as well
  here->lane()->submit(
      std::move(work), rows, query->wishes.priority, deadline,
      [this, respond, here, query, where, deadline, energy, promised](const Served& served,
                                                                      Result<CompletionDone> done) {
        power_.take_back(promised);
        if (auto why = refused(served)) return respond(std::move(*why));
        if (!done) return respond(failed(done.error()));
        if (goes_elsewhere(where))
          return ask_elsewhere(*here, query, where, deadline, energy, std::move(*done), served, respond);
        if (done->no_power) return respond(no_power());
        respond(
            {200, "application/json", complete_json(here->schema(), done->records, query->problems, served)});
      });
  pool_.wake();
}

Placement Service::place_work(const CompletionStand& here, const CompleteQuery& query, Instant now,
                              Instant deadline, onboard::Joules energy, std::size_t body_bytes) const {
  constexpr double kFieldBytes = 100.0;  // of an answer, about
  if (!neighbours_ || query.forwarded) return {};
  const auto rows = static_cast<std::uint32_t>(query.records.size());
  const std::string& name = here.schema().name;
  Work work;
  work.compute = here.lane()->expected(rows);
  work.power = power_.spread(energy);
  // Rows of the streams go with it, each about as long as the records are.
  work.bits_there = 8.0 * static_cast<double>(body_bytes) * static_cast<double>(1 + here.rows_kept());
  work.bits_back = 8.0 * kFieldBytes * static_cast<double>(rows * here.schema().fields.size());
  work.deadline = deadline;
  work.deeper = query.deeper;
  // A neighbour takes its reserve off before it tells. The ground's method takes as long as that of here, as
  // far as is known.
  return place(work, power_.spare(now), here.lane()->queue(), neighbours_->offers(name, now),
               neighbours_->ground(name, now), now, {.reserve = Watts(0.0), .ground_compute = work.compute});
}

void Service::ask_elsewhere(const CompletionStand& here, const std::shared_ptr<const CompleteQuery>& query,
                            const Placement& where, Instant deadline, onboard::Joules energy,
                            CompletionDone done, const Served& served, const Respond& respond) {
  constexpr double kPatience = 0.9;  // of the time that is left: the rest is for the answer that stands in
  const datum::Schema& schema = here.schema();
  const Duration within = from_seconds(kPatience * to_seconds(deadline - shell::steady_now()));
  std::vector<datum::Record> rows = std::move(done.rows);
  const std::size_t room = options_.limits.records_max - query->records.size();
  if (rows.size() > room) rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(room));
  // The work is kept until the answer has come.
  const auto mine = std::make_shared<const CompletionDone>(std::move(done));
  const auto stand_in = [this, &schema, respond, query, served, mine, by_rules = only_rules(*query, where)] {
    ++stood_in_;
    if (mine->no_power) return respond(no_power());
    respond({200, "application/json",
             complete_json(schema, mine->records, query->problems, served,
                           name_of(by_rules ? Place::kHereCheaper : Place::kHere))});
  };
  auto body = within > Duration::zero()
                  ? forwarded_json(schema, query->records, rows, query->wishes.priority, within)
                  : std::nullopt;
  if (!body) return stand_in();
  neighbours_->forward(
      where.node, std::move(*body), power_.spread(energy), within,
      [&schema, respond, query, stand_in, place = where.place](const Result<Neighbours::Answer>& answer) {
        if (!answer) return stand_in();
        auto relayed =
            relayed_json(answer->body, schema, query->records, query->problems, name_of(place), answer->node);
        if (!relayed) return stand_in();
        respond({200, "application/json", std::move(*relayed)});
      });
}

void Service::set_power(const shell::HttpRequest& request, const Respond& respond) {
  const auto watts = read_watts(request.body);
  if (!watts) return respond(failed(watts.error()));
  if (const auto set = power_.set(*watts); !set) return respond(failed(set.error()));
  respond({200, "application/json", power_json()});
}

std::string Service::power_json() const {
  const Instant now = shell::steady_now();
  return fmt::format(
      "{{\"watts\":{:g},\"watts_max\":{:g},\"drawn_watts\":{:.6g},\"spare_watts\":{:.6g},\"window_s\":{:g},"
      "\"modelled\":true}}\n",
      power_.budget().value(), options_.power.budget.value(), power_.drawn(now).value(),
      power_.spare(now).value(), to_seconds(options_.power.window));
}

std::string Service::offer() const {
  OfferTold out{power_.spare_for_others(shell::steady_now()), {}};
  const std::lock_guard lock(mutex_);
  for (const auto& [name, here] : stands_) out.queues[name] = here->completion.lane()->queue();
  return offer_json(out);
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
                       first ? "" : ",", json_text(name), here->completion.schema().fields.size(),
                       json_text(here->model), here->method.empty() ? "null" : json_text(here->method),
                       metrics_json(here->completion.lane()->metrics()));
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
    add_metrics(out, "schema", name, here->completion.lane()->metrics());
    fmt::format_to(
        std::back_inserter(out),
        "skywarden_records_owed{{schema={0}}} {1}\nskywarden_records_never_shown_total{{schema={0}}} "
        "{2}\n",
        json_text(name), here->completion.owed(), here->completion.never_shown());
    const PowerFigures power = here->completion.power_figures();
    constexpr std::array<std::string_view, 3> kDepths{"system", "trees", "rules"};
    for (std::size_t depth = 0; depth < kDepths.size(); ++depth)
      fmt::format_to(std::back_inserter(out), "skywarden_records_total{{schema={},depth=\"{}\"}} {}\n",
                     json_text(name), kDepths[depth], power.at[depth]);
    fmt::format_to(std::back_inserter(out),
                   "skywarden_power_degraded_records_total{{schema={0}}} {1}\n"
                   "skywarden_power_refused_records_total{{schema={0}}} {2}\n",
                   json_text(name), power.degraded, power.refused);
  }
  add_power_metrics(out);
  if (keeper_ != nullptr) out += keeper_->metrics_text();
  return out;
}

void Service::add_power_metrics(std::string& out) const {
  const Instant now = shell::steady_now();
  auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "# HELP skywarden_modelled_watts Of completion and inference on the mean of the window, "
                 "modelled, not measured.\n# TYPE skywarden_modelled_watts gauge\n"
                 "skywarden_modelled_watts {:.6g}\n"
                 "# TYPE skywarden_budget_watts gauge\nskywarden_budget_watts {:g}\n",
                 power_.drawn(now).value(), power_.budget().value());
  if (!neighbours_) return;
  for (const Place place : {Place::kHere, Place::kNeighbour, Place::kGround, Place::kHereCheaper})
    fmt::format_to(to, "skywarden_placed_total{{place=\"{}\"}} {}\n", name_of(place),
                   placed_.at(static_cast<std::size_t>(place)).load());
  fmt::format_to(to, "skywarden_stood_in_total {}\n", stood_in_.load());
  for (const NeighbourStatus& node : neighbours_->status(now)) {
    const std::string labels = fmt::format("{{node={}", json_text(node.url));
    fmt::format_to(to,
                   "skywarden_neighbour_heard{0}}} {1}\nskywarden_neighbour_spare_watts{0}}} {2:.6g}\n"
                   "skywarden_neighbour_delay_seconds{0}}} {3:.6g}\n"
                   "skywarden_neighbour_bits_per_second{0}}} {4:.6g}\n"
                   "skywarden_forwards_total{0},outcome=\"answered\"}} {5}\n"
                   "skywarden_forwards_total{0},outcome=\"refused\"}} {6}\n"
                   "skywarden_forwards_total{0},outcome=\"failed\"}} {7}\n",
                   labels, node.heard ? 1 : 0, node.spare.value(), to_seconds(node.delay), node.rate.value(),
                   node.answered, node.refused, node.failed);
  }
}

}  // namespace skywarden::serving
