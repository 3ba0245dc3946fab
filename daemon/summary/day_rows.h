// DayRows: the rows of one day, by sensor, so that they are read from the table once however many there are.
// What fits into memory stays there. Beyond it they go, 12 bytes a row, run after run into a scratch file in
// `folder`. The file loses its name as soon as it is open: nothing is left of it after a crash, and what is
// read back within some seconds never reaches the card.
//
// A run: the number of its rows up to and with each place, 4 bytes each; then its rows, place after place, in
// order of arrival. The file is for this process alone, so in the machine's own byte order.
//
// Without a folder, on a write error, or where less than kLeaveFreeBytes would be left, the rows are not
// kept but counted only: complete() is false. One thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice {

// key, from its high end: ms since the day's begin (30 bits), time from the payload (1), late (1). Of equal
// payload readings the one that was not late comes first. The value in halves, so that a row takes 12 bytes.
class Row {
 public:
  Row() = default;
  Row(std::uint32_t key, double value) : key_(key), halves_(std::bit_cast<Halves>(value)) {}
  std::uint32_t key() const { return key_; }
  double value() const { return std::bit_cast<double>(halves_); }
  std::int64_t offset_ms() const { return key_ >> 2; }
  bool payload_time() const { return key_ & 2; }
  bool late() const { return key_ & 1; }

 private:
  using Halves = std::array<std::uint32_t, 2>;
  std::uint32_t key_ = 0;
  Halves halves_{};
};

class DayRows {
 public:
  static constexpr std::uint64_t kLeaveFreeBytes = 64u << 20;
  using Visit = std::function<void(std::uint32_t place, std::span<const Row>)>;

  // `places`: sensors, numbered from 0 in the order of their names.
  DayRows(std::size_t places, std::size_t memory_bytes_max, std::string folder);
  ~DayRows();
  DayRows(const DayRows&) = delete;
  DayRows& operator=(const DayRows&) = delete;

  void add(std::uint32_t place, const Row& row) {
    ++counts_[place];
    if (arrived_.size() == arrived_max_ && !make_room()) return;
    arrived_.push_back({place, row});
  }
  void finish();  // after the last row

  std::uint64_t count(std::uint32_t place) const { return counts_[place]; }
  bool complete() const { return complete_; }
  bool in_memory() const { return complete_ && runs_.empty(); }
  // Those of places [first, last), each place's in order of arrival, in any number of pieces.
  Status visit(std::uint32_t first, std::uint32_t last, const Visit& visit) const;

 private:
  struct Arrived {
    std::uint32_t place = 0;
    Row row;
  };
  static_assert(sizeof(Row) == 12 && sizeof(Arrived) == 16, "the memory limit counts on it");
  struct Run {
    std::uint64_t at = 0;  // in the file
    std::uint64_t rows = 0;
  };

  bool make_room();
  void lay_out();
  bool write_run();
  bool write(const void* data, std::size_t bytes);
  bool open_file();
  bool room_for(std::size_t bytes) const;
  void give_up();
  Status read(void* data, std::size_t bytes, std::uint64_t at) const;
  Status visit_run(const Run& run, std::uint32_t first, std::uint32_t last, const Visit& visit) const;

  std::vector<std::uint64_t> counts_;  // by place
  const std::size_t arrived_max_;
  const std::string folder_;
  std::vector<Arrived> arrived_;
  std::vector<std::uint32_t> ends_;  // of the rows laid out, by place
  std::vector<Row> laid_;            // place after place
  int fd_ = -1;
  std::uint64_t written_ = 0;
  std::vector<Run> runs_;
  bool complete_ = true;
};

}  // namespace sluice
