#include "store/broker_session_rows.h"

namespace sluice {

namespace {

// The client id, then each filter, a line each. One with a line's end in it comes back as two that nobody
// has.
constexpr char kRead[] = "SELECT value FROM meta WHERE key = 'broker_session'";
constexpr char kWrite[] = "INSERT OR REPLACE INTO meta VALUES('broker_session', ?1)";

}  // namespace

Result<BrokerSession> read_broker_session(Connection& connection) {
  BrokerSession session;
  Query query = connection.query(kRead);
  if (query.next()) {
    const std::string lines = query.text(0);
    for (std::size_t from = lines.find('\n'); from != std::string::npos;) {
      const std::size_t to = lines.find('\n', from + 1);
      session.filters.push_back(lines.substr(from + 1, to == std::string::npos ? to : to - from - 1));
      from = to;
    }
    session.client_id = lines.substr(0, lines.find('\n'));
  }
  return query.result(std::move(session));
}

Status write_broker_session(Connection& connection, const BrokerSession& session) {
  std::string lines = session.client_id;
  for (const std::string& filter : session.filters) lines.append("\n").append(filter);
  return connection.query(kWrite, lines).run();
}

}  // namespace sluice
