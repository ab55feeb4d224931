#include "inference/model_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/contract.h"
#include "inference/check_model.h"
#include "inference/guarded_bytes.h"
#include "inference/manifest.h"
#include "inference/packing.h"
#include "wire/crc32c.h"

namespace skywarden::inference {
namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers stand in the file as this machine holds them");

using Bytes = std::vector<std::byte>;

struct Header {
  char magic[8] = {'S', 'W', 'M', 'O', 'D', 'E', 'L', '\0'};
  std::uint32_t version = kModelFileVersion;
  std::uint32_t manifest_bytes = 0;
  std::uint32_t vital_bytes = 0;  // manifest included
  std::uint32_t weight_bytes = 0;
  std::uint32_t signature_bytes = 0;
  std::uint32_t vital_checksum = 0;
  std::uint32_t zeros[7] = {};
  std::uint32_t checksum = 0;
};
static_assert(sizeof(Header) == 64);

std::size_t aligned_up(std::size_t n) {
  return (n + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint32_t checksum_of(const Header& h) {
  return wire::crc32c(std::as_bytes(std::span(&h, 1)).first(sizeof h - sizeof h.checksum));
}

template <typename Numbers>
void append(Bytes& to, const Numbers& numbers) {
  const auto bytes = std::as_bytes(std::span(numbers));
  to.insert(to.end(), bytes.begin(), bytes.end());
  to.resize(aligned_up(to.size()));
}

struct Layout {
  std::size_t vital = 0, weights = 0, parity = 0, signature = 0, end = 0;
  explicit Layout(const Header& h)
      : vital(3 * sizeof(Header)),
        weights(vital + 3 * aligned_up(h.vital_bytes)),
        parity(weights + aligned_up(h.weight_bytes)),
        signature(parity + guard_groups(h.weight_bytes) * kGuardBlockBytes),
        end(signature + h.signature_bytes) {}
};

// The mutable copy of a file that repairs work on, and its parts.
struct Opened {
  Bytes bytes;
  Header header;
  std::size_t repaired_bytes = 0;
  [[nodiscard]] std::span<std::byte> part(std::size_t at, std::size_t size) {
    return std::span(bytes).subspan(at, size);
  }
  [[nodiscard]] std::span<std::byte> vital(std::size_t copy) {
    return part(Layout(header).vital + copy * aligned_up(header.vital_bytes), header.vital_bytes);
  }
};

Result<Opened> open(std::span<const std::byte> file, std::string_view name) {
  if (file.size() > kModelFileBytesMax)
    return fail(Errc::kLimitReached, "{}: {} bytes, at most {} are read", name, file.size(),
                kModelFileBytesMax);
  if (file.size() < 3 * sizeof(Header))
    return fail(Errc::kMalformed, "{}: truncated: {} bytes, a model begins with {}", name, file.size(),
                3 * sizeof(Header));
  Opened o{.bytes = {file.begin(), file.end()}, .header = {}};
  constexpr std::size_t kSize = sizeof(Header);
  o.repaired_bytes = vote(o.part(0, kSize), o.part(kSize, kSize), o.part(2 * kSize, kSize));
  std::memcpy(&o.header, o.bytes.data(), kSize);
  const Header& h = o.header;
  if (std::memcmp(h.magic, Header{}.magic, sizeof h.magic) != 0)
    return fail(Errc::kMalformed, "{}: no model file: it does not begin with SWMODEL", name);
  if (h.version != kModelFileVersion)
    return fail(Errc::kUnsupported, "{}: version {} of the format, this build reads {}", name, h.version,
                kModelFileVersion);
  if (h.checksum != checksum_of(h) ||
      !std::all_of(std::begin(h.zeros), std::end(h.zeros), [](auto z) { return z == 0; }))
    return fail(Errc::kMalformed, "{}: its header is damaged", name);
  if (h.manifest_bytes > kManifestBytesMax || h.manifest_bytes > h.vital_bytes ||
      h.signature_bytes > kSignatureBytesMax)
    return fail(Errc::kOutOfRange, "{}: its header states sizes out of range", name);
  const Layout layout(h);
  if (file.size() != layout.end)
    return fail(Errc::kMalformed, "{}: {}: {} bytes, its header states {}", name,
                file.size() < layout.end ? "truncated" : "too long", file.size(), layout.end);
  return o;
}

Result<void> vote_on_vital(Opened& o, std::string_view name) {
  o.repaired_bytes += vote(o.vital(0), o.vital(1), o.vital(2));
  if (wire::crc32c(o.vital(0)) != o.header.vital_checksum)
    return fail(Errc::kMalformed, "{}: its manifest, scales or checksums are damaged in two copies", name);
  return {};
}

// Checksums stand at the end of the vital part.
Result<std::size_t> repair_weights(Opened& o, std::string_view name) {
  const Layout layout(o.header);
  const std::size_t size = o.header.weight_bytes;
  Guard guard;
  guard.checksums.resize(guard_blocks(size) + guard_groups(size));
  const std::size_t checksum_bytes = guard.checksums.size() * sizeof(std::uint32_t);
  const auto vital = o.vital(0);
  if (aligned_up(checksum_bytes) > vital.size() - o.header.manifest_bytes)
    return fail(Errc::kMalformed, "{}: its vital part has no room for its checksums", name);
  if (checksum_bytes > 0)
    std::memcpy(guard.checksums.data(), vital.last(aligned_up(checksum_bytes)).data(), checksum_bytes);
  const auto parity = o.part(layout.parity, layout.signature - layout.parity);
  guard.parity.assign(parity.begin(), parity.end());
  const Repairs repairs = repair(o.part(layout.weights, size), guard);
  if (repairs.lost > 0)
    return fail(Errc::kMalformed, "{}: {} blocks of weights are damaged beyond repair", name, repairs.lost);
  std::copy(guard.parity.begin(), guard.parity.end(), parity.begin());
  return repairs.repaired;
}

// Hands out what tensors take, in order.
class Supply {
 public:
  explicit Supply(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T>
  [[nodiscard]] bool take(Aligned<T>& numbers, std::size_t count) {
    const std::size_t size = count * sizeof(T);
    if (aligned_up(size) > bytes_.size()) return false;
    numbers.resize(count);
    if (size > 0) std::memcpy(numbers.data(), bytes_.data(), size);
    bytes_ = bytes_.subspan(aligned_up(size));
    return true;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

// Shapes within check_model's limits keep these products far below the size of a pointer.
bool take_numbers(Tensor& t, Supply& vital, Supply& weights) {
  if (t.rows == 0 || t.columns == 0 || t.rows > kTableRowsMax || t.columns > kWidthMax) return false;
  const std::size_t wide = padded_columns(t.columns), deep = padded_depth(t.rows);
  switch (t.type) {
    case TensorType::kMatrixI8:
      if (!weights.take(t.bytes, wide * deep) || !vital.take(t.scale, wide)) return false;
      t.offset.resize(wide);
      std::ranges::copy(offsets_of(t.bytes, wide, deep), t.offset.begin());
      return true;
    case TensorType::kMatrixF32:
      return weights.take(t.numbers, t.rows * wide);
    case TensorType::kVector:
      return t.rows == 1 && vital.take(t.numbers, wide);
    case TensorType::kTable:
      return weights.take(t.numbers, std::size_t{t.rows} * t.columns);
  }
  return false;
}

Result<Model> fill(Opened& o, std::string_view name) {
  auto model = decode_manifest(o.vital(0).first(o.header.manifest_bytes));
  if (!model) return fail(model.error().code, "{}: {}", name, model.error().message);
  const Layout layout(o.header);
  const std::size_t size = o.header.weight_bytes;
  const std::size_t checksum_bytes =
      aligned_up((guard_blocks(size) + guard_groups(size)) * sizeof(std::uint32_t));
  const std::size_t begin = aligned_up(o.header.manifest_bytes), end = o.header.vital_bytes - checksum_bytes;
  if (begin > end) return fail(Errc::kMalformed, "{}: its vital part is too short", name);
  Supply vital(o.vital(0).subspan(begin, end - begin));
  Supply weights(o.part(layout.weights, size));
  for (Tensor& t : model->tensors)
    if (!take_numbers(t, vital, weights))
      return fail(Errc::kMalformed, "{}: tensor '{}' of {}x{} does not fit into the file", name, t.name,
                  t.rows, t.columns);
  if (vital.left() + weights.left() != 0)
    return fail(Errc::kMalformed, "{}: {} bytes belong to no tensor", name, vital.left() + weights.left());
  if (auto checked = check_model(*model); !checked)
    return fail(checked.error().code, "{}: {}", name, checked.error().message);
  return model;
}

}  // namespace

std::vector<std::byte> write_model(const Model& model, const Sign& sign) {
  EXPECTS(check_model(model).has_value());
  Bytes vital = encode_manifest(model), weights;
  Header header;
  header.manifest_bytes = static_cast<std::uint32_t>(vital.size());
  vital.resize(aligned_up(vital.size()));
  for (const Tensor& t : model.tensors) {
    if (t.type == TensorType::kMatrixI8) append(vital, t.scale);
    if (t.type == TensorType::kMatrixI8) append(weights, t.bytes);
    if (t.type != TensorType::kMatrixI8) append(t.type == TensorType::kVector ? vital : weights, t.numbers);
  }
  const Guard guard = guard_of(weights);
  append(vital, guard.checksums);
  header.vital_bytes = static_cast<std::uint32_t>(vital.size());
  header.weight_bytes = static_cast<std::uint32_t>(weights.size());
  header.vital_checksum = wire::crc32c(vital);
  Bytes file(3 * sizeof(Header));
  for (int copy = 0; copy < 3; ++copy) append(file, vital);
  append(file, weights);
  append(file, guard.parity);
  EXPECTS(file.size() + kSignatureBytesMax <= kModelFileBytesMax);
  const auto seal = [&] {
    header.checksum = checksum_of(header);
    for (std::size_t copy = 0; copy < 3; ++copy)
      std::memcpy(file.data() + copy * sizeof header, &header, sizeof header);
  };
  seal();
  if (!sign) return file;
  header.signature_bytes = static_cast<std::uint32_t>(sign(file).size());
  EXPECTS(header.signature_bytes > 0 && header.signature_bytes <= kSignatureBytesMax);
  seal();
  const Bytes signature = sign(file);
  EXPECTS(signature.size() == header.signature_bytes);
  file.insert(file.end(), signature.begin(), signature.end());
  return file;
}

Result<ModelFile> read_model(std::span<const std::byte> file, std::string_view name, const Verify& verify) {
  auto opened = open(file, name);
  if (!opened) return tl::unexpected(opened.error());
  if (verify && opened->header.signature_bytes == 0)
    return fail(Errc::kConflict, "{}: it is not signed, and only signed models are accepted", name);
  if (auto voted = vote_on_vital(*opened, name); !voted) return tl::unexpected(voted.error());
  const auto blocks = repair_weights(*opened, name);
  if (!blocks) return tl::unexpected(blocks.error());
  const std::size_t message = Layout(opened->header).signature;
  if (verify && !verify(opened->part(0, message), opened->part(message, opened->header.signature_bytes)))
    return fail(Errc::kConflict, "{}: its signature is not that of a known signer", name);
  auto model = fill(*opened, name);
  if (!model) return tl::unexpected(model.error());
  return ModelFile{.model = std::move(*model),
                   .carries_signature = opened->header.signature_bytes > 0,
                   .is_signed = static_cast<bool>(verify),
                   .repaired_bytes = opened->repaired_bytes,
                   .repaired_blocks = *blocks};
}

}  // namespace skywarden::inference
