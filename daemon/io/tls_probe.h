// Why a TLS connection does not come about: makes the handshake itself, with the same files, and says what is
// wrong. For connections whose own library tells too little (Paho: "certificate verify failed"). Any thread;
// blocks for five seconds at most.
#pragma once

#include <string>

#include "model/http_exchange.h"

namespace sluice {

// "": the handshake works from here.
std::string why_tls_fails(const std::string& host_and_port, const TlsFiles& files);

}  // namespace sluice
