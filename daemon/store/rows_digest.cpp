#include <array>
#include <bit>
#include <cstddef>

#include "base/sha256.h"
#include "store/view.h"

namespace sluice {

// A row is 28 bytes, little-endian on every machine: sensor (4), time_ms (8), value as IEEE 754 binary64 (8,
// negative zero as zero), arrival_ms (8).
namespace {

constexpr std::size_t kRowBytes = 28;

void put(unsigned char*& at, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) *at++ = static_cast<unsigned char>(value >> (8 * i));
}

}  // namespace

struct RowsDigest::Impl {
  Sha256 hash;
  std::array<unsigned char, kRowBytes * 128> buffer;  // saves most calls of the hash
  std::size_t filled = 0;

  void flush() {
    hash.update(buffer.data(), filled);
    filled = 0;
  }
};

RowsDigest::RowsDigest() : impl_(std::make_unique<Impl>()) {}
RowsDigest::~RowsDigest() = default;

void RowsDigest::add(const Reading& reading) {
  Impl& impl = *impl_;
  unsigned char* at = impl.buffer.data() + impl.filled;
  put(at, reading.sensor, 4);
  put(at, static_cast<std::uint64_t>(reading.time_ms), 8);
  put(at, std::bit_cast<std::uint64_t>(reading.value == 0 ? 0.0 : reading.value), 8);
  put(at, static_cast<std::uint64_t>(reading.arrival_ms), 8);
  impl.filled += kRowBytes;
  if (impl.filled == impl.buffer.size()) impl.flush();
}

std::string RowsDigest::finish() {
  impl_->flush();
  return impl_->hash.finish_hex().substr(0, 16);
}

}  // namespace sluice
