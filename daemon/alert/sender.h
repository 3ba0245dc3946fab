// Sender: the seam to HTTP for channels (io/http_multi is the real one). One thread calls.
#pragma once

#include <vector>

#include "base/result.h"
#include "model/http_exchange.h"

namespace sluice {

class Sender {
 public:
  virtual ~Sender() = default;
  // Sends all side by side and waits for all, each for no longer than its time limit; answer i is that of
  // calls[i]. An answer with any status is a value.
  virtual std::vector<Result<HttpAnswer>> send_all(std::vector<HttpCall> calls) = 0;
};

}  // namespace sluice
