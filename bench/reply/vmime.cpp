// VMime's SMTPResponse, which pulls from a socket and throws when there is nothing more.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vmime/net/smtp/SMTPResponse.hpp>
#include <vmime/vmime.hpp>

#include "adapter.hpp"

namespace {

struct EndOfOctets : std::exception {};

class MemorySocket : public vmime::net::socket {
 public:
  void give(std::string_view octets) { octets_ = octets; }
  bool empty() const { return octets_.empty(); }

  void receive(vmime::string& buffer) override {
    if (octets_.empty()) throw EndOfOctets();
    const std::size_t size = std::min(octets_.size(), getBlockSize());
    buffer.assign(octets_.data(), size);
    octets_.remove_prefix(size);
  }
  std::size_t receiveRaw(vmime::byte_t*, const std::size_t) override { throw EndOfOctets(); }
  std::size_t getBlockSize() const override { return 1500; }  // what a segment on Ethernet holds, about
  bool isConnected() const override { return true; }
  bool waitForRead(const int) override { return true; }
  bool waitForWrite(const int) override { return true; }
  void connect(const vmime::string&, const vmime::port_t) override {}
  void disconnect() override {}
  void send(const vmime::string&) override {}
  void send(const char*) override {}
  void sendRaw(const vmime::byte_t*, const std::size_t) override {}
  std::size_t sendRawNonBlocking(const vmime::byte_t*, const std::size_t count) override { return count; }
  unsigned int getStatus() const override { return 0; }
  const vmime::string getPeerName() const override { return ""; }
  const vmime::string getPeerAddress() const override { return ""; }
  vmime::shared_ptr<vmime::net::timeoutHandler> getTimeoutHandler() override { return nullptr; }
  void setTracer(vmime::shared_ptr<vmime::net::tracer>) override {}
  vmime::shared_ptr<vmime::net::tracer> getTracer() override { return nullptr; }

 private:
  std::string_view octets_;
};

class VmimeReplies {
 public:
  static constexpr const char* name = "vmime";
  static constexpr const char* version = VMIME_VERSION;
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_STATUS | SMTPSPEC_WHOLE;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    socket_->give(octets);
    try {
      while (!socket_->empty() || !state_.responseBuffer.empty()) {
        const auto response = vmime::net::smtp::SMTPResponse::readResponse(nullptr, socket_, nullptr, state_);
        state_ = response->getCurrentState();
        report(*response, sink);
      }
    } catch (const EndOfOctets&) {
      unfinished_ = true;
    }
    return static_cast<std::ptrdiff_t>(octets.size());
  }
  std::ptrdiff_t finish(std::string_view, const smtpspec_sink&) { return unfinished_ ? SMTPSPEC_STOP : 0; }
  void reset() {
    state_ = {};
    unfinished_ = false;
  }

 private:
  static void report(const vmime::net::smtp::SMTPResponse& response, const smtpspec_sink& sink) {
    const int code = response.getCode();
    if (code == 0) return sink.on_error(&sink, 0, "no code");
    const auto status = response.getEnhancedCode();
    const smtpspec_reply reply{static_cast<std::uint32_t>(code),
                               static_cast<std::uint32_t>(response.getLineCount()),
                               nullptr,
                               {status.klass, status.subject, status.detail}};
    sink.on_reply(&sink, &reply);
  }

  const vmime::shared_ptr<MemorySocket> socket_ = vmime::make_shared<MemorySocket>();
  vmime::net::smtp::SMTPResponse::state state_;
  bool unfinished_ = false;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(VmimeReplies)
