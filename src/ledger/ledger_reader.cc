#include "ledger/ledger_reader.h"

#include <algorithm>
#include <filesystem>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::ledger {
namespace {

std::size_t bytes_in(const Cells& cells) {
  std::size_t bytes = 0;
  for (const Cell& cell : cells) {
    bytes += sizeof(Cell);
    if (const auto* text = std::get_if<std::string>(&cell)) bytes += text->size();
    if (const auto* blob = std::get_if<Blob>(&cell)) bytes += blob->size();
  }
  return bytes;
}

// `area` has two boxes an entry at most, each under an id of its own.
std::string select_sql(Table table) {
  const TableShape shape = shape_of(table);
  std::string columns;
  for (const std::string_view each : shape.columns)
    columns += fmt::format("{}{}", columns.empty() ? "" : ",", each);
  return table == Table::kArea
             ? fmt::format("SELECT {} FROM area WHERE id IN (2 * ?1, 2 * ?1 + 1) ORDER BY id", columns)
             : fmt::format("SELECT {0} FROM {1} WHERE idx = ?1 ORDER BY {2}", columns, shape.name,
                           shape.columns[1] == "n" || shape.columns[1] == "node" ? shape.columns[1] : "idx");
}

Result<std::uint64_t> unsigned_in(const Cell& cell, const std::string& path) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return static_cast<std::uint64_t>(*number);
  return fail(Errc::kMalformed, "{}: expected a number", path);
}

}  // namespace

Result<LedgerReader> LedgerReader::open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return fail(Errc::kNotFound, "{}: there is no ledger", path);
  auto database = Database::open(path, Database::Mode::kRead);
  if (!database) return tl::unexpected<Error>(database.error());
  LedgerReader reader(path, std::move(*database));
  reader.database_.stop_after(kOpeningTimeMax);
  if (const auto schema = check_schema(reader.database_, path); !schema)
    return tl::unexpected<Error>(schema.error());
  if (const auto sound = reader.database_.check(); !sound) return tl::unexpected<Error>(sound.error());
  if (const auto origin = reader.read_origin(); !origin) return tl::unexpected<Error>(origin.error());
  for (std::size_t i = 0; i < kTables; ++i) {
    auto select = reader.database_.prepare(select_sql(static_cast<Table>(i)));
    if (!select) return tl::unexpected<Error>(select.error());
    reader.selects_.push_back(std::move(*select));
  }
  reader.database_.allow_only_select();
  return reader;
}

Result<void> LedgerReader::read_origin() {
  const auto rows = database_.ask("SELECT cluster, node, agrees_on FROM origin");
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (rows->size() != 1) return fail(Errc::kMalformed, "{}: does not say whose ledger it is", path_);
  const auto* cluster = std::get_if<std::string>(&rows->front()[0]);
  const auto* node = std::get_if<std::int64_t>(&rows->front()[1]);
  const auto* agrees_on = std::get_if<std::string>(&rows->front()[2]);
  if (cluster == nullptr || node == nullptr || agrees_on == nullptr)
    return fail(Errc::kMalformed, "{}: does not say whose ledger it is", path_);
  identity_ = {*cluster, NodeId(static_cast<std::uint32_t>(*node))};
  agrees_on_ = *agrees_on == word_for(AgreesOn::kValues) ? AgreesOn::kValues : AgreesOn::kFires;
  return {};
}

Result<Answer> LedgerReader::ask(const Question& question) {
  const Asked asked = select_for(question);
  return collect(asked.sql, asked.bound, question.limit);
}

Result<Answer> LedgerReader::ask(const std::string& sql, std::uint64_t limit) {
  if (sql.size() > kSqlBytesMax)
    return fail(Errc::kLimitReached, "a question of {} bytes, at most {} are read", sql.size(), kSqlBytesMax);
  return collect(sql, {}, limit);
}

Result<Answer> LedgerReader::collect(const std::string& sql, const Cells& bound, std::uint64_t limit) {
  database_.stop_after(kQuestionTimeMax);
  auto statement = database_.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (statement->parameters() != bound.size())
    return fail(Errc::kMalformed, "{}: expected a SELECT without parameters", path_);
  statement->bind(bound);
  Answer answer{statement->columns(), {}, false};
  std::size_t bytes = 0;
  while (true) {
    const auto more = statement->step();
    if (!more) return fail(more.error().code, "{}: {}", path_, more.error().message);
    if (!*more) return answer;
    if (answer.rows.size() == limit) {
      answer.more = true;
      return answer;
    }
    answer.rows.push_back(statement->row());
    bytes += bytes_in(answer.rows.back());
    if (bytes > kAnswerBytesMax)
      return fail(Errc::kLimitReached, "{}: the answer has more than {} bytes", path_, kAnswerBytesMax);
  }
}

Result<LogIndex> LedgerReader::applied() {
  database_.stop_after(kQuestionTimeMax);
  const auto last = database_.ask_number(
      "SELECT max(coalesce((SELECT max(idx) FROM entry), 0), coalesce((SELECT max(last) FROM gap), 0))");
  if (!last) return tl::unexpected<Error>(last.error());
  return LogIndex(static_cast<std::uint64_t>(*last));
}

Result<std::vector<Gap>> LedgerReader::gaps() {
  database_.stop_after(kQuestionTimeMax);
  const auto rows = database_.ask("SELECT first, last, epoch, head FROM gap ORDER BY first");
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::vector<Gap> gaps;
  for (const Cells& row : *rows) {
    const auto first = unsigned_in(row[0], path_), last = unsigned_in(row[1], path_);
    const auto epoch = unsigned_in(row[2], path_);
    const auto* head = std::get_if<Blob>(&row[3]);
    Gap gap;
    if (!first || !last || !epoch || head == nullptr || head->size() != gap.head.size())
      return fail(Errc::kMalformed, "{}: a gap that cannot be", path_);
    gap.first = LogIndex(*first);
    gap.last = LogIndex(*last);
    gap.epoch = *epoch;
    std::copy(head->begin(), head->end(), gap.head.begin());
    gaps.push_back(gap);
  }
  return gaps;
}

Result<std::vector<TableRow>> LedgerReader::rows(LogIndex index) {
  database_.stop_after(kQuestionTimeMax);
  const Cells bound{static_cast<std::int64_t>(index.value())};
  std::vector<TableRow> out;
  for (std::size_t i = 0; i < kTables; ++i) {
    selects_[i].bind(bound);
    while (true) {
      const auto more = selects_[i].step();
      if (!more) return fail(more.error().code, "{}: {}", path_, more.error().message);
      if (!*more) break;
      out.push_back({static_cast<Table>(i), selects_[i].row()});
    }
  }
  return out;
}

}  // namespace skywarden::ledger
