// The driver behind w1, iio and system: once an interval it asks its source what there is to read, reads it
// in the background, one file after the other, and publishes {"time","value","unit"} for each. A value that
// cannot be read is reported when that changes, and left out; when none can be read, the driver fails. Owned
// by the runner; single-threaded.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "drivers/config_section.h"
#include "drivers/driver.h"
#include "drivers/sysfs/attribute_reader.h"
#include "drivers/sysfs/attribute_source.h"

namespace sluice::drivers {

struct SysfsSettings {
  std::string name;            // for the log
  std::string sysfs = "/sys";  // tests put a tree of their own here
  std::string topic;           // with {device} and {channel}
  std::int64_t interval_ms = 10'000;
  bool with_time = true;
  std::vector<std::pair<std::string, std::string>> chosen;  // device → its name; empty: all
};

// What the three have in common; `devices_key` is the key of the list of devices, empty: the driver has none.
SysfsSettings read_sysfs_settings(ConfigSection& section, const char* default_name, const char* default_topic,
                                  const char* devices_key);

class SysfsDriver final : public Driver {
 public:
  SysfsDriver(SysfsSettings settings, std::unique_ptr<AttributeSource> source, Log& log);

  Status open(Instant now) override;
  Result<Next> poll(Instant now, Output& output) override;
  void close() override;

 private:
  Status begin_round(Instant now);
  Result<Next> look_again(Instant now);
  void finish_attribute(const Result<double>& value, Instant now, Output& output);
  Result<Next> finish_round(Instant now);

  SysfsSettings settings_;
  std::unique_ptr<AttributeSource> source_;
  Log& log_;
  AttributeReader reader_;
  std::int64_t due_boot_ms_ = 0;

  std::vector<Attribute> round_;  // being read; empty between rounds
  std::size_t attribute_ = 0;     // of it
  Attribute::Texts texts_;        // of its files so far
  bool reading_ = false;          // the next of its files
  std::int64_t read_began_boot_ms_ = 0;
  std::int64_t look_again_ms_ = 0;
  std::size_t published_ = 0;
  std::set<std::string> topics_;               // of this round
  std::map<std::string, std::string> faults_;  // topic → what is wrong, as last reported; empty: nothing
};

}  // namespace sluice::drivers
