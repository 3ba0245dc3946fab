// A gateway's configuration in a folder of its own, commands run over it, and a daemon that gives the answers
// which a test has chosen.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "support/temp_folder.h"
#include "unit/api/served.h"

namespace sluice {

class CommandFixture : public ::testing::Test {
 protected:
  void TearDown() override { served_.reset(); }  // before what its answers are made of

  static CommandLine command(const char* name, const char* action = "", bool as_json = false) {
    CommandLine line;
    line.command = name;
    line.action = action;
    line.json = as_json;
    return line;
  }
  // With the folder's configuration, unless the line names another.
  int run(CommandLine line, std::int64_t now_ms = 1775000000000) {
    if (line.config == CommandLine().config) line.config = config_;
    out_.str("");
    err_.str("");
    FakeClock clock(now_ms);
    return run_command(line, clock, out_, err_);
  }
  bool says(const std::string& words) const { return out_.str().find(words) != std::string::npos; }
  bool warns(const std::string& words) const { return err_.str().find(words) != std::string::npos; }
  std::string database() const { return folder_.file("sluice.db"); }

  void answer(const char* method, const char* path, const std::string& body, int status = 200) {
    router_.add(method, path, [=](const HttpRequest&) {
      return status == 200 ? http_json(body) : http_error(status, body);
    });
  }
  void start_daemon() {
    server_ = std::make_unique<HttpServer>(router_, HttpLimits{});
    ASSERT_TRUE(server_->open_unix(folder_.file("api.sock")).ok());
    served_ = std::make_unique<Served>(*server_);
  }

  test::TempFolder folder_;
  const std::string config_ = folder_.write(
      "sluice.yaml", "gateway: { id: test, timezone: Europe/Berlin, state_dir: " + folder_.path().string() +
                         ", runtime_dir: " + folder_.path().string() +
                         " }\nreadings:\n  - { topic: \"sensors/#\" }\n");
  Router router_;
  std::ostringstream out_;
  std::ostringstream err_;

 private:
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Served> served_;
};

}  // namespace sluice
