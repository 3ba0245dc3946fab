// What happens to the journal at start: every ring found in either directory is folded into the store from
// the cursor on, before anything new is taken in; then one ring of the configured size and place takes over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "alert/alert_slots.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "engine/engine.h"
#include "intake/journal.h"
#include "store/store.h"

namespace sluice {

std::string random_ring_id();  // 16 hexadecimal digits

struct JournalPlaces {
  std::string runtime_dir;
  std::string state_dir;
  Durability durability = Durability::kCrash;
  std::uint64_t size_bytes = 16u << 20;
  std::string new_id = random_ring_id();  // of the ring that is made if none can go on
};

struct JournalStart {
  std::unique_ptr<Journal> journal;
  std::string damage;     // empty, or what could not be read, for the status
  std::string elsewhere;  // empty, or why the journal is not in the runtime directory
  // What the store could not take, because the disk is full or broken: the first that the store loop is to
  // try.
  std::optional<Batch> unstored;
  std::uint64_t stored_seq = 0;  // what the store has
};

// `engine` was made from the store's checkpoint. Transitions go to the slots as they are found again.
// `progress` is called before each piece that is read or stored: a long replay is no standstill.
Result<JournalStart> start_journal(
    const JournalPlaces& places, Engine& engine, Store& store, AlertSlots& slots, Clock& clock, Log& log,
    const std::function<void()>& progress = [] {});

}  // namespace sluice
