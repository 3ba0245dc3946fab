#include "alert/home_assistant_topics.h"

#include <iterator>
#include <utility>

namespace sluice {

namespace {

std::string root_of(const std::string& gateway) {
  return "sluice/" + gateway + "/homeassistant";
}

}  // namespace

std::string home_assistant_prefix_topic(const std::string& gateway, const std::string& prefix) {
  return root_of(gateway) + "/prefix/" + prefix;
}

Result<std::vector<std::string>> home_assistant_retained(Publisher& publisher, const std::string& gateway) {
  const std::string root = root_of(gateway);
  Result<std::vector<std::string>> ours = publisher.retained_below(root);
  if (!ours) return ours;
  const std::string mark = root + "/prefix/";
  std::vector<std::string> topics;
  std::vector<std::string> marks;
  std::vector<std::string> states;
  for (std::string& topic : *ours) (topic.starts_with(mark) ? marks : states).push_back(std::move(topic));
  for (const std::string& prefix_topic : marks) {
    for (const char* component : {"/sensor", "/binary_sensor"}) {
      Result<std::vector<std::string>> announced =
          publisher.retained_below(prefix_topic.substr(mark.size()) + component + "/sluice_" + gateway);
      if (!announced) return announced;
      topics.insert(topics.end(), announced->begin(), announced->end());
    }
  }
  topics.insert(topics.end(), states.begin(), states.end());
  topics.insert(topics.end(), marks.begin(), marks.end());
  return topics;
}

}  // namespace sluice
