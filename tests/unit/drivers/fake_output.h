// What a test hands to a driver: an output that keeps every sample and whose room the test sets, a folder
// that is gone after the test, and a log that says nothing.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "drivers/driver.h"

namespace sluice::drivers {

class FakeOutput final : public Output {
 public:
  void push(Sample sample) override { samples.push_back(std::move(sample)); }
  bool has_room() const override { return samples.size() < room; }

  std::vector<Sample> samples;
  std::size_t room = SIZE_MAX;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-drivers-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

// Only errors, of which a test that passes makes few.
inline Log quiet_log() {
  return Log(LogLevel::kError, Log::Style::kPlain);
}

}  // namespace sluice::drivers
