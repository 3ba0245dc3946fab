// Looking around in sysfs: folders, names, topics made of them. Only of files that the kernel answers from
// memory (names, labels, types); a value goes through AttributeReader. Pure functions over the file system.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::drivers {

// The names in a folder, numbers in them in their order (hwmon2 before hwmon10); empty where there is none.
std::vector<std::string> list_folder(const std::string& path);
bool file_exists(const std::string& path);
std::string read_name(const std::string& path);  // the first line; empty when it cannot be read
// The last part of where the link, or the link's parent, leads: the device behind a class entry. Empty: none.
std::string device_behind(const std::string& link);
std::string parent_of(const std::string& link);

std::optional<double> parse_number(std::string_view text);     // all of it
Result<double> scaled(std::string_view text, double divisor);  // an attribute that holds one number

std::string topic_level(std::string_view text);  // blanks, '/', '+', '#' and control characters become '_'
std::string fill_topic(std::string topic, const std::string& device, const std::string& channel);

}  // namespace sluice::drivers
