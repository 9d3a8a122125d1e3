#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {

const std::vector<Fault>& written() {
  static const std::vector<Fault> all = [] {
    std::vector<Fault> out;
    for (const auto& theme : {address_faults(), auth_faults(), chunk_faults(), claim_faults(), closing_faults(), content_faults(),
                              delivery_faults(), grammar_faults(), limit_faults(), memory_faults(), order_faults(), parameter_faults(),
                              pipelining_faults(), reply_faults(), segment_faults(), sharing_faults(), time_faults(), tls_faults()})
      out.insert(out.end(), theme.begin(), theme.end());
    return out;
  }();
  return all;
}

}  // namespace smtpspec::faults
