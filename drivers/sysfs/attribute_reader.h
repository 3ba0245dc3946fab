// Reads small files of the kernel (sysfs, /proc) without waiting for them: reading one can start a conversion
// that takes a second, and the program has one thread. POSIX asynchronous I/O (aio(7)): the C library does
// the read on a thread of its own. One read at a time; owned by a driver, single-threaded. A read that is
// still on its way when the owner goes is left to end by itself.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace sluice::drivers {

class AttributeReader {
 public:
  AttributeReader();
  ~AttributeReader();
  AttributeReader(const AttributeReader&) = delete;
  AttributeReader& operator=(const AttributeReader&) = delete;

  Status begin(const std::string& path);  // not while busy()
  bool busy() const;                      // the kernel has not answered yet
  Result<std::string> take();  // what it answered, without the line end; once, and not while busy()

 private:
  struct Read;
  std::unique_ptr<Read> read_;
};

}  // namespace sluice::drivers
