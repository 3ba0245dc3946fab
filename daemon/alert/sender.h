// Sender: the seam to HTTP for channels (io/http_multi is the real one). One thread calls.
#pragma once

#include <utility>
#include <vector>

#include "base/result.h"
#include "base/side_by_side.h"
#include "model/http_exchange.h"

namespace sluice {

class Sender {
 public:
  virtual ~Sender() = default;
  using Work = SideBySide<HttpCall, Result<HttpAnswer>>;
  // Until all are answered and there is no more, each for no longer than its time limit. An answer with any
  // status is a value.
  virtual void send(const Work& work) = 0;
  // Answer i is that of calls[i].
  std::vector<Result<HttpAnswer>> send_all(std::vector<HttpCall> calls) {
    return all_side_by_side<HttpCall, Result<HttpAnswer>>(std::move(calls),
                                                          [this](const Work& work) { send(work); });
  }
};

}  // namespace sluice
