#include "config/yaml_writer.h"

#include <fmt/format.h>

#include "config/quantity.h"

namespace sluice {

namespace {

std::string shown(double value) {
  return fmt::format("{}", value);
}

std::string shown(const std::string& value) {
  return YamlWriter::quoted(value);
}

template <class V>
std::string flow_map(const std::map<std::string, V>& values) {
  if (values.empty()) return "{}";
  std::string flow = "{";
  for (const auto& [name, value] : values) {
    flow += (flow.size() > 1 ? ", " : " ") + YamlWriter::quoted(name) + ": " + shown(value);
  }
  return flow + " }";
}

}  // namespace

std::string YamlWriter::quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void YamlWriter::word(const std::string& key, const std::string& value) {
  text_ += margin();
  text_ += key + ": " + value + "\n";
}

void YamlWriter::texts(const std::string& key, const std::vector<std::string>& values) {
  std::string flow = "[";
  for (const std::string& value : values) flow += (flow.size() > 1 ? ", " : "") + quoted(value);
  word(key, flow + "]");
}

void YamlWriter::real(const std::string& key, double value) {
  word(key, shown(value));
}

void YamlWriter::reals(const std::string& key, const std::vector<double>& values) {
  word(key, fmt::format("[{}]", fmt::join(values, ", ")));
}

void YamlWriter::duration(const std::string& key, std::chrono::milliseconds value) {
  word(key, duration_text(value));
}

void YamlWriter::size(const std::string& key, std::uint64_t bytes) {
  word(key, size_text(bytes));
}

void YamlWriter::members(const std::string& key, const std::map<std::string, std::string>& values) {
  word(key, flow_map(values));
}

void YamlWriter::members(const std::string& key, const std::map<std::string, double>& values) {
  word(key, flow_map(values));
}

std::string YamlWriter::margin() {
  std::string space(depth_ * 2, ' ');
  if (dash_) space[space.size() - 2] = '-';
  dash_ = false;
  return space;
}

}  // namespace sluice
