// report.html: one page that carries its style and pictures and asks nobody for anything; it prints on A4.
// Foreign text is escaped, and a Content-Security-Policy forbids scripts and requests besides.
#pragma once

#include <string>

#include "report_facts.h"

namespace skywarden::app {

[[nodiscard]] std::string report_page(const ReportInput& input);

}  // namespace skywarden::app
