#include "smtpspec/faults/fault.hpp"

#include <algorithm>

namespace smtpspec::faults {

Cell cell_of(const smtp::Context& context, smtp::Input input) {
  const auto row = &smtp::model_row(context, input) - smtp::model_table().data();
  return {static_cast<int>(row), context.state};
}

std::string to_string(const Cell& cell) {
  const smtp::Row& row = smtp::model_table()[static_cast<std::size_t>(cell.row)];
  const auto when = to_string(row.when);
  std::string out =
      std::string(to_string(cell.state)) + "/" + std::string(to_string(row.first)) + (when.empty() ? "" : "," + std::string(when));
  std::replace(out.begin(), out.end(), ' ', '-');
  return out;
}

std::vector<const Fault*> all() {
  std::vector<const Fault*> out;
  for (const auto* faults : {&written(), &generated()})
    for (const Fault& fault : *faults) out.push_back(&fault);
  return out;
}

FaultyServer::FaultyServer(const Fault& fault, serve::Config config, serve::Store& store, smtp::Digests digests,
                           std::function<void(Seams&)> before)
    : server_(
          [&] {
            if (fault.config) fault.config(config);
            return std::move(config);
          }(),
          store, std::move(digests),
          [this, &fault, before = std::move(before)] {
            Seams seams = Seams::lawful();
            if (before) before(seams);
            if (fault.put) fault.put(seams, shared_);
            return seams;
          }) {}

}  // namespace smtpspec::faults
