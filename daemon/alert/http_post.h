// HttpPost: JSON documents POSTed to one address, and what the answers mean for alerts. 2xx: told. 408, 425,
// 429, 5xx, a redirect, no answer or a failure of TLS: again later, and not before Retry-After. Any other
// status: refused. The token is read at each use. One thread: the notifier's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alert/channel.h"
#include "alert/channel_settings.h"
#include "alert/sender.h"
#include "base/clock.h"

namespace sluice {

class HttpPost {
 public:
  HttpPost(Sender& sender, Clock& clock, HttpPostSettings settings);
  // Each event as `body_of` writes it, `at_once` side by side.
  void post_each(Deliveries& deliveries, std::size_t at_once,
                 const std::function<std::string(const AlertEvent&)>& body_of);
  // Side by side; answer i is about bodies[i].
  std::vector<ChannelAnswer> post_all(std::vector<std::string> bodies);

 private:
  Result<std::string> token() const;  // empty: none is wanted
  HttpCall call_with(const std::string& token, std::string body) const;
  ChannelAnswer judge(const Result<HttpAnswer>& answer, const std::string& token) const;
  ChannelAnswer judge(const HttpAnswer& answer, const std::string& token) const;
  Sender& sender_;
  Clock& clock_;
  const HttpPostSettings settings_;
};

}  // namespace sluice
