// What the reference server takes, seen in front of its store. The server may work in another thread.
//
//   WatchedStore store(behind, {{"alice", Where::mailbox}, {"", Where::next_hop}});
//   store.at(Where::mailbox).arrived()
#pragma once

#include <map>
#include <mutex>

#include "smtpspec/delivery/observer.hpp"
#include "smtpspec/serve/store.hpp"

namespace smtpspec::observe {

class WatchedStore final : public serve::Store {
 public:
  // `places`: by the server's mailbox; "" is for those whose mail is for the next hop.
  WatchedStore(serve::Store& behind, const std::map<std::string, delivery::Where>& places);
  bool take(const serve::Message& message) override;
  delivery::Observer& at(delivery::Where where) { return eyes_.at(where); }
  std::map<delivery::Where, delivery::Observer*> observers();

 private:
  struct Eye final : delivery::Observer {
    std::vector<delivery::Arrival> arrived() override;
    bool at_once() const override { return true; }
    void put(delivery::Arrival arrival);
    std::mutex mutex;
    std::vector<delivery::Arrival> list;
  };
  serve::Store& behind_;
  const std::map<std::string, delivery::Where> places_;
  std::map<delivery::Where, Eye> eyes_;
};

}  // namespace smtpspec::observe
