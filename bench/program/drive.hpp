// Feeds an adapter and counts what it reports: with everything hashed for the gate, with as little as can be for the clock.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "adapter.h"
#include "inputs/sums.hpp"

namespace smtpspec::bench {

inline std::string_view view(const smtpspec_text& text) { return {text.data, text.size}; }

// Hashes every text.
class CheckingSink : public smtpspec_sink {
 public:
  CheckingSink()
      : smtpspec_sink{
            .on_reply =
                [](const smtpspec_sink* self, const smtpspec_reply* reply) {
                  Sums& to = of(self).item(reply->code);
                  to.add_status(reply->status.class_, reply->status.subject, reply->status.detail);
                  to.parts += reply->line_count;
                  if (reply->lines == nullptr) return;
                  for (std::uint32_t i = 0; i < reply->line_count; ++i) to.text.text(view(reply->lines[i]));
                },
            .on_ehlo =
                [](const smtpspec_sink* self, const smtpspec_ehlo* ehlo) {
                  Sums& to = of(self).item(ehlo->code);
                  to.parts += ehlo->keyword_count;
                  if (ehlo->keywords == nullptr) return;
                  for (std::uint32_t i = 0; i < ehlo->keyword_count; ++i) {
                    to.text.text(view(ehlo->keywords[i].keyword));
                    to.text.text(view(ehlo->keywords[i].params));
                  }
                },
            .on_command =
                [](const smtpspec_sink* self, const smtpspec_command* command) {
                  Sums& to = of(self).item(command->verb);
                  to.parts += command->param_count;
                  to.text.text(view(command->local));
                  to.text.text(view(command->domain));
                  if (command->params == nullptr) return;
                  for (std::uint32_t i = 0; i < command->param_count; ++i) {
                    to.text.text(view(command->params[i].keyword));
                    to.text.text(view(command->params[i].value));
                  }
                },
            .on_step = [](const smtpspec_sink* self, std::uint32_t code) { of(self).item(code / 100); },
            .on_content =
                [](const smtpspec_sink* self, smtpspec_text content) {
                  of(self).sums.parts += content.size;
                  of(self).sums.text.add(view(content));
                },
            .on_message = [](const smtpspec_sink* self) { of(self).item(0).text.end(); },
            .on_error =
                [](const smtpspec_sink* self, std::size_t, const char* what) {
                  if (of(self).sums.items == 0) of(self).refused_first = true;
                  if (++of(self).sums.errors == 1 && what != nullptr) std::strncpy(of(self).said.data(), what, of(self).said.size() - 1);
                },
        } {}

  mutable Sums sums;
  mutable bool refused_first = false;  // an error came before any item
  mutable std::uint32_t last_code = 0;
  mutable std::array<char, 64> said{};  // with the first error

 private:
  static const CheckingSink& of(const smtpspec_sink* self) { return static_cast<const CheckingSink&>(*self); }
  Sums& item(std::uint32_t code) const {
    ++sums.items;
    sums.codes += code;
    last_code = code;
    return sums;
  }
};

// A few additions for each item, the same for every adapter.
class CountingSink : public smtpspec_sink {
 public:
  CountingSink()
      : smtpspec_sink{
            .on_reply = [](const smtpspec_sink* self, const smtpspec_reply* reply) { of(self).item(reply->code, reply->line_count); },
            .on_ehlo = [](const smtpspec_sink* self, const smtpspec_ehlo* ehlo) { of(self).item(ehlo->code, ehlo->keyword_count); },
            .on_command = [](const smtpspec_sink* self,
                             const smtpspec_command* command) { of(self).item(command->verb, command->param_count); },
            .on_step = [](const smtpspec_sink* self, std::uint32_t code) { of(self).item(code, 0); },
            .on_content = [](const smtpspec_sink* self, smtpspec_text content) { of(self).parts += content.size; },
            .on_message = [](const smtpspec_sink* self) { of(self).item(0, 0); },
            .on_error = [](const smtpspec_sink* self, std::size_t, const char*) { ++of(self).errors; },
        } {}

  mutable std::uint64_t items = 0, codes = 0, parts = 0, errors = 0;

 private:
  static const CountingSink& of(const smtpspec_sink* self) { return static_cast<const CountingSink&>(*self); }
  void item(std::uint32_t code, std::uint64_t more) const {
    ++items;
    codes += code;
    parts += more;
  }
};

// Where in memory the octets of one feed stand.
struct InPlace {
  const char* operator()(std::string_view octets) const { return octets.data(); }
};

struct Driven {
  std::size_t left = 0;  // octets that it is not done with
  bool stopped = false, took_more = false;
};

// The stream, cut at `ends`, as far as the adapter goes.
template <class Place = InPlace>
Driven drive(const smtpspec_adapter& adapter, void* context, std::string_view octets, std::span<const std::size_t> ends,
             const smtpspec_sink& sink, const Place& place = {}) {
  std::size_t start = 0;
  for (const std::size_t end : ends) {
    const std::string_view piece = octets.substr(start, end - start);
    const std::ptrdiff_t taken = adapter.feed(context, place(piece), piece.size(), &sink);
    const bool stopped = taken < 0, took_more = !stopped && static_cast<std::size_t>(taken) > piece.size();
    if (stopped || took_more) return {octets.size() - start, stopped, took_more};
    start += static_cast<std::size_t>(taken);
  }
  return {octets.size() - start};
}

}  // namespace smtpspec::bench
