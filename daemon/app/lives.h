// Lives: which configuration the gateway's next life begins with, and which one it goes back to where that
// life cannot begin. Owned by run_gateway(); main thread.
#pragma once

#include <memory>
#include <utility>

#include "config/settings.h"

namespace sluice {

class Lives {
 public:
  explicit Lives(const Settings& first) : in_force_(std::make_unique<Settings>(first)) {}

  const Settings& in_force() const { return *in_force_; }
  // A life ended well. `next`: what was asked for meanwhile. Null: the same again; what it replaced once is
  // no longer what anybody would go back to.
  void ended(std::unique_ptr<Settings> next) {
    before_ = next ? std::exchange(in_force_, std::move(next)) : nullptr;
  }
  // A life could not begin. False: there is nothing to go back to.
  bool go_back() {
    if (!before_) return false;
    in_force_ = std::move(before_);
    return true;
  }

 private:
  std::unique_ptr<Settings> in_force_;
  std::unique_ptr<Settings> before_;
};

}  // namespace sluice
