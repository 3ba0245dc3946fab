// Served: an HttpServer that a thread of its own keeps running while a test asks it things.
#pragma once

#include <atomic>
#include <thread>

#include "api/http_server.h"

namespace sluice {

class Served {
 public:
  explicit Served(HttpServer& server) : server_(server) {
    thread_ = std::thread([this] {
      while (!ended_) server_.run_once(std::chrono::seconds(60));
    });
  }
  ~Served() {
    ended_ = true;
    server_.wake();
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

 private:
  HttpServer& server_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace sluice
