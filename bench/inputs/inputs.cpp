#include "inputs/inputs.hpp"

#include <algorithm>

#include "adapter.h"
#include "inputs/command_inputs.hpp"
#include "inputs/random.hpp"
#include "inputs/reply_inputs.hpp"
#include "inputs/session_inputs.hpp"

namespace smtpspec::bench {
namespace {

constexpr Recipe all_recipes[] = {
    {"reply/one-line", SMTPSPEC_REPLY, "reply", "250 2.1.0 Ok, 64 KiB", true, inputs::one_line},
    {"reply/code-only", SMTPSPEC_REPLY, "reply", "250, 64 KiB", false, inputs::code_only},
    {"reply/queued", SMTPSPEC_REPLY, "reply", "one line of 44 octets, 64 KiB", false, inputs::queued},
    {"reply/ehlo-12", SMTPSPEC_REPLY, "reply", "a reply to EHLO of 12 lines, 64 KiB", true, inputs::ehlo_12_reply},
    {"reply/ehlo-26", SMTPSPEC_REPLY, "reply", "a reply to EHLO of 26 lines, 64 KiB", false, inputs::ehlo_26_reply},
    {"reply/100-lines", SMTPSPEC_REPLY, "reply", "replies of 100 lines, 64 KiB", false, inputs::lines_100},
    {"reply/800-lines", SMTPSPEC_REPLY, "reply", "replies of 800 lines, 64 KiB", false, inputs::lines_800},
    {"reply/line-512", SMTPSPEC_REPLY, "reply", "one line of 512 octets, the longest lawful one, 64 KiB", false, inputs::line_512},
    {"reply/mixed-4k", SMTPSPEC_REPLY, "reply", "what a client reads, 4 KiB", false, inputs::mixed_4k},
    {"reply/mixed-64k", SMTPSPEC_REPLY, "reply", "what a client reads, 64 KiB", false, inputs::mixed_64k},
    {"reply/mixed", SMTPSPEC_REPLY, "reply", "what a client reads, 1 MiB", true, inputs::mixed},
    {"reply/mixed-64m", SMTPSPEC_REPLY, "reply", "what a client reads, 64 MiB", false, inputs::mixed_64m},
    {"reply/errors", SMTPSPEC_REPLY, "reply", "single lines of 4yz and 5yz, 256 KiB", false, inputs::errors},
    {"reply/providers", SMTPSPEC_REPLY, "reply", "refusals of four lines, 256 KiB", false, inputs::providers},
    {"ehlo/12", SMTPSPEC_EHLO, "reply", "11 keywords with what stands behind them, 64 KiB", true, inputs::ehlo_12},
    {"ehlo/26", SMTPSPEC_EHLO, "reply", "25 keywords, 64 KiB", false, inputs::ehlo_26},
    {"ehlo/26-4k", SMTPSPEC_EHLO, "reply", "25 keywords, 4 KiB", false, inputs::ehlo_26_4k},
    {"ehlo/unknown", SMTPSPEC_EHLO, "reply", "near misses of keywords, and small letters, 64 KiB", false, inputs::ehlo_unknown},
    {"command/mixed", SMTPSPEC_COMMAND, "command", "EHLO, MAIL with SIZE and BODY, RCPT, some with NOTIFY, DATA, NOOP, RSET, QUIT, 1 MiB",
     true, inputs::commands},
    {"command/mixed-4k", SMTPSPEC_COMMAND, "command", "the same, 4 KiB", false, inputs::commands_4k},
    {"command/plain", SMTPSPEC_COMMAND, "command", "the same without SIZE, BODY and NOTIFY, 1 MiB", true, inputs::commands_plain},
    {"command/dialogue", SMTPSPEC_COMMAND, "command", "sessions without mail data, 1 MiB", false, inputs::dialogue},
    {"command/pipelined", SMTPSPEC_COMMAND, "command", "a hundred RCPT behind each MAIL, 256 KiB", false, inputs::pipelined},
    {"command/addresses", SMTPSPEC_COMMAND, "command", "quoted local-parts, address literals, long ORCPT and ENVID, 256 KiB", false,
     inputs::addresses},
    {"command/login", SMTPSPEC_COMMAND, "command", "AUTH, STARTTLS, BDAT and the rarer verbs, 256 KiB", false, inputs::login},
    {"command/rejected", SMTPSPEC_COMMAND, "command", "outside the grammar, each in another way, 256 KiB", false, inputs::rejected},
    {"model/sessions", SMTPSPEC_MODEL, "step", "whole sessions with one-line messages, 1 MiB", true, inputs::sessions},
    {"model/sessions-4k", SMTPSPEC_MODEL, "step", "the same, 4 KiB", false, inputs::sessions_4k},
    {"model/mistakes", SMTPSPEC_MODEL, "step", "sessions with commands out of order, 1 MiB", false, inputs::mistakes},
    {"model/dialogue", SMTPSPEC_MODEL, "step", "the octets of command/dialogue", false, inputs::dialogue_steps},
    {"step/sessions", SMTPSPEC_STEP, "step", "the commands of sessions, parsed before", true, inputs::steps},
    {"step/walk", SMTPSPEC_STEP, "step", "commands at random, parsed before", false, inputs::walk},
    {"step/walk-4k", SMTPSPEC_STEP, "step", "the same, 4 KiB", false, inputs::walk_4k},
    {"content/text", SMTPSPEC_CONTENT, "message", "messages of 16 KiB in lines of text, some with a dot in front, 1 MiB", true,
     inputs::text},
    {"content/text-4k", SMTPSPEC_CONTENT, "message", "messages of a few lines, 4 KiB", false, inputs::text_4k},
    {"content/dots", SMTPSPEC_CONTENT, "message", "a dot at the start of every line, 256 KiB", true, inputs::dots},
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

constexpr Growth all_growths[] = {
    {"reply/many-lines", SMTPSPEC_REPLY, "a reply of n lines, in fragments of 64", 400, 64,
     [](std::size_t n) { return repeated("250-This is one line of many\r\n", n - 1) + "250 The end\r\n"; }},
    {"reply/endless-reply", SMTPSPEC_REPLY, "n lines that all go on, in fragments of 64", 400, 64,
     [](std::size_t n) { return repeated("250-\r\n", n); }},
    {"reply/endless-line", SMTPSPEC_REPLY, "a line of n octets that does not end, in fragments of 16", 8 * 1024, 16,
     [](std::size_t n) { return "250 " + std::string(n, 'x'); }},
    {"reply/only-cr", SMTPSPEC_REPLY, "n CR", 8 * 1024, 0, [](std::size_t n) { return std::string(n, '\r'); }},
    {"reply/only-lf", SMTPSPEC_REPLY, "n LF", 8 * 1024, 0, [](std::size_t n) { return std::string(n, '\n'); }},
    {"reply/nul", SMTPSPEC_REPLY, "n NUL behind a code", 8 * 1024, 16,
     [](std::size_t n) { return "250 " + std::string(n, '\0') + "\r\n"; }},
    {"reply/code-changes", SMTPSPEC_REPLY, "n lines and another code on the last", 400, 0,
     [](std::size_t n) { return repeated("250-a\r\n", n) + "251 b\r\n"; }},
    {"ehlo/many-keywords", SMTPSPEC_EHLO, "n keywords, in fragments of 64", 250, 64,
     [](std::size_t n) { return "250-a.example\r\n" + repeated("250-PIPELININF\r\n", n) + "250 DSN\r\n"; }},
    {"command/endless-line", SMTPSPEC_COMMAND, "a command of n octets that does not end, in fragments of 16", 8 * 1024, 16,
     [](std::size_t n) { return "NOOP " + std::string(n, 'x'); }},
    {"command/many-parameters", SMTPSPEC_COMMAND, "a MAIL with n parameters", 400, 0,
     [](std::size_t n) { return "MAIL FROM:<a@b.example>" + repeated(" X=1", n) + "\r\n"; }},
    {"command/long-path", SMTPSPEC_COMMAND, "a domain of n labels", 400, 0,
     [](std::size_t n) { return "RCPT TO:<a@" + repeated("b.", n) + "example>\r\n"; }},
    {"content/endless", SMTPSPEC_CONTENT, "n lines of a message that does not end, in fragments of 16", 400, 16,
     [](std::size_t n) { return repeated("..a line of it\r\n", n); }},
};

constexpr Cut all_cuts[] = {
    {"whole", [](std::string_view octets) { return std::vector<std::size_t>{octets.size()}; }},
    {"1460", [](std::string_view octets) { return cut_at_every(octets, 1460); }},
    {"64", [](std::string_view octets) { return cut_at_every(octets, 64); }},
    {"16", [](std::string_view octets) { return cut_at_every(octets, 16); }},
    {"7", [](std::string_view octets) { return cut_at_every(octets, 7); }},
    {"3", [](std::string_view octets) { return cut_at_every(octets, 3); }},
    {"1", [](std::string_view octets) { return cut_at_every(octets, 1); }},
    {"random",
     [](std::string_view octets) {
       Random random(3);
       std::vector<std::size_t> ends;
       for (std::size_t at = 0; at < octets.size();) ends.push_back(at = std::min(octets.size(), at + 1 + random.below(64)));
       return ends;
     }},
    {"cr-lf",
     [](std::string_view octets) {
       std::vector<std::size_t> ends;
       for (std::size_t at = 0; at + 1 < octets.size(); ++at)
         if (octets[at] == '\r') ends.push_back(at + 1);
       ends.push_back(octets.size());
       return ends;
     }},
};

template <class T>
const T* named(std::span<const T> list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const T& each) { return each.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Recipe> recipes() { return all_recipes; }
const Recipe* find_recipe(std::string_view name) { return named(recipes(), name); }
std::span<const Growth> growths() { return all_growths; }
std::span<const Cut> cuts() { return all_cuts; }
const Cut* find_cut(std::string_view name) { return named(cuts(), name); }

std::vector<std::size_t> cut_at_every(std::string_view octets, std::size_t size) {
  std::vector<std::size_t> ends;
  for (std::size_t at = size; at < octets.size(); at += size) ends.push_back(at);
  ends.push_back(octets.size());
  return ends;
}

}  // namespace smtpspec::bench
