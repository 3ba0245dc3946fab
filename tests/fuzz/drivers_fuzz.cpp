// Any bytes as what the drivers read: their configuration, the kernel's answers of w1, /proc and sysfs, and
// the names of its files.
#include <cmath>
#include <cstdint>
#include <set>
#include <string>

#include "base/check.h"
#include "drivers/drivers_config.h"
#include "drivers/iio/channel.h"
#include "drivers/sysfs/sysfs_tree.h"
#include "drivers/system/hwmon_channel.h"
#include "drivers/system/proc_text.h"
#include "drivers/w1/thermometer.h"

namespace {

using namespace sluice::drivers;

void read_config(const std::string& text) {
  // The file that it names would be read.
  if (text.find("password_file") != std::string::npos) return;
  static sluice::Log log(sluice::LogLevel::kError, sluice::Log::Style::kPlain);
  const auto config = parse_config(text, "fuzz", log);
  if (!config.ok()) {
    SLUICE_CHECK(config.error().context.starts_with("fuzz:"), "an error names its place");
    return;
  }
  SLUICE_CHECK(config->mqtt.qos >= 0 && config->mqtt.qos <= 2, "there are three qualities of service");
  SLUICE_CHECK(config->mqtt.keepalive_s > 0 && config->mqtt.keepalive_s <= 65535, "MQTT can say it");
  SLUICE_CHECK(config->mqtt.buffer.messages > config->mqtt.buffer.in_flight, "what is under way fits");
  std::set<std::string> names;
  for (const NamedDriver& driver : config->drivers) {
    SLUICE_CHECK(driver.driver && names.insert(driver.name).second, "every driver has a name of its own");
  }
}

void read_answers(std::string_view text) {
  for (const auto& mdeg : {parse_w1_slave(text), parse_temperature(text)}) {
    SLUICE_CHECK(!mdeg.ok() || (*mdeg >= -55'000 && *mdeg <= 125'000), "what a thermometer can measure");
  }
  for (int which = 0; which < 3; ++which) {
    const auto load = parse_load(text, which);
    SLUICE_CHECK(!load.ok() || std::isfinite(*load), "a load is finite");
  }
  const auto bytes = parse_meminfo(text, "MemAvailable");
  SLUICE_CHECK(!bytes.ok() || std::isfinite(*bytes), "memory is finite");
  const auto number = parse_number(text);
  SLUICE_CHECK(!number || std::isfinite(*number), "an attribute is finite");
}

void read_name(std::string_view text) {
  const std::string file(text);
  if (const auto channel = parse_iio_channel(text)) {
    SLUICE_CHECK("in_" + channel->name + (channel->raw ? "_raw" : "_input") == file, file.c_str());
    SLUICE_CHECK(channel->divisor > 0, file.c_str());
    SLUICE_CHECK(iio_files_of(channel->name, "scale").front() == "in_" + channel->name + "_scale",
                 file.c_str());
  }
  if (const auto channel = parse_hwmon_channel(text)) {
    SLUICE_CHECK(channel->name + (channel->average ? "_average" : "_input") == file, file.c_str());
    SLUICE_CHECK(channel->divisor > 0 && !channel->unit.empty(), file.c_str());
  }
  if (is_thermometer(text)) SLUICE_CHECK(topic_level(text) == text, file.c_str());
  const std::string level = topic_level(text);
  SLUICE_CHECK(!level.empty() && level.find_first_of("/+# \n") == std::string::npos, level.c_str());
  SLUICE_CHECK(fill_topic("a/{device}/{channel}", "d", level).starts_with("a/d/"), level.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_config(std::string(text));
  read_answers(text);
  read_name(text);
  return 0;
}
