// HttpClient: one HTTP/1.1 request after another, over TCP, TLS or a unix socket; blocks for at most the
// request's time limit. Never follows redirects and never keeps more of an answer than it was told to.
// Belongs to one thread at a time; keeps its connection open between requests to the same place.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice {

struct HttpTlsFiles {
  std::string ca;  // empty: the system's certificates
  std::string cert;
  std::string key;
};

class HttpClient {
 public:
  struct Request {
    std::string method = "GET";
    std::string url;
    std::string unix_socket;           // path; empty: TCP to the URL's host
    std::vector<std::string> headers;  // "Name: value"
    std::string body;
    std::chrono::milliseconds timeout{10000};  // for the whole exchange
    HttpTlsFiles tls;
    std::size_t answer_bytes_max = 16u << 20;
  };
  struct Response {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
  };

  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // An answer with any status is a value. kUnavailable: nobody answered (the text says whether the name was
  // not found, the connection refused, or the time was up); kRefused: TLS could not be agreed on; kInvalid:
  // the URL or a TLS file is wrong; kFull: the answer is too long.
  Result<Response> request(const Request& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
