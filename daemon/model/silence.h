// Silence: who is not to be told for a while. Made by a person, carried by a journal record, kept by the
// store.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace sluice {

struct Silence {
  std::uint64_t id = 0;                       // the sequence number of its record
  std::string sensor = "#";                   // filter over sensor names
  std::string alert;                          // rule name; empty: all
  std::map<std::string, std::string> labels;  // all of them must be the alert's
  std::int64_t from_ms = 0;                   // wall time
  std::int64_t until_ms = 0;                  // wall time; at or before from_ms: it has ended
  std::string comment;
  bool operator==(const Silence&) const = default;
};

}  // namespace sluice
