// The ways in which a server may say a password, written without a look at those who find it.
//
//   for (const Spelling& one : spellings("alice", "correct horse")) …    // {"percent", "%63%6f…", 12}
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec {

struct Spelling {
  std::string name;
  std::string text;      // as the server says it
  std::string secret;    // what of the text tells the password
  std::size_t four = 4;  // so much of the secret tells four octets of it
  std::string behind{};  // what of it stands on a second line
};

inline std::string each_octet(std::string_view octets, const std::function<std::string(unsigned char)>& spelt) {
  std::string out;
  for (const char c : octets) out += spelt(static_cast<unsigned char>(c));
  return out;
}

inline std::string digits_of(unsigned value, unsigned base, int size, std::string_view digits = "0123456789abcdef") {
  std::string out;
  for (; size-- > 0; value /= base) out.insert(out.begin(), digits[value % base]);
  return out;
}

// Base64 of `before`, the password and `behind`, and the letters that hold bits of the password.
inline Spelling in_base64(const std::string& name, const std::string& before, const std::string& password, const std::string& behind) {
  const std::string text = smtp::encode_base64(before + password + behind);
  const std::size_t begin = before.size() * 8 / 6, end = ((before.size() + password.size()) * 8 + 5) / 6;
  return {name, text, text.substr(begin, end - begin), 6};
}

inline std::vector<Spelling> spellings(const std::string& user, const std::string& password) {
  std::vector<Spelling> out;
  const auto add = [&](const std::string& name, const std::string& text, std::size_t four) { out.push_back({name, text, text, four}); };
  const auto all = [&](const std::string& name, std::size_t size, const std::function<std::string(unsigned char)>& spelt) {
    add(name, each_octet(password, spelt), 4 * size);
  };
  const std::string capitals = "0123456789ABCDEF";
  const auto where_needed = [](const std::function<std::string(unsigned char)>& spelt) {
    return [=](unsigned char c) { return smtp::is_alnum(static_cast<char>(c)) ? std::string(1, static_cast<char>(c)) : spelt(c); };
  };
  add("itself", password, 4);
  add("upper", smtp::to_upper(password), 4);
  add("lower", smtp::to_lower(password), 4);
  for (const std::string sign : {"%", "=", "+", "\\x"}) {
    const auto low = [=](unsigned char c) { return sign + digits_of(c, 16, 2); };
    const auto high = [=](unsigned char c) { return sign + digits_of(c, 16, 2, capitals); };
    all("all " + sign + "xx", 2 + sign.size(), low);
    all("all " + sign + "XX", 2 + sign.size(), high);
    add("needed " + sign + "xx", each_octet(password, where_needed(low)), 4 * (2 + sign.size()));
    add("upper, needed " + sign + "XX", each_octet(smtp::to_upper(password), where_needed(high)), 4 * (2 + sign.size()));
  }
  add("form", each_octet(password, where_needed([&](unsigned char c) { return c == ' ' ? "+" : "%" + digits_of(c, 16, 2, capitals); })),
      12);
  add("xtext", smtp::encode_xtext(password), 12);
  add("spelt", smtp::spell(password), 16);
  add("spelt twice", smtp::spell(smtp::spell(password)), 20);
  all("octal", 4, [](unsigned char c) { return "\\" + digits_of(c, 8, 3); });
  all("\\u", 6, [](unsigned char c) { return "\\u00" + digits_of(c, 16, 2); });
  all("quoted", 2, [](unsigned char c) { return "\\" + std::string(1, static_cast<char>(c)); });
  all("hex", 2, [](unsigned char c) { return digits_of(c, 16, 2); });
  all("HEX", 2, [&](unsigned char c) { return digits_of(c, 16, 2, capitals); });
  const std::string nul(1, '\0');
  std::vector<Spelling> encoded;
  for (const std::string before : {"", "x", "xy"})
    for (const std::string behind : {"", "z", "zz"})
      encoded.push_back(in_base64("base64 " + before + "_" + behind, before, password, behind));
  encoded.push_back(in_base64("PLAIN", nul + user + nul, password, ""));
  encoded.push_back(in_base64("base64 of UPPER", "x", smtp::to_upper(password), ""));
  encoded.push_back(in_base64("base64 of lower", "xy", smtp::to_lower(password), ""));
  for (const Spelling& one : encoded) {
    out.push_back(one);
    out.push_back({"upper " + one.name, smtp::to_upper(one.text), smtp::to_upper(one.secret), one.four});
    out.push_back({"lower " + one.name, smtp::to_lower(one.text), smtp::to_lower(one.secret), one.four});
    out.push_back({"hyphens " + one.name, one.text, one.secret, one.four});
    for (std::string* text : {&out.back().text, &out.back().secret})
      for (char& c : *text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  for (const std::size_t outer : {0u, 1u, 2u}) {
    const std::string before(outer, 'x');
    // The inner letters that the password alone decides.
    const std::string plain = smtp::encode_base64(nul + user + nul + password);
    const std::size_t begin = ((user.size() + 2) * 8 + 5) / 6, end = (user.size() + 2 + password.size()) * 8 / 6;
    Spelling one =
        in_base64("PLAIN in base64 " + before, before + plain.substr(0, begin), plain.substr(begin, end - begin), plain.substr(end));
    one.four = 10;
    out.push_back(one);
  }
  return out;
}

// Said over two lines: `end` ends the first and begins the second.
inline Spelling broken(Spelling spelling, std::size_t at, const std::string& end) {
  const std::size_t secret = spelling.text.find(spelling.secret);
  spelling.behind = at <= secret ? "" : spelling.secret.substr(std::min(at - secret, spelling.secret.size()));
  spelling.secret.resize(spelling.secret.size() - spelling.behind.size());
  spelling.text.insert(at, end);
  spelling.name += " broken by " + smtp::spell(end);
  return spelling;
}

// So much of the secret as tells four octets of it, where the text holds that as it was said or spelt; or "".
inline std::string told(std::string_view text, const Spelling& spelling) {
  for (const std::string& secret : {spelling.secret, spelling.behind})
    for (std::size_t i = 0; i + spelling.four <= secret.size(); ++i) {
      const std::string piece = secret.substr(i, spelling.four);
      if (text.find(piece) != text.npos || text.find(smtp::spell(piece)) != text.npos) return piece;
    }
  return "";
}

}  // namespace smtpspec
