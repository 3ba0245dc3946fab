// Whatever one slip of the keyboard makes of the sample: settings, or errors that say where.
#include <algorithm>
#include <random>
#include <regex>

#include "settings_fixture.h"
#include "shipped_folder.h"

namespace sluice {
namespace {

class OneSlip : public SettingsTest {
 protected:
  void SetUp() override {
    SettingsTest::SetUp();
    sample_ = std::regex_replace(contents_of(SLUICE_SHIPPED_FOLDER "/sluice.yaml"),
                                 std::regex("(^|\n)#(?=  )"), "$1");
    ASSERT_TRUE(parse_settings(sample_, "sample").ok());
  }

  static void expect_settings_or_places(const std::string& text) {
    auto settings = parse_settings(text, "f");
    if (settings.ok()) return;
    static const std::regex kLine("f:([0-9]+):([0-9]+): [^\n]+: [^\n]*; [^\n]+");
    std::istringstream lines(error_of(settings));
    auto count = std::count(text.begin(), text.end(), '\n') + 1;
    int errors = 0;
    for (std::string line; std::getline(lines, line); ++errors) {
      std::smatch parts;
      ASSERT_TRUE(std::regex_match(line, parts, kLine)) << line;
      EXPECT_LE(1, std::stol(parts[1]));
      EXPECT_GE(count, std::stol(parts[1])) << line;
      EXPECT_LE(1, std::stol(parts[2]));
    }
    EXPECT_LE(1, errors);
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
  // Double the last letter of each key in turn.
  std::regex key("(?:^|\n)( *(?:- )?)([a-z_]+):");
  for (std::sregex_iterator it(sample_.begin(), sample_.end(), key), end; it != end; ++it) {
    std::string name = (*it)[2];
    auto offset = static_cast<std::size_t>((*it).position(2));
    std::string text = sample_;
    text.insert(offset + name.size(), 1, name.back());
    auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n') + 1;
    auto column = (*it)[1].length() + 1;
    auto settings = parse_settings(text, "f");
    if (name == "mqtt" && (*it)[1].length() == 2) continue;  // under notify names are free
    ASSERT_FALSE(settings.ok()) << name << name.back();
    std::string place = "f:" + std::to_string(line) + ":" + std::to_string(column) + ": ";
    std::string error = error_of(settings);
    std::size_t found = error.find(place);
    ASSERT_NE(std::string::npos, found) << name << "\n" << error;
    while (error.substr(found, error.find('\n', found) - found).find("is not a key here") ==
           std::string::npos) {
      found = error.find(place, found + 1);
      ASSERT_NE(std::string::npos, found) << name << "\n" << error;
    }
    EXPECT_NE(std::string::npos, error.find("did you mean \"" + name + "\"?", found)) << error;
  }
}

TEST_F(OneSlip, OfALineGivesSettingsOrPlaces) {
  std::vector<std::string> lines;
  std::istringstream stream(sample_);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
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
    std::string text;
    for (const std::string& line : changed) text += line + "\n";
    expect_settings_or_places(text);
  }
}

}  // namespace
}  // namespace sluice
