// What the broker may hold of us, in table meta. Store thread.
#pragma once

#include "model/broker_session.h"
#include "store/sqlite.h"

namespace sluice {

Result<BrokerSession> read_broker_session(Connection& connection);
Status write_broker_session(Connection& connection, const BrokerSession& session);

}  // namespace sluice
