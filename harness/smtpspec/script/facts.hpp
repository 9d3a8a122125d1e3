// What a plan may know about the target: the addresses, accounts and names that a profile states (ISO/IEC 9646 calls
// them PIXIT). Dialogues use them by name, `{recipient}`; a case that needs one the profile lacks is skipped.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace smtpspec::script {

struct FactName {
  std::string_view name;
  std::string_view meaning;
};

// Every fact that a dialogue may name in braces, in the order of the reference page.
std::span<const FactName> fact_names();
// nullptr when there is none of that name.
const FactName* find_fact(std::string_view name);

struct Facts {
  std::map<std::string, std::string, std::less<>> values;

  bool has(std::string_view name) const { return values.find(name) != values.end(); }
  std::string_view get(std::string_view name) const {
    const auto it = values.find(name);
    return it == values.end() ? std::string_view{} : std::string_view(it->second);
  }
};

}  // namespace smtpspec::script
