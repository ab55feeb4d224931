#include "network/piece_block.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/random.h"
#include "network/bundle_decode.h"
#include "network/bundle_test_data.h"

namespace skywarden::network {
namespace {

Errc error_of(std::string_view hex) {
  return read_piece(from_hex(hex)).error().code;
}

TEST_CASE("a piece block has one encoding") {
  const PieceOf piece{{1000, 24}, 500, 0xe3069283, {4, 2}, 5};
  const Block block = piece_block(2, piece);
  CHECK(to_hex(block.data) == "871903e818181901f41ae3069283040205");
  CHECK(block.flags == 0);
  CHECK(read_piece(block.data).value() == piece);
  CHECK(piece.piece_bytes() == 125);
}

TEST_CASE("what is no piece is refused") {
  CHECK(read_piece(from_hex("87 00 00 01 00 01 00 00")).has_value());
  CHECK(error_of("") == Errc::kMalformed);
  CHECK(error_of("86 00 00 01 00 01 00") == Errc::kMalformed);
  CHECK(error_of("87 00 00 01 00 01 00 00 00") == Errc::kMalformed);        // a byte more
  CHECK(error_of("87 1800 00 01 00 01 00 00") == Errc::kMalformed);         // not in shortest form
  CHECK(error_of("87 00 00 01 00 01 00 20") == Errc::kMalformed);           // index −1
  CHECK(error_of("87 00 00 00 00 01 00 00") == Errc::kOutOfRange);          // of nothing
  CHECK(error_of("87 00 00 01 00 00 01 00") == Errc::kOutOfRange);          // no data piece
  CHECK(error_of("87 00 00 01 00 02 00 00") == Errc::kOutOfRange);          // a data piece without a byte
  CHECK(error_of("87 00 00 01 00 01 01 02") == Errc::kOutOfRange);          // piece 2 of 2
  CHECK(error_of("87 00 00 1903e8 00 18c8 1839 00") == Errc::kOutOfRange);  // 257 pieces
  CHECK(error_of("87 00 00 1a40000001 00 01 00 00") == Errc::kOutOfRange);  // above 1 GiB
  CHECK(error_of("87 00 00 01 1b0000000100000000 01 00 00") == Errc::kOutOfRange);
  CHECK(error_of("87 00 00 01 00 1bffffffffffffffff 1bffffffffffffffff 00") == Errc::kOutOfRange);
  CHECK(read_piece(std::vector<std::byte>(65)).error().code == Errc::kLimitReached);
}

TEST_CASE("a payload of another length, two piece blocks: no piece") {
  const PieceOf piece{{1, 2}, 10, 0, {2, 1}, 0};
  Bundle bundle = rfc9173_bundle();
  const auto said = [&] {
    const auto bytes = encode_bundle(bundle).value();
    return piece_of(decode_bundle(bytes).value());
  };
  CHECK_FALSE(said()->has_value());
  bundle.blocks.insert(bundle.blocks.begin(), piece_block(2, piece));
  CHECK(said().error().message == "piece block: payload of 35 bytes, expected 5");
  bundle.blocks.back().data.resize(5);
  CHECK(said()->value() == piece);
  bundle.blocks.insert(bundle.blocks.begin(), piece_block(3, piece));
  CHECK(said().error().message == "two piece blocks");
}

TEST_CASE("whatever piece block is accepted has no other encoding") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const std::size_t data = 1 + random.below(wire::kCodePiecesMax);
    const std::size_t parity = random.below(wire::kCodePiecesMax - data + 1);
    const PieceOf piece{{random.below(1'000'000), random.below(100)},
                        data + random.below(1'000'000),
                        static_cast<std::uint32_t>(random.below(std::uint64_t{1} << 32U)),
                        {data, parity},
                        random.below(data + parity)};
    auto bytes = piece_block(2, piece).data;
    RC_ASSERT(read_piece(bytes).value() == piece);
    bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    if (const auto changed = read_piece(bytes)) RC_ASSERT(piece_block(2, *changed).data == bytes);
  }));
}

}  // namespace
}  // namespace skywarden::network
