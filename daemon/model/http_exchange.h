// One HTTP exchange as plain values: what a stage wants sent, and what came back. io/ carries it out,
// blocking (HttpClient) or beside others (HttpTransfer with curl_multi).
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace sluice {

struct TlsFiles {  // PEM
  std::string ca;  // empty: the system's certificates
  std::string cert;
  std::string key;
};

struct HttpCall {
  std::string method = "GET";
  std::string url;                   // http:// or https://
  std::string unix_socket;           // path; empty: TCP to the URL's host
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::chrono::milliseconds timeout{10000};  // for the whole exchange
  TlsFiles tls;
  std::size_t answer_bytes_max = 16u << 20;
  bool cut_answer = false;  // true: the rest of a longer answer is not read; false: it is an error
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

}  // namespace sluice
