// skywarden doctor: what this machine has and lacks for ./run and ./test, with the command that mends each
// lack. It looks and changes nothing.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "console_assets.h"
#include "package_lists.h"
#include "repository_folder.h"
#include "shell/http_server.h"

namespace skywarden::app {
namespace {

namespace fs = std::filesystem;

constexpr int kCompilerMajorMin = 12;
constexpr std::uint16_t kConsolePort = 8080;
constexpr double kDiskGigabytesMin = 2.0;    // build/release, build/dev and results
constexpr double kMemoryGigabytesMin = 1.5;  // the greediest translation unit and the system
constexpr double kGigabyte = 1e9;

enum class State { kFine, kNote, kOptionalMissing, kRequiredMissing };

struct Check {
  std::string name;
  State state = State::kFine;
  std::string detail;
  std::string mend = {};  // a command, where there is one
};

std::string_view word(State state) {
  switch (state) {
    case State::kFine:
      return "ok";
    case State::kNote:
      return "note";
    case State::kOptionalMissing:
      return "missing for tests";
    case State::kRequiredMissing:
      return "missing";
  }
  return "";
}

// What a command prints; nothing when it cannot be run or prints nothing. Only for commands spelt out below.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string out;
  std::array<char, 4096> part{};
  for (std::size_t got = 0; (got = fread(part.data(), 1, part.size(), pipe)) > 0;)
    out.append(part.data(), got);
  pclose(pipe);
  return out.empty() ? std::nullopt : std::optional(out);
}

bool on_path(const std::string& program) {
  return output_of("command -v " + program).has_value();
}

// The packages of a list in cmake/ that this machine should have; see packages_of in cmake/packages.sh.
std::vector<std::string> listed_packages(std::string_view list) {
  std::vector<std::string> names;
  for (const shell::EmbeddedAsset& asset : package_lists()) {
    if (asset.path != list) continue;
    std::istringstream lines{std::string(asset.bytes)};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line.substr(0, line.find('#')));
      std::string package;
      std::string command;
      words >> package >> command;
      if (!package.empty() && (command.empty() || !on_path(command))) names.push_back(package);
    }
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& each : words) out += (out.empty() ? "" : " ") + each;
  return out;
}

Check check_packages(std::string name, std::string_view list, State when_missing) {
  if (!on_path("dpkg-query")) return {std::move(name), State::kNote, "cannot tell: this is not Debian"};
  const std::vector<std::string> wanted = listed_packages(list);
  const std::string answer =
      output_of("dpkg-query -W -f '${db:Status-Status} ${Package}\\n' " + joined(wanted)).value_or("");
  std::set<std::string> installed;
  std::istringstream lines(answer);
  for (std::string status, package; lines >> status >> package;) {
    if (status == "installed") installed.insert(package);
  }
  std::vector<std::string> missing;
  std::ranges::copy_if(wanted, std::back_inserter(missing),
                       [&](const std::string& package) { return !installed.contains(package); });
  if (missing.empty()) return {std::move(name), State::kFine, fmt::format("all {} installed", wanted.size())};
  return {std::move(name), when_missing,
          fmt::format("{} of {} missing: {}", missing.size(), wanted.size(), joined(missing)),
          "sudo apt-get update && sudo apt-get install --no-install-recommends -y " + joined(missing)};
}

Check check_compiler() {
  const std::string version(trim(output_of("g++ -dumpfullversion").value_or("")));
  const auto major = parse_integer(version.substr(0, version.find('.')));
  if (major && *major >= kCompilerMajorMin) return {"compiler", State::kFine, "g++ " + version};
  return {
      "compiler", State::kRequiredMissing,
      version.empty() ? "no g++" : fmt::format("g++ {}, {} or newer is needed", version, kCompilerMajorMin),
      "sudo apt-get install --no-install-recommends -y g++"};
}

Check check_file(const std::string& name, const std::optional<fs::path>& root, const std::string& relative) {
  std::error_code error;
  if (root && fs::exists(*root / relative, error)) return {name, State::kFine, (*root / relative).string()};
  return {name, State::kRequiredMissing, relative + " is not there; start in the folder of the repository",
          "git checkout -- " + relative};
}

Check check_console() {
  const auto assets = console_assets();
  std::size_t bytes = 0;
  for (const shell::EmbeddedAsset& asset : assets) bytes += asset.bytes.size();
  const bool whole = assets.size() > 1;  // the page that stands in for an absent console is alone
  if (whole)
    return {"console", State::kFine,
            fmt::format("{} files, {} kB, inside the program", assets.size(), bytes / 1000)};
  return {"console", State::kRequiredMissing, "this program was built without console/dist",
          "git checkout -- console/dist && ./run --build-only"};
}

Check check_port() {
  shell::HttpServer::Options options;
  options.port = kConsolePort;
  const std::string name = fmt::format("port {}", kConsolePort);
  const auto server = shell::HttpServer::start(
      options, [](const shell::HttpRequest&) { return shell::HttpResponse{404}; }, {}, {});
  if (!server) return {name, State::kRequiredMissing, server.error().message, "replay with --no-console"};
  if ((*server)->port() == kConsolePort) return {name, State::kFine, "free"};
  return {name, State::kNote, fmt::format("busy; the console will take {}", (*server)->port())};
}

Check check_disk() {
  std::error_code error;
  const fs::space_info space = fs::space(fs::current_path(error), error);
  const double free = error ? 0.0 : static_cast<double>(space.available) / kGigabyte;
  const std::string detail = fmt::format("{:.1f} GB free, {:.0f} GB wanted", free, kDiskGigabytesMin);
  if (free >= kDiskGigabytesMin) return {"disk", State::kFine, detail};
  return {"disk", State::kRequiredMissing, detail, "rm -rf build/asan build/tsan build/clang out"};
}

Check check_memory() {
  const double bytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  const double gigabytes = bytes / kGigabyte;
  const std::string detail =
      fmt::format("{:.1f} GB, {} processors", gigabytes, sysconf(_SC_NPROCESSORS_ONLN));
  return {"memory", gigabytes >= kMemoryGigabytesMin ? State::kFine : State::kNote, detail};
}

Check check_reference_data() {
  const char* given = std::getenv("SKYWARDEN_DATA");
  const std::string folder = given != nullptr ? given : "../shared/data";
  std::error_code error;
  if (fs::is_directory(folder, error)) return {"reference data", State::kFine, folder};
  return {"reference data", State::kOptionalMissing, folder + " is not there: tests against it are skipped",
          "export SKYWARDEN_DATA=FOLDER"};
}

std::vector<Check> all_checks() {
  const std::optional<fs::path> root = repository_folder();
  return {check_compiler(),
          check_packages("packages for ./run", "/packages-run.txt", State::kRequiredMissing),
          check_packages("packages for ./test", "/packages-test.txt", State::kOptionalMissing),
          check_file("built-in incident", root, "incidents/tubbs_2017/incident.toml"),
          check_file("schemas", root, "schemas/firms_viirs.toml"),
          check_console(),
          check_port(),
          check_disk(),
          check_memory(),
          check_reference_data()};
}

int exit_code_of(const std::vector<Check>& checks) {
  const auto any = [&](State state) {
    return std::ranges::any_of(checks, [state](const Check& check) { return check.state == state; });
  };
  return any(State::kRequiredMissing) ? 1 : any(State::kOptionalMissing) ? 2 : 0;
}

void print_text(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    fmt::print("{:<20} {:<18} {}\n", check.name, word(check.state), check.detail);
    if (check.state != State::kFine && !check.mend.empty())
      fmt::print("{:<20} {:<18} {}\n", "", "mend it with:", check.mend);
  }
}

void print_json(const std::vector<Check>& checks) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Check& check : checks) {
    rows.push_back(
        {{"name", check.name}, {"state", word(check.state)}, {"detail", check.detail}, {"mend", check.mend}});
  }
  const nlohmann::ordered_json out = {{"exit_code", exit_code_of(checks)}, {"checks", rows}};
  // A path may hold bytes that are no UTF-8.
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

void add_doctor(command_line::Command app, int* exit_code) {
  command_line::Command command =
      app.add_subcommand("doctor", "say what this machine has and lacks, and what mends it");
  const auto json = std::make_shared<bool>(false);
  command.add_flag("--json", *json, "the same as JSON");
  command.footer(
      "Exit code: 0 everything is there, 2 something that only tests need is missing, 1 ./run cannot "
      "work.\n\n"
      "Example:\n  skywarden doctor --json");
  command.callback([json, exit_code] {
    const std::vector<Check> checks = all_checks();
    *json ? print_json(checks) : print_text(checks);
    *exit_code = exit_code_of(checks);
  });
}

}  // namespace skywarden::app
