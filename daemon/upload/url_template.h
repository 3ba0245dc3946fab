// The address of an HTTP sink: a URL in which {gateway}, {date} and {revision} stand for those of a document.
// Any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "upload/sink.h"

namespace sluice {

// kInvalid: the part of a sentence that says what is wrong ("has …"), without repeating the address, in which
// a secret may be.
Status check_url_template(const std::string& url);
std::string expand_url(const std::string& url, const Delivery& delivery);

}  // namespace sluice
