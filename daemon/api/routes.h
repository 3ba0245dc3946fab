// The HTTP API's paths. What each means is decided by the ApiSource; here are only the words.
//   GET /healthz /readyz /metrics
//   GET /api/v1/status alerts events sensors readings summaries summaries/DATE[/REVISION] upload
//   GET /api/v1/quarantine why
//   GET, POST /api/v1/alerts/test silences
//   POST /api/v1/silences/end upload/now upload/retry upload/discard store reload
#pragma once

#include "api/api_source.h"
#include "api/router.h"

namespace sluice {

void add_routes(Router& router, ApiSource& source);  // `source` outlives the router

}  // namespace sluice
