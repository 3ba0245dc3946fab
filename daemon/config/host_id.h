// The gateway's id where the configuration names none: the host name, and for a name that every fresh system
// has, digits of the machine besides, so that two cards cloned from one image do not share an id. Nothing of
// it is stored. Reads files under `root` (tests put their own there); any thread.
#pragma once

#include <string>

namespace sluice {

std::string id_from(const std::string& text);  // the nearest valid id: [a-z0-9-]{1,63}; empty: there is none
std::string id_of_host(const std::string& host_name, const std::string& root = "");

}  // namespace sluice
