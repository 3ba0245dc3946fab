// What the engine needs to go on where the last batch ended. Reads the sensors' snapshot and the rows after
// it, never the whole reading table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "store/sqlite.h"

namespace sluice {

Status read_clock(Connection& connection, StreamClockState& clock);
Result<Checkpoint> read_checkpoint(Connection& connection, const Lookback& lookback);

std::string encode_delivered(const std::vector<DeliveredMessage>& messages);
std::vector<DeliveredMessage> decode_delivered(std::string_view bytes);

}  // namespace sluice
