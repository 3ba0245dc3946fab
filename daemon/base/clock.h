// The clock seam. Everything that asks for the time is given a Clock; the real one is io/system_clock, the
// tests' one (FakeClock below) is moved by hand.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

// One moment, read from two clocks at once. Milliseconds.
struct Instant {
  std::int64_t wall_ms = 0;  // Unix time; may step and may be wrong
  std::int64_t boot_ms = 0;  // CLOCK_BOOTTIME; never steps, counts suspend, starts near 0 at each boot
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;                                       // any thread
  virtual std::int64_t boot_us() { return now().boot_ms * 1000; }  // boot_ms, for measuring short times
  virtual bool synchronised() = 0;                 // has the kernel's clock been set by NTP, PTP, …?
  virtual const std::string& boot_id() const = 0;  // constant for the life of the process
};

class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t wall_ms, std::int64_t boot_ms = 1000) : now_{wall_ms, boot_ms} {}
  Instant now() override { return now_; }
  bool synchronised() override { return synchronised_; }
  const std::string& boot_id() const override { return boot_id_; }

  void pass_ms(std::int64_t ms) {  // time passes on both clocks
    now_.wall_ms += ms;
    now_.boot_ms += ms;
  }
  void step_wall_ms(std::int64_t ms) { now_.wall_ms += ms; }
  void set_synchronised(bool yes) { synchronised_ = yes; }
  void reboot(std::string boot_id, std::int64_t wall_ms) {
    boot_id_ = std::move(boot_id);
    now_ = Instant{wall_ms, 1000};
  }

 private:
  Instant now_;
  bool synchronised_ = true;
  std::string boot_id_ = "00000000-0000-0000-0000-000000000001";
};

}  // namespace sluice
