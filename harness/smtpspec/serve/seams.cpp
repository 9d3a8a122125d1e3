#include "smtpspec/serve/seams.hpp"

#include <ctime>
#include <utility>

#include "smtpspec/smtp/content.hpp"

namespace smtpspec::serve {
namespace {

class DotContent final : public ContentReader {
 public:
  std::size_t feed(std::string_view input, std::string& content) override { return reader_.feed(input, content); }
  bool done() const override { return reader_.done(); }

 private:
  smtp::DotReader reader_;
};

class ChunkContent final : public ContentReader {
 public:
  explicit ChunkContent(std::uint64_t size) : reader_(size) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    const std::size_t taken = reader_.feed(input);
    content += input.substr(0, taken);
    return taken;
  }
  bool done() const override { return reader_.done(); }

 private:
  smtp::ChunkReader reader_;
};

}  // namespace

Seams Seams::lawful() {
  return {
      .tls_first = [](const Context&, bool lawful) { return lawful; },
      .arrive = [](const Context&, std::string_view, std::string segment) { return segment; },
      .at_end = [](const Context&, std::string_view) { return std::string(); },
      .line_rules = [](const Context&, smtp::LineRules lawful) { return lawful; },
      .tolerance = [](const Context&, smtp::Tolerance lawful) { return lawful; },
      .content_reader = [](const Context&) { return std::make_unique<DotContent>(); },
      .chunk = [](const Context&, std::string_view, Chunk lawful) { return lawful; },
      .chunk_reader = [](const Context&, const Chunk& chunk) { return std::make_unique<ChunkContent>(chunk.size); },
      .flush = [](const Context&, Input, std::string_view) { return std::size_t{0}; },
      .cuts_long_line = [](const Context&) { return false; },
      .response = [](std::string_view, std::optional<std::string> lawful) { return lawful; },
      // RFC 3207 section 4.2: plaintext glued behind the command is never run.
      .behind_starttls = [](const std::string&) { return std::string(); },
      .classify = [](const Context&, const Transaction&, std::string_view, Input lawful) { return lawful; },
      .model = [](const Context&, Input, smtp::Row lawful) { return lawful; },
      .forget = [](const Context&, Input, Transaction& transaction) { transaction = {}; },
      .after = [](const Context&, Input, Context lawful) { return lawful; },
      .record = [](const Context&, Input, std::string_view, Transaction&) {},
      .mailbox = [](std::string_view, std::string_view, std::string lawful) { return lawful; },
      .idle = [](const Context&, smtp::Duration lawful) { return lawful; },
      .keywords = [](const Context&, std::vector<std::string> lawful) { return lawful; },
      .saying = [](const Context&, Input, Saying lawful) { return lawful; },
      .printer = [](const Context&, const Saying& saying) { return print_saying(saying); },
      .delay = [](const Context&, Input) { return smtp::Duration{}; },
      .release = [](const Context&, std::string& held, std::string_view) { return std::exchange(held, {}); },
      .trace = [](const Transaction&, std::string trace) { return trace; },
      .content = [](const Transaction&, std::string content) { return content; },
      .hand_over = [](Fate fate, const Message& message, Store& store) { return fate != Fate::taken || store.take(message); },
      .clock = [] { return static_cast<std::int64_t>(std::time(nullptr)); },
      .nonce = [] { return std::string("rOprNGfwEbeRWgbNEkqO"); },
  };
}

std::string print_saying(const Saying& saying) {
  std::string out;
  for (std::size_t i = 0; i < saying.lines.size(); ++i) {
    out += std::to_string(saying.code) + (i + 1 < saying.lines.size() ? "-" : " ");
    if (!saying.status.empty()) out += saying.status + " ";
    out += saying.lines[i] + "\r\n";
  }
  return out;
}

}  // namespace smtpspec::serve
