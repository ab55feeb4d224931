#include "serving/completion_stand.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace skywarden::serving {
namespace {

std::vector<const datum::Record*> pointers(const std::vector<datum::Record>& records) {
  std::vector<const datum::Record*> out;
  for (const datum::Record& record : records) out.push_back(&record);
  return out;
}

}  // namespace

CompletionStand::CompletionStand(datum::Schema schema, const LadderOptions& ladder,
                                 const inference::BatcherOptions& batches, PowerBudget& power,
                                 Complain complain)
    : schema_(std::move(schema)),
      ladder_options_(ladder),
      power_(power),
      complain_(std::move(complain)),
      ladder_(schema_, nullptr, ladder),
      cost_(schema_, {}, 1, ladder.stream_rows, power.options().table),
      lane_(std::make_shared<Lane>(batches,
                                   [this](Batch batch, std::size_t& depth) { return run(batch, depth); })) {}

void CompletionStand::set_reviewer(std::unique_ptr<onboard::NumberReviewer> reviewer) {
  // std::function wants what it holds to be copyable.
  auto shared = std::make_shared<std::unique_ptr<onboard::NumberReviewer>>(std::move(reviewer));
  const std::lock_guard lock(mutex_);
  news_.emplace_back([shared](CompletionStand& stand) {
    stand.model_ = *shared ? (*shared)->operations() : onboard::ReviewOperations{};
    stand.ladder_.set_reviewer(std::move(*shared));
  });
}

void CompletionStand::set_method(std::unique_ptr<PluginMethod> method) {
  auto shared = std::make_shared<std::unique_ptr<PluginMethod>>(std::move(method));
  const std::lock_guard lock(mutex_);
  news_.emplace_back([shared](CompletionStand& stand) { stand.ladder_.set_method(std::move(*shared)); });
}

onboard::Joules CompletionStand::energy(const std::vector<datum::Record>& records) const {
  const std::lock_guard lock(mutex_);
  return cost_.of(load_of(schema_, pointers(records), newest_), Haste::kNone);
}

PowerFigures CompletionStand::power_figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

// The cost is that of the streams there are; of those that these records add it is known after them.
void CompletionStand::take_news() {
  std::vector<std::function<void(CompletionStand&)>> news;
  {
    const std::lock_guard lock(mutex_);
    news.swap(news_);
  }
  for (const auto& change : news) change(*this);
  const CompletionCost cost(schema_, model_, ladder_.system_streams(), ladder_options_.stream_rows,
                            power_.options().table);
  const std::lock_guard lock(mutex_);
  cost_ = cost;
  newest_ = ladder_.newest_time();
}

CompletionStand::Results CompletionStand::run(Batch batch, std::size_t& depth) {
  const auto in_time = static_cast<Haste>(depth);
  Results out;
  // In the order of arrival: what is answered here, in runs between what rules alone answer.
  for (std::size_t from = 0; from < batch.size();) {
    take_news();
    if (batch[from]->by_rules) {
      out.push_back(run_by_rules(*batch[from++]));
      continue;
    }
    std::size_t to = from;
    while (to < batch.size() && !batch[to]->by_rules) ++to;
    Haste done_at = in_time;
    auto done = run_here(batch.subspan(from, to - from), in_time, done_at);
    depth = std::max(depth, static_cast<std::size_t>(done_at));
    std::ranges::move(done, std::back_inserter(out));
    from = to;
  }
  take_news();
  owed_ = ladder_.owed();
  never_shown_ = ladder_.never_shown();
  if (const auto complaint = ladder_.take_complaint())
    complain_(fmt::format("schema {}: {}; without it", schema_.name, *complaint));
  return out;
}

// Rows that another service knows of these streams, where they go on from what is known here.
std::vector<const datum::Record*> CompletionStand::still_new(const std::vector<datum::Record>& before) const {
  std::map<std::string, std::optional<Instant>> newest;
  std::vector<const datum::Record*> out;
  for (const datum::Record& record : before) {
    auto [known, first] = newest.try_emplace(record.stream);
    if (first)
      for (const datum::Record& row : ladder_.rows_of(record.stream))
        known->second = known->second ? std::max(*known->second, row.time) : row.time;
    if (known->second && record.time <= *known->second) continue;
    known->second = record.time;
    out.push_back(&record);
  }
  return out;
}

std::vector<datum::Record> CompletionStand::recent_rows(const std::vector<datum::Record>& records) const {
  std::vector<std::string> streams;
  std::vector<datum::Record> out;
  for (const datum::Record& record : records) {
    if (std::ranges::find(streams, record.stream) != streams.end()) continue;
    streams.push_back(record.stream);
    std::ranges::move(ladder_.rows_of(record.stream), std::back_inserter(out));
  }
  std::ranges::stable_sort(out, {}, &datum::Record::time);
  return out;
}

// Of the ways from the best to the cheapest. What is owed from before comes first, whatever it costs.
onboard::PowerGrant CompletionStand::granted(std::span<const datum::Record* const> records,
                                             const std::vector<Haste>& ways) {
  const CompletionLoad load = load_of(schema_, records, ladder_.newest_time());
  const auto count = static_cast<double>(records.size());
  std::vector<onboard::PowerChoice> choices;
  for (const Haste way : ways) {
    const std::size_t owed = ladder_.to_be_shown(records.size(), way);
    const std::size_t numbers = records.empty() ? 0 : (load.known + load.missing) / records.size();
    // Nobody asks networks about them; each may begin a time of its own.
    const CompletionLoad debt{owed, 0, owed * numbers, 0, owed};
    choices.push_back({owed > 0 ? cost_.of(debt, Haste::kSome) : onboard::Joules(0.0),
                       cost_.of(load, way) / count, std::max<std::size_t>(1, records.size())});
  }
  return power_.grant(choices, shell::steady_now(), records.size());
}

void CompletionStand::note(std::size_t records, Haste in_time, Haste done_at) {
  const std::lock_guard lock(mutex_);
  figures_.at.at(static_cast<std::size_t>(done_at)) += records;
  if (done_at > in_time) figures_.degraded += records;
}

CompletionStand::Results CompletionStand::run_here(Batch group, Haste in_time, Haste& done_at) {
  std::vector<const datum::Record*> records;
  std::vector<std::vector<const datum::Record*>> before;
  for (const CompletionWork* work : group) {
    before.push_back(still_new(work->before));
    records.insert(records.end(), before.back().begin(), before.back().end());
    for (const datum::Record& record : work->records) records.push_back(&record);
  }
  std::vector<Haste> ways;
  for (const Haste way : {Haste::kNone, Haste::kSome, Haste::kGreat})
    if (way >= in_time && (way != Haste::kSome || cost_.has_networks() || way == in_time))
      ways.push_back(way);
  const onboard::PowerGrant grant = granted(records, ways);
  done_at = ways[grant.choice];
  const bool for_power = done_at > in_time || grant.records < records.size();
  std::vector<CompletionDone> done(group.size());
  // As many as can be at once: the system is faster with several.
  std::vector<const datum::Record*> gathered;
  std::size_t completed = 0;  // of the group
  const auto complete_gathered = [&](std::size_t until) {
    std::vector<CompletedNewest> answers;
    if (!gathered.empty())  // else what is owed would be shown for nothing
      answers = for_power && done_at == Haste::kGreat ? ladder_.complete_and_forgo(gathered)
                                                      : ladder_.complete_newest(gathered, done_at);
    gathered.clear();
    auto next = answers.begin();
    for (; completed < until; ++completed) {
      if (done[completed].no_power) continue;
      next += static_cast<std::ptrdiff_t>(before[completed].size());
      const auto end = next + static_cast<std::ptrdiff_t>(group[completed]->records.size());
      done[completed].records.assign(std::move_iterator(next), std::move_iterator(end));
      next = end;
    }
  };
  std::size_t left = grant.records;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::vector<datum::Record>& asked = group[i]->records;
    if (group[i]->with_rows) {
      complete_gathered(i);
      done[i].rows = recent_rows(asked);
    }
    done[i].no_power = before[i].size() + asked.size() > left;
    if (done[i].no_power) {
      const std::lock_guard lock(mutex_);
      figures_.refused += asked.size();
      continue;
    }
    left -= before[i].size() + asked.size();
    gathered.insert(gathered.end(), before[i].begin(), before[i].end());
    for (const datum::Record& record : asked) gathered.push_back(&record);
    note(asked.size(), in_time, done_at);
  }
  complete_gathered(group.size());
  Results out;
  for (CompletionDone& one : done) out.emplace_back(std::move(one));
  return out;
}

Result<CompletionDone> CompletionStand::run_by_rules(const CompletionWork& work) {
  CompletionDone done;
  done.rows = recent_rows(work.records);
  const auto records = pointers(work.records);
  const onboard::PowerGrant grant = granted(records, {Haste::kGreat});
  done.no_power = grant.records < records.size();
  done.records = ladder_.complete_and_forgo(records);  // also without power: their rows are kept
  if (done.no_power) done.records.clear();
  return done;
}

}  // namespace skywarden::serving
