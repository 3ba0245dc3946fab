// format: number — the payload is one decimal number, or true, false or one of `states`; ASCII white space
// around it is ignored. Text that is none of these makes the message malformed; nan and inf are readings that
// are rejected.
#pragma once

#include <memory>

#include "decode/decoder.h"

namespace sluice {

std::unique_ptr<PayloadDecoder> make_number_payload(const ReadingsEntry& entry);

}  // namespace sluice
