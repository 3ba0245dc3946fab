// What a driver of kernel attributes knows that the others do not: which files there are to read, and what
// their texts mean. SysfsDriver does the rest. Owned by it; single-threaded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::drivers {

// One value to publish, made of one file or a few (a raw number, its scale and its offset).
struct Attribute {
  using Texts = std::vector<std::string>;  // of `files`, in their order
  using Meaning = std::function<Result<double>(const Texts& texts, Instant now)>;

  std::string topic;
  std::string unit;                // empty: none
  std::vector<std::string> files;  // none: the meaning looks for itself, at once
  Meaning meaning;                 // an error leaves the value out of this round
};

class AttributeSource {
 public:
  virtual ~AttributeSource() = default;
  // Everything to read in this round; looked for anew each time, so what is plugged in later is found. An
  // error, one sentence with advice, when there is nothing.
  virtual Result<std::vector<Attribute>> scan() = 0;
};

}  // namespace sluice::drivers
