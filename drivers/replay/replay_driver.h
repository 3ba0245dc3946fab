// Driver `replay`: sends the rows of a CSV file as JSON messages, as fast as they were recorded, faster, or
// as fast as the broker takes them. It waits while the output has no room, so no row is lost; after an error
// it goes on with the row it had reached. The README beside this file shows the settings.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "drivers/config_section.h"
#include "drivers/driver.h"
#include "drivers/replay/csv_reader.h"
#include "drivers/replay/row_mapping.h"

namespace sluice::drivers {

struct ReplaySettings {
  std::string name;
  std::string file;
  char delimiter = ',';
  MappingSettings mapping;
  double speed = 1;              // seconds of the record in a second; 0: as fast as possible
  std::int64_t interval_ms = 0;  // between rows that carry no time
  bool loop = false;
  std::uint64_t start = 0;  // rows left out at the beginning
  std::uint64_t limit = 0;  // rows in one pass; 0: all
};

ReplaySettings read_replay_settings(ConfigSection& section);

class ReplayDriver final : public Driver {
 public:
  ReplayDriver(ReplaySettings settings, Log& log) : settings_(std::move(settings)), log_(log) {}

  Status open(Instant now) override;
  Result<Next> poll(Instant now, Output& output) override;
  void close() override { reader_.reset(); }

  std::uint64_t rows_skipped() const { return rows_skipped_; }

 private:
  struct Due {
    Sample sample;
    std::int64_t at_boot_ms;
  };
  Status read_due(Instant now);  // leaves due_ empty at the end of the pass
  Status skip_rows(std::uint64_t count);
  Status end_pass(Instant now);
  std::int64_t due_boot_ms(const RowMapping::Row& row, Instant now);
  void report_progress(Instant now);

  ReplaySettings settings_;
  Log& log_;
  std::unique_ptr<CsvReader> reader_;
  std::optional<RowMapping> mapping_;
  std::vector<std::string> cells_;
  std::optional<Due> due_;
  std::uint64_t rows_taken_ = 0;  // of this pass, the skipped ones too
  std::uint64_t rows_sent_ = 0;
  std::uint64_t rows_skipped_ = 0;
  std::uint64_t rows_sent_before_pass_ = 0;
  std::optional<std::int64_t> first_time_ms_;  // pacing: the pass's first row …
  std::int64_t first_boot_ms_ = 0;             // … and when it was due
  std::int64_t last_time_ms_ = 0;
  std::int64_t reported_boot_ms_ = 0;
  std::uint64_t reported_rows_ = 0;
  bool done_ = false;
};

}  // namespace sluice::drivers
