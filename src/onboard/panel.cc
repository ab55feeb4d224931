#include "onboard/panel.h"

#include <algorithm>
#include <numeric>

#include "base/contract.h"

namespace skywarden::onboard {

datum::MissingReason Panel::reason(std::size_t cell) const {
  EXPECTS(!observed(cell));
  if (reasons_[cell] == kNoRecordMark) return datum::MissingReason::kNotReported;
  return static_cast<datum::MissingReason>(reasons_[cell]);
}

bool Panel::arrived_before(std::size_t slot, std::size_t stream, std::size_t other) const {
  const std::uint32_t mine = record_at(slot, stream);
  const std::uint32_t theirs = record_at(slot, other);
  if (theirs == kNoRecord) return false;
  if (mine == kNoRecord || sources_[mine] != sources_[theirs]) return true;
  return theirs < mine;
}

PanelBuilder::PanelBuilder(std::size_t field_count, PanelOptions options)
    : field_count_(field_count), options_(options) {
  EXPECTS(field_count > 0);
}

double PanelBuilder::keep_text(const std::string& text) {
  const auto found = text_numbers_.find(text);
  if (found != text_numbers_.end()) return static_cast<double>(found->second);
  if (text.empty() || text.size() > options_.text_bytes_max ||
      texts_bytes_ + text.size() > options_.texts_bytes_max)
    return 0.0;
  texts_bytes_ += text.size();
  text_numbers_.emplace(text, panel_.texts_.size());
  panel_.texts_.push_back(text);
  return static_cast<double>(panel_.texts_.size() - 1);
}

Result<std::size_t> PanelBuilder::add(std::uint32_t source, std::string_view stream, Instant time,
                                      std::span<const datum::Field> fields) {
  EXPECTS(fields.size() == field_count_);
  auto found = stream_numbers_.find(stream);
  if (found == stream_numbers_.end()) {
    const std::size_t number = stream_numbers_.size();
    if (number >= options_.streams_max)
      return fail(Errc::kLimitReached, "expected at most {} streams", options_.streams_max);
    found = stream_numbers_.emplace(std::string(stream), static_cast<std::uint32_t>(number)).first;
    panel_.stream_names_.emplace_back(stream);
    if (has_lead_.size() <= source) has_lead_.resize(source + 1, 0);
    panel_.first_sources_.push_back(source);
    panel_.leads_source_.push_back(has_lead_[source] == 0 ? 1 : 0);
    has_lead_[source] = 1;
    latest_.push_back(Instant::min());
  }
  const std::uint32_t number = found->second;
  if (options_.arrival_order) {
    latest_[number] = std::max(latest_[number], time);
    time = latest_[number];
  }
  if (entries_.size() >= Panel::kNoRecord || values_.size() + field_count_ > options_.cells_max)
    return fail(Errc::kLimitReached, "expected at most {} cells", options_.cells_max);
  entries_.push_back({time, number, source});
  for (const datum::Field& field : fields) {
    double value = 0.0;
    std::uint8_t mark = Panel::kObservedMark;
    if (const auto* missing = std::get_if<datum::Missing>(&field)) {
      mark = static_cast<std::uint8_t>(missing->reason);
    } else {
      const datum::Value* held = datum::value_of(field);
      if (const auto* as_number = std::get_if<double>(held)) value = *as_number;
      if (const auto* as_level = std::get_if<datum::Category>(held)) value = as_level->level;
      if (const auto* as_text = std::get_if<std::string>(held)) value = keep_text(*as_text);
    }
    values_.push_back(value);
    marks_.push_back(mark);
  }
  return entries_.size() - 1;
}

Result<Panel> PanelBuilder::build() {
  Panel panel = std::move(panel_);
  panel_ = Panel{};
  panel.field_count_ = field_count_;
  const std::size_t count = entries_.size();
  // Records of one stream and time are told apart by their rank among them; a slot is a (time, rank).
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(entries_[a].time, entries_[a].stream) < std::pair(entries_[b].time, entries_[b].stream);
  });
  std::vector<std::uint32_t> rank(count, 0);
  for (std::size_t i = 1; i < count; ++i) {
    const Entry& before = entries_[order[i - 1]];
    const Entry& here = entries_[order[i]];
    if (before.time == here.time && before.stream == here.stream) rank[order[i]] = rank[order[i - 1]] + 1;
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(entries_[a].time, rank[a]) < std::pair(entries_[b].time, rank[b]);
  });
  panel.places_.resize(count);
  panel.sources_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t record = order[i];
    const bool fresh =
        i == 0 || entries_[order[i - 1]].time != entries_[record].time || rank[order[i - 1]] != rank[record];
    if (fresh) panel.times_.push_back(entries_[record].time);
    panel.places_[record] = {static_cast<std::uint32_t>(panel.times_.size() - 1), entries_[record].stream};
    panel.sources_[record] = entries_[record].source;
  }
  const std::size_t columns = panel.streams() * field_count_;
  if (columns > 0 && panel.slots() > options_.cells_max / columns)
    return fail(Errc::kLimitReached, "{} times of {} streams with {} fields: expected at most {} cells",
                panel.slots(), panel.streams(), field_count_, options_.cells_max);
  panel.values_.assign(panel.slots() * columns, 0.0);
  panel.reasons_.assign(panel.slots() * columns, Panel::kNoRecordMark);
  panel.record_at_.assign(panel.slots() * panel.streams(), Panel::kNoRecord);
  for (std::size_t record = 0; record < count; ++record) {
    const Panel::Place place = panel.places_[record];
    panel.record_at_[place.slot * panel.streams() + place.stream] = static_cast<std::uint32_t>(record);
    const std::size_t cell = panel.at(place.slot, place.stream, 0);
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(record * field_count_), field_count_,
                panel.values_.begin() + static_cast<std::ptrdiff_t>(cell));
    std::copy_n(marks_.begin() + static_cast<std::ptrdiff_t>(record * field_count_), field_count_,
                panel.reasons_.begin() + static_cast<std::ptrdiff_t>(cell));
  }
  *this = PanelBuilder(field_count_, options_);
  return panel;
}

}  // namespace skywarden::onboard
