#include <array>

#include "base/text.h"
#include "network/plan_builder.h"

namespace skywarden::network {
namespace {

constexpr std::array<const char*, 6> kColumns = {"from", "to", "start_s", "end_s", "rate_bps", "owlt_s"};

}  // namespace

Result<PlanFile> read_plan_csv(std::string_view bytes) {
  const auto table =
      datum::parse_delimited(bytes, {.detect_delimiter = true, .rows_max = ContactGraph::kContactsMax});
  if (!table) return tl::unexpected(table.error());
  std::array<std::size_t, kColumns.size()> at{};
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    at[i] = table->column(kColumns[i]);
    if (at[i] == datum::Table::npos)
      return fail(Errc::kMalformed, "1:{}: expected a column of this name", kColumns[i]);
  }
  PlanBuilder plan;
  for (const datum::RowProblem& problem : table->problems)
    plan.refuse(problem.row, problem.column, problem.expected);
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const auto& row = table->rows[i];
    NamedContact contact;
    contact.row = table->row_numbers[i];
    contact.from = trim(row[at[0]]);
    contact.to = trim(row[at[1]]);
    const std::array<double*, 4> numbers = {&contact.start_s, &contact.end_s, &contact.rate_bps,
                                            &contact.light_s};
    bool good = true;
    for (std::size_t k = 0; k < numbers.size() && good; ++k) {
      const std::string& text = row[at[k + 2]];
      const auto number = parse_number(trim(text));
      if (number)
        *numbers[k] = *number;
      else
        plan.refuse(contact.row, kColumns[k + 2],
                    fmt::format("expected a number, found '{}'", printable(text)));
      good = number.has_value();
    }
    if (good) plan.add(std::move(contact));
  }
  return std::move(plan).finish();
}

std::string to_plan_csv(const PlanFile& plan) {
  std::string out;
  std::vector<std::string> columns(kColumns.begin(), kColumns.end());
  const bool named = !plan.names.empty();
  if (named) columns.insert(columns.end(), {"from_name", "to_name"});
  datum::append_row(out, columns);
  for (const PlannedContact& c : plan.contacts) {
    std::vector<std::string> row{plan.nodes[c.from.value()],        plan.nodes[c.to.value()],
                                 format_seconds(c.start),           format_seconds(c.end),
                                 fmt::format("{}", c.rate.value()), format_seconds(c.light_time)};
    if (named) row.insert(row.end(), {plan.names[c.from.value()], plan.names[c.to.value()]});
    datum::append_row(out, row);
  }
  return out;
}

}  // namespace skywarden::network
