#include <cerrno>

#include "unit/drivers/fake_tree.h"

namespace sluice::drivers {
namespace {

class System : public KernelDriver {
 protected:
  void make_with(const std::string& settings) {
    make("driver: system, device: pi, time: none, proc: '" + tree_.path("proc") + "'" + settings);
  }
  static constexpr const char* kOnlyHardware = ", load: false, memory: false, uptime: false, disks: {}";
};

TEST_F(System, ReadsEveryVectorOfHardwareMonitoring) {
  for (const auto& row : read_vectors(std::string(SLUICE_SOURCE_DIR) + "/drivers/system/vectors.csv")) {
    tree_.remove("class");
    tree_.put("class/hwmon/hwmon0/name", "chip\n");
    tree_.put("class/hwmon/hwmon0/" + row.at(0), row.at(1) + "\n");
    make_with(kOnlyHardware);
    opened_ = false;
    bool done = round().ok();
    std::map<std::string, std::string> expected;
    if (!row.at(2).empty())
      expected["system/pi/hwmon/chip/" + row[2]] =
          "{\"value\":" + row.at(3) + ",\"unit\":\"" + row.at(4) + "\"}";
    EXPECT_EQ(expected, samples_) << row[0];
    EXPECT_EQ(!expected.empty(), done) << row[0];
  }
}

TEST_F(System, ReportsLoadMemoryDisksAndUptime) {
  tree_.put("proc/loadavg", "0.52 1.25 3.00 2/345 6789\n");
  tree_.put("proc/meminfo",
            "MemTotal:         948304 kB\nMemFree:           52000 kB\nMemAvailable:     237076 kB\n");
  make_with(", disks: { work: '" + tree_.root() + "', lost: '" + tree_.path("nowhere") + "' }");
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(R"({"value":0.52})", samples_["system/pi/load1"]);
  EXPECT_EQ(R"({"value":1.25})", samples_["system/pi/load5"]);
  EXPECT_EQ(R"({"value":3})", samples_["system/pi/load15"]);
  EXPECT_EQ(R"({"value":242765824,"unit":"B"})", samples_["system/pi/memory/available"]);
  EXPECT_EQ(R"({"value":75,"unit":"%"})", samples_["system/pi/memory/used"]);
  EXPECT_EQ(R"({"value":1,"unit":"s"})", samples_["system/pi/uptime"]);
  EXPECT_EQ(1u, samples_.count("system/pi/disk/work/free"));
  EXPECT_EQ(1u, samples_.count("system/pi/disk/work/used"));
  EXPECT_EQ(8u, samples_.size());
}

TEST_F(System, ReportsThermalZonesAndTheirDoubles) {
  tree_.put("class/thermal/thermal_zone0/type", "cpu-thermal\n");
  tree_.put("class/thermal/thermal_zone0/temp", "48312\n");
  tree_.put("class/thermal/thermal_zone1/type", "acpitz\n");
  tree_.put("class/thermal/thermal_zone1/temp", "30000\n");
  tree_.put("class/thermal/thermal_zone2/type", "acpitz\n");
  tree_.put("class/thermal/thermal_zone2/temp", "31000\n");
  tree_.put("class/thermal/cooling_device0/type", "fan\n");
  make_with(kOnlyHardware);
  ASSERT_EQ("", error_of_round());
  std::map<std::string, std::string> expected = {
      {"system/pi/thermal/cpu-thermal", R"({"value":48.312,"unit":"°C"})"},
      {"system/pi/thermal/acpitz-thermal_zone1", R"({"value":30,"unit":"°C"})"},
      {"system/pi/thermal/acpitz-thermal_zone2", R"({"value":31,"unit":"°C"})"}};
  EXPECT_EQ(expected, samples_);
}

TEST_F(System, ReportsUnderVoltageOfARaspberryPi) {
  tree_.put("class/hwmon/hwmon1/name", "rpi_volt\n");
  tree_.put("class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
  tree_.put("class/hwmon/hwmon0/name", "other\n");
  tree_.put("class/hwmon/hwmon0/in0_lcrit_alarm", "1\n");
  make_with(kOnlyHardware);
  ASSERT_EQ("", error_of_round());
  std::map<std::string, std::string> expected = {{"system/pi/under_voltage", R"({"value":1})"}};
  EXPECT_EQ(expected, samples_);
}

TEST_F(System, TellsChipsAndChannelsOfOneNameApartAndLeavesFaultyOnesAndThermometersOn1WireOut) {
  for (int i : {0, 1}) {
    std::string chip = "class/hwmon/hwmon" + std::to_string(i);
    tree_.put(chip + "/name", "nvme\n");
    tree_.put(chip + "/temp1_input", "40000\n");
    tree_.put(chip + "/temp1_label", "Composite\n");
    tree_.put("devices/nvme" + std::to_string(i) + "/model", "x\n");
    tree_.link(chip + "/device", "devices/nvme" + std::to_string(i));
  }
  tree_.put("class/hwmon/hwmon1/temp1_fault", "1\n");
  tree_.put("class/hwmon/hwmon0/temp1_fault", "0\n");
  tree_.put("class/hwmon/hwmon0/temp2_input", "41000\n");
  tree_.put("class/hwmon/hwmon0/temp2_label", "Sensor 1\n");
  tree_.put("class/hwmon/hwmon2/name", "w1_slave_temp\n");
  tree_.put("class/hwmon/hwmon2/temp1_input", "20000\n");
  make_with(kOnlyHardware);
  ASSERT_EQ("", error_of_round());
  std::map<std::string, std::string> expected = {
      {"system/pi/hwmon/nvme-nvme0/Composite", R"({"value":40,"unit":"°C"})"},
      {"system/pi/hwmon/nvme-nvme0/Sensor_1", R"({"value":41,"unit":"°C"})"}};
  EXPECT_EQ(expected, samples_);
}

TEST_F(System, SaysThatWhatIsNoDiskHoldsNoBlocks) {
  make_with(
      ", load: false, memory: false, uptime: false, thermal: false, hwmon: false, disks: { none: /proc }");
  errno = EACCES;  // of something else
  const std::string error = error_of_round();
  EXPECT_NE(std::string::npos, error.find("/proc: holds no blocks")) << error;
}

TEST_F(System, SaysSoWhenEverythingIsSwitchedOff) {
  make_with(std::string(kOnlyHardware) + ", thermal: false, hwmon: false");
  EXPECT_NE(std::string::npos, error_of_round().find("there is nothing to read"));
}

}  // namespace
}  // namespace sluice::drivers
