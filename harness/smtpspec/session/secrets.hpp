// What must never be shown, found in whatever form a text holds it.
//
//   const Secrets secrets("correct horse");
//   secrets.mask("535 no CORRECT%20HORSE here\r\n") == "535 no *** here\r\n"
//
// A server knows the password and may say it in its own way. Found are its octets in either letter case, each as itself
// or escaped (%41 =41 +41 \x41 \u0041 \101 \n, a backslash in front of anything), in hexadecimal digits, and in base64 (both
// alphabets) wherever it stands in what was encoded, once or twice; whole, or broken by line ends, by the code that begins
// the next line of a reply, and by soft line breaks. Where the text itself ends inside a secret, the part is found too.
//
// A mask may hide more than the secret, never less: of base64 it takes the whole run of letters, for the octets beside the
// secret share letters with it.
//
// One pass: the time grows with the text, whatever stands in it. A masked text is no longer than the text.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::session {

class Secrets {
 public:
  // A shorter word, "a" or "250", stands in every text by chance: masking it would take the report away, and where it was
  // masked would tell what it is. It is not looked for; an account with such a password is refused (run/profile.hpp). It is
  // also the least that is found of a secret in which the text ends.
  static constexpr std::size_t least = 4;

  Secrets() = default;
  explicit Secrets(std::string_view secret) { add(secret); }
  void add(std::string_view secret);
  bool empty() const { return forms_.empty(); }

  // The stretches of the text to be masked, in order and apart. Line ends and the codes that begin lines are in none.
  std::vector<smtp::Span> find(std::string_view text) const;
  std::string mask(std::string_view text) const;

 private:
  class Search;
  struct Form {
    std::uint32_t begin = 0, end = 0;  // of its letters
    bool base64 = false;
  };
  void add_form(std::string_view letters, bool base64);

  std::string letters_;                 // of all forms, one behind the other
  std::vector<std::uint32_t> form_of_;  // of each letter
  std::vector<Form> forms_;
  std::bitset<256> first_letters_;
  // Three letters in a row of a form, hashed: those that it begins with, and all.
  using Threes = std::bitset<1 << 15>;
  Threes first_threes_;
  Threes threes_;
};

// A piece of the text with "***" in place of each stretch; shorter ones keep their length, so that no text grows.
std::string masked(std::string_view text, std::span<const smtp::Span> stretches, smtp::Span piece);
std::string masked(std::string_view text, std::span<const smtp::Span> stretches);

}  // namespace smtpspec::session
