// The alerts that a node has told, each once: as CAP messages in a folder, one a file, and in a journal that
// remembers them over a restart. A file is there whole before the journal names it. A crash between the two
// finds the alert told again: the same file with the same bytes, and CAP's identifier says that it is the
// same message. After a crash it may come twice, and it never fails to come.
//
// What a message says follows from the log alone, so that every node writes the same bytes. Status is
// Exercise, always.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "datum/alert.h"
#include "storage/journal.h"
#include "wildfire/cap.h"

namespace skywarden::shell {

class AlertFolder {
 public:
  static constexpr std::size_t kToldMax = 20'000;  // remembered, the newest
  using OnProblem = std::function<void(const std::string&)>;

  // `folder`, made when it is not there; empty: no files. `journal` has been opened with kToldMax, holds what
  // was told before and outlives this; nullptr: nothing is remembered. kInputOutput: the folder.
  [[nodiscard]] static Result<AlertFolder> open(std::string folder, wildfire::CapContext context,
                                                storage::Journal::Opened* journal, OnProblem on_problem);

  // Tells those that were not told yet; durable when it returns. Errors of the disk.
  [[nodiscard]] Result<void> tell(std::span<const datum::Alert> alerts);
  [[nodiscard]] const std::vector<datum::Alert>& told() const { return told_; }  // in the order of the log

 private:
  using Message = std::pair<EventId, std::uint32_t>;  // and its sequence

  AlertFolder(std::string folder, wildfire::CapContext context, storage::Journal* journal,
              OnProblem on_problem)
      : folder_(std::move(folder)),
        context_(std::move(context)),
        journal_(journal),
        on_problem_(std::move(on_problem)) {}

  [[nodiscard]] Result<void> write(const datum::Alert& alert);
  [[nodiscard]] std::vector<datum::Alert> chain_of(EventId event) const;
  void remember(datum::Alert alert);

  std::string folder_;
  wildfire::CapContext context_;
  storage::Journal* journal_;
  OnProblem on_problem_;
  std::vector<datum::Alert> told_;
  std::set<Message> known_;
};

}  // namespace skywarden::shell
