// A finding as a test case: a file that neither a seed nor this build is needed to run again, which says what a conforming server
// does and fails on the one that it was found on.
#pragma once

#include "fuzz/campaign/campaign.hpp"

namespace smtpspec::fuzz {

// "reply-is-lawful-mail-250": what the file of a finding is called, without ".yaml".
std::string name_of(const Found& found);

// The text of the file. `origin` says where it was found: "postfix, seed 7, scenario 1204".
std::string as_case(const Found& found, const script::Registry& registry, const std::string& origin);

}  // namespace smtpspec::fuzz
