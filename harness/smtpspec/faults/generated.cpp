#include <algorithm>
#include <map>
#include <memory>

#include "smtpspec/faults/fault.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Context;
using smtp::Input;
using smtp::Next;
using smtp::Row;

constexpr int codes[] = {220, 235, 250, 334, 354, 451, 500, 501, 503, 530, 550, 554};
constexpr Next nexts[] = {Next::stay, Next::greeted, Next::ready, Next::mail,      Next::rcpt,
                          Next::data, Next::bdat,    Next::auth,  Next::logged_in, Next::closed};

const Row& row_of(const Cell& cell) { return smtp::model_table()[static_cast<std::size_t>(cell.row)]; }

// A context that a session can come to, and an input.
struct Moment {
  Context context;
  Input input;
};

// What the reference server never takes an input for: it has no policy of its own.
bool is_policy(Input input) {
  return input == Input::ehlo_refused || input == Input::helo_refused || input == Input::mail_refused || input == Input::rcpt_refused ||
         input == Input::data_refused;
}

// Every moment there is, by its cell. The table's last row is about what cannot come about.
std::map<Cell, std::vector<Moment>> all_moments() {
  std::map<Cell, std::vector<Moment>> out;
  std::vector<Context> known;
  for (const smtp::Role role : smtp::all_roles) known.push_back({.role = role, .tls = role == smtp::Role::submissions});
  const int last_row = static_cast<int>(smtp::model_table().size()) - 1;
  for (std::size_t i = 0; i < known.size(); ++i)
    for (int n = 0; n < smtp::input_count; ++n) {
      const Context context = known[i];
      const Input input = static_cast<Input>(n);
      const Cell cell = cell_of(context, input);
      if (cell.row == last_row || context.state == smtp::State::closed || is_policy(input)) continue;
      out[cell].push_back({context, input});
      const Context next = after(context, row_of(cell));
      if (std::find(known.begin(), known.end(), next) == known.end()) known.push_back(next);
    }
  return out;
}

// The class's own enhanced code, where the lawful reply has one.
smtp::Said said(const smtp::Said& lawful, int code) {
  smtp::Said out = lawful;
  out.code = code;
  if (!out.status.empty()) out.status = code >= 500 ? "5.0.0" : code >= 400 ? "4.0.0" : code < 300 ? "2.0.0" : "";
  return out;
}

Fault fault_at(const Cell& cell, std::string change, const std::string& says) {
  std::replace(change.begin(), change.end(), ' ', '-');
  return {.id = "model/" + to_string(cell) + "/" + change,
          .breaks = std::string(row_of(cell).law),
          .says = std::string(to_string(row_of(cell).first)) + " in state " + std::string(to_string(cell.state)) + " " + says,
          .cells = {cell}};
}

Fault with_row(Fault fault, std::function<void(Row&)> change) {
  fault.put = [cell = fault.cells.front(), change = std::move(change)](Seams& seams, Shared&) {
    seams.model = [cell, change](const Context& context, Input input, Row row) {
      if (cell_of(context, input) == cell) change(row);
      return row;
    };
  };
  return fault;
}

// Changes the octets of the cell's reply; with `close`, the connection ends behind them.
Fault with_octets(Fault fault, std::function<std::string(std::string)> change, bool close = false) {
  fault.put = [cell = fault.cells.front(), change = std::move(change), close](Seams& seams, Shared&) {
    const auto here = std::make_shared<bool>(false);  // from the row to its octets
    seams.model = [cell, close, here](const Context& context, Input input, Row row) {
      *here = cell_of(context, input) == cell;
      if (*here && close) row.next = Next::closed;
      return row;
    };
    seams.printer = [change, here](const Context&, const serve::Saying& saying) {
      return *here ? change(print_saying(saying)) : print_saying(saying);
    };
  };
  return fault;
}

std::vector<Fault> change_all() {
  std::vector<Fault> out;
  for (const auto& [cell, moments] : all_moments()) {
    const Row& row = row_of(cell);
    const auto any = [&here = moments](const auto& is) { return std::any_of(here.begin(), here.end(), is); };
    for (const int code : codes)
      if (code != row.reply.code && any([&](const Moment& m) { return lawfulness(m.context, m.input, code) != smtp::Lawfulness::lawful; }))
        out.push_back(with_row(fault_at(cell, "code-" + std::to_string(code), "is answered " + std::to_string(code)),
                               [code](Row& r) { r.reply = said(r.reply, code); }));
    for (const Next next : nexts) {
      Row other = row;
      other.next = next;
      if (row.next == Next::tls || row.next == Next::ready_perhaps) continue;  // the handshake decides; the law leaves it open
      if (any([&](const Moment& m) { return after(m.context, other) != after(m.context, row); }))
        out.push_back(with_row(fault_at(cell, next == Next::stay ? "next-same" : "next-" + std::string(to_string(next)),
                                        next == Next::stay ? "changes no state" : "leads to state " + std::string(to_string(next))),
                               [next](Row& r) { r.next = next; }));
    }
    out.push_back(with_octets(fault_at(cell, "lost", "gets no reply"), [](const std::string&) { return std::string(); }));
    out.push_back(with_octets(fault_at(cell, "doubled", "gets its reply twice"), [](const std::string& reply) { return reply + reply; }));
    out.push_back(with_octets(fault_at(cell, "cut", "gets half a reply"), [](std::string reply) {
      reply.resize(reply.size() / 2);
      return reply;
    }));
    out.push_back(with_octets(
        fault_at(cell, "closed", "has the connection closed without a reply"), [](const std::string&) { return std::string(); }, true));
  }
  return out;
}

}  // namespace

const std::vector<Fault>& generated() {
  static const std::vector<Fault> all = change_all();
  return all;
}

}  // namespace smtpspec::faults
