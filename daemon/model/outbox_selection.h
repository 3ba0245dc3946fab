// Which deliveries an order of a person is about: all, or those of one sink, of one day, or both.
#pragma once

#include <optional>
#include <string>

#include "base/calendar.h"

namespace sluice {

struct OutboxSelection {
  std::string sink;  // empty: every sink
  std::optional<Day> day;
};

}  // namespace sluice
