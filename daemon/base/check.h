// SLUICE_CHECK: an invariant that stays on in production. A failed one prints where and why and aborts: the
// service manager restarts the process and the journal replays what was not yet stored.
#pragma once

namespace sluice {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* message);
}  // namespace sluice

#define SLUICE_CHECK(condition, message)                                               \
  do {                                                                                 \
    if (!(condition)) ::sluice::check_failed(__FILE__, __LINE__, #condition, message); \
  } while (false)
