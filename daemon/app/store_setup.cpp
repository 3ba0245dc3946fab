#include "app/store_setup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice {

Result<int> lock_state(const std::string& state_dir) {
  const std::string path = state_dir + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return make_error(ErrorCode::kIo, "cannot open " + path + ": " + std::strerror(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return make_error(ErrorCode::kRefused, "another sluiced is using " + state_dir + "; stop it first");
}

StoreSettings store_settings(const Settings& settings) {
  StoreSettings store;
  store.path = settings.gateway.state_dir + "/sluice.db";
  store.gateway = settings.gateway.id;
  store.retention = settings.store.retention;
  store.reopen = settings.summary.reopen;
  store.summary_keep = settings.summary.keep;
  store.max_size_bytes = settings.store.max_size_bytes;
  store.quarantine_max = settings.store.quarantine;
  store.reserve_bytes = settings.store.reserve_bytes;
  return store;
}

}  // namespace sluice
