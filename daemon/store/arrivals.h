// Arrivals: the stored rows in the order in which they came, with the clocks that the gateway had then, to
// fold them once more. Read in pieces, so that no read transaction is long; between two pieces retention may
// take rows away. One thread, the connection's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "model/reading.h"

namespace sluice {

class Connection;

// The clocks at the end of a batch. Their offsets are constant within it, and rows arrive only while
// subscribed.
struct BatchClock {
  bool connected = false;
  std::int64_t stream_ms = 0;
  std::int64_t subscribed_ms = 0;
  std::int64_t wall_minus_stream_ms = 0;

  std::int64_t stream_at(std::int64_t arrival_ms) const { return arrival_ms - wall_minus_stream_ms; }
  std::int64_t subscribed_at(std::int64_t arrival_ms) const {
    if (!connected) return subscribed_ms;
    const std::int64_t before_end_ms = stream_ms - stream_at(arrival_ms);
    return std::max<std::int64_t>(0, subscribed_ms - std::max<std::int64_t>(0, before_end_ms));
  }
};

struct ArrivedBatch {
  std::int64_t first_row = 0;  // of the piece
  std::int64_t last_row = 0;
  BatchClock clock;
};

struct ArrivedRow {
  std::int64_t id = 0;
  Reading reading;
};

// A piece, and where the next one begins. Give it back to read on; its memory is used again.
struct Arrivals {
  std::vector<ArrivedBatch> batches;  // those of `rows`, in order
  std::vector<ArrivedRow> rows;
  std::int64_t next_batch = 0;
  std::int64_t next_row = 0;
  bool end = false;  // this was the last piece
};

struct ArrivalSpan {
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::min();  // whole batches that touch [from, to)
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::max();
  std::size_t rows_max = 20000;  // of a piece
};

Status read_arrivals(Connection& connection, const ArrivalSpan& span, Arrivals& piece);

// A sensor, and its newest values as of the last snapshot; arrival_ms 0: there was none yet.
struct KnownSensor {
  SensorRow sensor;
  SensorLast last;
};

// What a fold over arrivals has to know beside them.
struct ArrivalFacts {
  std::vector<KnownSensor> sensors;  // ids ascending
  StreamClockState clock;            // at the newest commit
  std::int64_t first_row = 0;        // that is left; 0: none
  std::int64_t last_row = 0;
};

Result<ArrivalFacts> read_arrival_facts(Connection& connection);

}  // namespace sluice
