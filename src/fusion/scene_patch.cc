#include "fusion/scene_patch.h"

#include <algorithm>
#include <array>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::fusion {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode(const std::vector<std::uint8_t>& bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = (word << 8) | (k < left ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= left ? kDigits[(word >> (18 - 6 * k)) & 63U] : '=';
  }
  return out;
}

// Only the one spelling that encode would give.
bool decode(std::string_view text, std::vector<std::uint8_t>& out) {
  if (text.size() % 4 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t digit = k < 4 - padding ? kDigits.find(text[i + k]) : 0;
      if (digit == std::string_view::npos) return false;
      word = (word << 6) | static_cast<std::uint32_t>(digit);
    }
    if ((padding == 1 && (word & 0xFFU) != 0) || (padding == 2 && (word & 0xFFFFU) != 0)) return false;
    for (std::size_t k = 0; k < 3 - padding; ++k)
      out.push_back(static_cast<std::uint8_t>(word >> (16 - 8 * k)));
  }
  return true;
}

}  // namespace

std::size_t ScenePatch::pixels_known() const {
  return counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0));
}

Result<ScenePatch> decode_patch(const datum::FieldSpec& spec, std::string_view cell) {
  if (spec.bands.empty())
    return fail(Errc::kUnsupported, "expected bands, rows and columns in the schema's field '{}'",
                printable(spec.name));
  cell = trim(cell);
  if (!cell.starts_with(kPatchMark))
    return fail(Errc::kMalformed, "expected a scene patch beginning with '{}', found '{}'", kPatchMark,
                printable(cell));
  cell.remove_prefix(kPatchMark.size());
  ScenePatch patch;
  patch.bands = static_cast<std::uint32_t>(spec.bands.size());
  patch.rows = spec.rows;
  patch.columns = spec.columns;
  const std::size_t count = std::size_t{patch.bands} * patch.rows * patch.columns;
  const std::size_t digits = (2 * count + 2) / 3 * 4;
  if (cell.size() != digits)  // before anything is stored
    return fail(Errc::kMalformed, "expected {} × {} × {} counts in {} characters, found {}", patch.bands,
                patch.rows, patch.columns, digits, cell.size());
  std::vector<std::uint8_t> bytes;
  bytes.reserve(2 * count);
  if (!decode(cell, bytes) || bytes.size() != 2 * count)
    return fail(Errc::kMalformed, "expected base64 of {} counts, found other characters", count);
  patch.counts.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    patch.counts.push_back(static_cast<std::uint16_t>(bytes[2 * i] | (bytes[2 * i + 1] << 8)));
  return patch;
}

std::string encode_patch(const ScenePatch& patch) {
  EXPECTS(patch.counts.size() == std::size_t{patch.bands} * patch.rows * patch.columns);
  std::vector<std::uint8_t> bytes;
  for (const std::uint16_t count : patch.counts) {
    bytes.push_back(static_cast<std::uint8_t>(count & 0xFFU));
    bytes.push_back(static_cast<std::uint8_t>(count >> 8));
  }
  return std::string(kPatchMark) + encode(bytes);
}

}  // namespace skywarden::fusion
