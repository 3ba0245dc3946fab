// FileSink: a folder that summaries are written to, one file a revision: <gateway>-<date>-r<revision>.json. A
// file is there whole or not at all: it is written under a temporary name in the same folder, synced,
// renamed, and the folder synced. Delivering the same again changes nothing. One thread (the uploader's).
#pragma once

#include <string>

#include "upload/sink.h"

namespace sluice {

// Whether the folder can be made and written, by doing so: errno, or 0. `keep`: what had to be made for it
// stays.
int try_folder(const std::string& folder, bool keep);

class FileSink final : public Sink {
 public:
  FileSink(std::string name, std::string folder);  // the folder is made at the first delivery

  const std::string& name() const override { return name_; }
  SinkAnswer deliver(const Delivery& delivery) override;

 private:
  void remove_leftovers(const std::string& gateway) const;

  std::string name_;
  std::string folder_;
  bool leftovers_removed_ = false;
};

}  // namespace sluice
