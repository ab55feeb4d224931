#include "png.h"

#include <zlib.h>

#include "base/contract.h"

namespace skywarden::app {
namespace {

constexpr int kCompression = 9;

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_u32(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = out.size();
  out += type;
  out += data;
  const auto* checked = reinterpret_cast<const Bytef*>(out.data() + begin);
  append_u32(out, static_cast<std::uint32_t>(crc32(0, checked, static_cast<uInt>(out.size() - begin))));
}

// Each row begins with its filter's number; 0 is none.
std::string rows_of(const Picture& picture) {
  std::string rows;
  const std::size_t stride = picture.width * 4;
  rows.reserve((stride + 1) * picture.height);
  for (std::size_t y = 0; y < picture.height; ++y) {
    rows += '\0';
    rows.append(reinterpret_cast<const char*>(picture.rgba.data() + y * stride), stride);
  }
  return rows;
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int status =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                static_cast<uLong>(bytes.size()), kCompression);
  ENSURES(status == Z_OK);  // the buffer is as large as zlib asks for
  out.resize(size);
  return out;
}

}  // namespace

std::string png_bytes(const Picture& picture) {
  EXPECTS(picture.width >= 1 && picture.width <= kPictureSideMax);
  EXPECTS(picture.height >= 1 && picture.height <= kPictureSideMax);
  EXPECTS(picture.rgba.size() == picture.width * picture.height * 4);
  std::string out = "\x89PNG\r\n\x1A\n";
  std::string header;
  append_u32(header, static_cast<std::uint32_t>(picture.width));
  append_u32(header, static_cast<std::uint32_t>(picture.height));
  header +=
      std::string("\x08\x06\x00\x00\x00", 5);  // eight bits, RGBA, deflate, no filter choice, no interlace
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", deflated(rows_of(picture)));
  append_chunk(out, "IEND", "");
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? kAlphabet[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

}  // namespace skywarden::app
