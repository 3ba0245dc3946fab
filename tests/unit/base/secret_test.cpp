#include "base/secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "support/temp_folder.h"

namespace sluice {
namespace {

class Secret : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    ::unsetenv("SLUICE_TEST_SECRET");
  }
  std::string file(const std::string& text, mode_t mode = 0640) {
    const std::string path = folder_.write("secret", text);
    EXPECT_EQ(0, ::chmod(path.c_str(), mode));
    return path;
  }
  static std::string error_of(const std::string& source) {
    auto read = read_secret("mqtt.password_file", source);
    return read.ok() ? "no error" : read.error().context;
  }
  test::TempFolder folder_;
};

TEST_F(Secret, IsTheFirstLineOfItsFile) {
  EXPECT_EQ("secret", read_secret("k", file("secret\nmore\n")).value());
  EXPECT_EQ("secret", read_secret("k", file("secret\r\n")).value());
  EXPECT_EQ(" with blanks ", read_secret("k", file(" with blanks ")).value());
}

TEST_F(Secret, IsReadAnewEachTime) {
  const std::string path = file("old");
  EXPECT_EQ("old", read_secret("k", path).value());
  folder_.write("secret", "new");
  EXPECT_EQ("new", read_secret("k", path).value());
}

TEST_F(Secret, IsRefusedWhereEverybodyCanReadIt) {
  for (mode_t mode : {0644, 0604, 0602}) {
    const std::string error = error_of(file("hunter2", mode));
    EXPECT_NE(std::string::npos, error.find("mqtt.password_file " + folder_.file("secret"))) << error;
    EXPECT_NE(std::string::npos, error.find("chmod o= ")) << error;
    EXPECT_EQ(std::string::npos, error.find("hunter2"));
  }
  for (mode_t mode : {0600, 0640, 0400, 0440}) EXPECT_EQ("no error", error_of(file("hunter2", mode)));
}

TEST_F(Secret, IsRefusedWhenItIsMissingOrEmptyOrHasAControlCharacter) {
  EXPECT_EQ(ErrorCode::kNotFound, read_secret("k", folder_.file("none")).error().code);
  EXPECT_EQ(ErrorCode::kNotFound, read_secret("k", file("")).error().code);
  EXPECT_EQ(ErrorCode::kInvalid, read_secret("k", file("hunter2\x01\n")).error().code);
  EXPECT_EQ(std::string::npos, error_of(file("hunter2\x01\n")).find("hunter2"));
}

TEST_F(Secret, IsACredentialWithoutAPath) {
  EXPECT_NE(std::string::npos, error_of("secret").find("LoadCredential=secret:"));
  ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  file("from systemd\n", 0400);
  EXPECT_EQ("from systemd", read_secret("k", "secret").value());
  EXPECT_NE(std::string::npos, error_of("other").find(folder_.file("other")));
}

TEST_F(Secret, IsAVariableOfTheEnvironment) {
  EXPECT_NE(std::string::npos, error_of("env:SLUICE_TEST_SECRET").find("is not in the environment"));
  ::setenv("SLUICE_TEST_SECRET", "from the environment", 1);
  EXPECT_EQ("from the environment", read_secret("k", "env:SLUICE_TEST_SECRET").value());
}

}  // namespace
}  // namespace sluice
