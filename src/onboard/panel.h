// Many streams side by side: a dense block of slots × streams × fields, the shape that completion and anomaly
// detection work on. A slot is a time; when a stream has several records of one time (detections of one
// overpass) each gets a slot of its own, so that nothing is overwritten. The panel holds values and what is
// known about them; it decides nothing. It is bounded: too many cells are refused, not swapped.
//
// In arrival order (for causal work) a record that comes later in its stream than a record with a later time
// is placed where it arrived, behind that record: a row can then never change what was said before it.
//
// A window is a panel that forgets: it holds the last slots alone, a power of two of them, and slot numbers
// go on. The steps of completion read both alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "datum/field.h"
#include "datum/schema.h"

namespace skywarden::onboard {

struct PanelOptions {
  std::size_t cells_max = 50'000'000;  // slots × streams × fields; about 40 bytes a cell while completing
  std::size_t streams_max = 4096;
  std::size_t text_bytes_max = 4096;         // a longer text counts as observed, and is not kept
  std::size_t texts_bytes_max = 64'000'000;  // of all different texts; further ones are not kept
  bool arrival_order = false;                // see above; needed for causal completion
};

class Panel {
 public:
  static constexpr std::uint32_t kNoRecord = 0xFFFFFFFF;

  struct Place {  // of a record
    std::uint32_t slot = 0;
    std::uint32_t stream = 0;
  };

  [[nodiscard]] std::size_t slots() const { return slots_; }
  // How many slots are held; a slot lies in the row of its number modulo this.
  [[nodiscard]] std::size_t rows() const { return times_.size(); }
  [[nodiscard]] std::size_t row(std::size_t slot) const { return slot & mask_; }
  [[nodiscard]] std::size_t streams() const { return stream_names_.size(); }
  [[nodiscard]] std::size_t fields() const { return field_count_; }
  [[nodiscard]] std::size_t cells() const { return values_.size(); }
  [[nodiscard]] std::size_t records() const { return places_.size(); }

  [[nodiscard]] std::size_t at(std::size_t slot, std::size_t stream, std::size_t field) const {
    return (row(slot) * streams() + stream) * field_count_ + field;
  }
  [[nodiscard]] Instant time(std::size_t slot) const { return times_[row(slot)]; }
  [[nodiscard]] const std::string& stream_name(std::size_t stream) const { return stream_names_[stream]; }
  // The source (file, link) in which the stream was first seen, and whether it was the first stream there.
  [[nodiscard]] std::uint32_t first_source(std::size_t stream) const { return first_sources_[stream]; }
  [[nodiscard]] bool leads_source(std::size_t stream) const { return leads_source_[stream] != 0; }

  // A number, the level of a category as a number, or the place of a text in texts(); meaningful where
  // observed.
  [[nodiscard]] double value(std::size_t cell) const { return values_[cell]; }
  [[nodiscard]] bool observed(std::size_t cell) const { return reasons_[cell] == kObservedMark; }
  // Why a cell of an existing record is not observed.
  [[nodiscard]] datum::MissingReason reason(std::size_t cell) const;

  // The different texts of text fields. The first is empty and stands for those that were too long to keep.
  // In a window the place of a text that has left is given to another.
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

  [[nodiscard]] Place place(std::size_t record) const { return places_[record]; }
  // Whether the records of each source were added in the order of their slots, as a log has them. Not of a
  // window.
  [[nodiscard]] bool records_in_order() const;
  // The record of a stream at a slot, or kNoRecord. In a window its number among those of the slot.
  [[nodiscard]] std::uint32_t record_at(std::size_t slot, std::size_t stream) const {
    return record_at_[row(slot) * streams() + stream];
  }
  // Whether the stream's record at this slot may look at the other's record of the same slot when only the
  // past counts: a record of another source has arrived, one of the same source only if it came first.
  [[nodiscard]] bool arrived_before(std::size_t slot, std::size_t stream, std::size_t other) const;
  // The same of the other's record at an earlier slot: in a file that is not in the order of time a record of
  // an earlier time may come later. In a window all earlier slots have arrived.
  [[nodiscard]] bool arrived_before(std::size_t slot, std::size_t stream, std::size_t earlier,
                                    std::size_t other) const;

 private:
  friend class PanelBuilder;
  friend class PanelWindow;
  static constexpr std::uint8_t kObservedMark = 0xFF;
  static constexpr std::uint8_t kNoRecordMark = 0xFE;

  std::size_t field_count_ = 0;
  std::size_t slots_ = 0;
  std::size_t mask_ = ~std::size_t{0};
  std::vector<Instant> times_;
  std::vector<std::string> stream_names_;
  std::vector<std::uint32_t> first_sources_;
  std::vector<std::uint8_t> leads_source_;
  std::vector<double> values_;
  std::vector<std::uint8_t> reasons_;
  std::vector<std::uint32_t> record_at_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> source_at_;  // of the record there
  std::vector<std::string> texts_{std::string{}};
};

// Numbers the different texts of a panel: places in its list of texts.
class TextNumbers {
 public:
  explicit TextNumbers(const PanelOptions& options)
      : text_bytes_max_(options.text_bytes_max), texts_bytes_max_(options.texts_bytes_max) {}

  // The text's number, once more in use; 0 for one that is not kept.
  [[nodiscard]] double take(const std::string& text, std::vector<std::string>& texts);
  // One use less.
  void give_back(double number, std::vector<std::string>& texts);

 private:
  std::size_t text_bytes_max_, texts_bytes_max_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::vector<std::size_t> uses_{0};  // of numbers
  std::vector<std::size_t> free_;     // numbers of texts that are used no more
  std::size_t bytes_ = 0;
};

class PanelBuilder {
 public:
  PanelBuilder(std::size_t field_count, PanelOptions options);

  // Records in the order of each source; `fields` as many as the schema has. The record's number is the count
  // of records added before.
  [[nodiscard]] Result<std::size_t> add(std::uint32_t source, std::string_view stream, Instant time,
                                        std::span<const datum::Field> fields);
  // kLimitReached when slots × streams × fields pass the limit. The builder is empty afterwards.
  [[nodiscard]] Result<Panel> build();

 private:
  struct Entry {
    Instant time;
    std::uint32_t stream;
    std::uint32_t source;
  };

  std::size_t field_count_;
  PanelOptions options_;
  std::map<std::string, std::uint32_t, std::less<>> stream_numbers_;
  Panel panel_;
  TextNumbers texts_;
  std::vector<Entry> entries_;
  std::vector<Instant> latest_;         // of each stream, in arrival order
  std::vector<std::uint8_t> has_lead_;  // of each source
  std::vector<double> values_;          // records × fields
  std::vector<std::uint8_t> marks_;
};

// Where the streams of a table go when streams are added or forgotten: for each stream to be, the one it was,
// or kNewStream.
inline constexpr std::size_t kNewStream = ~std::size_t{0};
using StreamMoves = std::span<const std::size_t>;

// Rearranges a table of outer × streams × inner by the moves; new streams get `fresh`.
template <typename T>
void move_streams(std::vector<T>& table, std::size_t outer, std::size_t streams, std::size_t inner,
                  StreamMoves moves, const T& fresh) {
  std::vector<T> out(outer * moves.size() * inner, fresh);
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::size_t s = 0; s < moves.size(); ++s) {
      if (moves[s] == kNewStream) continue;
      for (std::size_t i = 0; i < inner; ++i)
        out[(o * moves.size() + s) * inner + i] = table[(o * streams + moves[s]) * inner + i];
    }
  }
  table = std::move(out);
}
// The same for a table of streams × streams × inner.
template <typename T>
void move_pairs(std::vector<T>& table, std::size_t streams, std::size_t inner, StreamMoves moves,
                const T& fresh) {
  move_streams(table, streams, streams, inner, moves, fresh);
  move_streams(table, 1, streams, moves.size() * inner, moves, fresh);
}

class PanelWindow {
 public:
  // `slots` is a power of two. Of the options only the limits of texts are looked at.
  PanelWindow(std::size_t field_count, std::size_t slots, const PanelOptions& options = {});

  [[nodiscard]] const Panel& panel() const { return panel_; }

  // A stream takes a name, new or instead of a forgotten one.
  void name_streams(StreamMoves moves, std::span<const std::string> names);
  // A slot behind all others; the oldest is forgotten. Its number.
  std::size_t open(Instant time);
  // A record of a slot that is held and has none of the stream yet.
  void put(std::size_t slot, std::size_t stream, std::uint32_t source, std::span<const datum::Field> fields);

 private:
  void forget_texts(std::size_t row, std::size_t stream);

  Panel panel_;
  TextNumbers texts_;
  std::vector<std::uint8_t> holds_texts_;  // of fields
  std::vector<std::uint32_t> arrived_;     // records of each row so far
};

}  // namespace skywarden::onboard
