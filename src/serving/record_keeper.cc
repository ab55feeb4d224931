#include "serving/record_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/contract.h"

namespace skywarden::serving {
namespace {

constexpr const char* kLevels[] = {"low", "normal", "high"};  // as datum::Criticality counts

std::size_t bytes_of(const datum::Record& record) {
  std::size_t bytes = sizeof(datum::Record) + record.stream.size();
  for (const datum::Field& field : record.fields) {
    bytes += sizeof(datum::Field);
    const datum::Value* value = datum::value_of(field);
    if (value == nullptr) continue;
    if (const auto* text = std::get_if<std::string>(value)) bytes += text->size();
  }
  return bytes;
}

}  // namespace

RecordKeeper::RecordKeeper(std::unique_ptr<storage::Disk> disk, const std::vector<datum::Schema>& schemas,
                           const KeeperOptions& options, Complain complain)
    : disk_(std::move(disk)), options_(options), complain_(std::move(complain)) {
  for (const datum::Schema& schema : schemas)
    schemas_.push_back(std::make_unique<const datum::Schema>(schema));
}

Result<std::unique_ptr<RecordKeeper>> RecordKeeper::open(std::unique_ptr<storage::Disk> disk,
                                                         const std::vector<datum::Schema>& schemas,
                                                         const KeeperOptions& options, Complain complain) {
  std::unique_ptr<RecordKeeper> keeper(
      new RecordKeeper(std::move(disk), schemas, options, std::move(complain)));
  std::vector<const datum::Schema*> known;
  for (const auto& schema : keeper->schemas_) known.push_back(schema.get());
  auto opened = storage::RecordStore::open(*keeper->disk_, std::move(known), options.store);
  if (!opened) return tl::unexpected<Error>(opened.error());
  for (const std::string& line : opened->damage) keeper->complain_(line);
  keeper->store_ = std::make_unique<storage::RecordStore>(std::move(opened->store));
  keeper->status_ = keeper->store_->status();
  keeper->thread_ = std::thread([self = keeper.get()] { self->run(); });
  return keeper;
}

RecordKeeper::~RecordKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  offered_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void RecordKeeper::offer(const std::string& schema, std::span<const datum::Record* const> records) {
  const auto known = std::ranges::find_if(schemas_, [&](const auto& each) { return each->name == schema; });
  EXPECTS(known != schemas_.end());
  const auto number = static_cast<std::size_t>(known - schemas_.begin());
  {
    const std::lock_guard lock(mutex_);
    for (const datum::Record* record : records) {
      const std::size_t bytes = bytes_of(*record);
      if (failed_) {
        ++after_failure_;
      } else if (bytes > options_.queue_bytes_max - std::min(queue_bytes_, options_.queue_bytes_max)) {
        ++queue_full_;
      } else {
        queue_bytes_ += bytes;
        queue_.push_back({number, *record});
      }
    }
  }
  offered_.notify_one();
}

void RecordKeeper::wait() const {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return failed_ || (queue_.empty() && !writing_); });
}

void RecordKeeper::run() {
  std::vector<Waiting> records;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      offered_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      records.clear();
      records.swap(queue_);  // both keep their room
      queue_bytes_ = 0;
      writing_ = true;
    }
    std::uint64_t refused = 0;
    const auto done = write(records, refused);
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      refused_ += refused;
      ++waits_;
      status_ = store_->status();
      if (done) {
        durable_ += records.size() - refused;
      } else {
        failed_ = true;
        after_failure_ += records.size() - refused + queue_.size();
        queue_.clear();
      }
    }
    written_.notify_all();
    if (done) continue;
    complain_(done.error().message + "; records are no longer kept");
    return;
  }
}

Result<void> RecordKeeper::write(std::vector<Waiting>& records, std::uint64_t& refused) {
  for (const Waiting& each : records)
    if (!store_->add(each.schema, each.record)) ++refused;
  return store_->sync();
}

std::string RecordKeeper::metrics_text() const {
  const std::lock_guard lock(mutex_);
  std::string out =
      "# HELP skywarden_kept_bytes Of packed records on the disk, by criticality of their fields.\n"
      "# TYPE skywarden_kept_bytes gauge\n";
  const auto line = [&](std::string_view name, std::uint64_t value) {
    fmt::format_to(std::back_inserter(out), "skywarden_{} {}\n", name, value);
  };
  for (std::size_t l = 0; l < status_.bytes.size(); ++l)
    line(fmt::format("kept_bytes{{criticality=\"{}\"}}", kLevels[l]), status_.bytes[l]);
  line("kept_open_bytes", status_.open_bytes);
  line("kept_bytes_max", options_.store.bytes_max);
  line("kept_files", status_.files);
  line("kept_open_records", status_.open_records);
  line("kept_files_thinned_total", status_.thinned);
  line("kept_files_dropped_total", status_.dropped);
  line("kept_files_refused_total", status_.refused);
  line("kept_records_total{outcome=\"durable\"}", durable_);
  line("kept_records_total{outcome=\"queue_full\"}", queue_full_);
  line("kept_records_total{outcome=\"refused\"}", refused_);
  line("kept_records_total{outcome=\"disk_failed\"}", after_failure_);
  line("kept_waits_for_the_disk_total", waits_);
  return out;
}

}  // namespace skywarden::serving
