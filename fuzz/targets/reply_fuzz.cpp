// A stream of replies: however it is cut, and with the short ways and without, the same replies; every octet belongs to one; and a reply is
// called clean exactly when the naive reading of RFC 5321 section 4.2 agrees.
#include "oracle.hpp"
#include "smtpspec/smtp/ehlo.hpp"
#include "test/naive.hpp"

using namespace smtpspec;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view stream = fuzz::text_of(data, size);
  for (const smtp::ReplyLimits& limits : {smtp::ReplyLimits{}, smtp::ReplyLimits{.line = 16, .lines = 3}}) {
    const auto replies = naive::read_replies({stream}, limits);
    require(naive::read_replies(naive::octet_by_octet(stream), limits) == replies, "octet by octet gives the same replies", stream);
    require(naive::read_replies(naive::cut_at_random(stream, size), limits) == replies, "any cut gives the same replies", stream);
    require(naive::read_replies({stream}, smtp::ReplyParser::plodding(limits)) == replies, "the short ways change nothing", stream);
    std::size_t taken = 0;
    for (const smtp::Reply& reply : replies) {
      taken += reply.octets.size();
      require(!reply.lines.empty(), "a reply has a line", reply.octets);
      for (const smtp::ReplyLine& line : reply.lines)
        require(line.text.end() <= reply.octets.size(), "lines are inside the reply", reply.octets);
      for (std::size_t i = 0; i < smtp::anomaly_count; ++i)
        require(reply.anomalies.at(static_cast<smtp::Anomaly>(i)) <= reply.octets.size(), "anomalies are inside the reply", reply.octets);
      require(naive::read_replies({reply.octets}, limits) == std::vector{reply}, "a reply alone is the same reply", reply.octets);
      if (limits.line > size)
        require(!reply.anomalies.any() == naive::clean_reply(reply.octets), "clean is what the grammar calls so", reply.octets);
      const smtp::Capabilities offered = capabilities(reply);
      require(offered.list.size() == (reply.code == 250 ? reply.lines.size() - 1 : 0), "each line but the first offers", reply.octets);
      for (const auto& capability : offered.list) require(offered.has(capability.keyword), "what is offered is found", reply.octets);
    }
    require(taken == size, "every octet belongs to a reply", stream);
  }
  return 0;
}
