// HttpMulti: several HTTP exchanges side by side on one thread, over libcurl's multi interface. Connections
// stay open between calls to the same place. One thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "alert/sender.h"

namespace sluice {

class HttpMulti final : public Sender {
 public:
  // Once `stop` (or null; outlives this) is true, exchanges get two seconds more and no longer.
  explicit HttpMulti(const std::atomic<bool>* stop = nullptr);
  ~HttpMulti() override;
  HttpMulti(const HttpMulti&) = delete;
  HttpMulti& operator=(const HttpMulti&) = delete;

  // The errors are those of HttpTransfer::finish().
  std::vector<Result<HttpAnswer>> send_all(std::vector<HttpCall> calls) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
