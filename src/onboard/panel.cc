#include "onboard/panel.h"

#include <algorithm>
#include <numeric>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

// As the panel holds it; texts are numbered.
double panel_value(const datum::Field& field, TextNumbers& numbers, std::vector<std::string>& texts) {
  const datum::Value* held = datum::value_of(field);
  if (held == nullptr) return 0.0;
  if (const auto* as_number = std::get_if<double>(held)) return *as_number;
  if (const auto* as_level = std::get_if<datum::Category>(held)) return as_level->level;
  if (const auto* as_text = std::get_if<std::string>(held)) return numbers.take(*as_text, texts);
  return 0.0;
}

std::uint8_t panel_reason(const datum::Field& field, std::uint8_t observed) {
  const auto* missing = std::get_if<datum::Missing>(&field);
  return missing != nullptr ? static_cast<std::uint8_t>(missing->reason) : observed;
}

}  // namespace

datum::MissingReason Panel::reason(std::size_t cell) const {
  EXPECTS(!observed(cell));
  if (reasons_[cell] == kNoRecordMark) return datum::MissingReason::kNotReported;
  return static_cast<datum::MissingReason>(reasons_[cell]);
}

bool Panel::records_in_order() const {
  std::map<std::uint32_t, std::uint32_t> latest;  // slot, of sources
  for (const Place& place : places_) {
    std::uint32_t& slot = latest[source_at_[place.slot * streams() + place.stream]];
    if (place.slot < slot) return false;
    slot = place.slot;
  }
  return true;
}

bool Panel::arrived_before(std::size_t slot, std::size_t stream, std::size_t other) const {
  return arrived_before(slot, stream, slot, other);
}

bool Panel::arrived_before(std::size_t slot, std::size_t stream, std::size_t earlier,
                           std::size_t other) const {
  const std::uint32_t mine = record_at(slot, stream);
  const std::uint32_t theirs = record_at(earlier, other);
  if (theirs == kNoRecord) return false;
  const bool is_window = mask_ != ~std::size_t{0};
  const std::uint32_t my_source = source_at_[row(slot) * streams() + stream];
  const std::uint32_t their_source = source_at_[row(earlier) * streams() + other];
  if (mine == kNoRecord || my_source != their_source || (is_window && earlier < slot)) return true;
  return theirs < mine;
}

double TextNumbers::take(const std::string& text, std::vector<std::string>& texts) {
  if (const auto found = numbers_.find(text); found != numbers_.end()) {
    ++uses_[found->second];
    return static_cast<double>(found->second);
  }
  if (text.empty() || text.size() > text_bytes_max_ || bytes_ + text.size() > texts_bytes_max_) return 0.0;
  bytes_ += text.size();
  std::size_t number = texts.size();
  if (free_.empty()) {
    texts.push_back(text);
    uses_.push_back(1);
  } else {
    number = free_.back();
    free_.pop_back();
    texts[number] = text;
    uses_[number] = 1;
  }
  numbers_.emplace(text, number);
  return static_cast<double>(number);
}

void TextNumbers::give_back(double number, std::vector<std::string>& texts) {
  const auto place = static_cast<std::size_t>(number);
  if (place == 0 || --uses_[place] > 0) return;
  bytes_ -= texts[place].size();
  numbers_.erase(texts[place]);
  texts[place] = std::string{};
  free_.push_back(place);
}

PanelBuilder::PanelBuilder(std::size_t field_count, PanelOptions options)
    : field_count_(field_count), options_(options), texts_(options) {
  EXPECTS(field_count > 0);
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
    values_.push_back(panel_value(field, texts_, panel_.texts_));
    marks_.push_back(panel_reason(field, Panel::kObservedMark));
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
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t record = order[i];
    const bool fresh =
        i == 0 || entries_[order[i - 1]].time != entries_[record].time || rank[order[i - 1]] != rank[record];
    if (fresh) panel.times_.push_back(entries_[record].time);
    panel.places_[record] = {static_cast<std::uint32_t>(panel.times_.size() - 1), entries_[record].stream};
  }
  panel.slots_ = panel.times_.size();
  const std::size_t columns = panel.streams() * field_count_;
  if (columns > 0 && panel.slots() > options_.cells_max / columns)
    return fail(Errc::kLimitReached, "{} times of {} streams with {} fields: expected at most {} cells",
                panel.slots(), panel.streams(), field_count_, options_.cells_max);
  panel.values_.assign(panel.slots() * columns, 0.0);
  panel.reasons_.assign(panel.slots() * columns, Panel::kNoRecordMark);
  panel.record_at_.assign(panel.slots() * panel.streams(), Panel::kNoRecord);
  panel.source_at_.assign(panel.slots() * panel.streams(), 0);
  for (std::size_t record = 0; record < count; ++record) {
    const Panel::Place place = panel.places_[record];
    panel.record_at_[place.slot * panel.streams() + place.stream] = static_cast<std::uint32_t>(record);
    panel.source_at_[place.slot * panel.streams() + place.stream] = entries_[record].source;
    const std::size_t cell = panel.at(place.slot, place.stream, 0);
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(record * field_count_), field_count_,
                panel.values_.begin() + static_cast<std::ptrdiff_t>(cell));
    std::copy_n(marks_.begin() + static_cast<std::ptrdiff_t>(record * field_count_), field_count_,
                panel.reasons_.begin() + static_cast<std::ptrdiff_t>(cell));
  }
  *this = PanelBuilder(field_count_, options_);
  return panel;
}

PanelWindow::PanelWindow(std::size_t field_count, std::size_t slots, const PanelOptions& options)
    : texts_(options), holds_texts_(field_count, 0), arrived_(slots, 0) {
  EXPECTS(field_count > 0 && slots > 0 && (slots & (slots - 1)) == 0);
  panel_.field_count_ = field_count;
  panel_.mask_ = slots - 1;
  panel_.times_.assign(slots, Instant{});
}

void PanelWindow::forget_texts(std::size_t row, std::size_t stream) {
  for (std::size_t f = 0; f < panel_.field_count_; ++f) {
    const std::size_t cell = panel_.at(row, stream, f);
    if (holds_texts_[f] != 0 && panel_.observed(cell)) texts_.give_back(panel_.value(cell), panel_.texts_);
  }
}

void PanelWindow::name_streams(StreamMoves moves, std::span<const std::string> names) {
  EXPECTS(moves.size() == names.size());
  Panel& p = panel_;
  const std::size_t before = p.streams();
  for (std::size_t s = 0; s < before; ++s) {
    if (std::find(moves.begin(), moves.end(), s) != moves.end()) continue;
    for (std::size_t row = 0; row < p.rows(); ++row) forget_texts(row, s);
  }
  move_streams(p.values_, p.rows(), before, p.field_count_, moves, 0.0);
  move_streams(p.reasons_, p.rows(), before, p.field_count_, moves, std::uint8_t{Panel::kNoRecordMark});
  move_streams(p.record_at_, p.rows(), before, 1, moves, std::uint32_t{Panel::kNoRecord});
  move_streams(p.source_at_, p.rows(), before, 1, moves, std::uint32_t{0});
  p.stream_names_.assign(names.begin(), names.end());
  p.first_sources_.assign(names.size(), 0);
  p.leads_source_.assign(names.size(), 1);
}

std::size_t PanelWindow::open(Instant time) {
  Panel& p = panel_;
  const std::size_t slot = p.slots_++;
  const std::size_t row = p.row(slot);
  p.times_[row] = time;
  arrived_[row] = 0;
  for (std::size_t s = 0; s < p.streams(); ++s) forget_texts(row, s);
  std::fill_n(p.reasons_.begin() + static_cast<std::ptrdiff_t>(p.at(slot, 0, 0)),
              p.streams() * p.field_count_, Panel::kNoRecordMark);
  std::fill_n(p.record_at_.begin() + static_cast<std::ptrdiff_t>(row * p.streams()), p.streams(),
              Panel::kNoRecord);
  return slot;
}

void PanelWindow::put(std::size_t slot, std::size_t stream, std::uint32_t source,
                      std::span<const datum::Field> fields) {
  Panel& p = panel_;
  EXPECTS(fields.size() == p.field_count_ && slot < p.slots_ && slot + p.rows() >= p.slots_ &&
          p.record_at(slot, stream) == Panel::kNoRecord);
  const std::size_t row = p.row(slot);
  p.record_at_[row * p.streams() + stream] = arrived_[row]++;
  p.source_at_[row * p.streams() + stream] = source;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const datum::Value* held = datum::value_of(fields[f]);
    if (held != nullptr && std::holds_alternative<std::string>(*held)) holds_texts_[f] = 1;
    const std::size_t cell = p.at(slot, stream, f);
    p.values_[cell] = panel_value(fields[f], texts_, p.texts_);
    p.reasons_[cell] = panel_reason(fields[f], Panel::kObservedMark);
  }
}

}  // namespace skywarden::onboard
