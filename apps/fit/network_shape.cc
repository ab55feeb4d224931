#include "network_shape.h"

namespace skywarden::fit {

using nlohmann::ordered_json;
using onboard::NetworkKind;
using onboard::NetworkShape;

namespace {

constexpr std::uint32_t kCountMax = 1 << 14;  // of layers, heads, units: more is a mistake

bool sound(const NetworkShape& shape) {
  const auto within = [](std::uint32_t n) { return n > 0 && n <= kCountMax; };
  if (!within(shape.width) || !within(shape.heads) || shape.width % shape.heads != 0) return false;
  if (shape.kind == NetworkKind::kRecurrent) return shape.pruned.empty();
  if (!within(shape.layers) || !within(shape.sets) || shape.sets > shape.layers || !within(shape.hidden))
    return false;
  if (!shape.pruned.empty() && shape.pruned.size() != shape.sets) return false;
  for (const inference::SetShape& set : shape.pruned)
    if (!within(set.heads) || !within(set.hidden) || set.heads > shape.heads || set.hidden > shape.hidden)
      return false;
  return true;
}

}  // namespace

Result<NetworkShape> shape_named(NetworkKind kind, const std::string& name, bool offline) {
  const bool encoder = kind == NetworkKind::kEncoder;
  NetworkShape out;
  out.kind = kind;
  out.both_directions = offline && !encoder;
  if (name == "teacher" || name == "student") {
    const bool teacher = name == "teacher";
    const inference::EncoderShape& s = teacher ? inference::kTeacher : inference::kStudent;
    if (encoder)
      out.layers = s.layers, out.sets = s.sets, out.width = s.width, out.heads = s.heads,
      out.hidden = s.hidden;
    else
      out.width = teacher ? 256 : 64, out.heads = teacher ? 8 : 4;
  } else if (name == "small") {
    out.layers = out.sets = 2;
    out.width = encoder ? 64 : 48;
    out.heads = 4;
    out.hidden = 192;
  } else {
    return fail(Errc::kOutOfRange, "--shape {}: expected teacher, student or small", name);
  }
  return out;
}

ordered_json to_json(const NetworkShape& shape) {
  ordered_json out{{"kind", onboard::to_string(shape.kind)}, {"width", shape.width}, {"heads", shape.heads}};
  if (shape.kind == NetworkKind::kEncoder)
    out.update({{"layers", shape.layers}, {"sets", shape.sets}, {"hidden", shape.hidden}});
  else
    out["both_directions"] = shape.both_directions;
  for (const inference::SetShape& set : shape.pruned)
    out["pruned"].push_back({{"heads", set.heads}, {"hidden", set.hidden}});
  return out;
}

Result<NetworkShape> shape_of_json(const ordered_json& json) {
  NetworkShape out;
  try {
    const auto kind = json.at("kind").get<std::string>();
    out.kind = kind == "encoder" ? NetworkKind::kEncoder : NetworkKind::kRecurrent;
    if (kind != onboard::to_string(out.kind)) return fail(Errc::kMalformed, "no kind of network: {}", kind);
    json.at("width").get_to(out.width);
    json.at("heads").get_to(out.heads);
    if (out.kind == NetworkKind::kEncoder) {
      json.at("layers").get_to(out.layers);
      json.at("sets").get_to(out.sets);
      json.at("hidden").get_to(out.hidden);
    } else {
      json.at("both_directions").get_to(out.both_directions);
    }
    for (const ordered_json& set : json.value("pruned", ordered_json::array()))
      out.pruned.push_back({set.at("heads").get<std::uint32_t>(), set.at("hidden").get<std::uint32_t>()});
  } catch (const nlohmann::json::exception& error) {
    return fail(Errc::kMalformed, "no shape of a network: {}", error.what());
  }
  if (!sound(out)) return fail(Errc::kMalformed, "a shape that no network has: {}", json.dump());
  return out;
}

}  // namespace skywarden::fit
