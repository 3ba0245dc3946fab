// What a new reading is flagged with, from its message, from what its sensor said before, and from the state
// of connection and clock. Pure; engine thread.
#pragma once

#include <cstdint>

#include "decode/decoder.h"
#include "engine/registry.h"
#include "model/batch.h"
#include "model/journal_record.h"
#include "model/reading.h"

namespace sluice {

// `sensor` as it was before this reading; `row` without its flags.
std::uint32_t reading_flags(const JournalRecord& record, const DecodedValue& found,
                            const SensorEntryState& sensor, const Reading& row,
                            const StreamClockState& clock);

}  // namespace sluice
