#include "model/counters.h"

namespace sluice {

namespace {

constexpr std::array<std::string_view, kCounterCount> kNames = {
    "messages_received",
    "messages_decoded",
    "messages_ignored",
    "messages_duplicate",
    "messages_rejected/malformed",
    "messages_rejected/bad_utf8",
    "messages_rejected/too_large",
    "messages_rejected/too_deep",
    "messages_rejected/empty",
    "messages_rejected/no_reading",
    "messages_rejected/too_many",
    "messages_rejected/overload",
    "messages_rejected/crashed",
    "readings_decoded",
    "readings_stored",
    "readings_duplicate",
    "readings_rejected/not_a_number",
    "readings_rejected/out_of_range",
    "readings_rejected/bad_time",
    "readings_rejected/bad_name",
    "readings_rejected/invalid",
    "readings_rejected/implausible",
    "readings_rejected/future",
    "readings_rejected/name_taken",
    "readings_rejected/too_many_sensors",
    "readings_dropped/disk",
    "readings_expired",
    "readings_repeated",
    "readings_too_late",
    "alerts_fired",
    "alerts_resolved",
};
static_assert(!kNames.back().empty(), "a name for each counter");

std::uint64_t sum(const Counts& counts, Counter first, Counter last) {
  std::uint64_t total = 0;
  for (auto i = static_cast<std::size_t>(first); i <= static_cast<std::size_t>(last); ++i)
    total += counts.values[i];
  return total;
}

}  // namespace

std::string_view counter_name(Counter counter) {
  return kNames[static_cast<std::size_t>(counter)];
}

std::optional<Counter> counter_of(std::string_view name) {
  for (std::size_t i = 0; i < kCounterCount; ++i)
    if (kNames[i] == name) return static_cast<Counter>(i);
  return std::nullopt;
}

std::uint64_t Counts::messages_rejected() const {
  return sum(*this, Counter::kMessagesMalformed, Counter::kMessagesCrashed);
}
std::uint64_t Counts::readings_rejected() const {
  return sum(*this, Counter::kReadingsNotANumber, Counter::kReadingsTooManySensors);
}
std::uint64_t Counts::readings_dropped() const {
  return (*this)[Counter::kReadingsDropDisk];
}

bool Counts::balanced() const {
  const Counts& c = *this;
  return c[Counter::kMessagesReceived] == c[Counter::kMessagesDecoded] + c[Counter::kMessagesIgnored] +
                                              c[Counter::kMessagesDuplicate] + messages_rejected() &&
         c[Counter::kReadingsDecoded] == c[Counter::kReadingsStored] + c[Counter::kReadingsDuplicate] +
                                             readings_rejected() + readings_dropped();
}

}  // namespace sluice
