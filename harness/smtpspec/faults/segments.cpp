// What TCP cut apart and a server does not put together again: data, chunks and commands by the segments that they came in.
#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/content.hpp"

namespace smtpspec::faults {
namespace {

using serve::ContentReader;

// Which segment is being read.
std::shared_ptr<int> segment(Seams& seams) {
  const auto number = std::make_shared<int>(0);
  seams.arrive = [before = seams.arrive, number](const Context& context, std::string_view unread, std::string octets) {
    ++*number;
    return before(context, unread, std::move(octets));
  };
  return number;
}

// Forgets at a cut what it had read of the end of the data, where `forgets` says so of all octets before the cut.
template <typename Forgets>  // bool(std::string_view seen)
class Forgetful final : public ContentReader {
 public:
  explicit Forgetful(Forgets forgets) : forgets_(forgets) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    if (began_ && forgets_(std::string_view(seen_))) {
      reader_ = {};
      std::string dropped;
      reader_.feed("x", dropped);
    }
    began_ = true;
    const std::size_t taken = reader_.feed(input, content);
    seen_ += input.substr(0, taken);
    seen_.erase(0, seen_.size() > 5 ? seen_.size() - 5 : 0);
    return taken;
  }
  bool done() const override { return reader_.done(); }

 private:
  Forgets forgets_;
  smtp::DotReader reader_;
  std::string seen_ = "\r\n";
  bool began_ = false;
};

template <typename Forgets>
auto forget_at_cut(Forgets forgets) {
  return [forgets](Seams& seams, Shared&) {
    seams.content_reader = [forgets](const Context&) { return std::make_unique<Forgetful<Forgets>>(forgets); };
  };
}

// Of a chunk, what came in the segment of its BDAT is passed over.
class FromTheSocket final : public ContentReader {
 public:
  FromTheSocket(std::unique_ptr<ContentReader> lawful, std::shared_ptr<int> segment)
      : lawful_(std::move(lawful)), segment_(std::move(segment)), own_(*segment_) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    return *segment_ == own_ ? input.size() : lawful_->feed(input, content);
  }
  bool done() const override { return lawful_->done(); }

 private:
  std::unique_ptr<ContentReader> lawful_;
  std::shared_ptr<int> segment_;
  int own_;
};

}  // namespace

std::vector<Fault> segment_faults() {
  return {
      subtle({"segments/line-start-forgotten", "RFC5321-4.5.2-P4",
              "a CRLF at the end of a segment is forgotten, so that a dot at the front of the next is in the middle of a line",
              forget_at_cut([](std::string_view seen) { return seen.ends_with("\r\n"); })}),
      subtle({"segments/dot-cut-off", "RFC5321-4.5.2-P4", "the final dot ends the data only when its CRLF is in the same segment",
              forget_at_cut([](std::string_view seen) { return seen.ends_with("\r\n.") || seen.ends_with("\r\n.\r"); })}),
      {"segments/chunk-from-the-socket", "RFC3030-2-P1",
       "a chunk is read from the socket, past the octets of it that are in the buffer already, which go lost",
       [](Seams& seams, Shared&) {
         const auto number = segment(seams);
         seams.chunk_reader = [number, lawful = seams.chunk_reader](const Context& context, const Chunk& chunk) {
           return std::make_unique<FromTheSocket>(lawful(context, chunk), number);
         };
       }},
      subtle({"segments/replies-of-4096", "RFC2920-3.1-P1",
              "the replies to a segment are kept in 4096 octets, and those that find no room in it go lost",
              [](Seams& seams, Shared&) {
                seams.release = [](const Context&, std::string& held, std::string_view) {
                  std::string out = std::exchange(held, {});
                  if (out.size() > 4096) out.erase(out.rfind('\n', 4095) + 1);
                  return out;
                };
              }}),
      subtle({"segments/long-command-in-two", "RFC5321-2.4-P4",
              "a command that came in one segment may be as long as its parameters want, one in several may have 512 octets",
              [](Seams& seams, Shared&) {
                const auto cut = std::make_shared<bool>(false);
                seams.arrive = [cut](const Context&, std::string_view unread, std::string octets) {
                  *cut = !unread.empty();
                  return octets;
                };
                on_input(seams, [cut](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  const bool in_pieces = std::exchange(*cut, false);
                  return in_pieces && is_command(context, lawful) && line.size() + 2 > 512 ? Input::too_long_line : lawful;
                });
              }}),
  };
}

}  // namespace smtpspec::faults
