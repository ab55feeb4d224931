#include "ledger/against_log.h"

#include <array>

#include "base/text.h"
#include "node/ledger.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::ledger {
namespace {

constexpr std::size_t kTerm = 1, kKind = 3, kHead = 7;  // columns of `entry`

std::string shown(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *number);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&cell)) return fmt::format("'{}'", printable(*text));
  if (const auto* blob = std::get_if<Blob>(&cell)) {
    std::string out = "x'";
    for (std::size_t i = 0; i < blob->size() && i < 8; ++i)
      out += fmt::format("{:02x}", std::to_integer<unsigned>((*blob)[i]));
    return out + (blob->size() > 8 ? fmt::format("…' of {} bytes", blob->size()) : "'");
  }
  return "nothing";
}

class Comparer {
 public:
  Comparer(LedgerReader& ledger, const storage::LogContents* log, const ReadValue& read_value)
      : ledger_(ledger), log_(log), read_value_(read_value), chain_(ledger.identity().cluster) {}

  Result<Comparison> run() {
    const auto applied = ledger_.applied();
    if (!applied) return tl::unexpected<Error>(applied.error());
    auto gaps = ledger_.gaps();
    if (!gaps) return tl::unexpected<Error>(gaps.error());
    out_.applied = *applied;
    out_.gaps = std::move(*gaps);
    if (log_ != nullptr)
      if (const auto begun = begin_log(); !begun) return tl::unexpected<Error>(begun.error());
    // Entries as the ledger has them, not one index after the other: a hostile one may claim any.
    const auto indices = entry_indices();
    if (!indices) return tl::unexpected<Error>(indices.error());
    for (const LogIndex index : *indices)
      if (const auto one = look_at(index); !one) return tl::unexpected<Error>(one.error());
    finish_gaps(LogIndex(~std::uint64_t{0}));
    if (next_gap_ < out_.gaps.size()) differ("gap: without an end");
    if (const auto counted = count_rows(); !counted) return tl::unexpected<Error>(counted.error());
    return std::move(out_);
  }

 private:
  void differ(std::string line) {
    if (++out_.differences <= kDifferencesShown) out_.lines.push_back(std::move(line));
  }

  Result<std::vector<LogIndex>> entry_indices() {
    std::vector<LogIndex> indices;
    while (true) {  // by parts: an answer has its limits
      const auto part =
          ledger_.ask(fmt::format("SELECT idx FROM entry WHERE idx > {} ORDER BY idx",
                                  indices.empty() ? 0 : static_cast<std::int64_t>(indices.back().value())),
                      kLinesMax);
      if (!part) return tl::unexpected<Error>(part.error());
      for (const Cells& row : part->rows)
        if (const auto* index = std::get_if<std::int64_t>(&row.front()); index != nullptr && *index > 0)
          indices.emplace_back(static_cast<std::uint64_t>(*index));
      if (!part->more) return indices;
    }
  }

  Result<void> begin_log() {
    if (log_->identity.cluster != ledger_.identity().cluster ||
        log_->identity.node != ledger_.identity().node)
      return fail(Errc::kConflict, "{}: the ledger of node {} of {}, the log is that of node {} of {}",
                  ledger_.path(), ledger_.identity().node.value(), printable(ledger_.identity().cluster),
                  log_->identity.node.value(), log_->identity.cluster);
    out_.log_last = log_->chain.last();
    agreed_ = node::Ledger({}, log_->identity.cluster);
    if (read_value_ || !log_->persisted.snapshot) return {};
    auto saved = node::Ledger::restore(log_->persisted.snapshot->data, {});
    if (!saved) return fail(saved.error().code, "the log's snapshot: {}", saved.error().message);
    agreed_ = std::move(*saved);
    return {};
  }

  // Gaps that lie before an entry: the chain goes on behind them.
  void finish_gaps(LogIndex before) {
    for (; next_gap_ < out_.gaps.size() && out_.gaps[next_gap_].last < before; ++next_gap_) {
      const Gap& gap = out_.gaps[next_gap_];
      if (gap.first != chain_.last().next() || gap.last < gap.first) {
        differ(fmt::format("gap of entries {} to {}: expected to begin at {}", gap.first.value(),
                           gap.last.value(), chain_.last().next().value()));
        continue;
      }
      chain_.begin_again(gap.last, gap.head);
      epoch_ = gap.epoch;
      check_against_log(gap.last, gap.head);
    }
  }

  void check_against_log(LogIndex index, const storage::ChainHead& head) {
    if (log_ != nullptr && log_->chain.contains(index) && log_->chain.head_at(index) != head)
      differ(fmt::format("entry {}: the chain's head there is not the log's", index.value()));
  }

  [[nodiscard]] bool in_gap(LogIndex index) const {
    return next_gap_ < out_.gaps.size() && index >= out_.gaps[next_gap_].first;
  }

  Result<void> look_at(LogIndex index) {
    finish_gaps(index);
    auto has = ledger_.rows(index);
    if (!has) return tl::unexpected<Error>(has.error());
    for (const TableRow& row : *has) ++seen_[static_cast<std::size_t>(row.table)];
    const auto entry = entry_in(index, *has);
    if (!entry) {
      differ(fmt::format("entry {}: without a payload or a kind", index.value()));
      return {};
    }
    if (in_gap(index)) return look_at_carried(*entry, *has);
    if (index != chain_.last().next()) {
      differ(
          fmt::format("entries {} to {}: missing", chain_.last().next().value(), index.previous().value()));
      if (const auto head = head_in(*has)) chain_.begin_again(index, *head);
      return {};
    }
    chain_.append(*entry);
    chain_.forget_before(index);
    const bool said_told = told_in(*has);
    epoch_ = epoch_at(*entry, epoch_);
    node::Entered entered{*entry, chain_.head(), said_told, kNobody};
    ++out_.chained;
    hold(*has, rows_of(entered, epoch_, read_value_), index, "its payload says");
    if (const auto head = head_in(*has)) {
      check_against_log(index, *head);
      if (*head != chain_.head()) chain_.begin_again(index, *head);  // said once, not of all that follow
    }
    if (log_ != nullptr) look_in_log(entered, *has);
    return {};
  }

  // What the log has itself, told or not as the log decides.
  void look_in_log(const node::Entered& entered, const std::vector<TableRow>& has) {
    const LogIndex index = entered.entry.index;
    const LogIndex base = log_->chain.base();
    if (index <= base || index > log_->chain.last()) return;
    const consensus::Entry& entry = log_->persisted.log[index.value() - base.value() - 1];
    bool told = false;
    if (!read_value_ && agreed_.applied().next() <= index) {
      while (agreed_.applied().next() < index)
        (void)agreed_.apply(log_->persisted.log[agreed_.applied().value() - base.value()]);
      told = agreed_.apply(entry).has_value();
    }
    ++out_.in_log;
    if (entry == entered.entry && told == entered.told) return;  // its rows were held against it already
    hold(has, rows_of({entry, log_->chain.head_at(index), told, kNobody}, epoch_, read_value_), index,
         "the log says");
  }

  Result<void> look_at_carried(const consensus::Entry& entry, const std::vector<TableRow>& has) {
    const auto proposal = wildfire::decode_proposal(entry.payload);
    if (!proposal) {
      differ(fmt::format("entry {}: in a gap, and no alert", entry.index.value()));
      return {};
    }
    datum::Alert alert;
    alert.proposal = *proposal;
    alert.index = entry.index;
    alert.term = entry.term;
    hold(has, rows_of(alert), entry.index, "its payload says");
    ++out_.carried;
    return {};
  }

  static consensus::EntryKind entry_kind(std::string_view word) {
    if (word == word_for(Kind::kEpoch)) return consensus::EntryKind::kConfiguration;
    if (word == word_for(Kind::kWithheld)) return consensus::EntryKind::kWithheld;
    return consensus::EntryKind::kProposal;
  }

  std::optional<consensus::Entry> entry_in(LogIndex index, const std::vector<TableRow>& rows) const {
    if (rows.size() < 2 || rows[0].table != Table::kEntry || rows[1].table != Table::kPayload)
      return std::nullopt;
    const auto* term = std::get_if<std::int64_t>(&rows[0].cells[kTerm]);
    const auto* kind = std::get_if<std::string>(&rows[0].cells[kKind]);
    const auto* payload = std::get_if<Blob>(&rows[1].cells[1]);
    if (term == nullptr || kind == nullptr || payload == nullptr) return std::nullopt;
    return consensus::Entry{Term(static_cast<std::uint64_t>(*term)), index, *payload, entry_kind(*kind)};
  }

  static std::optional<storage::ChainHead> head_in(const std::vector<TableRow>& rows) {
    const auto* bytes = std::get_if<Blob>(&rows.front().cells[kHead]);
    storage::ChainHead head{};
    if (bytes == nullptr || bytes->size() != head.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), head.begin());
    return head;
  }

  static bool told_in(const std::vector<TableRow>& rows) {
    const auto* word = std::get_if<std::string>(&rows.front().cells[kKind]);
    const auto kind = word == nullptr ? std::nullopt : kind_named(*word);
    return kind == Kind::kAlert || kind == Kind::kUpdate || kind == Kind::kCancel;
  }

  void hold(const std::vector<TableRow>& has, const std::vector<TableRow>& should, LogIndex index,
            const char* who) {
    std::size_t i = 0, j = 0;
    while (i < has.size() || j < should.size()) {
      const bool extra = j == should.size() || (i < has.size() && has[i].table < should[j].table);
      const bool lacks = i == has.size() || (j < should.size() && should[j].table < has[i].table);
      if (extra || lacks) {
        const TableRow& row = extra ? has[i++] : should[j++];
        differ(fmt::format("entry {}: {} a row in {}", index.value(), extra ? "has" : "lacks",
                           shape_of(row.table).name));
        continue;
      }
      hold(has[i++], should[j++], index, who);
    }
  }

  void hold(const TableRow& has, const TableRow& should, LogIndex index, const char* who) {
    const TableShape shape = shape_of(has.table);
    for (std::size_t i = 0; i < shape.columns.size(); ++i)
      if (has.cells[i] != should.cells[i])
        differ(fmt::format("entry {}: {}.{} is {}, {} {}", index.value(), shape.name, shape.columns[i],
                           shown(has.cells[i]), who, shown(should.cells[i])));
  }

  // Rows that belong to no entry.
  Result<void> count_rows() {
    for (std::size_t i = 0; i < kTables; ++i) {
      const std::string_view name = shape_of(static_cast<Table>(i)).name;
      const auto count = ledger_.ask(fmt::format("SELECT count(*) FROM {}", name), 1);
      if (!count) return tl::unexpected<Error>(count.error());
      const auto* rows = std::get_if<std::int64_t>(&count->rows.at(0).at(0));
      if (rows == nullptr || static_cast<std::uint64_t>(*rows) != seen_[i])
        differ(fmt::format("{}: {} rows, {} of them belong to entries", name, rows == nullptr ? 0 : *rows,
                           seen_[i]));
    }
    return {};
  }

  LedgerReader& ledger_;
  const storage::LogContents* log_;
  const ReadValue& read_value_;
  storage::EntryChain chain_;
  node::Ledger agreed_;  // what the log decides to tell
  std::uint64_t epoch_ = 0;
  std::size_t next_gap_ = 0;
  std::array<std::uint64_t, kTables> seen_{};
  Comparison out_;
};

}  // namespace

Result<Comparison> compare(LedgerReader& ledger, const storage::LogContents* log,
                           const ReadValue& read_value) {
  return Comparer(ledger, log, read_value).run();
}

}  // namespace skywarden::ledger
