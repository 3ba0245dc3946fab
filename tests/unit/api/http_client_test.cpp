#include "io/http_client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "api/listen_socket.h"
#include "support/temp_folder.h"
#include "unit/api/served.h"

namespace sluice {
namespace {

class HttpClientErrors : public ::testing::Test {
 protected:
  Error failing(const HttpClient::Request& request) {
    Result<HttpClient::Response> response = client_.request(request);
    EXPECT_FALSE(response.ok());
    return response.ok() ? Error{} : response.error();
  }
  static HttpClient::Request to(const std::string& url) {
    HttpClient::Request request;
    request.url = url;
    return request;
  }
  static bool says(const Error& error, const char* word) {
    return error.context.find(word) != std::string::npos;
  }
  test::TempFolder folder_;
  HttpClient client_;
};

TEST_F(HttpClientErrors, TellARefusedConnection) {
  ListenSocket taken = *listen_tcp("127.0.0.1:0");
  ::close(taken.fd);  // a port that was just free again
  Error error = failing(to("http://127.0.0.1:" + std::to_string(taken.port) + "/"));
  EXPECT_EQ(ErrorCode::kUnavailable, error.code);
  EXPECT_TRUE(says(error, "refused")) << error.context;
  HttpClient::Request socket = to("http://sluice/");
  socket.unix_socket = folder_.file("absent.sock");
  error = failing(socket);
  EXPECT_EQ(ErrorCode::kUnavailable, error.code);
  EXPECT_TRUE(says(error, "absent.sock")) << error.context;
  EXPECT_FALSE(says(error, "port 80")) << "the library's words are about a host that there is not";
}

TEST_F(HttpClientErrors, TellATimeOut) {
  ListenSocket silent = *listen_tcp("127.0.0.1:0");  // accepts in the kernel, never answers
  HttpClient::Request request = to("http://127.0.0.1:" + std::to_string(silent.port) + "/");
  request.timeout = std::chrono::milliseconds(50);
  Error error = failing(request);
  EXPECT_EQ(ErrorCode::kUnavailable, error.code);
  EXPECT_TRUE(says(error, "timed out")) << error.context;
  ::close(silent.fd);
}

TEST_F(HttpClientErrors, TellThatTlsFailed) {
  Router router;
  HttpServer plain(router, HttpLimits{});
  ASSERT_TRUE(plain.open_tcp("127.0.0.1:0", "").ok());
  Served served(plain);
  Error error = failing(to("https://127.0.0.1:" + std::to_string(plain.tcp_port()) + "/"));
  EXPECT_EQ(ErrorCode::kRefused, error.code);
  EXPECT_TRUE(says(error, "TLS")) << error.context;
}

TEST_F(HttpClientErrors, TellAWrongUrlAndAWrongTlsFile) {
  EXPECT_EQ(ErrorCode::kInvalid, failing(to("ftp://127.0.0.1/")).code);
  EXPECT_EQ(ErrorCode::kInvalid, failing(to("http://127.0.0.1:port/")).code);
  HttpClient::Request request = to("https://127.0.0.1:1/");
  ListenSocket silent = *listen_tcp("127.0.0.1:0");
  request.url = "https://127.0.0.1:" + std::to_string(silent.port) + "/";
  request.tls.ca = folder_.file("absent.pem");
  EXPECT_EQ(ErrorCode::kInvalid, failing(request).code);
  ::close(silent.fd);
}

TEST_F(HttpClientErrors, StopAtAnAnswerThatIsTooLong) {
  Router router;
  router.add("GET", "/long", [](const HttpRequest&) { return http_json(std::string(100000, 'x')); });
  HttpServer server(router, HttpLimits{});
  ASSERT_TRUE(server.open_tcp("127.0.0.1:0", "").ok());
  Served served(server);
  HttpClient::Request request = to("http://127.0.0.1:" + std::to_string(server.tcp_port()) + "/long");
  request.answer_bytes_max = 99999;
  EXPECT_EQ(ErrorCode::kFull, failing(request).code);
  request.answer_bytes_max = 100000;
  EXPECT_EQ(100000u, client_.request(request)->body.size());
}

}  // namespace
}  // namespace sluice
