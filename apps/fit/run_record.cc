#include "run_record.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "formats/read_file.h"

namespace skywarden::fit {

using nlohmann::ordered_json;

ordered_json hashes_of(const std::vector<std::string>& paths) {
  ordered_json out = ordered_json::array();
  for (const std::string& path : paths) {
    const auto bytes = formats::read_file(path);
    Fnv1a hash;
    if (bytes) hash.add(std::string_view(*bytes));
    out.push_back({{"file", std::filesystem::path(path).filename().string()},
                   {"fnv1a64", fmt::format("{:016x}", hash.value())}});
  }
  return out;
}

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) return fail(Errc::kInputOutput, "{}: cannot be written", path);
  return {};
}

Result<void> write_json(const std::string& path, const ordered_json& json) {
  const std::string text = json.dump(1) + "\n";
  return write_file(path, std::as_bytes(std::span(text)));
}

}  // namespace skywarden::fit
