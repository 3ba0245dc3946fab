// A tree of files like the kernel's, for a driver that is told to look there, and a way to let such a driver
// do one round: its reads happen in the background, so a round is polled until the driver wants a longer
// pause.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "drivers/drivers_config.h"
#include "support/temp_folder.h"
#include "unit/drivers/fake_output.h"

namespace sluice::drivers {

class FakeTree {
 public:
  std::string root() const { return folder_.file(""); }
  std::string path(const std::string& name) const { return folder_.file(name); }
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    folder_.write(name, text);
  }
  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::filesystem::create_directory_symlink(path(target), path(name));
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }

 private:
  test::TempFolder folder_;
};

class KernelDriver : public ::testing::Test {
 protected:
  // `settings`: what stands in the driver's section besides the roots.
  void make(const std::string& settings) {
    Result<DriversConfig> config =
        parse_config("drivers: [ { sysfs: '" + tree_.root() + "', " + settings + " } ]\n", "d.yaml", log_);
    ASSERT_TRUE(config) << config.error().context;
    driver_ = std::move(config->drivers.at(0).driver);
  }
  std::string refusal(const std::string& settings) {
    auto config = parse_config("drivers: [ { " + settings + " } ]\n", "d.yaml", log_);
    return config ? "" : config.error().context;
  }

  // One round, and the pause until the next; the error of a driver that fails.
  Status round() {
    samples_.clear();
    if (Status opened = opened_ ? Status() : driver_->open(clock_.now()); !opened) return opened;
    opened_ = true;
    while (true) {
      Result<Next> next = driver_->poll(clock_.now(), output_);
      for (const Sample& sample : output_.samples) samples_[sample.topic] = sample.payload;
      output_.samples.clear();
      if (!next) {
        driver_->close();
        opened_ = false;
        return next.error();
      }
      std::int64_t pause_ms = next->at_boot_ms - clock_.now().boot_ms;
      if (pause_ms >= 500) {
        clock_.pass_ms(pause_ms);
        return {};
      }
      std::this_thread::yield();
    }
  }
  std::string error_of_round() {
    Status done = round();
    return done ? "" : done.error().context;
  }

  FakeTree tree_;
  FakeClock clock_{1'700'000'000'000};
  FakeOutput output_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  std::unique_ptr<Driver> driver_;
  bool opened_ = false;
  std::map<std::string, std::string> samples_;  // of the last round: topic → payload
};

// The cells of a file of test vectors, without its head.
inline std::vector<std::vector<std::string>> read_vectors(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    std::vector<std::string> cells(1);
    for (char c : line) c == ',' ? cells.emplace_back() : cells.back().append(1, c);
    rows.push_back(cells);
  }
  return rows;
}

}  // namespace sluice::drivers
