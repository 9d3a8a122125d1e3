// A fault: one thing that a server does wrong, put into the reference server at its seams (serve/seams.hpp). The suite has
// to find every one of them, and whatever it accuses on a server with one fault, that fault must explain.
//
//   {"content/lf-dot-lf", "RFC5321-4.1.1.4-9", "LF . LF ends the mail data",
//    [](Seams& seams, Shared&) { seams.content_reader = …; }},
//
// A written fault cites the requirement that it breaks and changes one thing. A generated one changes one cell of the
// server model (smtp/model.hpp).
#pragma once

#include <any>
#include <functional>
#include <string>
#include <vector>

#include "smtpspec/serve/server.hpp"

namespace smtpspec::faults {

using serve::Seams;

// What the connections of a faulty server wrongly share; a new one for each server.
struct Shared {
  std::vector<std::string> texts;
  int count = 0;
  std::any more;
};

// A place of the server model: a row of its table in one of the row's states.
struct Cell {
  int row = 0;
  smtp::State state = smtp::State::connected;
  auto operator<=>(const Cell&) const = default;
};
Cell cell_of(const smtp::Context& context, smtp::Input input);
// "ready/RCPT-bad-syntax", with the condition of the row where it has one: "ready/MAIL,login-wanted".
std::string to_string(const Cell& cell);

struct Fault {
  std::string id;      // "content/lf-dot-lf"
  std::string breaks;  // the requirement; a generated fault: the sections of its cell
  std::string says;    // what the server does wrong
  // Puts the fault into the seams of one connection; what the function captures or makes lives as long as they do.
  std::function<void(Seams&, Shared&)> put = {};
  std::function<void(serve::Config&)> config = {};
  bool subtle = false;           // shows only behind a certain sequence, at a boundary, in a certain spelling or segmentation
  std::vector<Cell> cells = {};  // a generated fault: where it acts; else empty, for anywhere
};

// The faults written from the RFCs; ids are unique.
const std::vector<Fault>& written();

// The whole first-order set: for each cell of the model, and each change of its reply, its next state or its octets that
// the law does not allow, a fault.
const std::vector<Fault>& generated();

// Those, one behind the other.
std::vector<const Fault*> all();

// The server of a fault. The store and the fault must outlive it.
class FaultyServer {
 public:
  FaultyServer(const Fault& fault, serve::Config config, serve::Store& store, smtp::Digests digests,
               std::function<void(Seams&)> before = {});
  serve::Server& operator*() { return server_; }
  // A process started anew knows nothing of the one before.
  void restart() {
    shared_ = {};
    server_.restart();
  }

 private:
  Shared shared_;
  serve::Server server_;
};

}  // namespace smtpspec::faults
