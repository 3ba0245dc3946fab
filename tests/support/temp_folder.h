// TempFolder: a folder of its own for one test, removed with all that is in it.
#pragma once

#include <filesystem>
#include <string>

namespace sluice::test {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const;  // returns the file's path

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path);  // "" when there is none

}  // namespace sluice::test
