// HttpReceiver: an HTTP server on loopback that answers as it is told, plain or with TLS, and breaks off,
// keeps silent or drips when it is told to. One connection at a time, each for one request; a thread of its
// own. From the first one on the process ignores SIGPIPE.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::test {

struct ReceivedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool whole = false;  // the body came to its end
};

struct Reply {
  enum class Act {
    kAnswer,
    kReset,         // after the head and a part of the body
    kResetUnheard,  // the body is read to its end; then no answer, but a reset
    kSilence,       // the same; then nothing until the client leaves
    kDrip,          // the answer byte by byte
  };
  Act act = Act::kAnswer;
  int status = 200;
  std::vector<std::string> headers{};
  std::string body{};
  int drip_ms = 0;  // between two bytes
};

class HttpReceiver {
 public:
  struct Tls {
    std::string crt{};  // empty: plain
    std::string key{};
    std::string client_ca{};  // not empty: clients need a certificate
    bool only_old = false;    // nothing newer than TLS 1.1
  };
  using Judge = std::function<Reply(const ReceivedRequest& head)>;  // on the receiver's thread

  HttpReceiver(Judge judge, const Tls& tls, int port = 0);
  explicit HttpReceiver(Judge judge) : HttpReceiver(std::move(judge), Tls{}) {}
  ~HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  int port() const { return port_; }
  std::vector<ReceivedRequest> requests() const;  // all so far, whole or not

 private:
  class Peer;
  void run();
  void serve(Peer& peer);
  Judge judge_;
  void* tls_ = nullptr;  // SSL_CTX
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace sluice::test
