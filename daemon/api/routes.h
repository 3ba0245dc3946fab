// The HTTP API's paths, which README.md here has as a table. What each means is decided by the ApiSource;
// here are only the words.
#pragma once

#include "api/api_source.h"
#include "api/router.h"

namespace sluice {

void add_routes(Router& router, ApiSource& source);  // `source` outlives the router

}  // namespace sluice
