#include "shell/alert_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "shell/durable_file.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::shell {

Result<AlertFolder> AlertFolder::open(std::string folder, wildfire::CapContext context,
                                      storage::Journal::Opened* journal, OnProblem on_problem) {
  if (!folder.empty())
    if (const auto made = make_folder(folder); !made) return tl::unexpected<Error>(made.error());
  AlertFolder opened(std::move(folder), std::move(context), journal == nullptr ? nullptr : &journal->journal,
                     std::move(on_problem));
  if (journal == nullptr) return opened;
  for (const auto& record : journal->records) {
    auto alert = wildfire::decode_alert(record);
    if (alert)
      opened.remember(std::move(*alert));
    else
      opened.on_problem_(
          fmt::format("an alert that was told before cannot be read: {}", alert.error().message));
  }
  return opened;
}

Result<void> AlertFolder::tell(std::span<const datum::Alert> alerts) {
  for (const datum::Alert& alert : alerts) {
    if (known_.contains({alert.proposal.event, alert.proposal.sequence})) continue;
    if (!folder_.empty())
      if (auto written = write(alert); !written) return written;
    if (journal_ != nullptr) journal_->add(wildfire::encode(alert));
    remember(alert);
  }
  return journal_ == nullptr ? Result<void>() : journal_->sync();
}

Result<void> AlertFolder::write(const datum::Alert& alert) {
  const auto cap = wildfire::to_cap(alert, chain_of(alert.proposal.event), context_);
  const std::string name = wildfire::cap_identifier(alert.proposal) + ".xml";
  if (!cap) {
    on_problem_(fmt::format("{}: not written: {}", name, cap.error().message));
    return {};
  }
  return write_durably(folder_, name, std::as_bytes(std::span(*cap)));
}

std::vector<datum::Alert> AlertFolder::chain_of(EventId event) const {
  std::vector<datum::Alert> chain;
  for (const datum::Alert& alert : told_)
    if (alert.proposal.event == event) chain.push_back(alert);
  return chain;
}

void AlertFolder::remember(datum::Alert alert) {
  if (!known_.emplace(alert.proposal.event, alert.proposal.sequence).second) return;
  const auto place =
      std::upper_bound(told_.begin(), told_.end(), alert.index,
                       [](LogIndex index, const datum::Alert& each) { return index < each.index; });
  told_.insert(place, std::move(alert));
  if (told_.size() <= kToldMax) return;
  known_.erase({told_.front().proposal.event, told_.front().proposal.sequence});
  told_.erase(told_.begin());
}

}  // namespace skywarden::shell
