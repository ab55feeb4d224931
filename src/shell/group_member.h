// What members of a group have in common, whatever they agree on: signed heads on their way, and what a
// member says of itself.
#pragma once

#include <span>
#include <string>

#include "consensus/share_policy.h"
#include "ledger/ledger_file.h"
#include "shell/group_links.h"
#include "shell/member_log.h"

namespace skywarden::shell {

// A kSignedHead frame. Errors end the connection.
[[nodiscard]] Result<void> hear_head(MemberLog& log, NodeId member, std::span<const std::byte> value,
                                     Term term);
void send_head(MemberLog& log, const consensus::Raft& raft, GroupLinks& links, Instant now);  // when due

// What the ledger of a member begins behind: the snapshot, with the chain's head there.
[[nodiscard]] ledger::LedgerFile::Base ledger_base(const consensus::Snapshot& snapshot,
                                                   const storage::ChainHead& head);
[[nodiscard]] ledger::LedgerFile::Base ledger_base(const std::optional<consensus::Snapshot>& snapshot,
                                                   const MemberLog& log);  // nothing: the beginning

// Members of a JSON object, without braces: docs/formats.md. `own_address`: HOST:PORT.
[[nodiscard]] std::string member_status(const consensus::Raft& raft, std::string_view cluster,
                                        LogIndex applied, const MemberLog& log, const GroupLinks& links,
                                        const std::string& own_address);
// A JSON list, a member an object.
[[nodiscard]] std::string reasons_json(std::span<const consensus::ShareReason> reasons);
[[nodiscard]] std::string ledger_status(const ledger::LedgerFile* ledger);  // as much; nullptr: none

}  // namespace skywarden::shell
