// The report of a replay: it listens while the incident is played, remembers a bounded part (report_news.h),
// and at the end writes one page that needs nothing else (no request, no script) and the same numbers as
// JSON. docs/formats.md lists the keys. Neither says how long the machine took, so equal plays give equal
// bytes.
#pragma once

#include <string>

#include "play_listener.h"
#include "report_news.h"

namespace skywarden::app {

class ReportBuilder : public PlayListener {
 public:
  explicit ReportBuilder(const Incident& incident) : incident_(incident) {}  // kept by reference

  void on_hotspots(std::span<const datum::Hotspot> hotspots) override;
  void on_record(const datum::Schema& schema, const node::PreparedRecord& prepared) override;
  void on_danger(const DangerNews& danger) override;
  void on_finding(const datum::Finding& finding) override;
  void on_alert(const datum::Alert& alert, std::span<const datum::Alert> chain) override;
  void on_log(const LogNews& news) override;
  void on_turn(const Turn& turn) override;

  [[nodiscard]] std::string html(const PlaySummary& summary) const;
  [[nodiscard]] std::string json(const PlaySummary& summary) const;
  [[nodiscard]] const ReportNews& news() const { return news_; }

 private:
  EventStory* story_of(EventId event);  // nullptr past the limit
  void count_fields(const datum::Schema& schema, const node::PreparedRecord& prepared);
  void keep_readings(const datum::Schema& schema, const node::PreparedRecord& prepared);

  const Incident& incident_;
  ReportNews news_;
};

}  // namespace skywarden::app
