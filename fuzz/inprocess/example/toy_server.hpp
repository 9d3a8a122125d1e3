// A whole SMTP server, toy-sized: the minimum of RFC 5321 section 4.5.1 for one mailbox, as session code that knows no sockets.
#pragma once

#include <regex>
#include <string>
#include <string_view>

namespace toy {

class Session {
 public:
  std::string greeting() const { return "220 toy.example ESMTP\r\n"; }
  bool over() const { return over_; }

  // What the client sent, in whatever pieces; returns the replies to what is complete.
  std::string take(std::string_view octets) {
    pending_ += octets;
    std::string out;
    for (std::size_t end; !over_ && (end = pending_.find(in_data_ ? end_of_data_ : "\r\n")) != std::string::npos;) {
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + (in_data_ ? end_of_data_.size() : 2));
      out += (in_data_ ? message() : line.size() > 510 ? "500 5.5.2 Line too long" : command(line)) + "\r\n";
      if (in_data_) pending_.insert(0, "\r\n");  // an empty message has no other line end in front of its dot
    }
    return out;
  }

 private:
  std::string message() {
    in_data_ = false;
    forget();
    return "250 2.0.0 Taken";
  }
  void forget() { mail_ = rcpt_ = false; }

  std::string command(const std::string& line) {
    const std::string verb = upper(line.substr(0, line.find(' ')));
    const std::string argument = line.size() > verb.size() ? line.substr(verb.size() + 1) : "";
    const bool bare = line.size() == verb.size();
    if (verb == "EHLO" || verb == "HELO") return hello(argument);
    if (verb == "MAIL") return mail(argument);
    if (verb == "RCPT") return rcpt(argument);
    if (verb == "DATA") return bare ? data() : "501 5.5.4 DATA has no argument";
    if (verb == "RSET") return bare ? (forget(), "250 2.0.0 Ok") : "501 5.5.4 RSET has no argument";
    if (verb == "NOOP") return "250 2.0.0 Ok";
    if (verb == "VRFY") return bare ? "501 5.5.4 Whom?" : "252 2.5.2 Send it and see";
    if (verb == "QUIT" && bare) {
      over_ = true;
      return "221 2.0.0 toy.example leaves";
    }
    return verb == "QUIT" ? "501 5.5.4 QUIT has no argument" : "500 5.5.1 No such command";
  }

  std::string hello(const std::string& argument) {
    static const std::regex name(domain + "|" + literal);
    if (!std::regex_match(argument, name)) return "501 5.5.4 Who are you?";
    greeted_ = true;
    forget();
    return "250 toy.example";
  }

  std::string mail(const std::string& argument) {
    static const std::regex form("FROM:(<>|<" + route + mailbox + ">)( .*)?", std::regex::icase);
    std::smatch parts;
    if (!greeted_ || mail_) return "503 5.5.1 Not now";
    if (!std::regex_match(argument, parts, form)) return "501 5.5.2 MAIL FROM:<address>";
    if (parts[2].matched) return "555 5.5.4 No parameters here";
    mail_ = true;
    return "250 2.1.0 Ok";
  }

  std::string rcpt(const std::string& argument) {
    static const std::regex form("TO:<(postmaster|" + route + mailbox + ")>( .*)?", std::regex::icase);
    static const std::regex ours("(.*:)?(alice|postmaster)(@toy\\.example)?", std::regex::icase);
    std::smatch parts;
    if (!mail_) return "503 5.5.1 Whose mail?";
    if (!std::regex_match(argument, parts, form)) return "501 5.5.2 RCPT TO:<address>";
    if (parts[2].matched) return "555 5.5.4 No parameters here";
    if (!std::regex_match(parts[1].str(), ours)) return "550 5.1.1 Nobody here";
    rcpt_ = true;
    return "250 2.1.5 Ok";
  }

  std::string data() {
    if (!mail_) return "503 5.5.1 Whose mail?";
    if (!rcpt_) return "554 5.5.1 Nobody to take it";
    in_data_ = true;
    return "354 Go on, and end with a dot";
  }

  static std::string upper(std::string text) {
    for (char& c : text)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
  }

  // RFC 5321 section 4.1.2, as far as a toy has it.
  inline static const std::string domain = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*";
  inline static const std::string literal = "\\[[A-Za-z0-9:.-]+\\]";
  inline static const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
  inline static const std::string quoted = R"("(?:[ !#-\[\]-~]|\\[ -~])*")";
  inline static const std::string mailbox = "(?:" + atom + "(?:\\." + atom + ")*|" + quoted + ")@(?:" + domain + "|" + literal + ")";
  inline static const std::string route = "(?:(?:@" + domain + ",?)+:)?";
  inline static const std::string end_of_data_ = "\r\n.\r\n";

  std::string pending_;
  bool greeted_ = false, mail_ = false, rcpt_ = false, in_data_ = false, over_ = false;
};

}  // namespace toy
