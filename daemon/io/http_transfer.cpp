#include "io/http_transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/time_text.h"
#include "base/tls_files.h"
#include "base/url.h"
#include "io/tls_reason.h"

namespace sluice {

namespace {

constexpr std::size_t kHeadersMax = 200;  // of an answer

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

struct HttpTransfer::Impl {
  CURL* curl = nullptr;
  HttpCall call;
  std::unique_ptr<curl_slist, FreeList> headers;
  HttpAnswer answer;
  bool too_long = false;
  char detail[CURL_ERROR_SIZE] = {};

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user);
  static int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  void add_header(const std::string& line);
  void set_place();
  void set_method();
  Error explain(CURLcode code) const;
  Error explain_tls(CURLcode code, const std::string& place, const std::string& why) const;
};

std::size_t HttpTransfer::Impl::on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& self = *static_cast<Impl*>(user);
  const std::size_t bytes = size * count;
  const std::size_t room = self.call.answer_bytes_max - self.answer.body.size();
  self.answer.body.append(data, std::min(bytes, room));
  if (bytes <= room) return bytes;
  self.too_long = true;
  return 0;  // makes curl end the transfer
}

std::size_t HttpTransfer::Impl::on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& self = *static_cast<Impl*>(user);
  std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) self.answer.headers.clear();  // a "100 Continue" came before
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && self.answer.headers.size() < kHeadersMax) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    self.answer.headers[name] = trimmed(line.substr(colon + 1));
  }
  return size * count;
}

int HttpTransfer::Impl::on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(user) ? 1 : 0;
}

void HttpTransfer::Impl::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
  SLUICE_CHECK(longer != nullptr, "out of memory");
  (void)headers.release();
  headers.reset(longer);
}

void HttpTransfer::Impl::set_place() {
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  if (!call.unix_socket.empty()) {
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket.c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  }
  if (!call.tls.ca.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, call.tls.ca.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, static_cast<char*>(nullptr));  // this authority and no other
  }
  if (!call.tls.cert.empty()) curl_easy_setopt(curl, CURLOPT_SSLCERT, call.tls.cert.c_str());
  if (!call.tls.key.empty()) curl_easy_setopt(curl, CURLOPT_SSLKEY, call.tls.key.c_str());
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.timeout.count()));
}

void HttpTransfer::Impl::set_method() {
  if (call.method == "GET" && call.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    return;
  }
  if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
}

Error HttpTransfer::Impl::explain_tls(CURLcode code, const std::string& place, const std::string& why) const {
  Status files = check_tls_files(call.tls.ca, call.tls.cert, call.tls.key);
  if (!files) {
    return make_error(ErrorCode::kInvalid, "TLS with " + place + " failed: " + files.error().context);
  }
  if (code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE) {
    return make_error(ErrorCode::kInvalid, "a TLS file for " + place + " cannot be used (" + why +
                                               "); check the ca, cert and key files");
  }
  const std::string reason = tls_reason(why);
  if (!reason.empty()) {
    return make_error(ErrorCode::kRefused, "TLS with " + place + " failed: " + reason + " (" + why + ")");
  }
  return make_error(ErrorCode::kRefused, "TLS with " + place + " failed (" + why +
                                             "); check the certificates, the name and the clock");
}

Error HttpTransfer::Impl::explain(CURLcode code) const {
  const std::string place = call.unix_socket.empty() ? url_origin(call.url) : call.unix_socket;
  const std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return make_error(ErrorCode::kUnavailable,
                        "the host name of " + place + " was not found (" + why + "); check the name and DNS");
    case CURLE_COULDNT_CONNECT:
      if (!call.unix_socket.empty())
        return make_error(ErrorCode::kUnavailable,
                          "nobody answers at " + place + "; check that it is running");
      return make_error(ErrorCode::kUnavailable, "the connection to " + place + " was refused (" + why +
                                                     "); check that the other side is running");
    case CURLE_OPERATION_TIMEDOUT:
      if (!call.unix_socket.empty())
        return make_error(ErrorCode::kUnavailable,
                          "nobody answers at " + place + " within " + format_duration(call.timeout.count()));
      return make_error(ErrorCode::kUnavailable, place + " timed out: no complete answer within " +
                                                     format_duration(call.timeout.count()) + " (" + why +
                                                     "); check the network and the other side's load");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return explain_tls(code, place, why);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return make_error(ErrorCode::kInvalid, "\"" + url_shown(call.url) +
                                                 "\" cannot be requested; use an http:// or https:// URL");
    case CURLE_ABORTED_BY_CALLBACK:
      return make_error(ErrorCode::kUnavailable,
                        "the exchange with " + place + " was given up because we stop");
    default:
      // TLS 1.3 tells a client that its certificate is missing or wrong only when it first reads.
      if (!tls_reason(why).empty()) return explain_tls(code, place, why);
      return make_error(ErrorCode::kUnavailable, "the exchange with " + place + " broke off (" + why + ")");
  }
}

// curl counts its global initialisations (under its own lock), so each transfer brings and takes one.
HttpTransfer::HttpTransfer() : impl_(std::make_unique<Impl>()) {
  SLUICE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl does not start");
  impl_->curl = curl_easy_init();
  SLUICE_CHECK(impl_->curl != nullptr, "libcurl has no memory for a transfer");
}

HttpTransfer::~HttpTransfer() {
  curl_easy_cleanup(impl_->curl);
  curl_global_cleanup();
}

void* HttpTransfer::easy() const {
  return impl_->curl;
}

void HttpTransfer::prepare(HttpCall call, const std::atomic<bool>* stop) {
  Impl& self = *impl_;
  CURL* curl = self.curl;
  curl_easy_reset(curl);  // options only; open connections stay
  self.call = std::move(call);
  self.answer = {};
  self.too_long = false;
  self.detail[0] = '\0';
  self.headers.reset();
  self.add_header("Expect:");  // no waiting for a "100 Continue" that few servers send
  for (const std::string& line : self.call.headers) self.add_header(line);

  self.set_place();
  self.set_method();
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, self.headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, self.detail);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Impl::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &self);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, Impl::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &self);
  if (stop != nullptr) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, Impl::on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(stop));
  }
}

Result<HttpAnswer> HttpTransfer::finish(int curl_code) {
  Impl& self = *impl_;
  const auto code = static_cast<CURLcode>(curl_code);
  if (self.too_long && !self.call.cut_answer) {
    return make_error(ErrorCode::kFull, "the answer of " + url_origin(self.call.url) + " is longer than " +
                                            std::to_string(self.call.answer_bytes_max) + " bytes");
  }
  if (code != CURLE_OK && !self.too_long) return self.explain(code);
  long status = 0;
  curl_easy_getinfo(self.curl, CURLINFO_RESPONSE_CODE, &status);
  self.answer.status = static_cast<int>(status);
  return std::move(self.answer);
}

}  // namespace sluice
