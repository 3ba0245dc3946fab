// Certificates for a test: authorities and what they sign, as PEM files in a folder, with any time of
// validity.
#pragma once

#include <string>

#include "support/temp_folder.h"

namespace sluice::test {

class Certificates {
 public:
  Certificates();  // has the authorities "ca" and "other"
  // Signed by "ca"; `alternative` is such as "IP:127.0.0.1". Valid from `from_h` to `to_h` hours from now.
  void make(const std::string& name, const std::string& alternative, int from_h = -1, int to_h = 48) const;
  std::string crt(const std::string& name) const { return folder_.file(name + ".crt"); }
  std::string key(const std::string& name) const { return folder_.file(name + ".key"); }

 private:
  void sign(const std::string& name, const std::string& alternative, const std::string& authority, int from_h,
            int to_h) const;
  TempFolder folder_;
};

}  // namespace sluice::test
