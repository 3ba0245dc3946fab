#include "api/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sluice {
namespace {

class RouterTo : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/list", "/list/", "/list/deep/"}) {
      router_.add("GET", path,
                  [path](const HttpRequest& r) { return http_json(std::string(path) + "|" + r.rest); });
    }
    router_.add("POST", "/list/now", [](const HttpRequest&) { return http_json("now"); });
    router_.add("GET", "/throws",
                [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("oops"); });
  }
  HttpResponse ask(const char* method, const char* path) const {
    HttpRequest request;
    request.method = method;
    request.path = path;
    return router_.handle(request);
  }
  Router router_;
};

TEST_F(RouterTo, PrefersTheLongestPathThatFits) {
  EXPECT_EQ("/list|", ask("GET", "/list").body);
  EXPECT_EQ("/list/|2026", ask("GET", "/list/2026").body);
  EXPECT_EQ("/list/deep/|a/b", ask("GET", "/list/deep/a/b").body);
  EXPECT_EQ("now", ask("POST", "/list/now").body);
}

TEST_F(RouterTo, TellsAMissingPathFromAWrongMethod) {
  EXPECT_EQ(404, ask("GET", "/lists").status);
  EXPECT_EQ(404, ask("GET", "/").status);
  HttpResponse wrong = ask("DELETE", "/list");
  EXPECT_EQ(405, wrong.status);
  EXPECT_EQ("GET", wrong.headers["Allow"]);
}

TEST_F(RouterTo, TurnsAnExceptionIntoAnAnswer) {
  EXPECT_EQ(500, ask("GET", "/throws").status);
}

}  // namespace
}  // namespace sluice
