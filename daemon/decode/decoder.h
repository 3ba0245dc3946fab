// Decoder: payload → values found in it. Pure: no clock, no I/O; one thread (it keeps parser buffers).
// A payload format is one file pair implementing PayloadDecoder and one line in decoder.cpp's table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "decode/decode_settings.h"
#include "model/counters.h"

namespace sluice {

// One value found. `reject` is kCount_ for a good one, else a readings_rejected/* counter.
struct DecodedValue {
  std::string_view sensor;   // name; valid until the next decode()
  std::string_view unit;     // that the payload gives; likewise. Empty: the entry's
  double value = 0;          // raw, before calibration
  std::int64_t time_ms = 0;  // meaningful if has_time
  bool has_time = false;
  Counter reject = Counter::kCount_;
};

class PayloadDecoder {
 public:
  virtual ~PayloadDecoder() = default;
  // Appends what it finds to `out`; returns kCount_, or a messages_rejected/* counter and leaves `out` as it
  // was.
  virtual Counter decode(std::string_view topic, std::string_view payload,
                         std::vector<DecodedValue>& out) = 0;
};

// Checks an entry as far as YAML cannot: filter, pointers, template, combinations. The text says what was
// expected.
Status check_readings_entry(const ReadingsEntry& entry);

class Decoder {
 public:
  explicit Decoder(const DecodeSettings& settings);  // settings were checked
  ~Decoder();
  // The entry that decodes this topic: the first match, or -1. Remembered per topic (bounded).
  int entry_for(std::string_view topic);
  const ReadingsEntry& entry(int index) const { return settings_.readings[static_cast<std::size_t>(index)]; }
  Counter decode(int entry, std::string_view topic, std::string_view payload, std::vector<DecodedValue>& out);

 private:
  struct Impl;
  const DecodeSettings& settings_;
  std::unique_ptr<Impl> impl_;
};

// Filters to subscribe to: those of `readings` that no other covers, with the highest QoS of those they
// cover.
std::vector<std::pair<std::string, int>> subscriptions_of(const std::vector<ReadingsEntry>& readings);

}  // namespace sluice
