// A line of an EHLO reply: in or out of the grammar as RFC 5321 section 4.1.1.1 has it, read character by character; its parts are
// pieces of it; and a reply made of such lines offers each of them, found in any letter case.
#include "oracle.hpp"
#include "smtpspec/smtp/ehlo.hpp"
#include "test/naive.hpp"

using namespace smtpspec;
using fuzz::require;
using naive::let_dig;

namespace {

// ehlo-line = ehlo-keyword *( SP ehlo-param ); ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-"); ehlo-param = 1*(%d33-126)
bool is_ehlo_line(std::string_view text) {
  if (text.empty() || !let_dig(text[0])) return false;
  std::size_t at = 1;
  while (at < text.size() && (let_dig(text[at]) || text[at] == '-')) ++at;
  while (at < text.size()) {
    if (text[at++] != ' ') return false;
    const std::size_t param = at;
    while (at < text.size() && text[at] >= 33 && text[at] <= 126) ++at;
    if (at == param) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  std::string reply = "250-mx.example.test\r\n";
  std::size_t lines = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const smtp::EhloLine read = smtp::ehlo_line(line);
    require(read.fault.empty() == is_ehlo_line(line), "a line is called right when the grammar has it", line);
    if (read.fault.empty())
      require(read.params.empty() ? read.keyword == line : std::string(read.keyword) + " " + std::string(read.params) == line,
              "a line is its keyword and its parameters", line);
    if (line.find('\r') != line.npos || line.size() > 400) continue;
    ++lines;
    reply += (at <= text.size() ? "250-" : "250 ") + std::string(line) + "\r\n";
  }
  const auto replies = naive::read_replies({reply});
  if (replies.size() != 1 || replies[0].code != 250) return 0;
  const smtp::Capabilities offered = capabilities(replies[0]);
  require(offered.list.size() == lines, "every line but the first offers something", reply);
  for (const auto& capability : offered.list) {
    std::string keyword = capability.keyword;
    for (char& c : keyword)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    require(offered.has(keyword), "what is offered is found in small letters", reply);
  }
  return 0;
}
