// The published form of a day's summary: one line of JSON, members in the documented order, the shortest
// number that reads back as the same double, times RFC 3339 UTC with ms. Equal views give equal bytes.
#pragma once

#include <string>

#include "summary/summary_view.h"

namespace sluice {

std::string summary_to_json(const SummaryView& summary);

// As the documents have them, byte by byte.
bool same_figures(const SummaryView::Sensor& a, const SummaryView::Sensor& b);

// "<gateway>/<date>/<revision>/<first 16 hex digits of the body's SHA-256>".
std::string summary_key(const SummaryView& summary, const std::string& body);

}  // namespace sluice
