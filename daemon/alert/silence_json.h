// A silence as the API takes and shows it, and as its journal record carries it:
//   {"sensor": "filter", "alert": "name", "labels": {…}, "until": "RFC 3339", "comment": "…"}; sensor, alert,
// labels and comment may be absent. Shown, it has "id" and "since" too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/silence.h"

namespace sluice {

std::string silence_to_json(const Silence& silence);
Result<Silence> silence_from_json(std::string_view text);  // without id and from_ms
// The same of what somebody sends, who is told what is wrong; a member that there is not is wrong too.
Result<Silence> silence_from_request(std::string_view text);
std::string silences_to_json(const std::vector<Silence>& silences);  // a list

}  // namespace sluice
