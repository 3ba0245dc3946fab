#include "model/tally.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace sluice {

namespace {

constexpr unsigned kDoubleBits = 64;

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_double(std::string& out, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned shift = 0; shift < kDoubleBits; shift += 8) out += static_cast<char>(bits >> shift);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  bool damaged() const { return damaged_; }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = next();
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    damaged_ = true;
    return 0;
  }
  double number() {
    std::uint64_t bits = 0;
    for (unsigned shift = 0; shift < kDoubleBits; shift += 8) bits |= std::uint64_t{next()} << shift;
    return std::bit_cast<double>(bits);
  }

 private:
  unsigned char next() {
    if (bytes_.empty()) {
      damaged_ = true;
      return 0;
    }
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string_view bytes_;
  bool damaged_ = false;
};

}  // namespace

bool agree(const Tally& a, const Tally& b) {
  if (a.count != b.count) return false;
  if (a.count == 0) return true;
  if (a.min != b.min || a.max != b.max) return false;
  // Sums beyond the largest double depend on the order.
  if (!std::isfinite(a.sum) || !std::isfinite(b.sum)) return true;
  // Each of n additions is off by at most half an epsilon of the sum so far, which is at most n * largest.
  const double largest = std::max(std::abs(a.min), std::abs(a.max));
  const auto n = static_cast<double>(a.count);
  return std::abs(a.sum - b.sum) <= n * n * std::numeric_limits<double>::epsilon() * largest;
}

std::vector<SensorId> differing(const SensorTallies& a, const SensorTallies& b) {
  SensorTallies rest = b;
  std::vector<SensorId> differ;
  for (const auto& [sensor, tally] : a) {
    auto other = rest.extract(sensor);
    if (!agree(tally, other.empty() ? Tally{} : other.mapped())) differ.push_back(sensor);
  }
  for (const auto& [sensor, tally] : rest) {
    if (!agree(tally, Tally{})) differ.push_back(sensor);
  }
  std::sort(differ.begin(), differ.end());
  return differ;
}

void RunningTallies::add(Day day, SensorId sensor, double value) {
  if (sensor >= newest_.size()) newest_.resize(sensor + std::size_t{1}, 0);
  std::uint32_t& newest = newest_[sensor];
  if (newest == 0 || tallies_[newest - 1].day != day) {
    tallies_.push_back({day, sensor, {}});
    newest = static_cast<std::uint32_t>(tallies_.size());
  }
  tallies_[newest - 1].tally.add(value);
}

std::vector<DayTally> RunningTallies::take() {
  for (const DayTally& tally : tallies_) newest_[tally.sensor] = 0;
  return std::exchange(tallies_, {});
}

std::string encode_tallies(const std::vector<DayTally>& tallies) {
  std::string out;
  std::int64_t day = 0;
  for (const DayTally& entry : tallies) {
    const std::int64_t step = entry.day - day;
    day = entry.day;
    put_varint(out, static_cast<std::uint64_t>(step) << 1 ^ static_cast<std::uint64_t>(step >> 63));
    put_varint(out, entry.sensor);
    put_varint(out, entry.tally.count);
    put_double(out, entry.tally.sum);
    if (entry.tally.count == 1) continue;
    put_double(out, entry.tally.min);
    put_double(out, entry.tally.max);
  }
  return out;
}

bool decode_tallies(std::string_view bytes, const std::function<void(const DayTally&)>& take) {
  Reader in(bytes);
  std::uint64_t day = 0;
  while (!in.at_end()) {
    const std::uint64_t step = in.varint();
    day += step >> 1 ^ (0 - (step & 1));
    DayTally entry;
    entry.day = static_cast<Day>(day);
    entry.sensor = static_cast<SensorId>(in.varint());
    entry.tally.count = in.varint();
    entry.tally.sum = entry.tally.min = entry.tally.max = in.number();
    if (entry.tally.count != 1) {
      entry.tally.min = in.number();
      entry.tally.max = in.number();
    }
    if (in.damaged()) return false;
    take(entry);
  }
  return true;
}

}  // namespace sluice
