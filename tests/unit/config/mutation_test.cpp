// Whatever one slip of the keyboard makes of the sample: settings, or errors that say where.
#include <algorithm>
#include <cstdio>
#include <random>

#include "settings_fixture.h"
#include "shipped_folder.h"

namespace sluice {
namespace {

class OneSlip : public SettingsTest {
 protected:
  void SetUp() override {
    SettingsTest::SetUp();
    sample_ = with_examples(test::read_file(SLUICE_SHIPPED_FOLDER "/sluice.yaml"));
    ASSERT_TRUE(parse_settings(sample_, "sample").ok());
  }

  static void expect_settings_or_places(const std::string& text) {
    auto settings = parse_settings(text, "f");
    if (settings.ok()) return;
    int errors = 0;
    for (const std::string& error : lines_of(error_of(settings))) {
      ++errors;
      int line = 0, column = 0, key = 0;
      ASSERT_EQ(2, std::sscanf(error.c_str(), "f:%d:%d: %n", &line, &column, &key)) << error;
      EXPECT_LT(0, key) << error;
      EXPECT_LE(1, line) << error;
      EXPECT_GE(std::count(text.begin(), text.end(), '\n') + 1, line) << error;
      EXPECT_LE(1, column) << error;
      EXPECT_NE(std::string::npos, error.find("; ", static_cast<std::size_t>(key))) << error;
    }
    EXPECT_LE(1, errors);
  }

  static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }

  std::string sample_;
};

TEST_F(OneSlip, OfACharacterGivesSettingsOrPlaces) {
  std::mt19937 random(2024);
  const std::string characters = "abz09-_.:,{}[]\"'#&*!|>%@`~? \t\n\\\xC3\xFF\x01/+$";
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE(i);
    std::string text = sample_;
    std::size_t at = random() % text.size();
    char c = characters[random() % characters.size()];
    switch (random() % 4) {
      case 0:
        text[at] = c;
        break;
      case 1:
        text.insert(at, 1, c);
        break;
      case 2:
        text.erase(at, 1);
        break;
      default:
        std::swap(text[at], text[std::min(at + 1, text.size() - 1)]);
    }
    expect_settings_or_places(text);
  }
}

TEST_F(OneSlip, InAnyKeyIsFoundAtItsPlace) {
  // Doubles the first letter of each key in turn.
  auto lines = lines_of(sample_);
  std::string section;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    LineKey key = key_of(lines[i]);
    if (!key.name.empty() && key.before == 0) section = key.name;
    const bool is_free =
        (section == "notify" && key.before == 2) || (section == "derived" && key.before == 6);
    if (key.name.empty() || is_free) continue;
    auto changed = lines;
    changed[i].insert(key.before, 1, key.name.front());
    std::string error = error_of(parse_settings(joined(changed), "f"));
    std::string place = "f:" + std::to_string(i + 1) + ":" + std::to_string(key.before + 1) + ": ";
    bool found = false;
    for (const std::string& line : lines_of(error)) {
      found = found || (line.starts_with(place) && line.find("is not a key here") != std::string::npos &&
                        line.find("did you mean \"" + key.name + "\"?") != std::string::npos);
    }
    EXPECT_TRUE(found) << place << key.name << "\n" << error;
  }
}

TEST_F(OneSlip, OfALineGivesSettingsOrPlaces) {
  auto lines = lines_of(sample_);
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    SCOPED_TRACE(i);
    auto changed = lines;
    std::size_t at = random() % changed.size();
    switch (random() % 4) {
      case 0:
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), changed[random() % changed.size()]);
        break;
      case 2:
        std::swap(changed[at], changed[random() % changed.size()]);
        break;
      default:
        changed[at] = "  " + changed[at];
    }
    expect_settings_or_places(joined(changed));
  }
}

}  // namespace
}  // namespace sluice
