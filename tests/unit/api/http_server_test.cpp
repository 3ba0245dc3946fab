#include "api/http_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "api/bearer_token.h"
#include "api/listen_socket.h"
#include "io/http_client.h"
#include "support/temp_folder.h"
#include "unit/api/served.h"

namespace sluice {
namespace {

constexpr const char* kAnyLoopbackPort = "127.0.0.1:0";

class HttpServerOn : public ::testing::Test {
 protected:
  void SetUp() override {
    router_.add("GET", "/hello", [](const HttpRequest& request) {
      auto name = request.query.find("name");
      return http_json("hello " + (name == request.query.end() ? "you" : name->second));
    });
    router_.add("POST", "/echo", [](const HttpRequest& request) { return http_json(request.body); });
    router_.add("GET", "/below/", [](const HttpRequest& request) { return http_json(request.rest); });
    limits_.body_bytes_max = 1000;
  }
  HttpClient::Response ask(HttpClient::Request request) {
    Result<HttpClient::Response> response = client_.request(request);
    EXPECT_TRUE(response.ok()) << response.error().context;
    return response.ok() ? *response : HttpClient::Response{};
  }
  HttpClient::Request on_socket(const std::string& path) {
    HttpClient::Request request;
    request.url = "http://sluice" + path;
    request.unix_socket = socket_path();
    return request;
  }
  static HttpClient::Request on_port(const HttpServer& server, const std::string& path) {
    HttpClient::Request request;
    request.url = "http://127.0.0.1:" + std::to_string(server.tcp_port()) + path;
    return request;
  }
  std::string socket_path() const { return folder_.file("api.sock"); }
  int connected() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(0, ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
    return fd;
  }
  static void say(int fd, const std::string& more = "Connection: close\r\n") {
    const std::string request = "GET /hello HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
    EXPECT_EQ(static_cast<ssize_t>(request.size()), ::write(fd, request.data(), request.size()));
  }
  static std::string answer_to(int fd) {
    std::string answer;
    char part[1000];
    for (ssize_t got = 0; (got = ::read(fd, part, sizeof part)) > 0;)
      answer.append(part, static_cast<std::size_t>(got));
    ::close(fd);
    return answer;
  }

  test::TempFolder folder_;
  Router router_;
  HttpLimits limits_;
  HttpClient client_;
};

TEST_F(HttpServerOn, AnswersTheSameOnTheSocketAndOnLoopback) {
  HttpServer server(router_, limits_);
  ASSERT_TRUE(server.open_unix(socket_path()).ok());
  ASSERT_TRUE(server.open_tcp(kAnyLoopbackPort, "").ok());
  Served served(server);
  EXPECT_EQ("hello J\xc3\xbcrg", ask(on_socket("/hello?name=J%C3%BCrg")).body);
  EXPECT_EQ("hello you", ask(on_port(server, "/hello")).body);
  EXPECT_EQ("2026-01-01/2", ask(on_port(server, "/below/2026-01-01/2")).body);
  HttpClient::Request head = on_port(server, "/hello");
  head.method = "HEAD";
  EXPECT_EQ(200, ask(head).status);
  EXPECT_EQ("", ask(head).body);
}

TEST_F(HttpServerOn, OpensTheSocketToOwnerAndGroupOnlyAndTakesItAway) {
  {
    HttpServer server(router_, limits_);
    ASSERT_TRUE(server.open_unix(socket_path()).ok());
    struct stat found {};
    ASSERT_EQ(0, ::stat(socket_path().c_str(), &found));
    EXPECT_EQ(0660u, found.st_mode & 0777u);
  }
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(HttpServerOn, ReplacesASocketNobodyListensOnAndNoOther) {
  HttpServer second(router_, limits_);
  {
    auto first = UnixSocket::open(socket_path());
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(ErrorCode::kRefused, second.open_unix(socket_path()).error().code);
    std::filesystem::rename(socket_path(), folder_.file("left_over"));
  }
  std::filesystem::rename(folder_.file("left_over"), socket_path());
  EXPECT_TRUE(second.open_unix(socket_path()).ok());
  const std::string plain_file = folder_.file("plain");
  std::ofstream(plain_file) << "mine";
  EXPECT_EQ(ErrorCode::kInvalid, second.open_unix(plain_file).error().code);
  EXPECT_TRUE(std::filesystem::exists(plain_file));
}

TEST_F(HttpServerOn, LetsCallersWaitOnASocketThatAnotherServerTakesOver) {
  auto socket = UnixSocket::open(socket_path());
  ASSERT_TRUE(socket.ok());
  int caller = -1;
  {
    HttpServer first(router_, limits_);
    ASSERT_TRUE(first.serve(**socket).ok());
    first.finish(std::chrono::milliseconds(0));
    caller = connected();
    say(caller);
    first.run_once(std::chrono::milliseconds(0));
  }
  HttpServer second(router_, limits_);
  ASSERT_TRUE(second.serve(**socket).ok());
  Served served(second);
  EXPECT_NE(std::string::npos, answer_to(caller).find("hello you"));
}

TEST_F(HttpServerOn, AnswersWhoIsInAlreadyWhenItFinishes) {
  int caller = -1;
  {
    HttpServer server(router_, limits_);
    ASSERT_TRUE(server.open_unix(socket_path()).ok());
    caller = connected();
    server.run_once(std::chrono::seconds(60));
    say(caller);
    server.finish(std::chrono::seconds(60));
  }
  EXPECT_NE(std::string::npos, answer_to(caller).find("hello you"));
}

TEST_F(HttpServerOn, TakesABodyUpToItsLimit) {
  HttpServer server(router_, limits_);
  ASSERT_TRUE(server.open_tcp(kAnyLoopbackPort, "").ok());
  Served served(server);
  HttpClient::Request post = on_port(server, "/echo");
  post.method = "POST";
  post.body = std::string(1000, 'x');
  EXPECT_EQ(post.body, ask(post).body);
  post.body += 'x';
  EXPECT_EQ(413, ask(post).status);
  post.headers = {"Transfer-Encoding: chunked"};  // announces no length: cut off
  EXPECT_FALSE(client_.request(post).ok());
  post.headers.clear();
  post.body = "still here";
  EXPECT_EQ("still here", ask(post).body);
}

TEST_F(HttpServerOn, SaysAsJsonWhatIsWrong) {
  HttpServer server(router_, limits_);
  ASSERT_TRUE(server.open_tcp(kAnyLoopbackPort, "").ok());
  Served served(server);
  HttpClient::Response nothing = ask(on_port(server, "/nothing"));
  EXPECT_EQ(404, nothing.status);
  EXPECT_EQ("application/json", nothing.headers["content-type"]);
  EXPECT_EQ(
      "{\"error\":{\"status\":404,\"message\":\"there is nothing at /nothing; GET / lists the routes\"}}\n",
      nothing.body);
  HttpClient::Response wrong_method = ask(on_port(server, "/echo"));
  EXPECT_EQ(405, wrong_method.status);
  EXPECT_EQ("POST", wrong_method.headers["allow"]);
}

TEST_F(HttpServerOn, WantsTheTokenOnTcpButNotOnTheSocket) {
  HttpServer server(router_, limits_);
  ASSERT_TRUE(server.open_unix(socket_path()).ok());
  ASSERT_TRUE(server.open_tcp(kAnyLoopbackPort, "correct horse").ok());
  Served served(server);
  HttpClient::Request request = on_port(server, "/hello");
  EXPECT_EQ(401, ask(request).status);
  for (const char* wrong :
       {"Bearer correct hors", "Bearer correct horsf", "Bearer correct horse ", "Basic x"}) {
    EXPECT_FALSE(token_accepted(std::string_view(wrong), "correct horse")) << wrong;
  }
  request.headers = {"Authorization: Bearer wrong horse!"};
  EXPECT_EQ(401, ask(request).status);
  request.headers = {"Authorization: Bearer correct horse"};
  EXPECT_EQ(200, ask(request).status);
  EXPECT_EQ(200, ask(on_socket("/hello")).status);
}

TEST_F(HttpServerOn, RefusesAnAddressThatOthersReachWithoutAToken) {
  HttpServer server(router_, limits_);
  Status open = server.open_tcp("0.0.0.0:0", "");
  ASSERT_FALSE(open.ok());
  EXPECT_NE(std::string::npos, open.error().context.find("token_file")) << open.error().context;
  EXPECT_TRUE(server.open_tcp("0.0.0.0:0", "a long token").ok());
  EXPECT_TRUE(server.open_tcp("[::1]:0", "").ok() || ::access("/proc/net/if_inet6", F_OK) != 0);
  for (const char* wrong : {"", "8787", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "nowhere:1", ":1"}) {
    EXPECT_EQ(ErrorCode::kInvalid, server.open_tcp(wrong, "").error().code) << wrong;
  }
}

TEST_F(HttpServerOn, LetsWebPagesOnlyRead) {
  HttpServer server(router_, limits_);
  ASSERT_TRUE(server.open_tcp(kAnyLoopbackPort, "").ok());
  Served served(server);
  HttpClient::Request post = on_port(server, "/echo");
  post.method = "POST";
  post.headers = {"Origin: http://example.com"};
  EXPECT_EQ(403, ask(post).status);
}

TEST_F(HttpServerOn, ServesNoMoreThanItsLimitOfConnectionsAtATime) {
  limits_.connections_max = 2;
  HttpServer server(router_, limits_);
  ASSERT_TRUE(server.open_unix(socket_path()).ok());
  Served served(server);
  int held[2];
  for (int& fd : held) {
    fd = connected();
    say(fd, "");
    char first = 0;
    ASSERT_EQ(1, ::read(fd, &first, 1));  // served, and kept open
  }
  HttpClient::Request third = on_socket("/hello");
  third.timeout = std::chrono::milliseconds(100);
  EXPECT_FALSE(client_.request(third).ok());
  for (int fd : held) ::close(fd);
  EXPECT_EQ(200, ask(on_socket("/hello")).status);
}

TEST_F(HttpServerOn, ReadsTheTokenFromAFileAndRefusesAShortOne) {
  const std::string path = folder_.file("token");
  std::ofstream(path) << "  0123456789abcdef \nsecond line\n";
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_EQ("0123456789abcdef", *read_token_file(path));
  std::ofstream(path) << "short\n";
  EXPECT_EQ(ErrorCode::kInvalid, read_token_file(path).error().code);
  EXPECT_EQ(ErrorCode::kNotFound, read_token_file(folder_.file("absent")).error().code);
}

}  // namespace
}  // namespace sluice
