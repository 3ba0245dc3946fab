// Typed access to a YAML mapping for the program and its drivers; the only place that knows yaml-cpp. Each
// key is asked for by the code that needs it; errors are collected, so that one run shows them all, and every
// key that nobody asked for is an error too. An error reads file:line:column: what is wrong, what was
// expected.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::drivers {

class ConfigFile;

// A handle on one mapping; valid as long as its ConfigFile. An absent mapping answers with the fallbacks.
class ConfigSection {
 public:
  bool has(std::string_view key);
  std::string text(std::string_view key, std::string fallback);
  std::string required_text(std::string_view key);
  std::string one_of(std::string_view key, std::initializer_list<std::string_view> choices,
                     std::string fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max);
  double number(std::string_view key, double fallback);
  bool flag(std::string_view key, bool fallback);
  std::int64_t duration_ms(std::string_view key, std::int64_t fallback);  // 500ms 10s 5m 2h 7d
  std::int64_t bytes(std::string_view key, std::int64_t fallback);        // 4096 64KiB 16MiB
  ConfigSection section(std::string_view key);
  std::vector<ConfigSection> list(std::string_view key);                         // a sequence of mappings
  std::vector<std::pair<std::string, std::string>> pairs(std::string_view key);  // in the file's order
  std::vector<std::pair<std::string, ConfigSection>> sections(std::string_view key);

  // Adds an error at the key's value, or at the mapping where the key is absent.
  void reject(std::string_view key, std::string_view message);

 private:
  friend class ConfigFile;
  ConfigSection(ConfigFile& file, std::size_t part) : file_(&file), part_(part) {}
  ConfigFile* file_;
  std::size_t part_;
};

class ConfigFile {
 public:
  static Result<std::unique_ptr<ConfigFile>> load(const std::string& path);
  static Result<std::unique_ptr<ConfigFile>> parse(const std::string& text, std::string name);
  ~ConfigFile();
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;

  ConfigSection root();
  Status finish();  // all errors, one a line, once everything has been asked for

 private:
  friend class ConfigSection;
  struct Impl;
  explicit ConfigFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::drivers
