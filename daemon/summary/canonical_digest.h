// Digest of a day's counted rows: SHA-256 over lines
//   sensor NUL time_ms NUL value(%.17g) LF
// in canonical order: sensor name bytewise, time, value. The caller adds them in that order. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"

namespace sluice {

class CanonicalDigest {
 public:
  CanonicalDigest();
  void begin_sensor(std::string_view name);
  void add(std::int64_t time_ms, double value);
  std::string finish_hex();  // once

 private:
  // Sensors repeat a few values all day; writing one out costs more than hashing it.
  struct ValueText {
    double value = 0;
    std::uint8_t size = 0;  // 0: empty slot
    char text[31];
  };
  const ValueText& text_of(double value);
  void flush();

  Sha256 hash_;
  std::string prefix_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::vector<ValueText> values_;
};

}  // namespace sluice
