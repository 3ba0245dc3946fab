// HttpClient: one HTTP/1.1 request after another, over TCP, TLS or a unix socket; blocks for at most the
// request's time limit. Never follows redirects and never keeps more of an answer than it was told to.
// Belongs to one thread at a time; keeps its connection open between requests to the same place.
#pragma once

#include <atomic>
#include <string>

#include "base/result.h"
#include "io/http_transfer.h"
#include "model/http_exchange.h"

namespace sluice {

class HttpClient {
 public:
  using Request = HttpCall;
  using Response = HttpAnswer;

  // `stop` (or null; outlives the client): once it is true a request under way is given up within a second.
  explicit HttpClient(const std::atomic<bool>* stop = nullptr) : stop_(stop) {}

  // An answer with any status is a value; the errors are those of HttpTransfer::finish().
  Result<Response> request(const Request& request);

 private:
  std::string why_broken_off(const Request& request) const;
  const std::atomic<bool>* stop_;
  std::string answered_;  // the last place that answered over TLS
  HttpTransfer transfer_;
};

}  // namespace sluice
