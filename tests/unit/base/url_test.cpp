#include "base/url.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Url, IsShownWithoutWhatCouldBeASecret) {
  EXPECT_EQ("https://***@host:8443/a/{date}", url_shown("https://me:s3cret@host:8443/a/{date}"));
  EXPECT_EQ("https://host/a?***", url_shown("https://host/a?token=s3cret"));
  EXPECT_EQ("https://host/@me/a", url_shown("https://host/@me/a"));
  EXPECT_EQ("https://***@host", url_shown("https://a@b@host"));
  EXPECT_EQ("https://host", url_shown("https://host"));
  EXPECT_EQ("", url_shown(""));
}

TEST(Url, HasAnOriginThatNamesThePlaceOnly) {
  EXPECT_EQ("https://host:8443", url_origin("https://me:s3cret@host:8443/hooks/s3cret?x=1"));
  EXPECT_EQ("http://[::1]:80", url_origin("http://[::1]:80/"));
}

TEST(Url, TellsThatItCarriesAPassword) {
  EXPECT_TRUE(url_has_userinfo("https://token@host/"));
  EXPECT_FALSE(url_has_userinfo("https://host/a@b"));
  EXPECT_FALSE(url_has_userinfo("https://host?a@b"));
}

}  // namespace
}  // namespace sluice
