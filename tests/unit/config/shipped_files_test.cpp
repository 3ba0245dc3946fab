// The samples in config/ are documentation that cannot drift: they load, they show the defaults, and they
// name every key.
#include "config/describe.h"
#include "config/sections.h"
#include "settings_fixture.h"
#include "shipped_folder.h"

namespace sluice {
namespace {

class ShippedFiles : public SettingsTest {
 protected:
  static std::string shipped(const std::string& name) {
    return std::string(SLUICE_SHIPPED_FOLDER "/") + name;
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

}  // namespace
}  // namespace sluice
