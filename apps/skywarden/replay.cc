// `skywarden replay`: an incident in, agreed and explained alerts out, live in a browser console.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "command_line/command_line.h"
#include "commands.h"
#include "console_assets.h"
#include "console_feed.h"
#include "incident.h"
#include "orbit_files.h"
#include "player.h"
#include "record_models.h"
#include "replay_files.h"
#include "report.h"
#include "shell/http_guard.h"
#include "shell/http_server.h"
#include "shell/served_files.h"

namespace skywarden::app {
namespace {

using WallClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kFrame{100};  // of the console
constexpr std::chrono::seconds kSlowFrame{1};     // of what it shows of the space segment and the group
constexpr auto kSliceMax =
    std::chrono::minutes(30);  // virtual time played between two looks at the page's commands

std::atomic<bool> interrupted{false};
extern "C" void on_interrupt(int) {
  interrupted = true;
}

struct Options {
  std::vector<std::string> paths;
  std::string elements, links, out, speed;
  std::vector<std::string> models;  // none: those that are shipped
  bool no_console = false, once = false;
  std::uint16_t port = 8080;
  std::uint64_t seed = 1;
};

// Commands of the page and files dropped on it, handed from the server's thread to the playing one.
class Inbox {
 public:
  void put(std::string message) {
    const std::scoped_lock lock(mutex_);
    if (messages_.size() < kMessagesMax) messages_.push_back(std::move(message));
  }
  void drop(Incident incident) {
    const std::scoped_lock lock(mutex_);
    dropped_ = std::move(incident);
  }
  std::vector<std::string> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(messages_, {});
  }
  std::optional<Incident> take_dropped() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(dropped_, std::nullopt);
  }

 private:
  static constexpr std::size_t kMessagesMax = 1000;
  std::mutex mutex_;
  std::vector<std::string> messages_;
  std::optional<Incident> dropped_;
};

std::string minutes_words(Duration d) {
  const double seconds = to_seconds(d);
  return seconds < 120.0 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.1f} min", seconds / 60.0);
}

std::vector<std::pair<Bilingual, std::string>> summary_rows(const PlaySummary& s) {
  std::vector<std::pair<Bilingual, std::string>> rows;
  const auto row = [&](const char* en, const char* zh, const std::string& value) {
    rows.push_back({{en, zh}, value});
  };
  row("hotspots", "热点", fmt::format("{}", s.hotspots));
  row("station records", "站点记录", fmt::format("{}", s.records));
  row("fields observed / estimated / missing", "字段：实测 / 估计 / 缺失",
      fmt::format("{} / {} / {}", s.fields_observed, s.fields_estimated, s.fields_missing));
  for (const RecordMethods& methods : s.methods) {
    rows.push_back({{methods.schema + " records completed by", methods.schema + " 记录的补全模型"},
                    methods.completion.empty() ? "baseline, no model fits" : methods.completion});
    if (!methods.anomaly.empty())
      rows.push_back(
          {{methods.schema + " readings judged by", methods.schema + " 读数的检验模型"}, methods.anomaly});
  }
  row("implausible values set aside", "剔除的不合理值", fmt::format("{}", s.fields_implausible));
  row("fires told", "已告警火情", fmt::format("{}", s.events_told));
  row("alerts / updates / cancels", "警报 / 更新 / 取消",
      fmt::format("{} / {} / {}", s.alerts, s.updates, s.cancels));
  if (s.first_alert_known) {
    row("first alert (virtual time)", "首次警报（虚拟时间）", format_utc(s.first_alert));
    row("newest observation to first alert", "最近观测到首次警报", minutes_words(s.observation_to_alert));
    row("proposal to agreement, median", "提案到达成一致（中位）",
        fmt::format("{:.0f} ms", s.median_commit_ms));
  }
  row("nodes / voting satellites", "节点 / 有表决权的卫星", fmt::format("{} / {}", s.nodes, s.voters));
  row("leaders, crashes, partitions", "领导更替、停机、分区",
      fmt::format("{}, {}, {}", s.leaders, s.crashes, s.partitions));
  for (const Duration d : s.leader_loss_to_commit)
    row("leader lost to next agreement", "领导丢失到再次达成一致", minutes_words(d));
  row("packets sent / lost", "数据包：发送 / 丢失", fmt::format("{} / {}", s.packets_sent, s.packets_lost));
  row("bundles carried / delivered", "束：携带 / 送达",
      fmt::format("{} / {}", s.bundles_carried, s.bundles_delivered));
  row("played in", "播放用时", fmt::format("{:.1f} s", s.wall_seconds));
  return rows;
}

class Progress : public PlayListener {
 public:
  Progress() : terminal_(isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr) {}

  void on_alert(const datum::Alert& alert, std::span<const datum::Alert>) override {
    constexpr std::size_t kLinesMax = 40;
    if (++alerts_ > kLinesMax) return;
    const datum::Proposal& p = alert.proposal;
    constexpr const char* kKinds[] = {"ALERT ", "update", "cancel"};
    line(fmt::format("{} {} event {:016x} probability {:.2f} [{:.2f}, {:.2f}], {:.0f} ha, {} of {} shares",
                     format_utc(Instant(Duration(p.time_ns))), kKinds[static_cast<int>(p.kind)],
                     p.event.value(), p.probability_ppm * 1e-6, p.low_ppm * 1e-6, p.high_ppm * 1e-6,
                     static_cast<double>(p.area_m2) / 1e4, alert.shares_for, alert.shares_total));
    if (alerts_ == kLinesMax) line("further alerts are in the output folder");
  }
  void on_log(const LogNews& news) override {
    // Satellites lose sight of each other all the time; a new leader is news here after a crash only.
    if (news.kind == LogKind::kGap || news.kind == LogKind::kFill) return;
    if (news.kind == LogKind::kLeader && !std::exchange(leader_is_news_, false)) return;
    if (news.kind == LogKind::kCrash) leader_is_news_ = true;
    line(fmt::format("{} {}", format_utc(news.time), news.text.en));
  }
  void at(Instant now, const Incident& incident) {
    if (!terminal_) return;
    const double part = (now - incident.start) /
                        (incident.end - incident.start + std::chrono::duration<double, std::nano>(1));
    fmt::print("\r\033[K{} {:3.0f} %", format_utc(now), part * 100.0);
    std::fflush(stdout);
  }
  void line(const std::string& text) {
    fmt::print("{}{}\n", terminal_ ? "\r\033[K" : "", text);
    std::fflush(stdout);
  }

 private:
  bool terminal_;
  bool leader_is_news_ = true;
  std::size_t alerts_ = 0;
};

class Replay {
 public:
  explicit Replay(const Options& options)
      : options_(options), feed_([this](std::string m) {
          if (server_) server_->broadcast(std::move(m));
        }) {}

  int run() {
    auto loaded = load_incident({options_.paths, options_.elements});
    if (!loaded) {
      fmt::print(stderr, "skywarden replay: {}\n", loaded.error().message);
      return 1;
    }
    Incident incident = std::move(*loaded);
    if (const auto read = read_links(); !read) {
      fmt::print(stderr, "skywarden replay: {}\n", read.error().message);
      return 1;
    }
    satellites_ = incident.satellites;
    if (!options_.no_console && !start_console()) return 1;
    for (;;) {
      const int code = play(incident);
      if (interrupted || !server_ || options_.once || code == 1) return code;
      auto next = serve_until_dropped();
      if (!next) return code;
      incident = std::move(*next);
    }
  }

 private:
  Result<void> read_links() {
    if (options_.links.empty()) return {};
    const auto rules = load_link_rules(options_.links, Player::link_defaults());
    if (!rules) return tl::unexpected(rules.error());
    links_ = *rules;
    return {};
  }

  bool start_console() {
    shell::HttpServer::Options server;
    server.port = options_.port;
    auto started = shell::HttpServer::start(
        server, [this](const shell::HttpRequest& request) { return answer(request); },
        [this](std::string message) { inbox_.put(std::move(message)); }, [this] { return feed_.history(); });
    if (!started) {
      fmt::print(stderr, "skywarden replay: {}\n", started.error().message);
      return false;
    }
    server_ = std::move(*started);
    fmt::print("console http://127.0.0.1:{}   (from elsewhere: ssh -L {}:127.0.0.1:{} THIS_HOST)\n",
               server_->port(), server_->port(), server_->port());
    std::fflush(stdout);
    return true;
  }

  // Runs on the server's thread.
  shell::HttpResponse answer(const shell::HttpRequest& request) {
    constexpr std::string_view kFiles = "/files/";
    if (request.method == "POST") {
      if (request.path == "/api/hotspots") return take_file(request);
      return {404, "application/json", R"({"error":"no such call"})"};
    }
    if (request.path == "/api/incident") return {200, "application/json", feed_.incident_json()};
    if (request.path.starts_with(kFiles)) {
      const std::scoped_lock lock(folder_mutex_);
      return shell::file_response(folder_, request.path.substr(kFiles.size()));
    }
    return shell::asset_response(console_assets(), request.path);
  }

  shell::HttpResponse take_file(const shell::HttpRequest& request) {
    const std::string name = shell::query_value(request.query, "name").value_or("hotspots.csv");
    auto incident = incident_of_hotspots(name, request.body, satellites_);
    nlohmann::ordered_json json{{"accepted", 0}, {"skipped", 0}, {"errors", nlohmann::json::array()}};
    if (!incident) {
      json["errors"].push_back(incident.error().message);
      return {400, "application/json", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
    }
    json["accepted"] = incident->hotspots.size();
    for (const Part& part : incident->parts)
      json["skipped"] = json["skipped"].get<std::size_t>() + part.bad_rows;
    for (const std::string& problem : incident->problems) json["errors"].push_back(problem);
    inbox_.drop(std::move(*incident));
    return {200, "application/json", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
  }

  int play(const Incident& incident) {
    const auto started = WallClock::now();
    for (const std::string& problem : incident.problems) fmt::print(stderr, "{}\n", problem);
    if (!incident.missing.empty()) fmt::print("not given: {}\n", fmt::join(incident.missing, ", "));
    const std::string folder = options_.out.empty() ? "out/" + incident.name : options_.out;
    auto files = ReplayFiles::open(folder, incident);
    if (!files) {
      fmt::print(stderr, "skywarden replay: {}\n", files.error().message);
      return 1;
    }
    const ChosenModels models =
        choose_models(incident, options_.models.empty() ? shipped_models() : options_.models);
    for (const std::string& problem : models.problems) fmt::print(stderr, "skywarden replay: {}\n", problem);
    auto player = Player::prepare(incident, options_.seed, links_, models.of_sources);
    if (!player) {
      fmt::print(stderr, "skywarden replay: {}\n", player.error().message);
      return 1;
    }
    {
      const std::scoped_lock lock(folder_mutex_);
      folder_ = folder;
    }
    ReportBuilder report(incident);
    Progress progress;
    feed_.begin(incident, (*player)->nodes(), (*player)->methods());
    for (PlayListener* listener : std::initializer_list<PlayListener*>{&feed_, &*files, &report, &progress})
      (*player)->listen(listener);
    fmt::print("{}: {} to {}, {} hotspots, {} nodes; every alert is an EXERCISE\n", incident.title.en,
               format_utc(incident.start), format_utc(incident.end), incident.hotspots.size(),
               (*player)->nodes().size());
    for (const RecordMethods& methods : (*player)->methods()) fmt::print("{}\n", methods_line(methods));
    pace(**player, incident, progress);
    if (interrupted && !(*player)->done()) fmt::print("\ninterrupted at {}\n", format_utc((*player)->now()));

    PlaySummary summary = (*player)->summary();
    summary.wall_seconds = std::chrono::duration<double>(WallClock::now() - started).count();
    const auto rows = summary_rows(summary);
    const auto finished = files->finish(report.html(summary), report.json(summary));
    feed_.frame(**player, 0.0, false);
    if (server_) {
      feed_.space(**player);
      feed_.group(**player);
    }
    feed_.summary(rows, (*player)->now());
    progress.line("");
    for (const auto& [label, value] : rows) fmt::print("  {:<42}{}\n", label.en, value);
    if (!finished) {
      fmt::print(stderr, "skywarden replay: {}\n", finished.error().message);
      return 1;
    }
    print_written(*files);
    return incident.rows_skipped ? 2 : 0;
  }

  static void print_written(const ReplayFiles& files) {
    std::size_t alerts = 0;
    for (const std::string& path : files.written()) {
      if (path.starts_with("alerts/"))
        ++alerts;
      else
        fmt::print("  wrote {}/{}\n", files.folder(), path);
    }
    fmt::print("  wrote {}/alerts/ ({} CAP messages)\n", files.folder(), alerts);
    std::fflush(stdout);
  }

  double section_speed(const Incident& incident, Instant now) const {
    if (speed_override_) return *speed_override_;
    for (const Section& section : incident.sections)
      if (now < section.until) return section.speed;
    return incident.sections.empty() ? 600.0 : incident.sections.back().speed;
  }

  // 0: as fast as it goes.
  void read_speed_option() {
    speed_override_.reset();
    if (options_.speed == "max" || (options_.speed.empty() && !server_))
      speed_override_ = 0.0;
    else if (!options_.speed.empty())
      speed_override_ = std::stod(options_.speed);
  }

  void pace(Player& player, const Incident& incident, Progress& progress) {
    read_speed_option();
    paused_ = false;
    auto next_frame = WallClock::now();
    auto next_slow = next_frame;
    while (!player.done() && !interrupted && !has_dropped_) {
      obey(player);
      const double speed = section_speed(incident, player.now());
      if (!paused_) {
        Instant until = player.now() + kSliceMax;
        if (speed > 0.0)
          until = player.now() + from_seconds(speed * std::chrono::duration<double>(kFrame).count());
        player.advance(until);
      }
      const auto now = WallClock::now();
      if (now >= next_frame || speed > 0.0) {
        if (server_) feed_.frame(player, paused_ ? 0.0 : speed, paused_);
        if (server_ && now >= next_slow) {
          feed_.space(player);
          feed_.group(player);
          next_slow = now + kSlowFrame;
        }
        progress.at(player.now(), incident);
        next_frame = std::max(next_frame + kFrame, now - kFrame);
      }
      if (speed > 0.0 || paused_) std::this_thread::sleep_until(next_frame);
    }
  }

  void obey(Player& player) {
    dropped_ = inbox_.take_dropped();
    if (dropped_) has_dropped_ = true;
    for (const std::string& message : inbox_.take()) {
      const auto json = nlohmann::json::parse(message, nullptr, false);
      const bool understood = json.is_object() && obey(player, json);
      if (!understood) server_->broadcast(R"({"type":"error","text":"this command makes no sense now"})");
    }
  }

  bool obey(Player& player, const nlohmann::json& json) {
    const auto command =
        json.contains("cmd") && json["cmd"].is_string() ? json["cmd"].get<std::string>() : "";
    const auto node = [&](const char* key) {
      const bool fine =
          json.contains(key) && json[key].is_number_unsigned() && json[key].get<std::uint64_t>() < 100'000;
      return fine ? NodeId(json[key].get<std::uint32_t>()) : kNobody;
    };
    if (command == "pause")
      paused_ = true;
    else if (command == "resume")
      paused_ = false;
    else if (command == "kill")
      return player.kill(node("node"));
    else if (command == "revive")
      return player.revive(node("node"));
    else if (command == "cut")
      return player.cut(node("a"), node("b"));
    else if (command == "heal")
      return player.heal(node("a"), node("b"));
    else if (command == "contacts" && json.contains("node")) {
      const bool one = node("node").value() >= 1 && node("node").value() <= player.nodes().size();
      if (!one && !json["node"].is_null()) return false;
      feed_.choose_contacts(one ? std::optional(node("node")) : std::nullopt);
    } else if (command == "speed" && json.contains("value") && json["value"].is_number()) {
      const double value = json["value"].get<double>();
      if (!(value >= 0.0 && value <= 1e7)) return false;
      speed_override_ = value;
    } else {
      return false;
    }
    return true;
  }

  // After the play the page stays: until Ctrl-C, or until somebody drops a file on it.
  std::optional<Incident> serve_until_dropped() {
    if (has_dropped_) {
      has_dropped_ = false;
      return std::exchange(dropped_, std::nullopt);
    }
    fmt::print("serving the console until Ctrl-C\n");
    std::fflush(stdout);
    while (!interrupted) {
      if (auto dropped = inbox_.take_dropped()) return dropped;
      for ([[maybe_unused]] const std::string& late : inbox_.take())
        server_->broadcast(R"({"type":"error","text":"the incident has been played"})");
      std::this_thread::sleep_for(kFrame);
    }
    return std::nullopt;
  }

  Options options_;
  std::vector<orbit::ElementSet> satellites_;
  std::optional<network::LinkRules> links_;
  Inbox inbox_;
  std::unique_ptr<shell::HttpServer> server_;
  ConsoleFeed feed_;
  std::mutex folder_mutex_;
  std::string folder_;
  std::optional<double> speed_override_;
  bool paused_ = false;
  bool has_dropped_ = false;
  std::optional<Incident> dropped_;
};

}  // namespace

void add_replay(command_line::Command app, int* exit_code) {
  auto options = std::make_shared<Options>();
  command_line::Command command =
      app.add_subcommand("replay", "Play an incident: agreed and explained alerts, a report, a live console");
  command
      .add_option("paths", options->paths,
                  "incident folder, plain folder, or files (FIRMS CSV, records, elements, GeoJSON, grids)")
      .required();
  command.add_option("--elements", options->elements, "element file (TLE, OMM) whose satellites are flown");
  command.add_option("--links", options->links,
                     "TOML rules of links (docs/formats.md; default: whoever is in sight talks)");
  command.add_option("--models", options->models,
                     "model files, or folders of them; records are completed by those trained for their "
                     "schema, others by the baseline (default: the folder models)");
  command.add_option("--out", options->out, "folder for the results (default: out/NAME)");
  command
      .add_option("--speed", options->speed,
                  "virtual seconds a second, or max (default: the incident's own; max without console)")
      .check(command_line::accepted_by([](const std::string& text) {
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        const bool fine =
            text == "max" || (end != text.c_str() && *end == '\0' && value > 0.0 && value <= 1e7);
        return fine ? std::string() : std::string("expected max or a number above 0");
      }));
  command.add_option("--port", options->port, "of the console on 127.0.0.1; the next free one is taken")
      .capture_default_str();
  command.add_option("--seed", options->seed, "of losses and delays").capture_default_str();
  command.add_flag("--no-console", options->no_console, "no browser page; play as fast as it goes");
  command.add_flag("--once", options->once, "end when the incident has been played");
  command.footer(
      "Example:\n  skywarden replay incidents/tubbs_2017\n"
      "  skywarden replay fires.csv.gz --elements satellites.tle --no-console --out out/mine\n"
      "  skywarden replay incidents/tubbs_2017 --links scenarios/links/fire_satellites.toml\n"
      "Exit code: 0 complete, 2 bad rows were skipped, 1 failed.");
  command.callback([options, exit_code] {
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    *exit_code = Replay(*options).run();
  });
}

}  // namespace skywarden::app
