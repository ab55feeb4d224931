#include "complete_lines.h"

#include <istream>
#include <limits>
#include <string>
#include <vector>

#include "onboard/ingest.h"
#include "serving/requests.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemsTold = 100;  // a sender that is wrong throughout does not fill a disk with it

class LineReader {
 public:
  LineReader(std::istream& in, std::size_t bytes_max) : in_(in), buffer_(bytes_max + 2, '\0') {}

  enum class Found { kLine, kTooLong, kEnd };
  Found next(std::string_view& line) {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    const auto read = static_cast<std::size_t>(in_.gcount());
    if (in_.eof() && read == 0) return Found::kEnd;
    if (in_.fail() && !in_.eof()) {
      if (in_.bad()) return Found::kEnd;
      in_.clear();
      in_.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      return Found::kTooLong;
    }
    line = std::string_view(buffer_.data(), in_.eof() ? read : read - 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return Found::kLine;
  }

 private:
  std::istream& in_;
  std::string buffer_;
};

}  // namespace

CompletedLines complete_lines(std::istream& in, const datum::Schema& schema,
                              std::unique_ptr<onboard::NumberReviewer> reviewer,
                              const serving::LadderOptions& options,
                              const std::function<void(std::string_view)>& answer,
                              const std::function<void(std::string_view)>& complain) {
  serving::CompletionLadder ladder(schema, std::move(reviewer), options);
  const onboard::IngestOptions ingest;
  LineReader reader(in, ingest.line_bytes_max);
  CompletedLines out;
  std::size_t told = 0;
  const auto tell = [&](const datum::RowProblem& problem) {
    if (told < kProblemsTold) complain(datum::to_line("standard input", problem));
    if (told++ == kProblemsTold) complain("standard input: more is wrong, which is not told");
  };
  std::string_view line;
  for (std::size_t row = 1;; ++row) {
    const LineReader::Found found = reader.next(line);
    if (found == LineReader::Found::kEnd) return out;
    if (found == LineReader::Found::kLine && line.find_first_not_of(" \t") == std::string_view::npos)
      continue;
    std::vector<datum::RowProblem> problems;
    const auto record = found == LineReader::Found::kTooLong
                            ? fail(Errc::kLimitReached, "expected at most {} bytes", ingest.line_bytes_max)
                            : onboard::decode_json_line(line, schema, ingest, row, problems);
    out.problems += problems.size();
    for (const datum::RowProblem& problem : problems) tell(problem);
    if (!record) {
      ++out.refused;
      tell({row, "", record.error().message});
      continue;
    }
    const datum::Record* const one = &*record;
    const auto completed = ladder.complete_newest(std::span(&one, 1), serving::Haste::kNone);
    ++out.records;
    answer(serving::record_json(schema, completed.front()));
  }
}

}  // namespace skywarden::app
