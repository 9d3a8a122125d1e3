// Mail data: what DATA's octets mean is what the naive model says, however they are cut; what is stuffed comes back; and a chunk
// ends where its count says.
#include "oracle.hpp"
#include "smtpspec/smtp/content.hpp"
#include "test/naive.hpp"

using namespace smtpspec;
using fuzz::require;

namespace {

naive::Content read(const naive::Chunks& chunks) {
  naive::Content out;
  smtp::DotReader reader;
  for (const std::string_view chunk : chunks) {
    if (reader.done()) break;
    out.taken += reader.feed(chunk, out.body);
  }
  if (!reader.done()) out.taken = 0;
  return out;
}

void check(const naive::Content& found, const naive::Content& expected, bool ended, std::string_view text) {
  require(found.taken == expected.taken, "the end of the data is where the model has it", text);
  if (ended) require(found.body == expected.body, "the content is the model's", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const naive::Content expected = naive::unstuff(text);
  const bool ended = expected.taken > 0;
  check(read({text}), expected, ended, text);
  check(read(naive::octet_by_octet(text)), expected, ended, text);
  check(read(naive::cut_at_random(text, size)), expected, ended, text);

  const std::string sent = smtp::data_octets(text);
  const naive::Content back = read({sent});
  require(back.taken == sent.size(), "what is sent ends at its end and not before", text);
  require(back.body == text || back.body == std::string(text) + "\r\n", "what is sent comes back", text);

  const std::uint64_t count = size == 0 ? 0 : data[0];
  smtp::ChunkReader whole(count), parts(count);
  std::size_t taken = 0;
  for (const std::string_view chunk : naive::cut_at_random(text, size)) taken += parts.feed(chunk);
  require(whole.feed(text) == taken && taken == std::min<std::uint64_t>(count, size), "a chunk is as long as its count", text);
  require(whole.done() == parts.done() && whole.done() == (count <= size), "a chunk is done with its last octet", text);
  return 0;
}
