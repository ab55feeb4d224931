// Plug-ins of our own, built beside this test: loaded, used, replaced while in use, unloaded.
#include "serving/plugin.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace skywarden;
using namespace skywarden::serving;

namespace {

std::string built(const std::string& name) {
  return std::string(SKYWARDEN_PLUGINS) + "/" + name + ".so";
}

std::string scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("skywarden_" + std::to_string(::getpid()) + "_" + name))
      .string();
}

float first_of(Engine& engine, float in) {
  const Sequence sequence{1, {{in, 0.0F}}, {{}}};
  const Sequence* one[] = {&sequence};
  return engine.run(one).value().at(0).at(0).at(0);
}

// A tiny ONNX model written by hand in protocol buffers: y = x · w, rows of two.
std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) + bytes;
}
std::string field(int number, char value) {
  return std::string(1, static_cast<char>(number << 3)) + value;
}
std::string onnx_product(const std::array<float, 4>& w) {
  const std::string any_rows_of_two =
      field(1, field(1, char{1}) + field(2, field(1, field(2, "n")) + field(1, field(1, char{2}))));
  const std::string weights = field(1, char{2}) + field(1, char{2}) + field(2, char{1}) + field(8, "w") +
                              field(9, std::string(reinterpret_cast<const char*>(w.data()), sizeof(w)));
  const std::string node = field(1, "x") + field(1, "w") + field(2, "y") + field(4, "MatMul");
  const std::string graph = field(1, node) + field(2, "g") + field(5, weights) +
                            field(11, field(1, "x") + field(2, any_rows_of_two)) +
                            field(12, field(1, "y") + field(2, any_rows_of_two));
  return field(1, char{7}) + field(7, graph) + field(8, field(1, "") + field(2, char{13}));
}

datum::Schema schema_of(const std::string& name) {
  datum::Schema schema;
  schema.name = name;
  datum::FieldSpec temp;
  temp.name = "temp";
  temp.max = 50.0;
  schema.fields = {temp};
  return schema;
}

skywarden_cell observed(double value) {
  return {value, value, value, SKYWARDEN_OBSERVED, 0};
}

}  // namespace

TEST_CASE("a plug-in is loaded, used, and gone when the last user is") {
  auto plugin = Plugin::load(built("example_1"));
  REQUIRE(plugin);
  CHECK((*plugin)->name() == "example");
  CHECK((*plugin)->version() == "1");
  const std::weak_ptr<const Plugin> watch = *plugin;
  auto engine = open_engine(*plugin, "any");
  REQUIRE(engine);
  CHECK((*engine)->shape().kind == "example 1");
  CHECK((*engine)->shape().inputs.at(0).width == 2);
  *plugin = nullptr;
  CHECK(first_of(**engine, 3.0F) == 6.0F);
  CHECK_FALSE(watch.expired());
  engine->reset();
  CHECK(watch.expired());
}

TEST_CASE("a plug-in is replaced on disk while the old one works") {
  const std::string path = scratch("replaced.so");
  std::filesystem::copy_file(built("example_1"), path, std::filesystem::copy_options::overwrite_existing);
  auto before = Plugin::load(path);
  REQUIRE(before);
  auto old = open_engine(*before, "any");
  REQUIRE(old);
  // In place, as a careless person would: the same inode gets other bytes.
  {
    std::ifstream from(built("example_2"), std::ios::binary);
    std::ofstream to(path, std::ios::binary | std::ios::trunc);
    to << from.rdbuf();
  }
  CHECK(first_of(**old, 3.0F) == 6.0F);
  const auto after = Plugin::load(path);
  REQUIRE(after);
  CHECK((*after)->version() == "2");
  const auto fresh = open_engine(*after, "any");
  REQUIRE(fresh);
  CHECK(first_of(**fresh, 3.0F) == 9.0F);
  CHECK(first_of(**old, 3.0F) == 6.0F);
  std::filesystem::remove(path);
}

TEST_CASE("what is no plug-in for this program is one line") {
  CHECK(Plugin::load("/nowhere.so").error().code == Errc::kNotFound);
  const auto later = Plugin::load(built("example_later"));
  REQUIRE_FALSE(later);
  CHECK(later.error().code == Errc::kUnsupported);
  CHECK(later.error().message.find("version 2") != std::string::npos);
  const auto refuses = Plugin::load(built("example_refuses"));
  REQUIRE_FALSE(refuses);
  CHECK(refuses.error().message.ends_with("this example does not begin"));
  const std::string text = scratch("text.so");
  std::ofstream(text) << "not a library";
  CHECK(Plugin::load(text).error().code == Errc::kUnsupported);
  const auto size = std::filesystem::file_size(built("example_1"));
  std::filesystem::copy_file(built("example_1"), text, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::resize_file(text, size / 2);
  // Once the loader mapped what was not there: a bus error.
  CHECK(Plugin::load(text).error().code == Errc::kUnsupported);
  std::filesystem::remove(text);
  CHECK(Plugin::load("/").error().message.find('\n') == std::string::npos);
}

TEST_CASE("a model that a plug-in cannot open or run is one line") {
  const auto plugin = Plugin::load(built("example_1"));
  REQUIRE(plugin);
  CHECK(open_engine(*plugin, "absent").error().message == "absent: example: no such model");
  const auto engine = open_engine(*plugin, "fails");
  REQUIRE(engine);
  const Sequence sequence{1, {{1.0F, 2.0F}}, {{}}};
  const Sequence* one[] = {&sequence};
  CHECK((*engine)->run(one).error().message == "example: this model always fails and says so in two lines");
}

TEST_CASE("a completion method fills what was not observed and nothing else") {
  const auto plugin = Plugin::load(built("example_1"));
  REQUIRE(plugin);
  const datum::Schema schema = schema_of("weather");
  const auto method = PluginMethod::open(*plugin, schema);
  REQUIRE(method);
  const std::vector<skywarden_cell> before = {observed(10.0), observed(12.0)};
  std::vector<skywarden_cell> newest = {skywarden_cell{}};
  REQUIRE((*method)->complete(before, newest));
  CHECK(newest[0].state == SKYWARDEN_ESTIMATED);
  CHECK(newest[0].value == 14.0);
  newest = {observed(3.0)};
  REQUIRE((*method)->complete(before, newest));
  CHECK(newest[0].value == 3.0);
  // Its interval would lie above its value when the field's range ends between them.
  const std::vector<skywarden_cell> steep = {observed(10.0), observed(49.0)};
  newest = {skywarden_cell{}};
  REQUIRE((*method)->complete(steep, newest));
  CHECK(newest[0].value == 50.0);
  const std::vector<skywarden_cell> calm = {observed(10.0), observed(10.5), observed(10.2), observed(10.1)};
  CHECK((*method)->score(calm, {observed(40.0)}).value() == std::vector<double>{1.0});
  CHECK((*method)->score(calm, {observed(10.3)}).value() == std::vector<double>{0.0});
  CHECK((*method)->score(calm, {skywarden_cell{}}).value() == std::vector<double>{0.0});
  const datum::Schema unwanted = schema_of("unwanted");
  CHECK(PluginMethod::open(*plugin, unwanted).error().message ==
        "example: schema unwanted: not for this schema");
}

TEST_CASE("without ONNX Runtime its plug-in is one line that says so") {
  ::setenv("SKYWARDEN_ONNXRUNTIME", "/nowhere/libonnxruntime.so", 1);
  const auto plugin = Plugin::load(built("onnx_runtime"));
  REQUIRE_FALSE(plugin);
  CHECK(plugin.error().code == Errc::kUnavailable);
  CHECK(plugin.error().message.find("ONNX Runtime is not on this machine") != std::string::npos);
  ::unsetenv("SKYWARDEN_ONNXRUNTIME");
}

TEST_CASE("a library that stays loaded is not taken for the next one") {
  // The plug-in of ONNX Runtime holds unique symbols of C++, so the loader keeps it; its descriptor's number
  // is free.
  ::setenv("SKYWARDEN_ONNXRUNTIME", "/nowhere/libonnxruntime.so", 1);
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(Plugin::load(built("onnx_runtime")));
    const auto plugin = Plugin::load(built("example_1"));
    REQUIRE(plugin);
    CHECK((*plugin)->name() == "example");
  }
  ::unsetenv("SKYWARDEN_ONNXRUNTIME");
}

TEST_CASE("a model of ONNX runs where ONNX Runtime is on the machine") {
  const auto plugin = Plugin::load(built("onnx_runtime"));
  if (!plugin) {
    MESSAGE("skipped: " << plugin.error().message);
    return;
  }
  const std::string path = scratch("product.onnx");
  const std::string bytes = onnx_product({1.0F, 2.0F, 3.0F, 4.0F});
  std::ofstream(path, std::ios::binary) << bytes;
  const auto engine = open_engine(*plugin, path);
  REQUIRE_MESSAGE(engine, (engine ? "" : engine.error().message));
  CHECK((*engine)->shape().inputs.at(0).width == 2);
  const Sequence one{2, {{1.0F, 1.0F, 2.0F, 0.0F}}, {{}}}, other{1, {{0.0F, 1.0F}}, {{}}};
  const Sequence* both[] = {&one, &other};
  const auto rows = (*engine)->run(both);
  REQUIRE(rows);
  CHECK(rows->at(0).at(0) == std::vector<float>{4.0F, 6.0F, 2.0F, 4.0F});
  CHECK(rows->at(1).at(0) == std::vector<float>{3.0F, 4.0F});
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  CHECK(open_engine(*plugin, path).error().code == Errc::kMalformed);
  std::filesystem::remove(path);
}
