// HttpMulti: several HTTP exchanges side by side on one thread, over libcurl's multi interface. Connections
// stay open between calls to the same place. One thread at a time.
#pragma once

#include <atomic>
#include <memory>

#include "alert/sender.h"

namespace sluice {

class HttpMulti final : public Sender {
 public:
  // Once `stop` is true, exchanges get two seconds more and no longer; once `hurry` is, none is begun and
  // those under way are cut off at once. Both (or null) outlive this.
  explicit HttpMulti(const std::atomic<bool>* stop = nullptr, const std::atomic<bool>* hurry = nullptr);
  ~HttpMulti() override;
  HttpMulti(const HttpMulti&) = delete;
  HttpMulti& operator=(const HttpMulti&) = delete;

  // The errors are those of HttpTransfer::finish().
  void send(const Work& work) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
