// YAML with places: every value knows its line and column, unknown and duplicate keys are errors that name the nearest
// right spelling. The only place that knows libyaml.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::script {

struct Yaml {
  enum class Kind : std::uint8_t { null, text, list, map };
  Kind kind = Kind::null;
  Place place{};
  std::string text{};
  std::vector<Yaml> items{};                     // list
  std::vector<std::pair<Yaml, Yaml>> entries{};  // map, in file order; keys are texts

  const Yaml* find(std::string_view key) const;
  tl::unexpected<Error> fail(std::string message, std::string hint = {}) const {
    return failure(std::move(message), place, std::move(hint));
  }

  // The text, or an error that says `what` was expected.
  Result<std::string> as_text(std::string_view what) const;
  Result<std::string> as_sentence(std::string_view what) const;  // a text that says something
  Result<std::string> as_day() const;                            // 2026-12-31, so that days compare as texts
  Result<std::int64_t> as_number(std::string_view what, std::int64_t least, std::int64_t most) const;
  Result<bool> as_bool(std::string_view what) const;
  Result<std::vector<std::string>> as_texts(std::string_view what) const;  // a list, or one text
  // An error at the first key that is not among `known`.
  Result<void> only(std::span<const std::string_view> known, std::string_view what) const;
};

// Parses one document. Duplicate keys and "\xNN" above 7f in double quotes are errors (RFC-minded readers take the
// latter for octets; YAML means code points).
Result<Yaml> parse_yaml(const std::string& text, const std::string& file);

// The whole of a file, a pipe or a device, up to 16 MiB. A pipe is an error when nobody has it open for writing; its writer
// is waited for, until a signal comes.
Result<std::string> read_file(const std::string& path);
// The same of larger ones; the limit is in octets.
Result<std::string> read_file_up_to(const std::string& path, std::size_t most);
// The same of a regular file, and of nothing that could keep us waiting.
Result<std::string> read_regular_file(const std::string& path);

}  // namespace smtpspec::script
