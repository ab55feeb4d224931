#include "network/copy_news.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "network/arrival_log.h"
#include "network/bundle_test_data.h"
#include "network/copy_queue.h"

namespace skywarden::network {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kDay0 = 820'454'400'000;  // DTN time of 2025-12-31T00:00:00Z

BundleId id(std::uint64_t node, std::uint64_t ms, std::uint64_t sequence) {
  return {EndpointId::ipn(node, 1), {kDay0 + ms, sequence}};
}
Instant after(std::uint64_t ms, Duration lifetime) {
  return from_dtn_time(kDay0 + ms).value() + lifetime;
}

Errc error_of(std::string_view hex) {
  return decode_news(from_hex(hex)).error().code;
}

TEST_CASE("news has one encoding, in order of creation") {
  const CopyNews news{{id(7, 500, 2), id(3, 0, 1)}, {{id(9, 0, 4), after(0, 8h)}}};
  const auto bytes = encode_news(news);
  CHECK(to_hex(bytes) ==
        "82"
        "88"
        "03011b000000bf06e4a00001"
        "07011901f402"
        "85"
        "09011b000000bf06e4a00004"
        "197080");
  const auto read = decode_news(bytes);
  REQUIRE(read.has_value());
  CHECK(read->held == std::vector{id(3, 0, 1), id(7, 500, 2)});
  CHECK(read->arrived == news.arrived);
  CHECK(decode_news(encode_news({}))->held.empty());
}

TEST_CASE("expiry is told in seconds, never earlier than it is, and ten years after creation at most") {
  const auto told = [](Instant expires) {
    return decode_news(encode_news({{}, {{id(1, 0, 1), expires}}}))->arrived[0].expires;
  };
  CHECK(told(after(0, 1500ms)) == after(0, 2s));
  CHECK(told(after(0, -5s)) == after(0, 0s));
  CHECK(told(Instant::max()) == after(0, 24h * 366 * 10));
}

TEST_CASE("what cannot be told: names that are no ipn numbers, fragments, bundles without a clock") {
  CHECK(can_be_told(id(1, 0, 1)));
  BundleId other = id(1, 0, 1);
  other.source = parse_endpoint("dtn://fire/alerts").value();
  CHECK_FALSE(can_be_told(other));
  other = id(1, 0, 1);
  other.fragment_bytes = 5;
  CHECK_FALSE(can_be_told(other));
  other = id(1, 0, 1);
  other.created.time_ms = 0;
  CHECK_FALSE(can_be_told(other));
}

TEST_CASE("what is no news is refused") {
  CHECK(decode_news(from_hex("828080")).has_value());
  CHECK(error_of("") == Errc::kMalformed);
  CHECK(error_of("838080 80") == Errc::kMalformed);                   // three lists
  CHECK(error_of("82808000") == Errc::kMalformed);                    // a byte more
  CHECK(error_of("82 83010102 80") == Errc::kMalformed);              // three numbers
  CHECK(error_of("82 8401010002 80") == Errc::kMalformed);            // no creation time
  CHECK(error_of("82 84180101 01 01 80") == Errc::kMalformed);        // 1 not in shortest form
  CHECK(error_of("82 88 01010102 01010002 80") == Errc::kMalformed);  // twice
  CHECK(error_of("82 88 01010103 01010002 80") == Errc::kMalformed);  // out of order
  CHECK(error_of("82 84 01011bffffffffffffffff01 80") == Errc::kOutOfRange);
  CHECK(error_of("82 88 01010101 01011bffffffffffffffff01 80") == Errc::kOutOfRange);
  CHECK(error_of("82 80 85 01010101 1affffffff") == Errc::kOutOfRange);  // a lifetime
  CHECK(decode_news(from_hex("82 83010102 80")).error().message ==
        "copy news: 3 numbers, expected 4 a bundle");
  const std::vector<std::byte> long_one(100'000);
  CHECK(decode_news(long_one).error().code == Errc::kLimitReached);
  CHECK(decode_news(from_hex("01")).error().message.starts_with("copy news: "));
}

TEST_CASE("whatever is encoded decodes to itself, and what is accepted has no other encoding") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    std::set<BundleId> ids;
    for (std::uint64_t i = random.below(40); i > 0; --i)
      ids.insert(id(random.below(300), random.below(4) * random.below(100'000), random.below(1000)));
    CopyNews news;
    for (const BundleId& each : ids)
      if (random.chance(0.5))
        news.held.push_back(each);
      else
        news.arrived.push_back({each, from_dtn_time(each.created.time_ms).value() +
                                          1s * static_cast<std::int64_t>(random.below(100'000))});
    auto bytes = encode_news(news);
    const auto read = decode_news(bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::set<BundleId>(read->held.begin(), read->held.end()) ==
              std::set<BundleId>(news.held.begin(), news.held.end()));
    RC_ASSERT(read->arrived.size() == news.arrived.size());
    for (const CopyNews::Arrived& each : news.arrived)
      RC_ASSERT(std::ranges::count(read->arrived, each) == 1);
    bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    const auto changed = decode_news(bytes);
    if (changed) RC_ASSERT(encode_news(*changed) == bytes);
  }));
}

// Against plain lists searched from end to end.
TEST_CASE("a log of arrivals tells each neighbour what it has not heard, stays bounded, and forgets") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    struct Entry {
      std::uint64_t serial = 0;
      BundleId id;
      Instant expires{};
      std::optional<Vertex> from;
    };
    constexpr std::size_t kMax = 12;
    ArrivalLog log(kMax);
    std::vector<Entry> entries;
    std::map<Vertex, std::uint64_t> told;
    std::uint64_t serial = 0;
    Instant now = after(0, 0s);
    for (int step = 0; step < 60; ++step) {
      now += 1s;
      const Vertex neighbour(static_cast<std::uint32_t>(random.below(3)));
      if (random.chance(0.6)) {
        const BundleId each = id(1, 0, random.below(30));
        const Instant expires = now + 1s * static_cast<std::int64_t>(1 + random.below(30));
        const auto from = random.chance(0.3) ? std::nullopt : std::optional(neighbour);
        const bool known = std::ranges::count(entries, each, &Entry::id) > 0;
        RC_ASSERT(log.add(each, expires, from) == !known);
        if (!known) entries.push_back({++serial, each, expires, from});
        while (entries.size() > kMax)
          entries.erase(std::ranges::min_element(
              entries, {}, [](const Entry& e) { return std::pair(e.expires, e.serial); }));
      } else if (random.chance(0.5)) {
        const std::size_t max = 1 + random.below(5);
        const auto untold = log.untold(neighbour, max);
        std::vector<CopyNews::Arrived> expected;
        for (const Entry& entry : entries)
          if (entry.serial > told[neighbour] && entry.from != neighbour && expected.size() < max)
            expected.push_back({entry.id, entry.expires});
        RC_ASSERT(untold.arrived == expected);
        if (random.chance(0.7)) {
          log.told(neighbour, untold.up_to);
          told[neighbour] = untold.up_to;
        }
      } else {
        log.expire(now);
        std::erase_if(entries, [&](const Entry& e) { return e.expires <= now; });
      }
      RC_ASSERT(log.size() == entries.size());
      for (const Entry& entry : entries) RC_ASSERT(log.expiry_of(entry.id) == entry.expires);
    }
  }));
}

TEST_CASE("copies wait by rank, then by when they are due, each once") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    CopyQueue queue;
    std::vector<WaitingCopy> plain;
    for (int step = 0; step < 50; ++step) {
      const std::uint64_t slot = 1 + random.below(10);
      std::erase_if(plain, [&](const WaitingCopy& each) { return each.slot == slot; });
      if (random.chance(0.6)) {
        plain.push_back({static_cast<int>(random.below(3)),
                         Duration(static_cast<std::int64_t>(random.below(4))),
                         Duration(static_cast<std::int64_t>(random.below(2))), slot, Duration{}});
        queue.insert(plain.back());
      } else {
        queue.erase(slot);
      }
      RC_ASSERT(queue.size() == plain.size());
      if (!plain.empty()) RC_ASSERT(queue.front() == *std::ranges::min_element(plain));
    }
  }));
}

}  // namespace
}  // namespace skywarden::network
