#include "shell/link_namespaces.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

namespace skywarden::shell {
namespace {

constexpr const char* kDevice = "sky0";
constexpr std::uint32_t kNetwork = (10U << 24U) | (77U << 16U);  // 10.77.0.0/16

// No shell: the names come from a file.
Result<void> run_ip(const std::vector<std::string>& arguments) {
  std::string program = "ip", line = program;
  std::vector<std::string> owned = arguments;
  std::vector<char*> argv = {program.data()};
  for (std::string& each : owned) {
    argv.push_back(each.data());
    line += " " + each;
  }
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawnp(&child, "ip", nullptr, nullptr, argv.data(), environ);
  if (error != 0) return fail(Errc::kInputOutput, "{}: {}", line, std::strerror(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return fail(Errc::kInputOutput, "{}: failed (root is needed)", line);
  return {};
}

// The device stays in the namespace in which it was made; the descriptor works everywhere.
Result<int> open_device_here() {
  const int device = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) return fail(Errc::kInputOutput, "/dev/net/tun: {}", std::strerror(errno));
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, kDevice, IFNAMSIZ - 1);
  if (ioctl(device, TUNSETIFF, &request) == 0) return device;
  auto error = fail(Errc::kInputOutput, "tun device: {}", std::strerror(errno));
  close(device);
  return error;
}

Result<int> open_device(const std::string& name) {
  Result<int> device = -1;
  // A thread of its own enters the namespace, so that this one stays where it is.
  std::thread([&] {
    const int there = open(("/var/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (there < 0 || setns(there, CLONE_NEWNET) != 0) {
      device = fail(Errc::kInputOutput, "namespace {}: {}", name, std::strerror(errno));
    } else {
      device = open_device_here();
    }
    if (there >= 0) close(there);
  }).join();
  return device;
}

bool is_plain_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !name.empty() && name.size() <= 64 && name[0] != '-' && name[0] != '.' &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return kAllowed.find(c) != std::string_view::npos; });
}

}  // namespace

Result<std::unique_ptr<LinkNamespaces>> LinkNamespaces::make(std::vector<NamespaceNode> nodes) {
  if (nodes.size() > kNodesMax)
    return fail(Errc::kLimitReached, "{} nodes, at most {} get namespaces", nodes.size(), kNodesMax);
  std::unique_ptr<LinkNamespaces> made(new LinkNamespaces());
  for (NamespaceNode& node : nodes)
    if (const auto added = made->add(std::move(node)); !added) {
      for (const RelayedDevice& device : made->devices_) close(device.descriptor);
      return tl::unexpected<Error>(added.error());
    }
  return made;
}

Result<void> LinkNamespaces::add(NamespaceNode node) {
  if (!is_plain_name(node.name))
    return fail(Errc::kOutOfRange, "'{}' cannot be a namespace's name", node.name);
  if (std::filesystem::exists("/var/run/netns/" + node.name))
    return fail(Errc::kConflict, "the namespace {} is there already", node.name);
  if (auto added = run_ip({"netns", "add", node.name}); !added) return added;
  made_.push_back(node.name);
  const auto device = open_device(node.name);
  if (!device) return tl::unexpected<Error>(device.error());
  const std::uint32_t number = static_cast<std::uint32_t>(nodes_.size()) + 1;
  node.address = fmt::format("10.77.{}.{}", number >> 8U, number & 255U);
  devices_.push_back({node.node, kNetwork | number, *device});
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"-n", node.name, "addr", "add", node.address + "/16", "dev", kDevice},
        {"-n", node.name, "link", "set", kDevice, "up"},
        {"-n", node.name, "link", "set", "lo", "up"}})
    if (auto done = run_ip(arguments); !done) return done;
  nodes_.push_back(std::move(node));
  return {};
}

LinkNamespaces::~LinkNamespaces() {
  for (const std::string& name : made_) (void)run_ip({"netns", "del", name});
}

}  // namespace skywarden::shell
