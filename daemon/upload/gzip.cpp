#include "upload/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace sluice {

namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for a gzip frame
constexpr int kMemoryLevel = 8;
constexpr int kSystemUnknown = 255;

Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  SLUICE_CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                            Z_DEFAULT_STRATEGY) == Z_OK,
               "zlib has no memory");
  gz_header header{};
  header.os = kSystemUnknown;
  deflateSetHeader(&stream, &header);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = bytes_of(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  SLUICE_CHECK(done == Z_STREAM_END, "the bound of deflate does not hold");
  return out;
}

}  // namespace sluice
