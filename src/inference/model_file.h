// The file of a model, .swm: weights as the kernels read them, so that loading is copying. Everything in it
// survives any single flipped bit: what is small stands three times, the weights have checksums and parity
// (guarded_bytes.h).
//
//   0    three headers of 64 bytes: "SWMODEL\0", version, bytes of the manifest, of the vital part, of the
//   weights, of the
//        signature, CRC-32C of the vital part, zeros, CRC-32C of the header's first 60 bytes; all
//        little-endian
//   192  three copies of the vital part: manifest (manifest.h), scales and vectors, checksums of the weights'
//   blocks
//        weights: matrices and tables, then their parity blocks
//        signature over everything before it
//
// Tensors stand in the manifest's order, each from a multiple of 64 bytes on; so do the parts. No offset is
// written that could lie. An enemy may have written the file: whatever it holds, reading it ends in a checked
// model or in one line.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inference/model.h"

namespace skywarden::inference {

inline constexpr std::uint32_t kModelFileVersion = 1;
inline constexpr std::size_t kModelFileBytesMax = std::size_t{512} << 20;
inline constexpr std::size_t kSignatureBytesMax = 256;

// Signs, or judges, a run of bytes; Ed25519 in a node (storage/signed_head.h, SigningKey).
using Sign = std::function<std::vector<std::byte>(std::span<const std::byte> message)>;
using Verify = std::function<bool(std::span<const std::byte> message, std::span<const std::byte> signature)>;

// The model must be one that check_model accepts. Without `sign` the file carries no signature.
[[nodiscard]] std::vector<std::byte> write_model(const Model& model, const Sign& sign = {});

struct ModelFile {
  Model model;
  bool carries_signature = false;
  bool is_signed = false;           // and the signature was judged and held
  std::size_t repaired_bytes = 0;   // of headers and vital parts, decided by majority
  std::size_t repaired_blocks = 0;  // of weights and parity
};

// `name` begins the message when the file is refused: truncated, another version, unsigned, signed by
// another, damaged beyond repair, or holding a model that check_model refuses. With `verify` only what it
// accepts is read; the signature is judged after repairs. Without it the signature is not looked at.
[[nodiscard]] Result<ModelFile> read_model(std::span<const std::byte> file, std::string_view name,
                                           const Verify& verify = {});

}  // namespace skywarden::inference
