// Real sockets on loopback.
#include "io/http_multi.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include "api/listen_socket.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class HttpMultiOf : public ::testing::Test {
 protected:
  void SetUp() override { ::fcntl(socket_.fd, F_SETFL, 0); }  // accept() waits
  void TearDown() override { ::close(socket_.fd); }
  HttpCall call(const std::string& body, milliseconds timeout = minutes(1)) const {
    HttpCall call;
    call.method = "POST";
    call.url = "http://127.0.0.1:" + std::to_string(socket_.port) + "/";
    call.body = body;
    call.timeout = timeout;
    return call;
  }
  // A connection and the request on it, read to its body, which is one digit.
  std::pair<int, char> accept_one() const {
    const int fd = ::accept(socket_.fd, nullptr, nullptr);
    std::string text;
    char block[4096];
    while (text.find("\r\n\r\n") + 5 != text.size() || text.size() < 5) {
      const ssize_t got = ::read(fd, block, sizeof block);
      if (got <= 0) break;
      text.append(block, static_cast<std::size_t>(got));
    }
    return {fd, text.empty() ? '?' : text.back()};
  }
  static void respond(int fd, char digit) {
    const std::string text =
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n") + digit;
    (void)!::write(fd, text.data(), text.size());
    ::close(fd);
  }
  ListenSocket socket_ = *listen_tcp("127.0.0.1:0");
};

TEST_F(HttpMultiOf, HasSeveralOnTheirWayAtATime) {
  // The other side answers only once all have come, the last one first.
  std::thread server([this] {
    std::vector<std::pair<int, char>> all;
    for (int i = 0; i < 3; ++i) all.push_back(accept_one());
    std::reverse(all.begin(), all.end());
    for (const auto& [fd, digit] : all) respond(fd, digit);
  });
  HttpMulti multi;
  auto answers = multi.send_all({call("1"), call("2"), call("3")});
  server.join();
  ASSERT_EQ(3u, answers.size());
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].error().context;
    EXPECT_EQ(std::to_string(i + 1), answers[i]->body);
  }
}

TEST_F(HttpMultiOf, LetsOneThatHangsTakeOnlyItsOwnTime) {
  std::thread server([this] {
    for (int i = 0; i < 2; ++i) {
      auto [fd, digit] = accept_one();
      if (digit == '2') respond(fd, digit);
    }
  });
  HttpMulti multi;
  auto answers = multi.send_all({call("1", milliseconds(300)), call("2")});
  server.join();
  ASSERT_FALSE(answers[0].ok());
  EXPECT_NE(std::string::npos, answers[0].error().context.find("timed out")) << answers[0].error().context;
  ASSERT_TRUE(answers[1].ok());
}

TEST_F(HttpMultiOf, TellsARefusedConnection) {
  HttpCall wrong = call("1");
  {
    ListenSocket taken = *listen_tcp("127.0.0.1:0");
    wrong.url = "http://127.0.0.1:" + std::to_string(taken.port) + "/";
    ::close(taken.fd);
  }
  HttpMulti multi;
  auto answers = multi.send_all({wrong});
  ASSERT_FALSE(answers[0].ok());
  EXPECT_EQ(ErrorCode::kUnavailable, answers[0].error().code);
}

TEST_F(HttpMultiOf, GivesUpSoonOnceTheGatewayStops) {
  std::atomic<bool> stopping{true};
  HttpMulti multi(&stopping);
  auto answers = multi.send_all({call("1", minutes(10))});  // accepted by the kernel, never answered
  ASSERT_FALSE(answers[0].ok());
  EXPECT_NE(std::string::npos, answers[0].error().context.find("stop")) << answers[0].error().context;
}

TEST_F(HttpMultiOf, TakesTheNextAsSoonAsOneIsAnswered) {
  // The first is answered once the third has come: never, if the third had to wait for it.
  std::thread server([this] {
    std::map<char, int> open;
    while (!open.contains('3')) {
      auto [fd, digit] = accept_one();
      if (digit == '2') respond(fd, digit);
      if (digit != '2') open[digit] = fd;
    }
    for (const auto& [digit, fd] : open) respond(fd, digit);
  });
  HttpMulti multi;
  char begun = '0';
  std::string answered;
  multi.send({2,
              [&]() -> std::optional<HttpCall> {
                if (begun == '3') return std::nullopt;
                return call(std::string(1, ++begun));
              },
              [&](std::size_t, const Result<HttpAnswer>& answer) {
                if (answer.ok()) answered += answer->body;
              }});
  server.join();
  EXPECT_EQ('2', answered.front());
  EXPECT_EQ(3u, answered.size());
}

TEST_F(HttpMultiOf, BeginsNothingInAReloadAndCutsOffWhatIsUnderWay) {
  std::atomic<bool> hurry{false};
  HttpMulti multi(nullptr, &hurry);
  int given = 0;
  bool cut_off = false;
  multi.send({1,
              [&]() -> std::optional<HttpCall> {
                hurry = true;
                ++given;
                return call("1", minutes(10));  // accepted by the kernel, never answered
              },
              [&](std::size_t, const Result<HttpAnswer>& answer) { cut_off = !answer.ok(); }});
  EXPECT_EQ(1, given);
  EXPECT_TRUE(cut_off);
  EXPECT_FALSE(multi.send_all({call("1")}).front().ok());
}

TEST_F(HttpMultiOf, SendsNothingWhenThereIsNothing) {
  HttpMulti multi;
  EXPECT_TRUE(multi.send_all({}).empty());
}

}  // namespace
}  // namespace sluice
