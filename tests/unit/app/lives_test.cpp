#include "app/lives.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

Settings named(const std::string& id) {
  Settings settings;
  settings.gateway.id = id;
  return settings;
}
std::unique_ptr<Settings> next(const std::string& id) {
  return std::make_unique<Settings>(named(id));
}

TEST(Lives, GoBackOnceToTheConfigurationThatWasReplaced) {
  Lives lives(named("first"));
  EXPECT_FALSE(lives.go_back()) << "there is none";
  lives.ended(next("second"));
  EXPECT_EQ("second", lives.in_force().gateway.id);
  EXPECT_TRUE(lives.go_back());
  EXPECT_EQ("first", lives.in_force().gateway.id);
  EXPECT_FALSE(lives.go_back());
}

TEST(Lives, DoNotGoBackBehindAConfigurationThatALifeEndedWellWith) {
  Lives lives(named("first"));
  lives.ended(next("second"));
  lives.ended(nullptr);  // for a new database, say
  EXPECT_EQ("second", lives.in_force().gateway.id);
  EXPECT_FALSE(lives.go_back());
  lives.ended(next("third"));
  EXPECT_TRUE(lives.go_back());
  EXPECT_EQ("second", lives.in_force().gateway.id);
}

}  // namespace
}  // namespace sluice
