// smtpspec's own reader of mail data, which copies the content out.
#include "smtpspec/smtp/content.hpp"

#include "adapter.hpp"

namespace {

class Ours {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_CONTENT, does = SMTPSPEC_TEXTS | SMTPSPEC_STREAMING;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    for (std::size_t at = 0; at < octets.size();) {
      body_.clear();
      at += reader_.feed(octets.substr(at), body_);
      sink.on_content(&sink, {body_.data(), body_.size()});
      begun_ = !reader_.done();
      if (begun_) break;
      sink.on_message(&sink);
      reader_ = {};
    }
    return static_cast<std::ptrdiff_t>(octets.size());
  }
  std::ptrdiff_t finish(std::string_view, const smtpspec_sink&) { return begun_ ? SMTPSPEC_STOP : 0; }
  void reset() { *this = {}; }

 private:
  smtpspec::smtp::DotReader reader_;
  std::string body_;
  bool begun_ = false;  // inside a message
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
