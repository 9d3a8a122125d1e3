#include "smtpspec/delivery/sent.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "smtpspec/smtp/command.hpp"
#include "smtpspec/smtp/content.hpp"

namespace smtpspec::delivery {
namespace {

// One connection, read as its server reads it.
class Reader {
 public:
  explicit Reader(std::vector<Sent>& out) : out_(out) {}

  void take_octets(std::string_view octets) {
    buffer_ += octets;
    read();
  }

  void take_reply(int code, int entry) {
    if (!greeted_) {
      greeted_ = true;
      return;
    }
    if (asked_.empty()) return;
    const Asked asked = asked_.front();
    asked_.pop_front();
    answer(asked, code, entry);
    read();
  }

  bool greeted() const { return greeted_; }

  void end() {
    if (in_data_ || !draft_.empty()) put({.content = std::exchange(draft_, {}), .recipients = recipients_});
  }

 private:
  enum class Asked : std::uint8_t { other, mail, rcpt, reset, data, content, chunk, last_chunk };

  void put(Sent one) {
    one.client = client_;
    out_.push_back(std::move(one));
  }

  void answer(Asked asked, int code, int entry) {
    const bool good = code / 100 == 2;
    switch (asked) {
      case Asked::rcpt:
        if (good) ++recipients_;
        break;
      case Asked::mail:
        if (good) recipients_ = 0;
        break;
      case Asked::reset:
        if (!good) break;
        if (!draft_.empty()) put({.content = std::exchange(draft_, {}), .recipients = recipients_});
        recipients_ = 0;
        break;
      case Asked::data:
        waits_ = false;
        in_data_ = code == 354;
        dots_ = {};
        break;
      case Asked::chunk:
        if (good) break;
        [[fallthrough]];  // RFC 3030 section 2: what was taken before goes with it
      case Asked::content:
      case Asked::last_chunk:
        put({.content = std::exchange(draft_, {}), .code = code, .entry = entry, .recipients = recipients_});
        recipients_ = 0;
        break;
      case Asked::other: break;
    }
  }

  void read() {
    while (!buffer_.empty() && !waits_) {
      std::size_t taken = 0;
      if (in_data_) {
        taken = dots_.feed(buffer_, draft_);
        if (dots_.done()) {
          in_data_ = false;
          asked_.push_back(Asked::content);
        }
      } else if (chunk_left_ > 0) {
        taken = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, buffer_.size()));
        draft_ += buffer_.substr(0, taken);
        chunk_left_ -= taken;
        if (chunk_left_ == 0) asked_.push_back(last_ ? Asked::last_chunk : Asked::chunk);
      } else {
        const std::size_t end = buffer_.find("\r\n");
        if (end == std::string::npos) return;
        command(std::string_view(buffer_).substr(0, end));
        taken = end + 2;
      }
      buffer_.erase(0, taken);
      if (taken == 0) return;
    }
  }

  void command(std::string_view line) {
    const smtp::Command command = smtp::parse_command(line, {.utf8 = true});
    switch (command.verb) {
      case smtp::Verb::mail: return asked_.push_back(Asked::mail);
      case smtp::Verb::rcpt: return asked_.push_back(Asked::rcpt);
      case smtp::Verb::ehlo:
      case smtp::Verb::helo: client_ = command.argument.in(line); [[fallthrough]];
      case smtp::Verb::rset:
      case smtp::Verb::starttls: return asked_.push_back(Asked::reset);
      case smtp::Verb::data:
        waits_ = true;  // whether content follows is the server's to say
        return asked_.push_back(Asked::data);
      case smtp::Verb::bdat:
        if (!command) break;
        last_ = command.last;
        chunk_left_ = command.chunk_size;
        if (chunk_left_ > 0) return;
        return asked_.push_back(last_ ? Asked::last_chunk : Asked::chunk);
      default: break;
    }
    asked_.push_back(Asked::other);
  }

  std::vector<Sent>& out_;
  std::string buffer_, draft_, client_;
  std::deque<Asked> asked_;
  smtp::DotReader dots_;
  std::uint64_t chunk_left_ = 0;
  int recipients_ = 0;
  bool greeted_ = false, waits_ = false, in_data_ = false, last_ = false;
};

}  // namespace

std::vector<Sent> sent(const session::Transcript& transcript) {
  using Kind = session::Entry::Kind;
  std::vector<Sent> out;
  std::map<int, Reader> connections;
  for (std::size_t i = 0; i < transcript.entries.size(); ++i) {
    const session::Entry& entry = transcript.entries[i];
    const bool anew = entry.kind == Kind::reply && entry.command == "greeting";
    const auto old = anew ? connections.find(entry.connection) : connections.end();
    if (old != connections.end() && old->second.greeted()) {
      old->second.end();
      connections.erase(old);
    }
    if (entry.kind != Kind::sent && entry.kind != Kind::reply) continue;
    Reader& reader = connections.try_emplace(entry.connection, out).first->second;
    if (entry.kind == Kind::sent) reader.take_octets(entry.octets);
    else reader.take_reply(entry.reply->code, static_cast<int>(i));
  }
  for (auto& [number, reader] : connections) reader.end();
  return out;
}

}  // namespace smtpspec::delivery
