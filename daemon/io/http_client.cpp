#include "io/http_client.h"

#include <curl/curl.h>

namespace sluice {

Result<HttpClient::Response> HttpClient::request(const Request& request) {
  transfer_.prepare(request, stop_);
  return transfer_.finish(curl_easy_perform(transfer_.easy()));
}

}  // namespace sluice
