// What the report says, worked out once for the page and the JSON: which fires come first, who is near them,
// and the answers to the six questions of the first screen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/geodesy.h"
#include "report_news.h"

namespace skywarden::app {

inline constexpr std::size_t kEventsShown = 20;
inline constexpr std::size_t kPlacesShown = 5;  // of an event
inline constexpr double kPlacesWithinKm = 50.0;
inline constexpr std::size_t kMessagesShown = 8;  // of an event in the table: the first and the latest

struct NearPlace {
  NamedPoint place;
  Metres distance;  // from the edge of the alert's area; 0 inside
  Degrees bearing;  // from the fire's centre
};

struct ToldEvent {
  EventId id;
  const EventStory* story = nullptr;
  [[nodiscard]] const Message& last() const { return story->messages.back(); }
  [[nodiscard]] bool cancelled() const { return last().kind == datum::ProposalKind::kCancel; }
  // The last message that told of a fire: a cancel says nothing of its size.
  [[nodiscard]] const Message& last_fire() const;
  std::vector<NearPlace> near;
};

struct Answer {
  const char* key;     // "where", in report.json
  Bilingual question;  // "Where"
  Bilingual text;
};

struct ReportFacts {
  std::vector<ToldEvent> told;  // the worst first; of these kEventsShown are shown
  std::size_t cancelled = 0;    // of all that were told
  std::size_t quiet = 0;        // judged and never told
  std::size_t quiet_undecided = 0, quiet_persistent = 0;
  std::vector<Answer> answers;
  [[nodiscard]] std::size_t shown() const { return told.size() < kEventsShown ? told.size() : kEventsShown; }
};

// `news` must outlive the facts.
[[nodiscard]] ReportFacts facts_of(const Incident& incident, const ReportNews& news,
                                   const PlaySummary& summary);

struct ReportInput {
  const Incident& incident;
  const ReportNews& news;
  ReportFacts facts;
  const PlaySummary& summary;
};

// The first and the latest of an event's messages, as many as the table shows.
[[nodiscard]] std::vector<const Message*> messages_shown(const EventStory& story);
[[nodiscard]] const char* kind_word(datum::ProposalKind kind);  // "Alert"
[[nodiscard]] Bilingual provenance_words(datum::Provenance provenance);

}  // namespace skywarden::app
