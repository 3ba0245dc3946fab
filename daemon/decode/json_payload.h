// format: json — values at JSON pointers of a document (RFC 8259, RFC 6901). The whole document has to be
// valid, not only the part that is read. Of equal member names the first counts.
//
// JsonParser holds the parser's buffers; the formats of one Decoder take turns with it. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "decode/decoder.h"

namespace sluice {

// As `each`: the document itself is the array (RFC 6901 section 6 writes the whole document as a fragment
// so).
inline constexpr std::string_view kWholeDocument = "#";

inline constexpr std::size_t kJsonDepthMax = 32;  // arrays and objects within each other

class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// `parser` outlives what is returned.
std::unique_ptr<PayloadDecoder> make_json_payload(const ReadingsEntry& entry, std::size_t max_each,
                                                  JsonParser& parser);

}  // namespace sluice
