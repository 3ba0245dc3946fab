#include "base/secret.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sluice {

namespace {

constexpr std::size_t kSecretBytesMax = 16 * 1024;

Result<std::string> usable(const std::string& key, const std::string& place, std::string line) {
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) {
    return make_error(ErrorCode::kNotFound,
                      key + " " + place + " is empty; put the secret on its first line");
  }
  for (char c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return make_error(
          ErrorCode::kInvalid,
          key + " " + place + " has a control character in its first line; put the secret there");
    }
  }
  return line;
}

}  // namespace

bool open_to_everybody(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & S_IRWXO) != 0;
}

Result<std::string> read_secret(const std::string& key, const std::string& source) {
  if (source.starts_with("env:")) {
    const char* value = std::getenv(source.c_str() + 4);
    if (value == nullptr) {
      return make_error(ErrorCode::kNotFound, key + " " + source +
                                                  " is not in the environment; set it with " +
                                                  "EnvironmentFile= in the daemon's unit");
    }
    const std::string text(value);
    return usable(key, source, text.substr(0, text.find('\n')));
  }
  std::string path = source;
  if (!source.starts_with('/')) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) {
      return make_error(ErrorCode::kNotFound,
                        key + " " + source + " names a credential, and the daemon was given none; add " +
                            "LoadCredential=" + source + ":FILE to its unit, or write an absolute path");
    }
    path = std::string(folder) + "/" + source;
  }
  std::ifstream file(path);
  if (!file) {
    return make_error(ErrorCode::kNotFound, key + " " + path + " cannot be read: " + std::strerror(errno) +
                                                "; put the secret on its first line and let the daemon's "
                                                "user read it");
  }
  if (open_to_everybody(path)) {
    return make_error(ErrorCode::kInvalid,
                      key + " " + path +
                          " is open to every user of this machine; take that away: chmod "
                          "o= " +
                          path);
  }
  std::string bytes(kSecretBytesMax, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return usable(key, path, bytes.substr(0, bytes.find('\n')));
}

}  // namespace sluice
