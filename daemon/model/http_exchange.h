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

  // A user's headers, in which {token} stands for the token; as bearer where none of them names it.
  void add_headers(const std::map<std::string, std::string>& own, const std::string& token);
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  bool is_success() const;                            // 2xx
  bool is_worth_another_try() const;                  // unless it is a success
  std::string header(const std::string& name) const;  // in lower case; "" when there is none
  // A receiver may repeat the token that it does not like.
  std::string body_without(const std::string& secret) const;
};

}  // namespace sluice
