// A stream of lines: under all rules and however it is cut, the lines of the naive model.
#include "oracle.hpp"
#include "test/naive.hpp"

using namespace smtpspec;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view stream = fuzz::text_of(data, size);
  for (const std::size_t limit : {2u, 8u, 512u})
    for (const bool lf_ends : {false, true})
      for (const bool cr_ends : {false, true}) {
        const smtp::LineRules rules{lf_ends, cr_ends, limit};
        const auto lines = naive::lines(stream, rules);
        fuzz::require(naive::read_lines({stream}, rules) == lines, "the stream as a whole gives the model's lines", stream);
        fuzz::require(naive::read_lines(naive::octet_by_octet(stream), rules) == lines, "octet by octet gives the same lines", stream);
        fuzz::require(naive::read_lines(naive::cut_at_random(stream, size), rules) == lines, "any cut gives the same lines", stream);
      }
  return 0;
}
