#include "smtpspec/smtp/command_reader.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

// Everything that a command holds, in one line of text.
std::string shown(const Command& command) {
  std::string out =
      std::string(to_string(command.verb)) + "|" + std::string(to_string(command.fault)) + "|" + std::string(to_string(command.address));
  const auto number = [&](std::uint64_t n) { out += " " + std::to_string(n); };
  const auto place = [&](Span span) {
    number(span.begin);
    number(span.size);
  };
  for (const Span span : {command.verb_text, command.argument, command.mechanism, command.path.all, command.path.route, command.path.local,
                          command.path.domain, command.initial.value_or(Span{~0u, 0})})
    place(span);
  number(command.fault_at);
  number(command.last);
  number(command.chunk_size);
  number(static_cast<std::uint64_t>(command.path.domain_kind));
  number(command.path.quoted);
  number(command.path.null);
  for (const Param& param : command.params) {
    place(param.keyword);
    place(param.value);
    number(static_cast<std::uint64_t>(param.name));
    number(param.has_value);
  }
  return out;
}

struct Heard {
  std::size_t at;
  std::string line, command;
  bool operator==(const Heard&) const = default;
};

// What a reader finds in a stream that comes in chunks; it is given nothing but what it left and what is new, each time elsewhere.
std::vector<Heard> hear(const naive::Chunks& chunks, const LineRules& rules) {
  std::vector<Heard> out;
  CommandReader reader(rules);
  std::string rest;
  std::size_t before = 0;
  for (const std::string_view chunk : chunks) {
    const std::vector<char> octets = [&] {
      const std::string all = rest + std::string(chunk);
      return std::vector<char>(all.begin(), all.end());
    }();
    std::string_view left(octets.data(), octets.size());
    while (const Command* command = reader.next(left))
      out.push_back({before + static_cast<std::size_t>(reader.line().data() - octets.data()), std::string(reader.line()), shown(*command)});
    before += octets.size() - left.size();
    rest = left;
  }
  return out;
}

// The same by lines, and by the grammar alone.
std::vector<Heard> hear_by_lines(std::string_view stream, const LineRules& rules) {
  std::vector<Heard> out;
  for (const naive::PlacedLine& placed : naive::lines(stream, rules)) {
    if (placed.line.rest_of_long || placed.line.ending == LineEnding::eof) continue;
    const std::string line(stream.substr(placed.at, placed.line.size));
    Command command = parse_command_by_octet(line);
    if (placed.line.ending == LineEnding::too_long) {
      command = {};
      command.fault = CommandFault::line_too_long;
    }
    out.push_back({placed.at, line, shown(command)});
  }
  return out;
}

class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  template <std::size_t n>
  std::string_view pick(const std::string_view (&of)[n]) {
    return of[below(n)];
  }
  // A command that is mostly right, its parts as long as blocks and a little more or less.
  std::string command() {
    switch (below(8)) {
      case 0: return std::string(pick({"EHLO ", "helo ", "EhLo"})) + name();
      case 1: return std::string(pick({"DATA", "rset", "NOOP", "Quit", "QUIT ", "NOOP x", "BDAT 1", "STARTTLS", "vrfy a"}));
      case 2:
      case 3: return std::string(pick({"MAIL FROM:<", "mail from:<", "MAIL TO:<", "MAIL FROM:<>"})) + mailbox() + ">" + params();
      default: return std::string(pick({"RCPT TO:<", "rcpt To:<", "RCPT  TO:<", "RCPT TO:<@r:"})) + mailbox() + ">" + params();
    }
  }
  std::string mutated(std::string line) {
    for (std::size_t changes = below(3); changes > 0 && !line.empty(); --changes) {
      const std::size_t at = below(line.size());
      const char octet =
          below(4) == 0 ? static_cast<char>(below(256)) : pick({" ", ".", "-", "@", "<", ">", "=", "\r", "\n", "\t", "\x7f", "a"})[0];
      switch (below(3)) {
        case 0: line[at] = octet; break;
        case 1: line.insert(at, 1, octet); break;
        default: line.erase(at, 1);
      }
    }
    return line;
  }

 private:
  std::string run(std::string_view letters, std::size_t most) {
    std::string out;
    for (std::size_t size = 1 + below(most); size > 0; --size) out += letters[below(letters.size())];
    return out;
  }
  std::string name() {
    return below(3) == 0
               ? run("ab9-.", 40)
               : std::string(pick({"a", "b.example", "mail.example.org", "x--y.z-9.test"})) + (below(4) == 0 ? "." + run("az", 40) : "");
  }
  std::string mailbox() {
    return (below(3) == 0 ? run("ab!.+", 40) : std::string(pick({"bob", "c.d.e", "o'hara", "\"q\"", "postmaster"}))) +
           (below(9) == 0 ? "" : "@") + name();
  }
  std::string params() {
    std::string out;
    for (std::size_t count = below(4); count > 0; --count) {
      out += " " + (below(2) == 0 ? run("AZ9-", 34) : std::string(pick({"SIZE", "body", "NOTIFY", "SMTPUTF8", "RequireTLS", "Ret", "X"})));
      if (below(3) != 0) out += "=" + (below(2) == 0 ? run("19aZ;,=", 40) : std::string(pick({"1000", "8BITMIME", "NEVER", "FULL"})));
    }
    if (below(300) == 0)
      for (std::size_t more = 14 + below(4); more > 0; --more) out += " X" + std::to_string(more);
    return out;
  }
  std::mt19937 random_;
};

TEST(CommandReader, FindsInMutatedStreamsWhatTheGrammarFinds) {
  Writer writer(1);
  std::size_t good = 0, at_once = 0;
  for (int round = 0; round < 3000 && !HasFailure(); ++round) {
    std::string stream;
    for (std::size_t lines = 1 + writer.below(4); lines > 0; --lines) {
      const std::string line = writer.mutated(writer.command());
      stream += line + (writer.below(20) == 0 ? "\n" : "\r\n");
      Command command;
      if (common_command::possible && common_command::read(line + "\r\n" + std::string(common_command::room, 'x'), command) != 0) ++at_once;
      ASSERT_EQ(shown(parse_command(line)), shown(parse_command_by_octet(line))) << spell(line);
      ASSERT_EQ(shown(parse_command(line, {.utf8 = true, .no_domain = true})),
                shown(parse_command_by_octet(line, {.utf8 = true, .no_domain = true})))
          << spell(line);
      good += parse_command(line) ? 1 : 0;
    }
    const LineRules rules{.lf_ends_line = writer.below(4) == 0, .limit = writer.below(3) == 0 ? 20 + writer.below(100) : 512};
    const std::vector<Heard> heard = hear_by_lines(stream, rules);
    const std::uint64_t seed = static_cast<std::uint64_t>(round);
    ASSERT_EQ(hear({stream}, rules), heard) << spell(stream);
    ASSERT_EQ(hear(naive::cut_at_random(stream, seed), rules), heard) << spell(stream);
    ASSERT_EQ(hear(naive::octet_by_octet(stream), rules), heard) << spell(stream);
    if (round % 20 != 0) continue;
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      ASSERT_EQ(hear({std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}, rules), heard) << spell(stream);
    }
  }
  EXPECT_GT(good, 800u);
  if (common_command::possible) {
    EXPECT_GT(at_once, 400u);
  }
}

// Each of the 256 octets at each place of a line that is read at once.
TEST(CommandReader, EachOctetOfACommonLineIsJudged) {
  const std::string behind = "\r\n" + std::string(common_command::room, '\0');
  for (const std::string line :
       {"MAIL FROM:<o'h.ara@x-n.b-9.example> SIZE=12 X-Y=z BODY=8BITMIME SMTPUTF8", "RCPT TO:<a@b>", "EHLO a-b.c", "QUIT"})
    for (std::size_t i = 0; i < line.size() && !HasFailure(); ++i)
      for (int octet = 0; octet < 256; ++octet) {
        std::string other = line;
        other[i] = static_cast<char>(octet);
        ASSERT_EQ(shown(parse_command(other)), shown(parse_command_by_octet(other))) << spell(other);
        Command command;
        if (!common_command::possible || common_command::read(other + behind, command) == 0) {
          ASSERT_FALSE(common_command::possible && other == line) << "this line is read at once";
          continue;
        }
        ASSERT_EQ(shown(command), shown(parse_command_by_octet(other))) << spell(other);
      }
}

TEST(CommandReader, ALongLineIsOneFaultAndTheRestOfItNoCommand) {
  const std::string stream = "NOOP " + std::string(2000, 'x') + "\r\nQUIT\r\n";
  CommandReader reader({.limit = 512});
  std::string_view left = stream;
  const Command* command = reader.next(left);
  ASSERT_NE(command, nullptr);
  EXPECT_EQ(to_string(command->fault), "line-too-long");
  command = reader.next(left);
  ASSERT_NE(command, nullptr);
  EXPECT_EQ(command->verb, Verb::quit);
  EXPECT_EQ(reader.next(left), nullptr);
  EXPECT_TRUE(left.empty());
}

}  // namespace
}  // namespace smtpspec::smtp
