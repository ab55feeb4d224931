#include "serving/plugin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/contract.h"

namespace skywarden::serving {
namespace {

constexpr std::size_t kWhyBytes = 512;
constexpr std::size_t kNameBytesMax = 128;
constexpr std::uint32_t kWidthMax = 65'536;
constexpr std::uint32_t kRowsMax = 4096;

// Somewhere for a plug-in to say why; what it says is cut to one line of printable text.
struct Why {
  std::array<char, kWhyBytes> bytes{};
  [[nodiscard]] std::string text() const {
    std::string out(bytes.data(), strnlen(bytes.data(), bytes.size()));
    for (char& c : out)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return out.empty() ? "it does not say why" : out;
  }
};

// Closes a descriptor whatever happens.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  [[nodiscard]] int release() { return std::exchange(number, -1); }
};

Result<int> private_copy(const std::string& path) {
  Descriptor from{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (from.number < 0) return fail(Errc::kNotFound, "{}: {}", path, std::strerror(errno));
  struct stat about{};
  if (::fstat(from.number, &about) != 0 || !S_ISREG(about.st_mode))
    return fail(Errc::kUnsupported, "{}: expected a shared library", path);
  if (about.st_size < 0 || static_cast<std::size_t>(about.st_size) > kPluginBytesMax)
    return fail(Errc::kLimitReached, "{}: expected at most {} bytes", path, kPluginBytesMax);
  Descriptor to{::memfd_create("skywarden-plugin", MFD_CLOEXEC)};
  if (to.number < 0) return fail(Errc::kInputOutput, "{}: {}", path, std::strerror(errno));
  std::array<char, 65'536> block;
  for (;;) {
    const ssize_t got = ::read(from.number, block.data(), block.size());
    if (got == 0) return to.release();
    for (ssize_t put = 0; put < got;) {
      const ssize_t step = ::write(to.number, block.data() + put, static_cast<std::size_t>(got - put));
      if (step <= 0) return fail(Errc::kInputOutput, "{}: {}", path, std::strerror(errno));
      put += step;
    }
    if (got < 0) return fail(Errc::kInputOutput, "{}: {}", path, std::strerror(errno));
  }
}

bool read_at(int file, void* to, std::size_t bytes, std::uint64_t offset) {
  return ::pread(file, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

// Whether all that the loader will map is there: it does not check, and a library that was cut short would
// end this program with a bus error.
bool whole_library(int file) {
  struct stat about{};
  ElfW(Ehdr) header{};
  if (::fstat(file, &about) != 0 || !read_at(file, &header, sizeof(header), 0)) return false;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)))
    return false;
  const auto size = static_cast<std::uint64_t>(about.st_size);
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) part{};
    if (header.e_phoff > size || !read_at(file, &part, sizeof(part), header.e_phoff + i * sizeof(part)))
      return false;
    if (part.p_offset > size || part.p_filesz > size - part.p_offset) return false;
  }
  return true;
}

// A path of the descriptor that no load before has had. The loader takes a library of the same name for the
// same library, also when the descriptor has long been another file's and the library stays loaded for ever,
// as those with unique symbols of C++ do.
std::string name_once(int file) {
  static std::atomic<std::uint64_t> loads = 0;
  std::string path = "/proc/self/fd/";
  for (std::uint64_t bits = ++loads; bits != 0; bits >>= 1) path += (bits & 1) != 0 ? ".//" : "./";
  return path + std::to_string(file);
}

bool sound_name(const char* text) {
  return text != nullptr && strnlen(text, kNameBytesMax + 1) <= kNameBytesMax && *text != '\0';
}

// A table that its author compiled with at least the members that this build calls.
template <typename Table>
bool complete_table(const Table* table) {
  return table == nullptr || table->size >= sizeof(Table);
}

class PluginEngine final : public Engine {
 public:
  PluginEngine(std::shared_ptr<const Plugin> plugin, void* model, std::uint32_t width_in,
               std::uint32_t width_out)
      : plugin_(std::move(plugin)), model_(model) {
    shape_.kind = plugin_->name() + " " + plugin_->version();
    shape_.inputs = {{"in", width_in}};
    shape_.outputs = {{"out", width_out}};
    shape_.rows_max = kRowsMax;
  }
  ~PluginEngine() override { plugin_->engine()->close(model_); }

  [[nodiscard]] const EngineShape& shape() const override { return shape_; }
  [[nodiscard]] Result<std::vector<Rows>> run(std::span<const Sequence* const> sequences) override {
    std::vector<float> in;
    std::uint32_t rows = 0;
    for (const Sequence* s : sequences) {
      in.insert(in.end(), s->numbers[0].begin(), s->numbers[0].end());
      rows += s->rows;
    }
    const std::size_t width = shape_.outputs[0].width;
    std::vector<float> out(rows * width);
    Why why;
    if (plugin_->engine()->run(model_, in.data(), rows, out.data(), why.bytes.data(), why.bytes.size()) != 0)
      return fail(Errc::kUnavailable, "{}: {}", plugin_->name(), why.text());
    for (const float value : out)
      if (!std::isfinite(value))
        return fail(Errc::kUnavailable, "{}: its result holds a number that is not finite", plugin_->name());
    std::vector<Rows> results;
    auto from = out.begin();
    for (const Sequence* s : sequences) {
      const auto to = from + static_cast<std::ptrdiff_t>(s->rows * width);
      results.push_back({std::vector<float>(from, to)});
      from = to;
    }
    return results;
  }

 private:
  std::shared_ptr<const Plugin> plugin_;
  void* model_;
  EngineShape shape_;
};

}  // namespace

Result<std::shared_ptr<const Plugin>> Plugin::load(const std::string& path) {
  const auto file = private_copy(path);
  if (!file) return tl::unexpected<Error>(file.error());
  // The constructor is private, and the pointer is shared because models outlive the list of plug-ins.
  std::shared_ptr<Plugin> plugin(new Plugin);
  plugin->file_ = *file;
  if (!whole_library(*file))
    return fail(Errc::kUnsupported, "{}: no shared library for this machine, or one that was cut short",
                path);
  plugin->library_ = ::dlopen(name_once(*file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (plugin->library_ == nullptr)
    return fail(Errc::kUnsupported, "{}: no shared library for this machine: {}", path, ::dlerror());
  void* const symbol = ::dlsym(plugin->library_, SKYWARDEN_PLUGIN_ENTRY);
  if (symbol == nullptr)
    return fail(Errc::kUnsupported, "{}: no plug-in: it does not export {}", path, SKYWARDEN_PLUGIN_ENTRY);
  Why why;
  const auto entry = reinterpret_cast<skywarden_plugin_entry_function>(symbol);
  const skywarden_plugin* said = entry(why.bytes.data(), why.bytes.size());
  if (said == nullptr) return fail(Errc::kUnavailable, "{}: {}", path, why.text());
  if (said->abi != SKYWARDEN_PLUGIN_ABI)
    return fail(Errc::kUnsupported, "{}: a plug-in for version {} of the interface; this program speaks {}",
                path, said->abi, SKYWARDEN_PLUGIN_ABI);
  if (said->size < sizeof(skywarden_plugin) || !sound_name(said->name) || !sound_name(said->version) ||
      !complete_table(said->engine) || !complete_table(said->completer) || !complete_table(said->detector))
    return fail(Errc::kUnsupported, "{}: its tables are smaller than version {} of the interface asks", path,
                SKYWARDEN_PLUGIN_ABI);
  plugin->name_ = said->name;
  plugin->version_ = said->version;
  plugin->engine_ = said->engine;
  plugin->completer_ = said->completer;
  plugin->detector_ = said->detector;
  return plugin;
}

Plugin::~Plugin() {
  if (library_ != nullptr) ::dlclose(library_);
  if (file_ >= 0) ::close(file_);
}

Result<std::unique_ptr<Engine>> open_engine(std::shared_ptr<const Plugin> plugin,
                                            const std::string& model_path) {
  EXPECTS(plugin != nullptr);
  if (plugin->engine() == nullptr)
    return fail(Errc::kUnsupported, "{}: the plug-in '{}' has no engine", model_path, plugin->name());
  Why why;
  void* model = plugin->engine()->open(model_path.c_str(), why.bytes.data(), why.bytes.size());
  if (model == nullptr) return fail(Errc::kMalformed, "{}: {}: {}", model_path, plugin->name(), why.text());
  std::uint32_t in = 0, out = 0;
  const int failed = plugin->engine()->widths(model, &in, &out, why.bytes.data(), why.bytes.size());
  if (failed != 0 || in == 0 || out == 0 || in > kWidthMax || out > kWidthMax) {
    plugin->engine()->close(model);
    return fail(Errc::kUnsupported, "{}: {}: {}", model_path, plugin->name(),
                failed != 0 ? why.text() : "expected rows of 1…65,536 numbers");
  }
  return std::make_unique<PluginEngine>(std::move(plugin), model, in, out);
}

Result<std::unique_ptr<PluginMethod>> PluginMethod::open(std::shared_ptr<const Plugin> plugin,
                                                         const datum::Schema& schema) {
  EXPECTS(plugin != nullptr);
  if (plugin->completer() == nullptr && plugin->detector() == nullptr)
    return fail(Errc::kUnsupported, "the plug-in '{}' has no completion method and no detector",
                plugin->name());
  std::unique_ptr<PluginMethod> out(new PluginMethod);
  out->plugin_ = std::move(plugin);
  constexpr double kNone = std::numeric_limits<double>::infinity();
  for (const datum::FieldSpec& spec : schema.fields) {
    const std::uint32_t kind = spec.kind == datum::FieldKind::kNumber     ? SKYWARDEN_NUMBER
                               : spec.kind == datum::FieldKind::kCategory ? SKYWARDEN_CATEGORY
                                                                          : SKYWARDEN_OTHER;
    out->fields_.push_back({spec.name.c_str(), spec.unit.c_str(), kind,
                            static_cast<std::uint32_t>(spec.levels.size()), spec.min.value_or(-kNone),
                            spec.max.value_or(kNone)});
  }
  Why why;
  const auto open = [&](const auto* table) -> void* {
    return table == nullptr ? nullptr
                            : table->open(schema.name.c_str(), out->fields_.data(),
                                          static_cast<std::uint32_t>(out->fields_.size()), why.bytes.data(),
                                          why.bytes.size());
  };
  out->method_ = open(out->plugin_->completer());
  out->detector_ = open(out->plugin_->detector());
  if (out->method_ == nullptr && out->detector_ == nullptr)
    return fail(Errc::kUnavailable, "{}: schema {}: {}", out->name(), schema.name, why.text());
  return out;
}

PluginMethod::~PluginMethod() {
  if (method_ != nullptr) plugin_->completer()->close(method_);
  if (detector_ != nullptr) plugin_->detector()->close(detector_);
}

Result<void> PluginMethod::complete(const std::vector<skywarden_cell>& before,
                                    std::vector<skywarden_cell>& newest) const {
  EXPECTS(method_ != nullptr && newest.size() == fields_.size());
  std::vector<skywarden_cell> cells = newest;
  Why why;
  if (plugin_->completer()->complete(method_, before.data(),
                                     static_cast<std::uint32_t>(before.size() / fields_.size()), cells.data(),
                                     why.bytes.data(), why.bytes.size()) != 0)
    return fail(Errc::kUnavailable, "{}: {}", name(), why.text());
  for (std::size_t f = 0; f < cells.size(); ++f) {
    if (newest[f].state == SKYWARDEN_OBSERVED) cells[f] = newest[f];
    if (cells[f].state == SKYWARDEN_MISSING) continue;
    const skywarden_field& field = fields_[f];
    const double v = cells[f].value;
    const bool sound =
        cells[f].state <= SKYWARDEN_ESTIMATED && std::isfinite(v) &&
        (field.kind == SKYWARDEN_NUMBER
             ? v >= field.lowest && v <= field.highest && cells[f].low <= v && v <= cells[f].high
         : field.kind == SKYWARDEN_CATEGORY
             ? v >= 0 && v < field.levels && v == std::floor(v) && cells[f].low >= 0 && cells[f].low <= 1
             : cells[f].state == newest[f].state);
    if (newest[f].state != SKYWARDEN_OBSERVED && (!sound || cells[f].state == SKYWARDEN_OBSERVED))
      return fail(Errc::kUnavailable, "{}: what it says of {} is not possible", name(), field.name);
  }
  newest = std::move(cells);
  return {};
}

Result<std::vector<double>> PluginMethod::score(const std::vector<skywarden_cell>& before,
                                                const std::vector<skywarden_cell>& newest) const {
  EXPECTS(detector_ != nullptr && newest.size() == fields_.size());
  std::vector<double> scores(newest.size(), 0.0);
  Why why;
  if (plugin_->detector()->score(detector_, before.data(),
                                 static_cast<std::uint32_t>(before.size() / fields_.size()), newest.data(),
                                 scores.data(), why.bytes.data(), why.bytes.size()) != 0)
    return fail(Errc::kUnavailable, "{}: {}", name(), why.text());
  for (std::size_t f = 0; f < scores.size(); ++f) {
    if (newest[f].state != SKYWARDEN_OBSERVED) scores[f] = 0.0;
    if (!(scores[f] >= 0.0 && scores[f] <= 1.0))
      return fail(Errc::kUnavailable, "{}: its score of {} is not in 0…1", name(), fields_[f].name);
  }
  return scores;
}

}  // namespace skywarden::serving
