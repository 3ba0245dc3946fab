// HttpPost: JSON documents POSTed to one address, and what the answers mean for alerts. 2xx: told. 408, 425,
// 429, 5xx, a redirect, no answer or a failure of TLS: again later, and not before Retry-After. Any other
// status: refused. The token is read at each use. One thread: the notifier's.
#pragma once

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
  // Side by side; answer i is about bodies[i].
  std::vector<ChannelAnswer> post_all(std::vector<std::string> bodies);

 private:
  HttpCall call_with(const std::string& token) const;
  ChannelAnswer judge(const HttpAnswer& answer, const std::string& token) const;
  Sender& sender_;
  Clock& clock_;
  const HttpPostSettings settings_;
};

}  // namespace sluice
