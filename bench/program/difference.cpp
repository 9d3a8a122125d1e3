#include "program/difference.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "program/child.hpp"
#include "program/drive.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::bench {
namespace {

constexpr std::size_t most_shown = 160;  // octets of an item

// Writes down what is said of each item, and keeps of that a hash, and the words of one.
class Writer : public smtpspec_sink {
 public:
  // Of the item that `kept` counts to.
  Writer(std::uint32_t does, std::size_t kept)
      : smtpspec_sink{
            .on_reply =
                [](const smtpspec_sink* self, const smtpspec_reply* reply) {
                  const Writer& to = of(self);
                  std::string words = std::to_string(reply->code);
                  if (to.has(SMTPSPEC_STATUS) && reply->status.class_ != 0)
                    words += " [" + std::to_string(reply->status.class_) + "." + std::to_string(reply->status.subject) + "." +
                             std::to_string(reply->status.detail) + "]";
                  if (to.has(SMTPSPEC_TEXTS) && reply->lines != nullptr)
                    for (std::uint32_t i = 0; i < reply->line_count; ++i) words += " " + quoted(reply->lines[i]);
                  to.item(words);
                },
            .on_ehlo =
                [](const smtpspec_sink* self, const smtpspec_ehlo* ehlo) {
                  const Writer& to = of(self);
                  std::string words = std::to_string(ehlo->code);
                  if (to.has(SMTPSPEC_TEXTS) && ehlo->keywords != nullptr)
                    for (std::uint32_t i = 0; i < ehlo->keyword_count; ++i)
                      words += " " + quoted(ehlo->keywords[i].keyword) + "=" + quoted(ehlo->keywords[i].params);
                  to.item(words);
                },
            .on_command =
                [](const smtpspec_sink* self, const smtpspec_command* command) {
                  const Writer& to = of(self);
                  std::string words = "verb " + std::to_string(command->verb);
                  if (to.has(SMTPSPEC_TEXTS)) {
                    words += " " + quoted(command->local) + "@" + quoted(command->domain);
                    if (command->params != nullptr)
                      for (std::uint32_t i = 0; i < command->param_count; ++i)
                        words += " " + quoted(command->params[i].keyword) + "=" + quoted(command->params[i].value);
                  }
                  to.item(words);
                },
            .on_step = [](const smtpspec_sink* self, std::uint32_t code) { of(self).item(std::to_string(code / 100) + "yz"); },
            .on_content = [](const smtpspec_sink* self, smtpspec_text content) { of(self).content_ += view(content); },
            .on_message =
                [](const smtpspec_sink* self) {
                  of(self).item(quoted({of(self).content_.data(), of(self).content_.size()}));
                  of(self).content_.clear();
                },
            .on_error =
                [](const smtpspec_sink* self, std::size_t, const char* what) {
                  // Why is said in other words by each.
                  of(self).item("refused", what == nullptr ? "" : what);
                },
        },
        does_(does),
        kept_(kept) {}

  mutable std::vector<std::size_t> items;  // hashes
  mutable std::string kept_words;

 private:
  static const Writer& of(const smtpspec_sink* self) { return static_cast<const Writer&>(*self); }
  static std::string quoted(const smtpspec_text& text) { return '"' + smtp::spell(view(text)) + '"'; }
  bool has(std::uint32_t what) const { return (does_ & what) != 0; }
  void item(const std::string& said, std::string_view why = {}) const {
    if (items.size() == kept_) kept_words = why.empty() ? said : said + " (" + std::string(why) + ")";
    items.push_back(std::hash<std::string>()(said));
  }

  std::uint32_t does_;
  std::size_t kept_;
  mutable std::string content_;  // of the message that has not ended
};

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

Writer play(const smtpspec_adapter& adapter, std::uint32_t does, std::string_view octets, std::span<const std::size_t> ends,
            std::size_t kept) {
  Writer out(does, kept);
  void* context = adapter.create();
  if (context == nullptr) return out;
  const Driven driven = drive(adapter, context, octets, ends, out);
  if (!driven.stopped && !driven.took_more) adapter.finish(context, octets.data() + octets.size() - driven.left, driven.left, &out);
  adapter.destroy(context);
  return out;
}

std::string cut_short(const std::string& words, std::size_t common) {
  if (words.size() <= most_shown) return words;
  const std::size_t from = std::min(common > most_shown / 2 ? common - most_shown / 2 : 0, words.size() - most_shown);
  return (from > 0 ? "…" : "") + words.substr(from, most_shown) + (from + most_shown < words.size() ? "…" : "");
}

std::string ordinal(std::size_t number) {
  const std::size_t last = number % 10;
  const char* ending = number / 10 % 10 == 1 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
  return std::to_string(number) + ending;
}

}  // namespace

std::string first_difference(const smtpspec_adapter& adapter, const smtpspec_adapter& ours, std::string_view octets,
                             std::span<const std::size_t> ends, std::chrono::milliseconds deadline) {
  const auto compare = [&]() -> std::string {
    const auto seen = play(adapter, adapter.does, octets, ends, none).items, there = play(ours, adapter.does, octets, ends, none).items;
    const auto [in_seen, in_there] = std::mismatch(seen.begin(), seen.end(), there.begin(), there.end());
    if (in_seen == seen.end() && in_there == there.end()) return "";
    const auto at = static_cast<std::size_t>(in_there - there.begin());
    const std::string said = play(adapter, adapter.does, octets, ends, at).kept_words,
                      is = play(ours, adapter.does, octets, ends, at).kept_words;
    const auto common = static_cast<std::size_t>(std::mismatch(said.begin(), said.end(), is.begin(), is.end()).first - said.begin());
    if (in_there == there.end()) return "after all " + std::to_string(there.size()) + " it gave another: " + cut_short(said, common);
    return "the " + ordinal(at + 1) + " of " + std::to_string(there.size()) + " is " + cut_short(is, common) +
           (in_seen == seen.end() ? ", and was not given" : ", and was given as " + cut_short(said, common));
  };
  return ask_child(compare, deadline).said;
}

}  // namespace smtpspec::bench
