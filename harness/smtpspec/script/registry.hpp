// The requirement registry: every normative statement of the RFCs that smtpspec knows, in our words, with level, who
// is bound, where it can be observed and how a server is checked for it. One YAML file per RFC, cases/requirements.
//
//   const Requirement* r = registry.find("RFC5321-4.1.4-14");
//   r->section == "4.1.4"; r->level == Level::must
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::script {

enum class Level : std::uint8_t { must, should, may };  // RFC 2119; the MUST NOTs and SHOULD NOTs are of the same level
std::string_view to_string(Level level);
Result<Level> parse_level(std::string_view word);

enum class Observable : std::uint8_t { wire, delivery, timing, config, none };
std::string_view to_string(Observable observable);

// What practice makes of a statement: since which day that is known (2026-11-24), and the reason.
struct Mark {
  std::string since;
  std::string reason;
};

// Why nothing covers a row that binds servers.
struct GapKind {
  std::string_view name;   // as a row has it
  std::string_view means;  // to be read behind "not covered:"
};
inline constexpr GapKind gap_kinds[] = {
    {"mailbox", "it needs a look at what is delivered"},         {"next-hop", "it needs a look at what the server sends on"},
    {"notice", "it needs a look at the notices that come back"}, {"dns", "it needs a name service of the test's own"},
    {"setup", "it needs a server that is set up for it"},        {"gateway", "it needs the other side of a gateway"},
    {"unseen", "nothing that a client sees shows it"},           {"freedom", "it leaves servers free: nothing breaks it"},
};
struct Gap {
  const GapKind* kind = nullptr;
  std::string reason;
};

struct Requirement {
  std::string id;  // "RFC5321-4.1.4-14"; a P before the last number: binds without a keyword
  int rfc = 0;
  std::string section;
  Level level = Level::must;
  std::string subject;  // server, client, both, operator, document
  Observable observable = Observable::none;
  std::string says;
  std::string check;              // empty when a server cannot be checked for it
  std::optional<Mark> by_letter;  // nearly every deployed server breaks it
  std::optional<Mark> lenient;    // deployed servers take more than the letter has, and no sentence obliges them to refuse
  std::string successor;          // the section of the successor (Registry::successors) that says the same, or empty
  std::optional<Gap> gap;
  std::string same_as;  // the id of the row that says the same and that cases and rules name in place of this one, or empty
  Place place;

  bool binds_server() const { return subject == "server" || subject == "both"; }
  bool testable() const { return observable != Observable::none && binds_server(); }
};

class Registry {
 public:
  const Requirement* find(std::string_view id) const;
  std::string nearest(std::string_view id) const;
  const std::map<std::string, Requirement, std::less<>>& all() const { return all_; }
  const std::map<int, std::string>& rfcs() const { return rfcs_; }              // number -> title
  const std::map<int, std::string>& successors() const { return successors_; }  // number -> the document that replaces the RFC

  // Adds the rows of one file.
  Result<void> add(const std::string& text, const std::string& file);

 private:
  std::map<std::string, Requirement, std::less<>> all_;
  std::map<int, std::string> rfcs_;
  std::map<int, std::string> successors_;
};

}  // namespace smtpspec::script
