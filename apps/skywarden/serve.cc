// skywarden serve: completion and inference over HTTP for many clients at once (serving/service.h).
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "command_line/command_line.h"
#include "commands.h"
#include "incident_loader.h"
#include "model_files.h"
#include "serving/record_keeper.h"
#include "serving/service.h"
#include "shell/disk_folder.h"
#include "shell/http_server.h"
#include "shell/thread_executor.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8090;
  std::vector<std::string> host_names;
  std::vector<std::string> models = {"models"};
  std::vector<std::string> schemas = {"prsa", "weather", "firms_modis", "firms_viirs"};
  std::vector<std::string> plugins, signed_by;
  std::string keep;
  std::uint64_t keep_mib = 64;
  unsigned threads = shell::ThreadExecutor::processor_count();
  double deadline_ms = 1000.0;
  std::size_t queue = 1024, connections = 256, body_kib = 1024, stream_rows = 16;
  double watts = serving::PowerOptions::kModule.value(), reserve_watts = 0.0;
  std::vector<std::string> neighbours;
  std::string ground;
};

void complain(const std::string& why) {
  fmt::print(stderr, "skywarden serve: {}\n", why);
  std::fflush(stderr);
}

// What is served: what files there are, read anew on SIGHUP. A file that cannot be read is a line, and what
// was served before stays.
class Stock {
 public:
  Stock(const Arguments& arguments, KnownSigners signers, serving::Service& service)
      : arguments_(arguments), signers_(std::move(signers)), service_(service) {}

  void load() {
    load_plugins();
    const auto found = find_models(arguments_.models);
    if (!found) return complain(found.error().message);
    std::set<std::string> names, schemas;
    bool all_read = true;
    for (const FoundModel& one : *found) {
      if (one.kind == ModelKind::kAnomaly) continue;  // there is no request for it
      const auto checked = check_model_file(one, signers_);
      const Result<void> took = checked ? take(*checked, completes(one.kind) ? schemas : names)
                                        : Result<void>(tl::unexpected<Error>(checked.error()));
      if (!checked && !completes(one.kind)) names.insert(one.name);
      all_read = all_read && checked.has_value();
      if (!took) complain(fmt::format("{}; what was served before stays", took.error().message));
    }
    forget(served_, names, [&](const std::string& name) { (void)service_.remove_model(name); });
    if (all_read)  // else nobody knows whose model could not be read
      forget(completing_, schemas,
             [&](const std::string& schema) { (void)service_.set_completion_model(schema, nullptr, ""); });
  }

 private:
  using Checksums = std::map<std::string, std::uint32_t>;

  template <typename Remove>
  static void forget(Checksums& served, const std::set<std::string>& found, Remove remove) {
    std::erase_if(served, [&](const auto& each) {
      if (found.contains(each.first)) return false;
      remove(each.first);
      return true;
    });
  }

  void load_plugins() {
    for (const std::string& path : arguments_.plugins) {
      auto plugin = serving::Plugin::load(path);
      if (!plugin) {
        complain(fmt::format("{}; without it", plugin.error().message));
        continue;
      }
      fmt::print("plug-in {} {} from {}\n", (*plugin)->name(), (*plugin)->version(), path);
      if ((*plugin)->engine() != nullptr) engine_plugin_ = *plugin;
      if ((*plugin)->completer() == nullptr && (*plugin)->detector() == nullptr) continue;
      for (const std::string& schema : arguments_.schemas)
        if (const auto set = service_.set_method(schema, *plugin); !set) complain(set.error().message);
    }
  }

  // `found` are the names, or of what completes the schemas, of those before it.
  Result<void> take(const CheckedModel& model, std::set<std::string>& found) {
    const std::string& path = model.found.path;
    const bool completing = completes(model.found.kind);
    const std::string& name = completing ? model.schema : model.found.name;
    if (completing && service_.schema(name) == nullptr) return {};  // of a schema that is not served
    const bool is_first = found.insert(name).second;
    if (!is_first && model.found.beside_fused) return {};
    if (!is_first) return fail(Errc::kConflict, "{}: a second model for '{}' is not taken", path, name);
    const Checksums& before = completing ? completing_ : served_;
    if (const auto same = before.find(name); same != before.end() && same->second == model.crc32c) return {};
    if (completing) {
      const auto set = service_.set_completion_model(name, &*model.completion, path);
      if (set) completing_[name] = model.crc32c;
      return set;
    }
    std::unique_ptr<serving::Engine> engine;
    if (model.program) {
      engine = serving::make_engine(*model.program);
    } else {
      if (engine_plugin_ == nullptr)
        return fail(Errc::kUnavailable, "{}: no plug-in with an engine was given (--plugin)", path);
      auto opened = serving::open_engine(engine_plugin_, path);
      if (!opened) return tl::unexpected<Error>(opened.error());
      engine = std::move(*opened);
    }
    const auto version = service_.put_model(name, std::move(engine), path);
    if (!version) return tl::unexpected<Error>(version.error());
    served_[name] = model.crc32c;
    fmt::print("model {} version {} from {}\n", name, *version, path);
    return {};
  }

  const Arguments& arguments_;
  KnownSigners signers_;
  serving::Service& service_;
  std::shared_ptr<const serving::Plugin> engine_plugin_;
  Checksums served_;      // of the files, by name
  Checksums completing_;  // of what completes, by schema
};

Result<serving::NeighbourOptions> neighbour_options(const Arguments& arguments) {
  serving::NeighbourOptions out;
  for (const std::string& url : arguments.neighbours) {
    auto address = shell::parse_http_address(url);
    if (!address) return fail(address.error().code, "--neighbour {}", address.error().message);
    out.neighbours.push_back(std::move(*address));
  }
  if (arguments.ground.empty()) return out;
  auto address = shell::parse_http_address(arguments.ground);
  if (!address) return fail(address.error().code, "--ground {}", address.error().message);
  out.ground = std::move(*address);
  return out;
}

serving::ServiceOptions service_options(const Arguments& arguments) {
  serving::ServiceOptions options;
  options.threads = arguments.threads;
  options.deadline = from_seconds(arguments.deadline_ms * 1e-3);
  options.infer.queue_max = options.complete.queue_max = arguments.queue;
  options.ladder.stream_rows = arguments.stream_rows;
  options.power.budget = Watts(arguments.watts);
  options.power.reserve = Watts(arguments.reserve_watts);
  return options;
}

shell::HttpServer::Options server_options(const Arguments& arguments) {
  shell::HttpServer::Options options;
  options.address = arguments.address;
  options.port = arguments.port;
  options.port_tries = 1;
  options.host_names = arguments.host_names;
  options.host_names.push_back(arguments.address);
  options.connections_max = arguments.connections;
  options.body_bytes_max = arguments.body_kib << 10;
  options.json_errors = true;
  return options;
}

// None when nothing is to be kept.
Result<std::unique_ptr<serving::RecordKeeper>> open_keeper(const Arguments& arguments,
                                                           const std::vector<datum::Schema>& schemas) {
  if (arguments.keep.empty()) return nullptr;
  auto folder = shell::DiskFolder::take(arguments.keep);
  if (!folder) return tl::unexpected<Error>(folder.error());
  serving::KeeperOptions options;
  options.store.bytes_max = arguments.keep_mib << 20;
  auto keeper = serving::RecordKeeper::open(std::move(*folder), schemas, options, complain);
  if (!keeper) return fail(keeper.error().code, "{}: {}", arguments.keep, keeper.error().message);
  return keeper;
}

Result<void> run(const Arguments& arguments) {
  // Blocked before any thread begins, so that this one alone hears them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto options = service_options(arguments);
  auto neighbours = neighbour_options(arguments);
  if (!neighbours) return tl::unexpected<Error>(neighbours.error());
  options.neighbours = std::move(*neighbours);
  if (const auto valid = options.validate(); !valid) return valid;
  std::unique_ptr<shell::HttpServer> server;  // outlives the service, whose answers go through it
  std::vector<datum::Schema> schemas;
  for (const std::string& name : arguments.schemas) {
    auto schema = named_schema(name);
    if (!schema) return tl::unexpected<Error>(schema.error());
    schemas.push_back(std::move(*schema));
  }
  const auto keeper = open_keeper(arguments, schemas);  // outlives the service, too
  if (!keeper) return tl::unexpected<Error>(keeper.error());
  serving::Service service(options, complain);
  for (datum::Schema& schema : schemas)
    if (const auto added = service.add_schema(std::move(schema)); !added) return added;
  if (*keeper) service.keep_records(**keeper);
  auto signers = KnownSigners::read(arguments.signed_by);
  if (!signers) return tl::unexpected<Error>(signers.error());
  Stock stock(arguments, std::move(*signers), service);
  stock.load();
  auto started = shell::HttpServer::start_deferred(
      server_options(arguments), [&service](shell::HttpRequest request, shell::HttpServer::Respond respond) {
        service.handle(std::move(request), std::move(respond));
      });
  if (!started) return tl::unexpected<Error>(started.error());
  server = std::move(*started);
  fmt::print("serving at http://{}:{}/v1/models\n", arguments.address, server->port());
  std::fflush(stdout);
  for (int heard = 0; sigwait(&signals, &heard) == 0 && heard == SIGHUP;) {
    stock.load();
    fmt::print("read again\n");
    std::fflush(stdout);
  }
  server->stop();
  return {};
}

}  // namespace

void add_serve(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("serve", "Complete records and run models over HTTP, for many clients at once");
  command.add_option("--address", arguments->address, "IP address to listen at; nobody is asked who they are")
      .capture_default_str();
  command.add_option("--port", arguments->port, "0: any free one").capture_default_str();
  command.add_option("--host-name", arguments->host_names, "further names it may be reached under");
  command.add_option("--models", arguments->models, "model files, or folders of them").capture_default_str();
  command.add_option("--signed-by", arguments->signed_by,
                     "public keys (PEM): only models that one of them signed are taken, and none in ONNX");
  command.add_option("--schema", arguments->schemas, "shipped schemas by name, or files (TOML)")
      .capture_default_str();
  command.add_option("--plugin", arguments->plugins, "shared libraries with engines, methods or detectors");
  command.add_option("--threads", arguments->threads, "that run batches")
      .check(command_line::range(1, 64))
      .capture_default_str();
  command.add_option("--deadline-ms", arguments->deadline_ms, "of a request that states none")
      .check(command_line::range(1.0, 60'000.0))
      .capture_default_str();
  command.add_option("--queue", arguments->queue, "requests that wait, a model")
      .check(command_line::range(1, 1'000'000))
      .capture_default_str();
  command.add_option("--connections", arguments->connections, "at once")
      .check(command_line::range(1, 65'536))
      .capture_default_str();
  command.add_option("--body-kib", arguments->body_kib, "of one request, at most")
      .check(command_line::range(1, 65'536))
      .capture_default_str();
  command.add_option("--stream-rows", arguments->stream_rows, "rows kept of each stream")
      .check(command_line::range(1, 10'000))
      .capture_default_str();
  command
      .add_option("--watts", arguments->watts,
                  "modelled, of completion and inference on the mean of a minute; POST /v1/power lowers it")
      .check(command_line::range(0.0, serving::PowerOptions::kModule.value()))
      .capture_default_str();
  command.add_option("--reserve-watts", arguments->reserve_watts, "of them kept from the work of others")
      .check(command_line::range(0.0, serving::PowerOptions::kModule.value()))
      .capture_default_str();
  command.add_option("--neighbour", arguments->neighbours,
                     "another service, http://ADDRESS:PORT, that completes what there is no power for here");
  command.add_option("--ground", arguments->ground, "likewise, with a deeper model, for who asks for it");
  command.add_option("--keep", arguments->keep,
                     "folder for the records as they came; critical fields stay longest (`skywarden kept`)");
  command.add_option("--keep-mib", arguments->keep_mib, "that the folder may take, in MiB")
      .check(command_line::range(4, 1'048'576))
      .capture_default_str();
  command.footer(
      "POST /v1/complete, POST /v1/infer, GET /v1/models, GET and POST /v1/power, GET /v1/offer, GET "
      "/metrics;\n"
      "docs/formats.md has them. SIGHUP reads\n"
      "models and plug-ins again: what is being answered ends on the old ones. SIGINT or SIGTERM ends it.\n"
      "Exit code 0: ended so; 1: it could not begin.\n\n"
      "Example:\n  skywarden serve --port 8090\n"
      "  curl -s http://127.0.0.1:8090/v1/complete -d '{\"schema\": \"prsa\", \"records\": [{\"station\": "
      "\"Dongsi\",\n"
      "    \"year\": 2015, \"month\": 3, \"day\": 1, \"hour\": 0, \"TEMP\": 4.2, \"PM2.5\": null}]}'");
  command.callback([arguments, exit_code] {
    const auto ran = run(*arguments);
    if (!ran) complain(ran.error().message);
    *exit_code = ran ? 0 : 1;
  });
}

}  // namespace skywarden::app
