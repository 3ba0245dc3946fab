#include "io/http_client.h"

#include <curl/curl.h>

#include "base/url.h"
#include "io/tls_probe.h"

namespace sluice {

namespace {

constexpr std::string_view kHttps = "https://";

bool broke_off(CURLcode code) {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
}

}  // namespace

Result<HttpClient::Response> HttpClient::request(const Request& request) {
  transfer_.prepare(request, stop_);
  const CURLcode code = curl_easy_perform(transfer_.easy());
  auto answer = transfer_.finish(code);
  const std::string place = url_origin(request.url);
  if (!place.starts_with(kHttps)) return answer;
  if (answer.ok()) {
    answered_ = place;
  } else if (broke_off(code) && answered_ != place) {
    const std::string why = why_broken_off(request);
    if (!why.empty()) return make_error(ErrorCode::kRefused, "TLS with " + place + " failed: " + why);
  }
  return answer;
}

// With TLS 1.3 a server refuses a certificate after the request is on its way; the reset that answers the
// request overtakes the alert that says why. A handshake without a request hears it.
std::string HttpClient::why_broken_off(const Request& request) const {
  if (stop_ != nullptr && *stop_) return "";
  return why_tls_fails(url_origin(request.url).substr(kHttps.size()), request.tls);
}

}  // namespace sluice
