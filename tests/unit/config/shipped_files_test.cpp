// The samples in config/ are documentation that cannot drift: they load, they show the defaults, and they
// name every key.
#include "config/describe.h"
#include "config/sections.h"
#include "decode/decoder.h"
#include "decode/sensor_profile.h"
#include "settings_fixture.h"
#include "shipped_folder.h"

namespace sluice {
namespace {

class ShippedFiles : public SettingsTest {
 protected:
  static std::string shipped(const std::string& name) {
    return std::string(SLUICE_SHIPPED_FOLDER "/") + name;
  }
  // The block of YAML in a README that begins so.
  static std::string block_of(const std::string& readme, const std::string& begin) {
    const std::size_t at = readme.find("```yaml\n" + begin);
    if (at == std::string::npos) return "";
    const std::size_t from = at + std::string("```yaml\n").size();
    return readme.substr(from, readme.find("```", from) - from);
  }
  static std::string sample_with_examples() { return with_examples(test::read_file(shipped("sluice.yaml"))); }
};

TEST_F(ShippedFiles, LoadAsTheyAre) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SHIPPED_FOLDER)) {
    if (entry.path().extension() != ".yaml") continue;
    ++found;
    auto settings = load_settings(entry.path().string());
    EXPECT_TRUE(settings.ok()) << error_of(settings);
  }
  EXPECT_LE(2, found);
}

TEST_F(ShippedFiles, ShowTheDefaults) {
  // The sample gives every key; minimal.yaml, with the same topic, none.
  std::string minimal = describe(load_settings(shipped("minimal.yaml")).value());
  EXPECT_EQ(minimal, describe(load_settings(shipped("sluice.yaml")).value()));
}

TEST_F(ShippedFiles, LoadWithTheirExamplesInUse) {
  auto settings = parse_settings(sample_with_examples(), "examples");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ(5u, settings->decode.readings.size());
  EXPECT_EQ(14u, settings->alerts.rules.size());
  EXPECT_EQ("°F", settings->decode.sensors.at(0).unit);
}

TEST_F(ShippedFiles, NameEveryKeyOnALineWithAComment) {
  std::string text = sample_with_examples();
  for (const std::string& path : known_keys()) {
    std::string key = path.substr(path.rfind('.') + 1);
    bool section = path.find('.') == std::string::npos || key == "tls";
    bool named = has_line_with(text, key, section ? "" : " # ");
    // Conditions that exclude each other have a line each.
    bool shown = text.find(", " + key + ": ") != std::string::npos ||
                 text.find("{ " + key + ": ") != std::string::npos;
    EXPECT_TRUE(named || (path.starts_with("alerts[]") && shown)) << path;
  }
}

TEST_F(ShippedFiles, HaveEntriesForWhatTheDriversPublish) {
  const std::string readme = test::read_file(shipped("../drivers/README.md"));
  const Result<Settings> settings = parse_settings(block_of(readme, "readings:"), "drivers/README.md");
  ASSERT_TRUE(settings.ok()) << settings.error().context;
  Decoder decoder(settings->decode);
  std::vector<std::string> read;
  for (const auto& [topic, payload] :
       {std::pair{"w1/boiler/temperature", R"({"time":1700000000000,"value":1,"unit":"°C"})"},
        std::pair{"iio/cellar/pressure", R"({"time":1700000000000,"value":2,"unit":"kPa"})"},
        std::pair{"system/pi/disk/root/free", R"({"time":1700000000000,"value":3,"unit":"B"})"},
        std::pair{"rooms/1/climate", R"({"time":1458031648545,"temperature":4,"humidity":5})"}}) {
    std::vector<DecodedValue> values;
    const int entry = decoder.entry_for(topic);
    ASSERT_EQ(Counter::kCount_, decoder.decode(entry, topic, payload, values)) << topic;
    for (const DecodedValue& value : values) {
      EXPECT_TRUE(value.has_time) << topic;
      const std::string sensor(value.sensor);
      const std::string unit = profile_of(settings->decode.sensors, sensor, std::string(value.unit)).unit;
      read.push_back(sensor + " " + std::to_string(static_cast<int>(value.value)) + " " + unit);
    }
  }
  EXPECT_EQ((std::vector<std::string>{"w1/boiler/temperature 1 °C", "iio/cellar/pressure 2 kPa",
                                      "system/pi/disk/root/free 3 B", "rooms/1/climate/temperature 4 °C",
                                      "rooms/1/climate/humidity 5 %"}),
            read);
}

}  // namespace
}  // namespace sluice
