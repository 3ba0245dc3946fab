#include "unit/drivers/fake_tree.h"

namespace sluice::drivers {
namespace {

class Iio : public KernelDriver {
 protected:
  // A device where the kernel puts it: the class entry is a link to below the device on its bus.
  void add_device(const std::string& entry, const std::string& address, const std::string& chip) {
    std::string home = "devices/i2c/" + address + "/" + entry;
    tree_.put(home + "/name", chip + "\n");
    tree_.link("bus/iio/devices/" + entry, home);
  }
  void put(const std::string& entry, const std::string& file, const std::string& text) {
    tree_.put("bus/iio/devices/" + entry + "/" + file, text + "\n");
  }
  void add_bme280(const std::string& entry, const std::string& address) {
    add_device(entry, address, "bme280");
    put(entry, "in_temp_input", "21370");
    put(entry, "in_humidityrelative_input", "45210");
    put(entry, "in_pressure_input", "101.325");
    put(entry, "in_temp_oversampling_ratio", "2");
  }
  std::set<std::string> topics() const {
    std::set<std::string> all;
    for (const auto& [topic, payload] : samples_) all.insert(topic);
    return all;
  }
};

TEST_F(Iio, ReadsEveryVector) {
  int number = 0;
  for (const auto& row : read_vectors(std::string(SLUICE_SOURCE_DIR) + "/drivers/iio/vectors.csv")) {
    std::string device = "iio:device" + std::to_string(number++);
    tree_.remove("bus/iio/devices");
    add_device(device, "1-00" + std::to_string(number), "chip");
    put(device, row.at(0), row.at(1));
    std::string base = row[0].substr(0, row[0].rfind('_'));
    if (!row.at(2).empty()) put(device, base + "_offset", row[2]);
    if (!row.at(3).empty()) put(device, base + "_scale", row[3]);
    make("driver: iio, topic: '{channel}', time: none");
    opened_ = false;
    bool done = round().ok();
    std::map<std::string, std::string> expected;
    std::string unit = row.at(6).empty() ? "" : ",\"unit\":\"" + row[6] + "\"";
    if (!row.at(4).empty()) expected[row[4]] = "{\"value\":" + row.at(5) + unit + "}";
    EXPECT_EQ(expected, samples_) << row[0];
    EXPECT_EQ(!expected.empty(), done) << row[0];
  }
  EXPECT_EQ(21, number);
}

TEST_F(Iio, NamesADeviceByLabelOrByChipAndAddress) {
  add_bme280("iio:device0", "1-0076");
  add_bme280("iio:device1", "1-0077");
  put("iio:device1", "label", "attic");
  make("driver: iio");
  ASSERT_EQ("", error_of_round());
  std::set<std::string> expected = {
      "iio/bme280-1-0076/temperature", "iio/bme280-1-0076/humidity", "iio/bme280-1-0076/pressure",
      "iio/attic/temperature",         "iio/attic/humidity",         "iio/attic/pressure"};
  EXPECT_EQ(expected, topics());
  EXPECT_EQ(R"({"time":1700000000000,"value":21.37,"unit":"°C"})", samples_["iio/attic/temperature"]);
}

TEST_F(Iio, TakesTheChosenDevicesOnly) {
  add_bme280("iio:device0", "1-0076");
  add_bme280("iio:device1", "1-0077");
  make("driver: iio, devices: { 1-0077: cellar, sht31: }");
  ASSERT_EQ("", error_of_round());
  std::set<std::string> expected = {"iio/cellar/temperature", "iio/cellar/humidity", "iio/cellar/pressure"};
  EXPECT_EQ(expected, topics());
}

TEST_F(Iio, PublishesOnlyTheFirstOfTwoDevicesUnderOneName) {
  add_bme280("iio:device0", "1-0076");
  add_bme280("iio:device1", "1-0077");
  put("iio:device1", "in_temp_input", "99000");
  make("driver: iio, time: none, devices: { bme280: cellar }");
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(3u, samples_.size());
  EXPECT_EQ(R"({"value":21.37,"unit":"°C"})", samples_["iio/cellar/temperature"]);
}

TEST_F(Iio, SharesTheScaleOfAKindAndPrefersTheProcessedValue) {
  add_device("iio:device0", "1-0048", "ads1115");
  put("iio:device0", "in_voltage0_raw", "1000");
  put("iio:device0", "in_voltage1_raw", "1000");
  put("iio:device0", "in_voltage1_scale", "3");
  put("iio:device0", "in_voltage0-voltage1_raw", "1000");
  put("iio:device0", "in_voltage-voltage_scale", "0.5");
  put("iio:device0", "in_voltage_scale", "2");
  put("iio:device0", "in_voltage1_label", "battery pack");
  put("iio:device0", "in_temp_raw", "1");
  put("iio:device0", "in_temp_input", "2000");
  make("driver: iio, time: none, topic: '{channel}'");
  ASSERT_EQ("", error_of_round());
  std::map<std::string, std::string> expected = {{"voltage0", R"({"value":2,"unit":"V"})"},
                                                 {"battery_pack", R"({"value":3,"unit":"V"})"},
                                                 {"voltage0-voltage1", R"({"value":0.5,"unit":"V"})"},
                                                 {"temperature", R"({"value":2,"unit":"°C"})"}};
  EXPECT_EQ(expected, samples_);
}

TEST_F(Iio, GoesOnWithoutAChannelThatCannotBeRead) {
  add_bme280("iio:device0", "1-0076");
  put("iio:device0", "in_pressure_input", "");
  make("driver: iio");
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(2u, samples_.size());
  put("iio:device0", "in_pressure_input", "99.5");
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(3u, samples_.size());
}

TEST_F(Iio, FailsWithAdviceWithoutADeviceAndFindsOneThatComesLater) {
  make("driver: iio");
  EXPECT_NE(std::string::npos, error_of_round().find("there is no device in"));
  add_bme280("iio:device0", "1-0076");
  EXPECT_EQ("", error_of_round());
  EXPECT_EQ(3u, samples_.size());
  EXPECT_NE(std::string::npos, refusal("driver: iio, topic: t").find("needs '{channel}'"));
}

}  // namespace
}  // namespace sluice::drivers
