// Where the HTTP API listens: always the unix socket, and one TCP address.
#pragma once

#include <string>

namespace sluice {

struct ApiSettings {
  std::string listen = "127.0.0.1:8787";  // empty: the socket only
  std::string token_file;                 // required unless `listen` is a loopback address
};

}  // namespace sluice
