// HttpSink: delivers documents by HTTP, each with its Idempotency-Key, so that a receiver that got one twice
// knows it. The same document is the same bytes at every attempt. 2xx is a receipt; 408, 425, 429, 5xx, a
// redirect and a network that fails are tried again, after Retry-After if there is one; another 4xx is
// refused. The token is read at each attempt and is in no note. One thread (the uploader's).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "model/http_exchange.h"
#include "upload/sink.h"
#include "upload/upload_settings.h"

namespace sluice {

using SendHttp = std::function<Result<HttpAnswer>(const HttpCall&)>;

class HttpSink final : public Sink {
 public:
  HttpSink(SinkSettings settings, SendHttp send);

  const std::string& name() const override { return settings_.name; }
  SinkAnswer deliver(const Delivery& delivery) override;

 private:
  HttpCall call_for(const Delivery& delivery, const std::string& token) const;

  const SinkSettings settings_;
  SendHttp send_;
};

}  // namespace sluice
