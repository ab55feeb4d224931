// Networks that correct the baseline's estimates of numbers: what they are told of a record, the same in
// training and in flight, and what they say. Two families (inference/encoders.h):
// - an encoder looks at one record, a token a number field, known or missing, so that what is surprising in
//   the known numbers speaks of the missing ones, and these of each other;
// - a recurrent network looks at the stream's recent records, one row a record, the present one last.
// Both answer for each missing number with a correction and the logarithm of its usual error, in units of
// the baseline's own usual error. Streams have no names here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "inference/program.h"
#include "inference/session.h"
#include "onboard/complete_features.h"

namespace skywarden::onboard {

enum class NetworkKind : std::uint8_t { kEncoder, kRecurrent };
[[nodiscard]] std::string_view to_string(NetworkKind kind);

inline constexpr std::size_t kRecurrentRows = 32;  // records that a recurrent network looks back on, at most
inline constexpr std::size_t kNetworkOutputs = 2;  // of a number: correction, logarithm of the usual error
inline constexpr float kNetworkLogErrorMax = 6.0F;

// Turns records into what networks are told. Differences are in usual errors of the estimate and squashed by
// asinh, counts are logarithms, hours and months points on a circle; unknown is 0 beside a mark of its own.
class NetworkInputs {
 public:
  explicit NetworkInputs(const datum::Schema& schema);

  [[nodiscard]] std::size_t numbers() const { return tolerances_.size(); }
  [[nodiscard]] static std::size_t token_width();
  [[nodiscard]] std::size_t row_width() const;
  // Width of an input row of this kind.
  [[nodiscard]] std::size_t width(NetworkKind kind) const;

  // The baseline's usual error, but not less than a small part of the field's tolerance: what a number's
  // corrections are counted in.
  [[nodiscard]] float unit(std::size_t number, const RecordNumber& of) const;
  // `out` holds numbers() · token_width().
  void write_tokens(const RecordNumbers& record, std::span<float> out) const;
  // `out` holds row_width().
  void write_row(const RecordNumbers& record, std::span<float> out) const;

  // Ties a network to what it was trained on: its kind, names and order of inputs, fields and schema.
  [[nodiscard]] std::string fingerprint(NetworkKind kind) const;

 private:
  std::string names_;
  std::vector<float> tolerances_;  // of number fields, on the working scale
};

// A network in use. It keeps the recent rows of each stream; one run over one system.
class Network {
 public:
  // kConflict for a model of another schema, of other inputs, or that is none of completion. It must hold
  // inputs "numbers" (and "fields" for an encoder), the output "answers", and say of itself
  // about["completion"] = fingerprint().
  [[nodiscard]] static Result<Network> make(inference::Model model, const datum::Schema& schema);

  [[nodiscard]] NetworkKind kind() const { return kind_; }
  // Of one record with holes, alone in its batch; of a recurrent network with as many rows as it looks at.
  [[nodiscard]] OperationCounts operations() const;
  // Records of different streams, those of a stream in the order of their arrival. Runs the network on those
  // with holes.
  void prepare(std::span<const RecordNumbers> records);
  // The same without an opinion of them: what comes later is as if it had been asked.
  void note(std::span<const RecordNumbers> records);
  // As if nothing had been shown yet: what follows is of other streams.
  void forget() {
    recent_.clear();
    answers_.clear();
  }
  void move_streams(StreamMoves moves);
  // Of a missing number of the records last prepared.
  [[nodiscard]] std::optional<Opinion> opinion(std::size_t cell) const;

 private:
  struct Answer {
    std::size_t cell = 0;
    Opinion opinion;
  };
  Network(NetworkKind kind, const datum::Schema& schema);
  void keep_row(const RecordNumbers& record);
  void add_sequence(const RecordNumbers& record);

  NetworkKind kind_;
  NetworkInputs inputs_;
  std::unique_ptr<inference::Program> program_;
  std::unique_ptr<inference::Session> session_;
  std::vector<std::vector<float>> recent_;  // of streams: rows one behind the other, the latest last
  std::vector<Answer> answers_;             // by cell, ascending
  // Of the records being prepared.
  std::vector<const RecordNumbers*> asked_;
  std::vector<std::uint32_t> lengths_;
  std::vector<float> numbers_, outputs_;
  std::vector<std::int32_t> fields_;
};

}  // namespace skywarden::onboard
