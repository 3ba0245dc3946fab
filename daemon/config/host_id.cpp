#include "config/host_id.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <vector>

namespace sluice {

namespace {

constexpr std::size_t kIdBytesMax = 63;
constexpr std::size_t kDigits = 6;  // enough to tell a few thousand machines apart
constexpr const char* kFreshNames[] = {"armbian",   "debian",   "dietpi",      "gateway", "linux",
                                       "localhost", "orangepi", "raspberrypi", "rpi",     "ubuntu"};

std::string hex_digits_of(const std::string& path) {
  std::ifstream stream(path);
  std::string text;
  std::getline(stream, text);
  std::string digits;
  for (char c : text)
    if (std::isxdigit(static_cast<unsigned char>(c)))
      digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  bool meaningful = digits.size() >= kDigits && digits.find_first_not_of('0') != std::string::npos;
  return meaningful ? digits.substr(digits.size() - kDigits) : "";
}

// Of the processor (a Raspberry Pi and most boards like it), else of the first network card that is hardware.
std::string digits_of_machine(const std::string& root) {
  std::string serial = hex_digits_of(root + "/proc/device-tree/serial-number");
  if (!serial.empty()) return serial;
  std::vector<std::filesystem::path> cards;
  std::error_code error;
  for (std::filesystem::directory_iterator at(root + "/sys/class/net", error), end; !error && at != end;
       at.increment(error))
    if (std::filesystem::exists(at->path() / "device", error)) cards.push_back(at->path());
  std::sort(cards.begin(), cards.end());
  for (const std::filesystem::path& card : cards)
    if (std::string address = hex_digits_of((card / "address").string()); !address.empty()) return address;
  return "";
}

}  // namespace

std::string id_from(const std::string& text) {
  std::string id;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      id += c;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  id.resize(std::min(id.size(), kIdBytesMax));
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id;
}

std::string id_of_host(const std::string& host_name, const std::string& root) {
  std::string id = id_from(host_name);
  if (id.empty()) id = "gateway";
  if (std::find(std::begin(kFreshNames), std::end(kFreshNames), id) == std::end(kFreshNames)) return id;
  std::string digits = digits_of_machine(root);
  return digits.empty() ? id : id + "-" + digits;
}

}  // namespace sluice
