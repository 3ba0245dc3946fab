#include "io/tls_reason.h"

#include <algorithm>
#include <cctype>

namespace sluice {

namespace {

// Alerts come from the other side and are about us; they stand before what we found out about it.
constexpr struct {
  const char* part;  // of the text, in lower case
  const char* reason;
} kReasons[] = {
    {"alert certificate required", "the other side wants a client certificate; set tls.cert and tls.key"},
    {"alert unknown ca",
     "the other side does not know the authority that signed our client certificate; check tls.cert"},
    {"alert certificate expired", "the other side says that our client certificate has expired; renew it"},
    {"alert bad certificate",
     "the other side does not accept our client certificate, or wants one; check tls.cert and tls.key"},
    {"alert unsupported certificate",
     "the other side does not accept this kind of client certificate; check tls.cert"},
    {"alert certificate revoked", "the other side says that our client certificate is revoked; renew it"},
    {"alert protocol version",
     "the other side does not speak TLS 1.2 or newer; its software or its settings must be renewed"},
    {"unsupported protocol",
     "the other side does not speak TLS 1.2 or newer; its software or its settings must be renewed"},
    {"alert handshake failure",
     "the other side found nothing in common with us: it wants a client certificate (tls.cert, tls.key), or "
     "only old ciphers"},
    {"wrong version number", "the other side does not speak TLS on this port; check the port"},
    {"packet length too long", "the other side does not speak TLS on this port; check the port"},
    {"http request", "the other side does not speak TLS on this port; check the port"},
    {"has expired", "its certificate has expired; it must be renewed there (or our clock is wrong)"},
    {"not yet valid", "its certificate is not valid yet; is our clock right?"},
    {"subject name", "its certificate is for another host name; check the name in the address"},
    {"does not match target host", "its certificate is for another host name; check the name in the address"},
    {"local issuer", "its certificate is not signed by an authority that we trust; check tls.ca"},
    {"issuer certificate", "its certificate is not signed by an authority that we trust; check tls.ca"},
    {"self-signed", "its certificate is not signed by an authority that we trust; check tls.ca"},
    {"self signed", "its certificate is not signed by an authority that we trust; check tls.ca"},
    {"certificate signature failure",
     "its certificate is not signed by an authority that we trust; check tls.ca"},
    {"key too small", "its certificate has a key that is too short to be safe; it must be renewed there"},
};

}  // namespace

std::string tls_reason(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& known : kReasons) {
    if (lower.find(known.part) != std::string::npos) return known.reason;
  }
  return "";
}

}  // namespace sluice
