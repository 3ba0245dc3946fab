// What the tests of the configuration share: a folder of their own, and short ways to load a text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "config/settings.h"
#include "support/temp_folder.h"

namespace sluice {

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The sample with its examples in use: a line that begins with "#" and two spaces is one.
inline std::string with_examples(const std::string& sample) {
  std::string text;
  for (const std::string& line : lines_of(sample))
    text += (line.starts_with("#  ") ? line.substr(1) : line) + "\n";
  return text;
}

// The key that a line of block YAML begins with, and how many characters stand before it.
struct LineKey {
  std::string name;  // empty: none
  std::size_t before = 0;
};
inline LineKey key_of(const std::string& line) {
  LineKey key;
  key.before = std::min(line.find_first_not_of(' '), line.size());
  if (line.compare(key.before, 2, "- ") == 0) key.before += 2;
  std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-", key.before);
  if (end != std::string::npos && line[end] == ':') key.name = line.substr(key.before, end - key.before);
  return key;
}

inline bool has_line_with(const std::string& text, const std::string& key, const std::string& part = "") {
  for (const std::string& line : lines_of(text)) {
    if (key_of(line).name == key && line.find(part) != std::string::npos) return true;
  }
  return false;
}

class SettingsTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::permissions(folder_, std::filesystem::perms(0755)); }
  std::string write(const std::string& name, const std::string& text) { return temp_.write(name, text); }
  std::string write_secret(const std::string& name, const std::string& text) {
    std::string path = write(name, text);
    std::filesystem::permissions(path, std::filesystem::perms(0640));
    return path;
  }
  // With the one key that is required.
  static Result<Settings> with(const std::string& yaml) {
    return parse_settings(yaml + "\nreadings: [{topic: \"sensors/#\"}]\n", "test.yaml");
  }
  static std::string error_of(const Result<Settings>& result) {
    return result.ok() ? "no error" : result.error().context;
  }

  test::TempFolder temp_;
  const std::string folder_ = temp_.path().string();
};

}  // namespace sluice
