// StatusSnapshot: what the gateway knows of itself at one moment, as plain values that the application fills
// in. Its JSON form is /api/v1/status; its text form is what `sluicectl status` prints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice {

// Something that is not as it should be, and what a person can do about it.
struct StatusProblem {
  std::string what;
  std::string advice;
};

struct StatusSnapshot {
  std::string gateway;
  std::string version;
  std::string state;  // running, stopping; of a reader of the database: stopped, unknown
  std::int64_t at_ms = 0;
  std::int64_t uptime_ms = 0;  // of the process
  std::int64_t counting_ms =
      0;  // what counts "since start" does so since then: the newest reload, or the start
  std::uint64_t generation = 0;  // configurations put in force since the process started, with the first

  struct Broker {
    std::string state;  // down, connecting, subscribing, up, holding, held
    std::string detail;
    bool session_present = false;
    std::optional<double> round_trip_s;
    std::vector<std::string> refused_filters;
    std::int64_t since_ms = 0;
    std::uint64_t connects = 0;
  } broker;
  struct Intake {
    std::uint64_t messages = 0;  // since start
    std::optional<std::int64_t> last_message_age_ms;
    bool high_water = false;
  } intake;
  struct Journal {
    std::uint64_t used_bytes = 0;
    std::uint64_t capacity_bytes = 0;
    std::string durability;  // crash, power
    std::uint64_t last_seq = 0;
  } journal;
  struct Engine {
    std::uint64_t records = 0;  // since start
    std::uint64_t sensors = 0;
    std::uint64_t firing = 0;
    std::uint64_t derived_not_finite = 0;  // since start
    std::uint64_t figures_not_finite = 0;  // since start
  } engine;
  struct Store {
    std::uint64_t cursor_seq = 0;
    std::uint64_t rows = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t transactions = 0;  // since start
    std::uint64_t write_bytes = 0;   // since start
    std::optional<std::int64_t> last_commit_age_ms;
    std::string last_error;               // empty: the last commit went well
    std::uint64_t dropped_uncounted = 0;  // readings given up, not in the ledger yet
  } store;
  struct Channel {  // to tell alerts to
    std::string name;
    std::string type;
    bool failing = false;         // it cannot be told now
    std::uint64_t waiting = 0;    // alerts that it has not been told of
    std::uint64_t delivered = 0;  // since start
    std::uint64_t refused = 0;    // since start: it will never take them
    std::uint64_t failures = 0;   // since start: tries that are repeated
    std::string last_error;
  };
  std::vector<Channel> channels;
  struct Days {
    std::uint64_t dirty = 0;
    std::string newest_summary;  // YYYY-MM-DD; empty: none yet
  } days;
  struct Outbox {
    std::uint64_t pending = 0;
    std::uint64_t parked = 0;
    std::uint64_t dropped = 0;  // since start: waited longer than upload.keep
    std::optional<std::int64_t> oldest_age_ms;
    std::string last_error;
    std::map<std::string, std::uint64_t> waiting;  // pending and parked, by sink; not in the JSON
  } outbox;
  struct Clock {
    bool trusted = false;
    bool synchronised = false;
    std::int64_t since_ms = 0;     // of `trusted`: when that became so, or the process started; 0: not known
    std::uint64_t unset_rows = 0;  // readings that wait for the clock, to be moved to their time
  } clock;
  struct Disk {
    std::uint64_t free_bytes = 0;
  } disk;
  struct Process {
    std::uint64_t resident_bytes = 0;
  } process;
  struct Certificate {  // that the configuration names
    std::string of;     // such as "mqtt tls.cert"
    std::string path;
    std::optional<std::int64_t> end_ms;  // absent: it cannot be read
    std::string error;
  };
  std::vector<Certificate> certificates;
  std::vector<StatusProblem> problems;
};

std::string status_to_json(const StatusSnapshot& status);
Result<StatusSnapshot> status_from_json(const std::string& json);  // members that are missing stay default
std::string status_to_text(const StatusSnapshot& status);          // lines for a person

std::string format_bytes(std::uint64_t bytes);  // 812 B, 3.4 MiB

}  // namespace sluice
