#include "io/tls_probe.h"

#include <curl/curl.h>
#include <poll.h>

#include <cstddef>
#include <utility>

#include "base/tls_files.h"
#include "io/http_transfer.h"
#include "io/tls_reason.h"

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kHandshakeTimeout{2000};
constexpr int kAlertWaitMs = 100;
constexpr int kAlertWaits = 10;

// In TLS 1.3 the other side looks at our certificate after the handshake has ended for us.
CURLcode wait_for_alert(CURL* curl) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
  for (int i = 0; i < kAlertWaits; ++i) {
    pollfd readable{socket, POLLIN, 0};
    if (::poll(&readable, 1, kAlertWaitMs) == 0) continue;
    char byte = 0;
    std::size_t got = 0;
    const CURLcode code = curl_easy_recv(curl, &byte, 1, &got);
    if (code != CURLE_AGAIN) return code;
  }
  return CURLE_OK;
}

struct Outcome {
  bool works = false;
  std::string detail;  // what OpenSSL or curl says
};

Outcome handshake(const std::string& host_and_port, const TlsFiles& files, long versions) {
  HttpCall call;
  call.url = "https://" + host_and_port + "/";
  call.tls = files;
  call.timeout = kHandshakeTimeout;
  char detail[CURL_ERROR_SIZE] = {};
  HttpTransfer transfer;
  transfer.prepare(std::move(call));
  CURL* curl = transfer.easy();
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, versions);
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);  // no HTTP is spoken
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) code = wait_for_alert(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  return {code == CURLE_OK, *detail != '\0' ? detail : curl_easy_strerror(code)};
}

}  // namespace

std::string why_tls_fails(const std::string& host_and_port, const TlsFiles& files) {
  if (Status usable = check_tls_files(files.ca, files.cert, files.key); !usable)
    return usable.error().context;
  const Outcome newest = handshake(host_and_port, files, CURL_SSLVERSION_TLSv1_2);
  if (newest.works) return "";
  std::string reason = tls_reason(newest.detail);
  if (!reason.empty()) return reason + " (" + newest.detail + ")";
  // A reset may have overtaken the alert. In TLS 1.2 it comes before the end of the handshake, and is heard.
  const Outcome older =
      handshake(host_and_port, files, long{CURL_SSLVERSION_TLSv1_2} | long{CURL_SSLVERSION_MAX_TLSv1_2});
  reason = older.works || older.detail.find("protocol version") != std::string::npos
               ? ""
               : tls_reason(older.detail);
  if (!reason.empty()) return reason + " (" + older.detail + ")";
  return "the handshake broke off; check that the other side speaks TLS on this port, and accepts our client "
         "certificate if it wants one (" +
         newest.detail + ")";
}

}  // namespace sluice
