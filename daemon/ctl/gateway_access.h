// GatewayAccess: the running daemon through <runtime_dir>/api.sock, and its database where it is not running.
// One thread.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "io/http_client.h"
#include "store/view.h"

namespace sluice {

class GatewayAccess {
 public:
  // `notes`: where it says that it fell back to the database.
  GatewayAccess(const Settings& settings, std::ostream& notes) : settings_(settings), notes_(notes) {}

  const std::string& gateway() const { return settings_.gateway.id; }
  std::string socket_path() const { return settings_.gateway.runtime_dir + "/api.sock"; }
  std::string database_path() const { return settings_.gateway.state_dir + "/sluice.db"; }

  // May this user ask the daemon? Yes, too, where there is none.
  bool allowed() const;
  // What a user who may not can do about it.
  std::string how_to_be_allowed() const;

  // The body of a 200 answer. kUnavailable: the daemon does not answer; otherwise what it said was wrong.
  Result<std::string> ask(const std::string& method, const std::string& path, std::string body = "");
  using FromView = std::function<Result<std::string>(StoreView&)>;
  // GET, or without a daemon what `from_view` makes of the database. kUnavailable: there is neither.
  Result<std::string> read(const std::string& path, const FromView& from_view);
  Result<std::unique_ptr<StoreView>> open_database();  // read-only
  // Is there a database that this user may read? kNotFound, kRefused.
  Status look_for_database() const;
  // For commands that read the database: what a running daemon has read so far is in it afterwards. Where it
  // is not within 2 s, that is noted.
  void wait_stored();

 private:
  const Settings& settings_;
  std::ostream& notes_;
  HttpClient client_;
};

}  // namespace sluice
