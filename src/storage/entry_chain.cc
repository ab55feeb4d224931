#include "storage/entry_chain.h"

#include <openssl/evp.h>

#include "base/contract.h"
#include "base/free_by.h"
#include "base/little_endian.h"

namespace skywarden::storage {

// One context for all entries: fetching the algorithm anew costs as much as hashing an entry.
struct EntryChain::Hasher {
  Hasher() : algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context(EVP_MD_CTX_new()) {
    EXPECTS(algorithm != nullptr && context != nullptr);
  }

  [[nodiscard]] ChainHead hash(std::span<const std::byte> first, std::span<const std::byte> second,
                               std::span<const std::byte> third) const {
    ChainHead head{};
    const bool done =
        EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) == 1 &&
        EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
        EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
        EVP_DigestUpdate(context.get(), third.data(), third.size()) == 1 &&
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(head.data()), nullptr) == 1;
    EXPECTS(done);
    return head;
  }

  std::unique_ptr<EVP_MD, FreeBy<EVP_MD_free>> algorithm;
  std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>> context;
};

ChainHead first_head(std::string_view cluster) {
  return EntryChain(cluster).head();
}

EntryChain::EntryChain(std::string_view cluster) : hasher_(std::make_unique<Hasher>()) {
  constexpr std::string_view kLabel = "skywarden entries 1";
  heads_.push_back(hasher_->hash(std::as_bytes(std::span(kLabel)), std::as_bytes(std::span(cluster)), {}));
}
EntryChain::~EntryChain() = default;
EntryChain::EntryChain(EntryChain&& other) noexcept = default;
EntryChain& EntryChain::operator=(EntryChain&& other) noexcept = default;

const ChainHead& EntryChain::head_at(LogIndex index) const {
  EXPECTS(contains(index));
  return heads_[index.value() - base_.value()];
}

void EntryChain::append(const consensus::Entry& entry) {
  EXPECTS(entry.index == last().next());
  std::array<std::byte, 17> place{};
  put_little_endian(std::span(place).first<8>(), entry.index.value());
  put_little_endian(std::span(place).subspan<8, 8>(), entry.term.value());
  place[16] = static_cast<std::byte>(entry.kind);
  heads_.push_back(hasher_->hash(heads_.back(), place, entry.payload));
}

void EntryChain::truncate_from(LogIndex index) {
  EXPECTS(index > base_);
  if (index <= last()) heads_.resize(index.value() - base_.value());
}

void EntryChain::forget_before(LogIndex index) {
  EXPECTS(contains(index));
  heads_.erase(heads_.begin(), heads_.begin() + static_cast<std::ptrdiff_t>(index.value() - base_.value()));
  base_ = index;
}

void EntryChain::begin_again(LogIndex base, const ChainHead& head) {
  base_ = base;
  heads_.assign(1, head);
}

}  // namespace skywarden::storage
