// KeptBack: an alert that stands and is told to nobody, or not again, and what keeps it back: a silence, the
// hours of its rule, or a reading that nobody is told of (old, queued, of an unset clock). Plain values.
#pragma once

#include <cstdint>
#include <string>

#include "model/alert_event.h"

namespace sluice {

struct KeptBack {
  AlertEvent event;  // with the flags that say why; kQuiet: nobody was told of it
  std::string note;  // "silenced by 354", "told nobody: …"
};

// Of the flags of an event; empty: nothing keeps it back. `silence`: its number, 0 where it is not known.
std::string kept_back_note(std::uint32_t alert_flags, std::uint64_t silence = 0);

}  // namespace sluice
