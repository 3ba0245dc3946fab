// Settings: the whole configuration, checked, with every default filled in. Stages declare their own
// settings; this aggregate only names them. Made by load_settings() from YAML (yaml_tree.cpp has the only
// yaml-cpp include); describe() in describe.h writes one back. Any thread; nothing is kept between calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "alert/channel_settings.h"
#include "alert/gateway_alert_settings.h"
#include "alert/rule.h"
#include "api/api_settings.h"
#include "base/log.h"
#include "base/result.h"
#include "config/problems.h"
#include "decode/decode_settings.h"
#include "intake/broker_link.h"
#include "intake/clock_trust.h"
#include "intake/journal.h"
#include "summary/summary_settings.h"
#include "upload/uploader.h"

namespace sluice {

struct Settings {
  struct Gateway {
    std::string id;        // [a-z0-9-]{1,63}
    std::string timezone;  // IANA name
    std::string state_dir = "/var/lib/sluice";
    std::string runtime_dir = "/run/sluice";
  } gateway;
  BrokerSettings mqtt;
  DecodeSettings decode;  // readings, sensors, clock.max_future
  AlertSettings alerts;   // alerting, alerts
  GatewayAlertSettings gateway_alerts;
  std::vector<NotifyEntry> notify;
  struct StoreKeys {
    Durability durability = Durability::kCrash;
    std::uint64_t journal_size_bytes = 16ull << 20;
    std::chrono::milliseconds flush{10000};
    std::uint32_t flush_rows = 5000;
    std::chrono::milliseconds retention{std::chrono::hours(30 * 24)};
    std::uint64_t max_size_bytes = 2ull << 30;
    std::uint32_t quarantine = 1000;
    std::uint64_t reserve_bytes = 8ull << 20;
  } store;
  ClockSettings clock;
  struct SummaryKeys {
    std::chrono::milliseconds close_after{10 * 60 * 1000};
    std::chrono::milliseconds reopen{std::chrono::hours(7 * 24)};
    std::chrono::milliseconds keep{std::chrono::hours(5 * 365 * 24)};
    Statistics statistics = kAllStatistics;
  } summary;
  UploadSettings upload;
  ApiSettings api;
  LogLevel log_level = LogLevel::kInfo;
  std::vector<Problem> warnings;  // what is not wrong and yet can hardly be meant, in the order of the file
  std::string digest;             // SHA-256 of the file's bytes, 64 hex digits
};

// Whether a file that the configuration names (a password, a certificate) has to be readable by this process.
// A tool that only wants to know where the gateway's socket is need not be allowed to read its secrets.
enum class NamedFiles { kMustBeReadable, kNotLookedAt };
// A tool that only wants to know where the broker is does without readings entries.
enum class ReadingsSection { kRequired, kMayBeAbsent };

// Reads and checks a file. A wrong one gives kInvalid with one or more lines in the order of the file, each
//   FILE:LINE:COLUMN: KEY: what is wrong; what was expected[; did you mean "NEAREST"?]
// and the same in `problems`, if it is not null.
// Everything that is wrong is listed, not only the first. What the file leaves open comes from the machine:
// its host name and its time zone.
Result<Settings> load_settings(const std::string& path, NamedFiles files = NamedFiles::kMustBeReadable,
                               ReadingsSection readings = ReadingsSection::kRequired,
                               std::vector<Problem>* problems = nullptr);
// Where the gateway is, as far as a file that may be wrong elsewhere says it: its own `gateway` section, and
// the defaults for what that lacks or has wrong.
Settings::Gateway read_gateway_section(const std::string& path);
Result<Settings> parse_settings(const std::string& text, const std::string& name_for_errors,
                                NamedFiles files = NamedFiles::kMustBeReadable,
                                ReadingsSection readings = ReadingsSection::kRequired,
                                std::vector<Problem>* problems = nullptr);

}  // namespace sluice
