// HttpTransfer: one HTTP exchange as a libcurl easy handle: made ready from an HttpCall, driven by whoever
// likes (curl_easy_perform in HttpClient, curl_multi elsewhere), and turned into an answer or a sentence.
// Only http and https, TLS 1.2 or newer, no redirects, never more of an answer than asked for. A connection
// stays open for the next call to the same place. One thread at a time; must not move while it runs.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "model/http_exchange.h"

namespace sluice {

class HttpTransfer {
 public:
  HttpTransfer();
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Forgets the last exchange. `stop` (or null) ends the exchange within a second once it is true.
  void prepare(HttpCall call, const std::atomic<bool>* stop = nullptr);
  void* easy() const;  // the CURL*, for curl_easy_perform() or curl_multi_add_handle()
  // What came of it; `curl_code` is the CURLcode of the exchange. An answer with any status is a value.
  // kUnavailable: nobody answered; kRefused: TLS could not be agreed on; kInvalid: the URL or a TLS file is
  // wrong; kFull: the answer is too long. The sentence names the place, never what could be a secret.
  Result<HttpAnswer> finish(int curl_code);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
