// Served: an HttpServer that a thread of its own keeps running while a test asks it things.
#pragma once

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "api/http_server.h"

namespace sluice {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char path[] = "/tmp/sluice-api-XXXXXX";
    SLUICE_CHECK(::mkdtemp(path) != nullptr, "no temporary folder");
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

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
