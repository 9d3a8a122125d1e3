// POCO's DialogSocket, which its SMTP client reads replies with. It pulls from a socket, and gives the code and all lines as one
// text.
#include <Poco/Net/DialogSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/Version.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "adapter.hpp"

namespace {

// Counted by the sockets that use it.
class MemorySocket : public Poco::Net::StreamSocketImpl {
 public:
  void give(std::string_view octets) { octets_ = octets; }
  using StreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int) override {
    const std::size_t size = std::min(octets_.size(), static_cast<std::size_t>(length));
    std::memcpy(buffer, octets_.data(), size);
    octets_.remove_prefix(size);
    return static_cast<int>(size);
  }

 private:
  std::string_view octets_;
};

class PocoReplies {
 public:
  static constexpr const char* name = "poco";
  static constexpr const char* version = "1.11";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_WHOLE;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    memory_->give(octets);
    while (dialog_.peek() >= 0) {
      text_.clear();
      const int code = dialog_.receiveStatusMessage(text_);
      if (code <= 0) {
        sink.on_error(&sink, 0, "no code");
        continue;
      }
      const smtpspec_reply reply{static_cast<std::uint32_t>(code), 0, nullptr, {}};
      sink.on_reply(&sink, &reply);
    }
    return static_cast<std::ptrdiff_t>(octets.size());
  }
  std::ptrdiff_t finish(std::string_view, const smtpspec_sink&) { return 0; }
  void reset() { memory_->give({}); }

 private:
  MemorySocket* const memory_ = new MemorySocket;  // owned by dialog_
  Poco::Net::DialogSocket dialog_{Poco::Net::StreamSocket(memory_)};
  std::string text_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(PocoReplies)
