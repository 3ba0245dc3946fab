// YamlWriter: text of block YAML, a line "key: value" at a time at the depth of the map or list that is being
// written. Texts are quoted so that they read back as they are; durations and sizes are exact.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

class YamlWriter {
 public:
  // `body` writes the members.
  template <class Body>
  void map(const std::string& key, Body body) {
    text_ += margin() + key + ":\n";
    ++depth_;
    body();
    --depth_;
  }
  // `body` writes the members of one item, each of which is a map.
  template <class Items, class Body>
  void list(const std::string& key, const Items& items, Body body) {
    text_ += margin() + key + (items.empty() ? ": []\n" : ":\n");
    depth_ += 2;
    for (const auto& item : items) {
      dash_ = true;
      body(item);
    }
    depth_ -= 2;
  }
  void word(const std::string& key, const std::string& value);  // as it is, unquoted
  void text(const std::string& key, const std::string& value) { word(key, quoted(value)); }
  void texts(const std::string& key, const std::vector<std::string>& values);
  void real(const std::string& key, double value);
  void reals(const std::string& key, const std::vector<double>& values);
  void duration(const std::string& key, std::chrono::milliseconds value);
  void size(const std::string& key, std::uint64_t bytes);
  void number(const std::string& key, std::int64_t value) { word(key, std::to_string(value)); }
  void members(const std::string& key, const std::map<std::string, std::string>& values);
  void members(const std::string& key, const std::map<std::string, double>& values);

  std::string take() { return std::move(text_); }

  static std::string quoted(const std::string& text);  // a double-quoted scalar: right for every text

 private:
  std::string margin();
  std::string text_;
  std::size_t depth_ = 0;
  bool dash_ = false;  // the next line begins an item
};

}  // namespace sluice
