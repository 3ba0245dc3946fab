// The ledger's counters. Two equations hold for every arrival day (checked by audit):
//   messages: received = decoded + ignored + duplicate + rejected(by reason)
//   readings: decoded  = stored + duplicate + rejected(by reason) + dropped(by reason)
// Names are stored in the database and exported as metrics, so they never change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/calendar.h"

namespace sluice {

enum class Counter : std::uint8_t {
  kMessagesReceived,
  kMessagesDecoded,
  kMessagesIgnored,    // no readings entry matches, or retained: ignore
  kMessagesDuplicate,  // redelivered by the broker, or a retained message seen before
  // messages rejected, by reason
  kMessagesMalformed,  // not JSON, or not a number where format is number
  kMessagesBadUtf8,    // not UTF-8
  kMessagesTooLarge,   // longer than mqtt.max_payload
  kMessagesTooDeep,    // nested deeper than the parser allows
  kMessagesEmpty,      // no payload
  kMessagesNoReading,  // none of the fields or pointers of its readings entry is in it
  kMessagesTooMany,    // more elements or sensors than the limits allow
  kMessagesOverload,   // QoS 0 above the journal's high water
  kMessagesCrashed,    // the engine crashed on it twice
  // readings
  kReadingsDecoded,  // values found in messages
  kReadingsStored,
  kReadingsDuplicate,
  // readings rejected, by reason
  kReadingsNotANumber,      // a string without a state, null, an object, NaN
  kReadingsOutOfRange,      // infinite, or beyond a double
  kReadingsBadTime,         // the time member is missing or unreadable
  kReadingsBadName,         // the sensor template names a member that is not there
  kReadingsInvalid,         // a sentinel of `invalid`
  kReadingsImplausible,     // outside `plausible`
  kReadingsFuture,          // later than clock.max_future allows
  kReadingsNameTaken,       // its sensor is a derived one
  kReadingsTooManySensors,  // the sensor registry is full
  // readings dropped, by reason
  kReadingsDropDisk,  // could not be stored: disk full or broken
  // not part of the equations
  kReadingsExpired,   // stored on that day, removed by retention since
  kReadingsRepeated,  // of those stored: found to repeat another when their day was summed, and not counted
  kReadingsTooLate,   // of those stored: no summary counts them, their day could not be reopened
  kAlertsFired,
  kAlertsResolved,
  kCount_,
};
inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::kCount_);

// Stable name: "messages_received", "messages_rejected/malformed", "readings_dropped/disk", …
std::string_view counter_name(Counter counter);
std::optional<Counter> counter_of(std::string_view name);

struct Counts {
  std::array<std::uint64_t, kCounterCount> values{};
  std::uint64_t& operator[](Counter c) { return values[static_cast<std::size_t>(c)]; }
  std::uint64_t operator[](Counter c) const { return values[static_cast<std::size_t>(c)]; }
  void add(const Counts& other) {
    for (std::size_t i = 0; i < kCounterCount; ++i) values[i] += other.values[i];
  }
  bool operator==(const Counts&) const = default;
  std::uint64_t messages_rejected() const;
  std::uint64_t readings_rejected() const;
  std::uint64_t readings_dropped() const;
  bool balanced() const;  // both equations
};

using Ledger = std::map<Day, Counts>;  // by local day of arrival

}  // namespace sluice
