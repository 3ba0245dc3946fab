#include "drivers/sysfs/sysfs_tree.h"

#include <string.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

namespace sluice::drivers {

namespace fs = std::filesystem;

std::vector<std::string> list_folder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return strverscmp(a.c_str(), b.c_str()) < 0; });
  return names;
}

bool file_exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string read_name(const std::string& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::string device_behind(const std::string& link) {
  std::error_code error;
  fs::path target = fs::canonical(link, error);
  return error ? "" : target.filename().string();
}

std::string parent_of(const std::string& link) {
  std::error_code error;
  fs::path target = fs::canonical(link, error);
  return error ? "" : target.parent_path().filename().string();
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

Result<double> scaled(std::string_view text, double divisor) {
  std::optional<double> number = parse_number(text);
  if (!number) return make_error(ErrorCode::kInvalid, "'" + std::string(text) + "' is not a number");
  return *number / divisor;
}

std::string topic_level(std::string_view text) {
  std::string level(text);
  for (char& c : level)
    if (static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '+' || c == '#' || c == 0x7F) c = '_';
  return level.empty() ? "_" : level;
}

std::string fill_topic(std::string topic, const std::string& device, const std::string& channel) {
  auto fill = [&topic](std::string_view place, const std::string& text) {
    for (std::size_t at = topic.find(place); at != std::string::npos;
         at = topic.find(place, at + text.size()))
      topic.replace(at, place.size(), text);
  };
  fill("{device}", device);
  fill("{channel}", channel);
  return topic;
}

}  // namespace sluice::drivers
