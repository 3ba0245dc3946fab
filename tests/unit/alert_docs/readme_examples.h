// The examples of daemon/alert/README.md: every block of YAML, with the plain block that stands below it.
#pragma once

#include <fstream>
#include <string>
#include <vector>

namespace sluice {

struct Example {
  std::string yaml;
  std::vector<std::string> lines;
};

inline std::vector<Example> examples_of_the_alert_readme() {
  std::vector<Example> found;
  std::ifstream file(SLUICE_ALERT_README);
  enum { kText, kYaml, kLines } in = kText;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      if (in != kText) {
        in = kText;
      } else if (line == "```yaml") {
        in = kYaml;
        found.emplace_back();
      } else {
        in = kLines;
      }
    } else if (in == kYaml) {
      found.back().yaml += line + "\n";
    } else if (in == kLines) {
      found.back().lines.push_back(line);
    }
  }
  return found;
}

// A whole configuration; one without entries reads every topic.
inline std::string configuration_with(const std::string& yaml) {
  std::string text = "gateway: {id: test, timezone: UTC}\n" + yaml;
  if (yaml.find("readings:") == std::string::npos) text += "readings: [{ topic: \"#\", format: number }]\n";
  return text;
}

}  // namespace sluice
