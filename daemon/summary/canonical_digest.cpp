#include "summary/canonical_digest.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace sluice {

namespace {

constexpr std::size_t kBufferBytes = 16384;
constexpr std::size_t kNumbersBytes = 64;  // longest time, longest value, NUL and LF
constexpr unsigned kSlotBits = 10;

}  // namespace

CanonicalDigest::CanonicalDigest() : buffer_(kBufferBytes), values_(std::size_t{1} << kSlotBits) {}

void CanonicalDigest::begin_sensor(std::string_view name) {
  flush();
  prefix_.assign(name);
  prefix_ += '\0';
  buffer_.resize(std::max(kBufferBytes, prefix_.size() + kNumbersBytes));
}

void CanonicalDigest::add(std::int64_t time_ms, double value) {
  if (buffer_.size() - used_ < prefix_.size() + kNumbersBytes) flush();
  char* at = buffer_.data() + used_;
  std::memcpy(at, prefix_.data(), prefix_.size());
  at += prefix_.size();
  at = std::to_chars(at, at + kNumbersBytes, time_ms).ptr;
  *at++ = '\0';
  const ValueText& text = text_of(value);
  std::memcpy(at, text.text, text.size);
  at += text.size;
  *at++ = '\n';
  used_ = static_cast<std::size_t>(at - buffer_.data());
}

const CanonicalDigest::ValueText& CanonicalDigest::text_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  ValueText& slot = values_[(bits * 0x9E3779B97F4A7C15ull) >> (64 - kSlotBits)];
  if (slot.size == 0 || std::bit_cast<std::uint64_t>(slot.value) != bits) {
    auto end = std::to_chars(slot.text, slot.text + sizeof slot.text, value, std::chars_format::general, 17);
    SLUICE_CHECK(end.ec == std::errc(), "room for a double");
    slot.value = value;
    slot.size = static_cast<std::uint8_t>(end.ptr - slot.text);
  }
  return slot;
}

void CanonicalDigest::flush() {
  hash_.update(buffer_.data(), used_);
  used_ = 0;
}

std::string CanonicalDigest::finish_hex() {
  flush();
  return hash_.finish_hex();
}

}  // namespace sluice
