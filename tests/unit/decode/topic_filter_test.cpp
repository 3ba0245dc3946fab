#include "decode/topic_filter.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using Words = std::vector<std::string>;

Words split(const std::string& text) {
  Words levels(1);
  for (char c : text) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

// The standard's rules by recursion over levels: slow, and written apart from the code under test.
bool oracle_levels(const Words& filter, std::size_t f, const Words& topic, std::size_t t) {
  if (f == filter.size()) return t == topic.size();
  if (filter[f] == "#") return true;
  if (t == topic.size()) return false;
  if (filter[f] != "+" && filter[f] != topic[t]) return false;
  return oracle_levels(filter, f + 1, topic, t + 1);
}

bool oracle_matches(const std::string& filter, const std::string& topic) {
  if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
  return oracle_levels(split(filter), 0, split(topic), 0);
}

// All paths of 1…depth levels over the alphabet, without the empty one.
Words paths(const Words& alphabet, int depth) {
  Words all, last = {""};
  for (int level = 0; level < depth; ++level) {
    Words longer;
    for (const std::string& prefix : last) {
      for (const std::string& word : alphabet) longer.push_back(level == 0 ? word : prefix + "/" + word);
    }
    all.insert(all.end(), longer.begin(), longer.end());
    last = std::move(longer);
  }
  std::erase(all, "");
  return all;
}

class TopicFilters : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& path : paths({"a", "b", "+", "#", "$x", ""}, 3)) {
      if (check_topic_filter(path).ok()) filters_.push_back(path);
    }
    topics_ = paths({"a", "b", "$x", ""}, 4);
  }
  Words filters_, topics_;
};

TEST_F(TopicFilters, AreThoseWithWildcardsInLevelsOfTheirOwnAndHashLast) {
  // 3 literals ($x, a, b), "" and "+" go anywhere (5, 25, 125 paths but the empty one), "#" at the end.
  EXPECT_EQ(5u - 1 + 1 + 25 + 5 + 125 + 25, filters_.size());
  for (const char* good : {"#", "+", "/", "//", "a", "a/+/#", "+/+", "$SYS/#", "/a", "a/", "käse/ü"}) {
    EXPECT_TRUE(check_topic_filter(good).ok()) << good;
  }
  for (const char* wrong : {"", "a#", "#/a", "a/#/b", "a/b#", "+a", "a/+b", "a+/b", "##", "++", "a/\xff",
                            "\xc0\x80", "\xed\xa0\x80"}) {
    EXPECT_FALSE(check_topic_filter(wrong).ok()) << wrong;
  }
  EXPECT_FALSE(check_topic_filter(std::string_view("a\0b", 3)).ok());
  EXPECT_TRUE(check_topic_filter(std::string(65535, 'a')).ok());
  EXPECT_FALSE(check_topic_filter(std::string(65536, 'a')).ok());
}

TEST_F(TopicFilters, MatchTheExamplesOfTheStandard) {
  // MQTT 5.0 section 4.7.
  struct Example {
    const char* filter;
    const char* topic;
    bool matches;
  };
  for (const Example& example :
       {Example{"sport/tennis/player1/#", "sport/tennis/player1", true},
        Example{"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        Example{"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        Example{"sport/#", "sport", true}, Example{"sport/tennis/+", "sport/tennis/player1", true},
        Example{"sport/tennis/+", "sport/tennis/player1/ranking", false}, Example{"sport/+", "sport", false},
        Example{"sport/+", "sport/", true}, Example{"+/+", "/finance", true}, Example{"/+", "/finance", true},
        Example{"+", "/finance", false}, Example{"#", "$SYS/broker", false},
        Example{"+/monitor/Clients", "$SYS/monitor/Clients", false}, Example{"$SYS/#", "$SYS/broker", true},
        Example{"$SYS/monitor/+", "$SYS/monitor/Clients", true}, Example{"ACCOUNTS", "Accounts", false}}) {
    EXPECT_EQ(example.matches, topic_matches(example.filter, example.topic))
        << example.filter << " " << example.topic;
  }
}

TEST_F(TopicFilters, MatchAsTheOracleSays) {
  for (const std::string& filter : filters_) {
    for (const std::string& topic : topics_) {
      ASSERT_EQ(oracle_matches(filter, topic), topic_matches(filter, topic)) << filter << " on " << topic;
    }
  }
}

TEST_F(TopicFilters, CoverAnotherExactlyIfTheyMatchAllOfItsTopics) {
  std::vector<std::vector<bool>> matched;
  for (const std::string& filter : filters_) {
    auto& row = matched.emplace_back();
    for (const std::string& topic : topics_) row.push_back(oracle_matches(filter, topic));
  }
  for (std::size_t wide = 0; wide < filters_.size(); ++wide) {
    for (std::size_t narrow = 0; narrow < filters_.size(); ++narrow) {
      bool all = true;
      for (std::size_t t = 0; t < topics_.size() && all; ++t) all = matched[wide][t] || !matched[narrow][t];
      ASSERT_EQ(all, filter_covers(filters_[wide], filters_[narrow]))
          << filters_[wide] << " over " << filters_[narrow];
    }
  }
}

TEST_F(TopicFilters, OverlapExactlyIfTheyMatchATopicInCommon) {
  std::vector<std::vector<bool>> matched;
  for (const std::string& filter : filters_) {
    auto& row = matched.emplace_back();
    for (const std::string& topic : topics_) row.push_back(oracle_matches(filter, topic));
  }
  for (std::size_t one = 0; one < filters_.size(); ++one) {
    for (std::size_t other = 0; other < filters_.size(); ++other) {
      bool any = false;
      for (std::size_t t = 0; t < topics_.size() && !any; ++t) any = matched[one][t] && matched[other][t];
      ASSERT_EQ(any, filters_overlap(filters_[one], filters_[other]))
          << filters_[one] << " and " << filters_[other];
    }
  }
}

}  // namespace
}  // namespace sluice
