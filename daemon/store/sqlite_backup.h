// back_up: a copy of sluice.db as it is at one moment, taken while the gateway writes. One read snapshot is
// held from the first page to the last, so writes neither get into the copy nor begin it anew; meanwhile the
// WAL grows by what is written. The copy is checked, synced and only then given its name. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace sluice {

using BackupProgress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

// kRefused: `to` is there already, and stays as it is. After an error nothing is left at `to`.
Status back_up(const std::string& from, const std::string& to, const BackupProgress& progress);

}  // namespace sluice
