#include "network/passage_block.h"

#include <algorithm>

#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kDataBytesMax = 16 + kVisitedMax * 5;

tl::unexpected<Error> passage_error(const Error& error) {
  return fail(error.code, "passage block: {}", error.message);
}

Result<Vertex> vertex_of(const Result<std::uint64_t>& number, std::uint32_t vertices) {
  if (!number) return tl::unexpected<Error>(number.error());
  if (*number >= vertices)
    return fail(Errc::kOutOfRange, "node {} of {} is not in the plan", *number, vertices);
  return Vertex(static_cast<std::uint32_t>(*number));
}

}  // namespace

Block passage_block(std::uint64_t number, const Passage& passage, CrcType crc) {
  EXPECTS(passage.visited.size() <= kVisitedMax && passage.failures <= kPassageFailuresMax);
  wire::CborWriter out;
  out.array(3).unsigned_integer(passage.destination.value()).unsigned_integer(passage.failures);
  out.array(passage.visited.size());
  for (const Vertex vertex : passage.visited) out.unsigned_integer(vertex.value());
  return {block_type::kPassage, number, 0, crc, out.take()};
}

void set_passage(Bundle& bundle, const Passage& passage) {
  const auto found = std::find_if(bundle.blocks.begin(), bundle.blocks.end(),
                                  [](const Block& block) { return block.type == block_type::kPassage; });
  if (found != bundle.blocks.end()) {
    *found = passage_block(found->number, passage, found->crc);
    return;
  }
  EXPECTS(!bundle.blocks.empty());
  bundle.blocks.insert(std::prev(bundle.blocks.end()), passage_block(free_block_number(bundle), passage));
}

Result<Passage> read_passage(std::span<const std::byte> data, std::uint32_t vertices) {
  wire::CborReader in(data, kDataBytesMax);
  const auto fields = in.array();
  if (!fields) return passage_error(fields.error());
  if (*fields != 3) return fail(Errc::kMalformed, "passage block: {} fields, expected 3", *fields);
  Passage passage;
  const auto destination = vertex_of(in.unsigned_integer(), vertices);
  if (!destination) return passage_error(destination.error());
  passage.destination = *destination;
  const auto failures = in.unsigned_integer();
  if (!failures) return passage_error(failures.error());
  if (*failures > kPassageFailuresMax)
    return fail(Errc::kLimitReached, "passage block: {} failures", *failures);
  passage.failures = static_cast<std::uint32_t>(*failures);
  const auto count = in.array();
  if (!count) return passage_error(count.error());
  if (*count > kVisitedMax) return fail(Errc::kLimitReached, "passage block: {} nodes visited", *count);
  passage.visited.reserve(static_cast<std::size_t>(*count));
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto vertex = vertex_of(in.unsigned_integer(), vertices);
    if (!vertex) return passage_error(vertex.error());
    passage.visited.push_back(*vertex);
  }
  if (const auto finished = in.finish(); !finished) return passage_error(finished.error());
  return passage;
}

Result<std::optional<Passage>> passage_of(const BundleView& bundle, std::uint32_t vertices) {
  const BlockView* found = nullptr;
  for (const BlockView& block : bundle.blocks) {
    if (block.type != block_type::kPassage) continue;
    if (found != nullptr) return fail(Errc::kMalformed, "two passage blocks");
    if (block.encrypted) return fail(Errc::kMalformed, "the passage block is encrypted");
    found = &block;
  }
  if (found == nullptr) return std::nullopt;
  auto passage = read_passage(found->data, vertices);
  if (!passage) return tl::unexpected<Error>(passage.error());
  return *passage;
}

}  // namespace skywarden::network
