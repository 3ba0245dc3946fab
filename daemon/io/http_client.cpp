#include "io/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/check.h"
#include "base/time_text.h"

namespace sluice {

namespace {

struct Answer {
  HttpClient::Response response;
  std::size_t bytes_max = 0;
  bool too_long = false;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  const std::size_t bytes = size * count;
  if (answer.response.body.size() + bytes > answer.bytes_max) {
    answer.too_long = true;
    return 0;  // makes curl end the transfer
  }
  answer.response.body.append(data, bytes);
  return bytes;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) answer.response.headers.clear();  // a "100 Continue" came before
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.response.headers[name] = trimmed(line.substr(colon + 1));
  }
  return size * count;
}

Error explain(CURLcode code, const char* detail, const HttpClient::Request& request) {
  const std::string where = request.unix_socket.empty() ? request.url : request.unix_socket;
  const std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return make_error(ErrorCode::kUnavailable,
                        "the host name of " + where + " was not found (" + why + "); check the name and DNS");
    case CURLE_COULDNT_CONNECT:
      return make_error(ErrorCode::kUnavailable, "the connection to " + where + " was refused (" + why +
                                                     "); check that the other side is running");
    case CURLE_OPERATION_TIMEDOUT:
      return make_error(ErrorCode::kUnavailable, where + " timed out: no complete answer within " +
                                                     format_duration(request.timeout.count()) + " (" + why +
                                                     "); check the network and the other side's load");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CIPHER:
      return make_error(ErrorCode::kRefused, "TLS with " + where + " failed (" + why +
                                                 "); check the certificates, the name and the clock");
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return make_error(ErrorCode::kInvalid, "a TLS file for " + where + " cannot be used (" + why +
                                                 "); check the ca, cert and key files");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return make_error(ErrorCode::kInvalid, "\"" + request.url + "\" cannot be requested (" + why +
                                                 "); use an http:// or https:// URL");
    default:
      return make_error(ErrorCode::kUnavailable, "the exchange with " + where + " broke off (" + why + ")");
  }
}

class HeaderList {
 public:
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    SLUICE_CHECK(longer != nullptr, "out of memory");
    list_ = longer;
  }
  curl_slist* get() { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

void set_method(CURL* curl, const HttpClient::Request& request) {
  if (request.method == "GET" && request.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    return;
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
}

void set_place(CURL* curl, const HttpClient::Request& request) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!request.unix_socket.empty()) {
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  }
  if (!request.tls.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.tls.ca.c_str());
  if (!request.tls.cert.empty()) curl_easy_setopt(curl, CURLOPT_SSLCERT, request.tls.cert.c_str());
  if (!request.tls.key.empty()) curl_easy_setopt(curl, CURLOPT_SSLKEY, request.tls.key.c_str());
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
}

}  // namespace

struct HttpClient::Impl {
  CURL* curl = nullptr;
};

// curl counts its global initialisations (under its own lock), so each client brings and takes one.
HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {
  SLUICE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl does not start");
  impl_->curl = curl_easy_init();
  SLUICE_CHECK(impl_->curl != nullptr, "libcurl has no memory for a client");
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(impl_->curl);
  curl_global_cleanup();
}

Result<HttpClient::Response> HttpClient::request(const Request& request) {
  CURL* curl = impl_->curl;
  curl_easy_reset(curl);  // options only; open connections stay
  Answer answer;
  answer.bytes_max = request.answer_bytes_max;
  char detail[CURL_ERROR_SIZE] = {};
  HeaderList headers;
  headers.add("Expect:");  // no waiting for a "100 Continue" that few servers send
  for (const std::string& line : request.headers) headers.add(line);

  set_place(curl, request);
  set_method(curl, request);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);

  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  if (answer.too_long) {
    return make_error(ErrorCode::kFull, "the answer of " + request.url + " is longer than " +
                                            std::to_string(request.answer_bytes_max) + " bytes");
  }
  if (code != CURLE_OK) return explain(code, detail, request);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.response.status = static_cast<int>(status);
  return std::move(answer.response);
}

}  // namespace sluice
