#include "agents/cluster_ledger.h"

#include "agents/area_fields.h"
#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::agents {

void ClusterLedger::apply(const ClusterEntry& entry) {
  EXPECTS(validate(entry).has_value());
  if (const auto* raised = std::get_if<Raised>(&entry)) {
    if (area_.find(raised->matter) == nullptr && open_.size() < kRaisedMax)
      open_.try_emplace(raised->matter, *raised);
    return;
  }
  for (const Decision& decision : std::get<HandedDown>(entry).decisions) {
    if (area_.hear(decision) != Heard::kNew) continue;
    if (const auto* ruling = std::get_if<Ruling>(&decision.what)) open_.erase(ruling->matter);
    if (const auto* told = std::get_if<SharedAlert>(&decision.what)) open_.erase(told->matter);
  }
}

std::vector<std::byte> ClusterLedger::save() const {
  wire::CborWriter out;
  out.array(2);
  area_.write_to(out);
  out.array(open_.size());
  for (const auto& [matter, raised] : open_) write(out, raised);
  return out.take();
}

Result<ClusterLedger> ClusterLedger::restore(std::span<const std::byte> bytes) {
  wire::CborReader reader(bytes, kLedgerBytesMax + kRaisedMax * kAreaEntryBytesMax);
  AgentFields in(reader);
  ClusterLedger out;
  in.array_of(2);
  out.area_ = AreaLedger::read_from(in);
  for (std::size_t left = in.array_up_to(kRaisedMax); left > 0 && in.in_range(); --left) {
    Raised raised = read_raised(in);
    in.expect(out.area_.find(raised.matter) == nullptr &&
              (out.open_.empty() || out.open_.rbegin()->first < raised.matter));
    out.open_.insert_or_assign(raised.matter, std::move(raised));
  }
  if (!in.in_range()) return fail(Errc::kMalformed, "saved cluster: expected decisions and open matters");
  if (const auto end = reader.finish(); !end) return tl::unexpected(end.error());
  return out;
}

}  // namespace skywarden::agents
