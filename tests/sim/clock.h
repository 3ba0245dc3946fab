// SimClock: the gateway's two clocks over the world's true time. The wall clock can be unset, step and drift,
// and differs by a rounding; the boot clock starts anew with each boot. One thread.
#pragma once

#include <cmath>
#include <string>

#include "base/clock.h"

namespace sluice::sim {

class SimClock final : public Clock {
 public:
  explicit SimClock(std::int64_t true_ms) : true_ms_(true_ms), drift_from_ms_(true_ms) { boot(0, true); }

  Instant now() override {
    return {true_ms_ + offset_ms_ + drifted_ms() + rounded_ms(), true_ms_ - booted_ms_};
  }
  bool synchronised() override { return synchronised_; }
  const std::string& boot_id() const override { return boot_id_; }

  std::int64_t true_ms() const { return true_ms_; }
  void pass_to(std::int64_t true_ms) { true_ms_ = true_ms; }
  void step(std::int64_t ms) { offset_ms_ += ms; }
  void drift(double ppm) {
    offset_ms_ += drifted_ms();
    drift_from_ms_ = true_ms_;
    ppm_ = ppm;
  }
  void synchronise() {
    drift(0);
    offset_ms_ = 0;
    synchronised_ = true;
  }
  // The clock shows true time + offset until it is synchronised.
  void boot(std::int64_t offset_ms, bool synchronised) {
    booted_ms_ = true_ms_ - 5000;
    drift(0);
    offset_ms_ = offset_ms;
    synchronised_ = synchronised;
    boot_id_ = "boot-" + std::to_string(++boots_);
  }

 private:
  // The two clocks are read one after the other, and each is rounded by itself.
  std::int64_t rounded_ms() const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(true_ms_) * 0x9e3779b97f4a7c15u >> 63);
  }
  std::int64_t drifted_ms() const {
    return std::llround(static_cast<double>(true_ms_ - drift_from_ms_) * ppm_ / 1e6);
  }
  std::int64_t true_ms_;
  std::int64_t booted_ms_ = 0;
  std::int64_t offset_ms_ = 0;
  std::int64_t drift_from_ms_;
  double ppm_ = 0;
  bool synchronised_ = true;
  int boots_ = 0;
  std::string boot_id_;
};

}  // namespace sluice::sim
