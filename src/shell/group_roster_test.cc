#include "shell/group_roster.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace skywarden::shell {
namespace {

using consensus::Configuration;
using consensus::Epoch;

// RFC 8032 §7.1, tests 1 and 2.
constexpr std::string_view kPrivateKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kOtherKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

storage::SigningKey key() {
  return storage::SigningKey::read_private(kPrivateKey).value();
}

Configuration founded() {
  return {Epoch(), {{{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}}, {}}, {}, 0};
}

Admission admission_of(std::uint32_t node) {
  Admission admission{"forest", NodeId(node), "127.0.0.1", 7100, 1, {}, {}};
  sign(admission, key());
  return admission;
}

std::string refusal(const Configuration& configuration, const Admission& admission) {
  const auto to = with_admitted(configuration, encode(admission), "forest", key());
  return to ? "accepted" : to.error().message;
}

Configuration after(const Configuration& configuration, const consensus::Membership& to) {
  const Configuration next = consensus::next_towards(configuration, to);
  return next.joint() ? consensus::leave_joint(next) : next;
}

Configuration admitted(const Configuration& configuration, std::uint32_t node) {
  return after(configuration,
               with_admitted(configuration, encode(admission_of(node)), "forest", key()).value().value());
}

Configuration removed(const Configuration& configuration, std::uint32_t node) {
  Removal removal{"forest", NodeId(node), {}};
  sign(removal, key());
  return after(configuration, with_removed(configuration, encode(removal), "forest", key()).value().value());
}

}  // namespace

TEST_CASE("who is admitted listens first, and votes once it has caught up") {
  const Configuration with = admitted(founded(), 4);
  CHECK(with.shares.incoming.at(NodeId(4)) == 0);
  CHECK(!admitted_by(with, "forest", nullptr));  // nobody takes it unchecked
  const auto own = key();
  const auto known = admitted_by(with, "forest", &own).value();
  CHECK(known.at(NodeId(4)) == admission_of(4));
  const auto lag = [](std::uint64_t entries) { return [entries](NodeId) { return std::optional(entries); }; };
  CHECK(!with_promoted(with, known, lag(kCaughtUp + 1)));
  CHECK(!with_promoted(with, known, [](NodeId) { return std::optional<std::uint64_t>(); }));
  const auto to = with_promoted(with, known, lag(kCaughtUp));
  REQUIRE(to);
  CHECK(to->shares.at(NodeId(4)) == 1);
  CHECK(!with_promoted(after(with, *to), known, lag(0)));
}

TEST_CASE("an admission is good for one cluster, id, address and key, and only as it was signed") {
  const Admission good = admission_of(4);
  CHECK(refusal(founded(), good) == "accepted");
  const std::string unsigned_words = "the admission is not signed by the group's admission key";
  Admission other = good;
  SUBCASE("another id") {
    other.node = NodeId(5);
  }
  SUBCASE("another host") {
    other.host = "127.0.0.2";
  }
  SUBCASE("another port") {
    other.port = 7101;
  }
  SUBCASE("a larger share") {
    other.share = 100;
  }
  SUBCASE("another key") {
    other.signs_with.emplace();
  }
  SUBCASE("a witness instead") {
    other.witness = true;
  }
  SUBCASE("signed by somebody else") {
    sign(other, storage::SigningKey::read_private(kOtherKey).value());
  }
  SUBCASE("a removal's signature") {
    Removal removal{"forest", NodeId(4), {}};
    sign(removal, key());
    other.signature = removal.signature;
  }
  CHECK(refusal(founded(), other) == unsigned_words);
  other = good;
  other.cluster = "desert";
  sign(other, key());
  CHECK(refusal(founded(), other) == "the admission is for cluster 'desert', this is 'forest'");
}

TEST_CASE("an old admission cannot come again, and no id is used twice") {
  const Configuration with = admitted(founded(), 6);
  CHECK(!with_admitted(with, encode(admission_of(6)), "forest", key()).value());  // it is done already
  CHECK(refusal(with, admission_of(5)) == "id 5 is used up: ids only rise, the newest is 6");
  Admission elsewhere = admission_of(6);
  elsewhere.port = 7999;
  sign(elsewhere, key());
  CHECK(refusal(with, elsewhere) == "id 6 is used up: ids only rise, the newest is 6");
  const Configuration without = removed(with, 6);
  CHECK(without.admissions.empty());
  CHECK(refusal(without, admission_of(6)) == "id 6 is used up: ids only rise, the newest is 6");
  CHECK(refusal(without, admission_of(7)) == "accepted");
  CHECK(refusal(removed(founded(), 3), admission_of(3)) == "id 3 is used up: ids only rise, the newest is 3");
  CHECK(standing(founded(), NodeId(6)) == Standing::kNotYet);
  CHECK(standing(with, NodeId(6)) == Standing::kMember);
  CHECK(standing(without, NodeId(6)) == Standing::kGone);
}

TEST_CASE("the last voter cannot be removed, and who is no member need not be") {
  Configuration alone{Epoch(), {{{NodeId(1), 1}}, {}}, {}, 0};
  Removal removal{"forest", NodeId(1), {}};
  sign(removal, key());
  CHECK(!with_removed(alone, encode(removal), "forest", key()));
  removal.node = NodeId(9);
  CHECK(!with_removed(alone, encode(removal), "forest", key()));  // not signed for that one
  sign(removal, key());
  const auto nothing = with_removed(alone, encode(removal), "forest", key());
  REQUIRE(nothing);
  CHECK(!*nothing);
}

TEST_CASE("a witness listens without payloads first, votes later, and is never given half of the shares") {
  Admission admission = admission_of(4);
  admission.witness = true;
  sign(admission, key());
  const Configuration with =
      after(founded(), with_admitted(founded(), encode(admission), "forest", key()).value().value());
  CHECK(with.shares.incoming.at(NodeId(4)) == 0);
  CHECK(with.witnesses == std::set{NodeId(4)});
  const auto own = key();
  const auto known = admitted_by(with, "forest", &own).value();
  CHECK(known.at(NodeId(4)).witness);
  const auto to = with_promoted(with, known, [](NodeId) { return std::optional<std::uint64_t>(0); });
  REQUIRE(to);
  CHECK(to->shares.at(NodeId(4)) == 1);
  CHECK(to->witnesses == std::set{NodeId(4)});
  CHECK(removed(after(with, *to), 4).witnesses.empty());

  admission.share = 3;
  sign(admission, key());
  CHECK(refusal(founded(), admission) == "vote shares: witnesses hold 3 of 6, which is half or more");
  admission.share = 0;
  sign(admission, key());
  CHECK(refusal(founded(), admission) == "admission: a witness without a share is of no use");
  const Configuration three = removed(after(with, *to), 1);  // 2, 3 and the witness
  Removal removal{"forest", NodeId(2), {}};
  sign(removal, key());
  CHECK(with_removed(three, encode(removal), "forest", key()).error().message ==
        "vote shares: witnesses hold 1 of 2, which is half or more");
}

TEST_CASE("a configuration with a statement that nobody who may has signed is refused") {
  Configuration with = admitted(founded(), 4);
  const auto own = key();
  CHECK(admitted_by(with, "forest", &own));
  CHECK(!admitted_by(with, "desert", &own));
  SUBCASE("for another node") {
    with.shares.incoming[NodeId(5)] = 0;
    with.admissions[NodeId(5)] = with.admissions[NodeId(4)];
  }
  SUBCASE("changed") {
    with.admissions[NodeId(4)][15] ^= std::byte{1};
  }
  SUBCASE("cut") {
    with.admissions[NodeId(4)].pop_back();
  }
  CHECK(!admitted_by(with, "forest", &own));
}

TEST_CASE("statements survive their bytes, and have no other bytes") {
  CHECK(rc::check([] {
    Admission admission{"forest",
                        NodeId(*rc::gen::inRange<std::uint32_t>(1, 1000)),
                        "sat-7.example",
                        static_cast<std::uint16_t>(*rc::gen::inRange(1, 65536)),
                        *rc::gen::inRange<std::uint32_t>(0, kAdmittedShareMax + 1),
                        {},
                        false,
                        {}};
    if (*rc::gen::arbitrary<bool>()) admission.signs_with = key().public_key();
    if (*rc::gen::arbitrary<bool>()) admission.witness = admission.share > 0;
    sign(admission, key());
    auto bytes = encode(admission);
    const auto read = decode_admission(bytes);
    RC_ASSERT(read && *read == admission && is_signed_by(*read, key()));
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const auto changed = static_cast<std::byte>(*rc::gen::inRange(1, 256));
    bytes[at] ^= changed;
    const auto other = decode_admission(bytes);
    if (other) RC_ASSERT(encode(*other) == bytes && !is_signed_by(*other, key()));
    bytes.resize(at);
    RC_ASSERT(!decode_admission(bytes).has_value());
  }));
}

}  // namespace skywarden::shell
