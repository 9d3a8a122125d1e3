// What every fallible function of smtpspec returns, and what an error carries.
//
//   Result<Case> parsed = parse_case(text, "a.yaml");
//   if (!parsed) std::puts(to_string(parsed.error()).c_str());
//
// An Error is about *our* input (case files, profiles, flags, the machine). What a target does wrong is
// never an Error: it is data, and the judge makes a finding of it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace smtpspec {

// A place in a text file; line and column count from 1, 0 means "the file as a whole".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

// `message` says what is wrong and what was expected; `hint` is the nearest right spelling, or empty.
struct Error {
  std::string message;
  Place place{};
  std::string hint{};
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string message, Place place = {}, std::string hint = {}) {
  return tl::unexpected<Error>(Error{std::move(message), std::move(place), std::move(hint)});
}

// "file:line:column: message (did you mean 'hint'?)"; the parts that are not known are left out.
std::string to_string(const Error& error);

}  // namespace smtpspec
