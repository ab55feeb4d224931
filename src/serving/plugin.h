// A plug-in as a loaded library. Each load takes a private copy of the file, so that a library can be
// replaced on disk and loaded again while the old one still works, and nothing changes under code that runs.
// Whoever uses what came from it holds it; the last one out unloads it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "datum/schema.h"
#include "serving/engine.h"
#include "serving/plugin_abi.h"

namespace skywarden::serving {

inline constexpr std::size_t kPluginBytesMax = std::size_t{256} << 20;

class Plugin {
 public:
  // kNotFound: no such file. kUnsupported: no plug-in, or one of another version of the interface.
  // kUnavailable: it says that it cannot work here. The message begins with the path.
  [[nodiscard]] static Result<std::shared_ptr<const Plugin>> load(const std::string& path);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] const skywarden_engine* engine() const { return engine_; }  // null: it has none
  [[nodiscard]] const skywarden_completer* completer() const { return completer_; }
  [[nodiscard]] const skywarden_detector* detector() const { return detector_; }

 private:
  Plugin() = default;
  int file_ = -1;
  void* library_ = nullptr;
  std::string name_, version_;
  const skywarden_engine* engine_ = nullptr;
  const skywarden_completer* completer_ = nullptr;
  const skywarden_detector* detector_ = nullptr;
};

// A model of the plug-in's engine. kUnsupported: the plug-in has none.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_engine(std::shared_ptr<const Plugin> plugin,
                                                          const std::string& model_path);

// A completion method or a detector of a plug-in at work for one schema.
class PluginMethod {
 public:
  [[nodiscard]] static Result<std::unique_ptr<PluginMethod>> open(std::shared_ptr<const Plugin> plugin,
                                                                  const datum::Schema& schema);
  ~PluginMethod();
  PluginMethod(const PluginMethod&) = delete;
  PluginMethod& operator=(const PluginMethod&) = delete;

  [[nodiscard]] bool completes() const { return method_ != nullptr; }
  [[nodiscard]] bool detects() const { return detector_ != nullptr; }
  [[nodiscard]] const std::string& name() const { return plugin_->name(); }
  // Cells of `newest` that were observed stay as they are, whatever the plug-in writes; a number that is not
  // finite or lies outside the field's range is a failure, and then nothing was changed.
  [[nodiscard]] Result<void> complete(const std::vector<skywarden_cell>& before,
                                      std::vector<skywarden_cell>& newest) const;
  // Of each cell 0…1; of those that were not observed 0.
  [[nodiscard]] Result<std::vector<double>> score(const std::vector<skywarden_cell>& before,
                                                  const std::vector<skywarden_cell>& newest) const;

 private:
  PluginMethod() = default;
  std::shared_ptr<const Plugin> plugin_;
  std::vector<skywarden_field> fields_;  // names are the schema's, which outlives this
  void* method_ = nullptr;
  void* detector_ = nullptr;
};

}  // namespace skywarden::serving
