#include <algorithm>
#include <span>

#include "base/contract.h"
#include "shell/admission.h"
#include "shell/group_message.h"
#include "shell/service_snapshot.h"
#include "storage/signed_head.h"

// Frames as they come, and every value that may be in one. Whatever is accepted has no other bytes.
namespace {

using namespace skywarden;
using namespace skywarden::shell;

template <typename Value>
void check_again(const Result<Value>& value, std::span<const std::byte> bytes) {
  if (!value) return;
  const auto again = encode(*value);
  EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto all = std::as_bytes(std::span(data, size));
  for (auto rest = all;;) {
    const auto frame = read_frame(rest, kHelloBytesMax);
    if (!frame || !*frame) break;
    EXPECTS((*frame)->value.size() <= kHelloBytesMax &&
            (*frame)->value.size() + kFrameHeadBytes <= rest.size());
    std::vector<std::byte> again;
    append_frame(again, (*frame)->kind, (*frame)->value);
    EXPECTS(std::equal(again.begin(), again.end(), rest.begin()));
    rest = rest.subspan(again.size());
  }
  check_again(decode_hello(all), all);
  check_again(decode_request(all), all);
  check_again(decode_answer(all), all);
  check_again(storage::decode_signed_head(all), all);
  check_again(decode_admission(all), all);
  check_again(decode_removal(all), all);
  if (const auto why = decode_refusal(all)) EXPECTS(encode_refusal(*why).size() == size);
  if (const auto snapshot = unpack_snapshot(all))
    EXPECTS(pack_snapshot(snapshot->head, snapshot->data).size() == size);
  return 0;
}
