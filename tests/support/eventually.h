// Waiting for something that happens outside the test's thread: looks again and again until it is so.
#pragma once

#include <chrono>
#include <functional>

namespace sluice::test {

inline constexpr std::chrono::milliseconds kLongEnough{20000};  // only ever reached by a failing test

// True as soon as `condition` holds; false when it did not within `limit`.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = kLongEnough);

}  // namespace sluice::test
