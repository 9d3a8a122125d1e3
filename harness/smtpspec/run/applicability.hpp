// Does a test apply to a target? By what the target offers and by what its profile knows of it.
//
//   const auto [why_not, missing] = applicability(test, profile, offer);   // "DSN is not offered", or {"account"}
#pragma once

#include <set>

#include "smtpspec/run/result.hpp"
#include "smtpspec/run/selection.hpp"

namespace smtpspec::run {

struct Applicability {
  std::string why_not;            // what no further fact would change, or ""
  bool foreign = false;           // that is: the test looks at servers that lack what this one has
  bool of_row = false;            // that is: by a condition of the row, not of its case
  std::set<std::string> missing;  // facts that the profile lacks; only when nothing else is against it
};
Applicability applicability(const Test& test, const Profile& profile, const Offer& offer);

// Which of the tests are about this target. Left out are those about the lack of what it offers, and rows whose own conditions
// it does not meet, as long as it meets those of another row of the case. What `named` has by its id stays, and so does all of
// a role of which it was not learned what it offers.
std::vector<Test> about(const Profile& profile, const std::map<smtp::Role, Offer>& offers, const std::vector<Test>& tests,
                        const std::vector<std::string>& named);

// "needs account and restart: give --user NAME …, --start COMMAND"
std::string needs(const std::set<std::string>& missing);

// What facts together cost: a profile that had them would have these tests too.
struct Cost {
  std::map<smtp::Role, std::size_t> tests;
  std::set<std::string> cases;
  std::set<std::string> requirements;  // that no test which applies covers
};
using Costs = std::map<std::vector<std::string>, Cost>;
Costs costs(const std::vector<Test>& tests, const Profile& profile, const std::map<smtp::Role, Offer>& offers);

}  // namespace smtpspec::run
