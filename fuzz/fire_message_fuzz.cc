#include <algorithm>
#include <array>
#include <span>

#include "base/contract.h"
#include "node/catch_up.h"
#include "node/hotspot_example.h"
#include "shell/fire_message.h"
#include "shell/fire_service.h"

// What clients and nodes say of fires, and what a journal of observations holds. Whatever is accepted has no
// other bytes; in a journal alone an observation's id may be another, because it follows from what was
// observed. A node that is caught up by an enemy answers and asks what others accept, and takes nothing that
// it did not ask for.
namespace {

template <typename Value>
void check_again(const skywarden::Result<Value>& value, std::span<const std::byte> bytes) {
  if (value) EXPECTS(std::ranges::equal(encode(*value), bytes));
}

using namespace skywarden;

const Instant kNow = parse_utc("2026-07-01T00:00:00Z").value();
const std::array kEnemy{NodeId(2)};

void check_sent(const node::CatchUp::Step& step) {
  for (const auto& [to, message] : step.send)
    EXPECTS(to == kEnemy[0] && shell::decode_catch_up(shell::encode(message)));
}

// Two messages in turn: to what is asked first, and to what follows from that. The number of a question is
// known to who answers it.
void answer_with(node::CatchUpMessage first, node::CatchUpMessage second) {
  node::CatchUp node{{}};
  node.hold(node::example::pixels(kNow - std::chrono::hours(2), 200), kNow);
  Instant now = kNow;
  for (int i = 0; i < 8; ++i, now = std::max(node.next_deadline(), now + std::chrono::milliseconds(1))) {
    const auto asked = node.tick(kEnemy, now);
    check_sent(asked);
    node::CatchUpMessage& message = i % 2 == 0 ? first : second;
    std::visit([&](auto& body) { body.number = static_cast<std::uint64_t>(i + 1); }, message);
    const auto heard = node.receive(kEnemy[0], message, now);
    check_sent(heard);
    EXPECTS(heard.fetched.size() <= node::kKeysPerFetchMax);
    for (const datum::Hotspot& hotspot : heard.fetched) {
      EXPECTS(asked.send.size() == 1);
      const auto& keys = std::get<node::FetchObservations>(asked.send[0].second).keys;
      EXPECTS(std::binary_search(keys.begin(), keys.end(), node::key_of(hotspot)));
    }
    EXPECTS(node.missing() <= node::kKeysPerAnswerMax + (std::size_t{1} << 42));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden::shell;
  const auto bytes = std::as_bytes(std::span(data, size));
  check_again(decode_observations_taken(bytes), bytes);
  check_again(decode_alerts_question(bytes), bytes);
  check_again(decode_alerts_answer(bytes), bytes);
  if (const auto message = decode_catch_up(bytes)) {
    EXPECTS(std::ranges::equal(encode(*message), bytes));
    answer_with(*message, *message);
  }
  if (size > 2) {  // the length of the first, 2 bytes, and the two
    const std::size_t length = std::min<std::size_t>(data[0] << 8 | data[1], size - 2);
    const auto first = decode_catch_up(bytes.subspan(2, length));
    const auto second = decode_catch_up(bytes.subspan(2 + length));
    if (first && second) answer_with(*first, *second);
  }
  if (const auto seen = decode_observation(bytes))
    EXPECTS(decode_observation(encode_observation(*seen))->id == seen->id);
  return 0;
}
