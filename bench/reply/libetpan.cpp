// libetpan's mailsmtp_noop, which reads one reply of any code from a stream; that it writes five letters before is in its time.
#include <libetpan/libetpan.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "adapter.hpp"

namespace {

std::string_view& octets_of(mailstream_low* low) { return *static_cast<std::string_view*>(low->data); }

// Gives what is left and then the end of the stream.
mailstream_low_driver* driver() {
  static mailstream_low_driver out = [] {
    mailstream_low_driver table{};
    table.mailstream_read = [](mailstream_low* low, void* buffer, std::size_t count) -> ssize_t {
      std::string_view& octets = octets_of(low);
      const std::size_t size = std::min(octets.size(), count);
      std::memcpy(buffer, octets.data(), size);
      octets.remove_prefix(size);
      return static_cast<ssize_t>(size);
    };
    table.mailstream_write = [](mailstream_low*, const void*, std::size_t count) { return static_cast<ssize_t>(count); };
    table.mailstream_close = [](mailstream_low*) { return 0; };
    table.mailstream_get_fd = [](mailstream_low*) { return -1; };
    table.mailstream_free = [](mailstream_low* low) { std::free(low); };
    table.mailstream_cancel = [](mailstream_low*) {};
    return table;
  }();
  return &out;
}

class Libetpan {
 public:
  static constexpr const char* name = "libetpan";
  static constexpr const char* version = "1.9";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_WHOLE;

  Libetpan() { open(); }
  ~Libetpan() { close(); }
  Libetpan(const Libetpan&) = delete;
  Libetpan& operator=(const Libetpan&) = delete;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    octets_ = octets;
    while (!octets_.empty() || stream_->read_buffer_len > 0) {
      const int result = mailsmtp_noop(session_);
      if (result == MAILSMTP_ERROR_STREAM || result == MAILSMTP_ERROR_MEMORY) return SMTPSPEC_STOP;
      if (session_->response_code == 0) {
        sink.on_error(&sink, 0, "no code");
        continue;
      }
      const smtpspec_reply reply{static_cast<std::uint32_t>(session_->response_code), 0, nullptr, {}};
      sink.on_reply(&sink, &reply);
    }
    return static_cast<std::ptrdiff_t>(octets.size());
  }
  std::ptrdiff_t finish(std::string_view, const smtpspec_sink&) { return 0; }
  void reset() {
    close();
    open();
  }

 private:
  void open() {
    session_ = mailsmtp_new(0, nullptr);
    stream_ = mailstream_new(mailstream_low_new(&octets_, driver()), 8192);
    session_->stream = stream_;
  }
  void close() {
    session_->stream = nullptr;  // or it would say QUIT
    mailsmtp_free(session_);
    mailstream_close(stream_);
  }

  std::string_view octets_;
  mailsmtp* session_ = nullptr;
  mailstream* stream_ = nullptr;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Libetpan)
