// The parts of the linter, each of which looks at a case from one side; lint.cpp calls them all.
#pragma once

#include "smtpspec/script/suite.hpp"
#include "smtpspec/smtp/extension.hpp"

namespace smtpspec::script {

struct Linter {
  const Case& test;
  const Suite& suite;
  const CaseRow* row = nullptr;  // whose texts are filled in, while its steps are looked at
  std::vector<Error> problems{};

  // All that the case requires, with what its row in hand does.
  std::vector<Condition> conditions() const;
  // Says each thing once a place, however many rows or grades have it.
  void say(std::string message, Place place, std::string hint = {});
  void requirement(const std::string& id, const Place& place);
  void keyword(const std::string& word, const Place& place);
  void start(Start start, const Place& place);

  bool requires_keyword(std::string_view keyword) const;
  bool requires_fact(std::string_view fact) const;
  // `requires` names the keyword, if only to say `not`, or one that is not offered without it.
  bool deals_with(std::string_view keyword) const;
  // In one of the case's roles a server may offer it.
  bool offered(const smtp::Extension& extension) const;
};

// lint_text.cpp: what stands in braces, and the rows that fill it in. Names are looked at as they are written, texts as a
// row makes them.
void lint_rows(Linter& linter);
void lint_names(Linter& linter, const std::vector<Step>& steps);
void lint_texts(Linter& linter, const std::vector<Step>& steps);
void lint_delivery(Linter& linter);

// lint_expect.cpp: each expectation by itself, and the names under which replies are kept.
void lint_expectations(Linter& linter, const std::vector<Step>& steps);
// True when the play goes on, in its block if it is in one, behind an answer of this grade.
bool goes_on(const Tier& tier);
bool is_reply(const Answer& answer);
// True when a reply of this code may be what the answer means.
bool has_code(const Answer& answer, int code);

// lint_use.cpp: what a line uses that a server has to offer first.
struct Use {
  std::string what;     // "STARTTLS", "SIZE="
  bool verb = false;    // or a parameter
  std::string keyword;  // that should be required
  bool operator==(const Use&) const = default;
};
// The uses of a text, those left out that `requires` deals with or whose keyword is among `asked`.
std::vector<Use> uses(const Linter& linter, const Template& text, const std::vector<std::string>& asked);
// True when the expectation only notes that a server refuses what it does not offer. Where it passes, it proves nothing.
bool notes_refusal(const Expect& expect, const Use& use);

// lint_flow.cpp: the steps of a row in order.
void lint_flow(Linter& linter, const std::vector<Step>& steps, bool twin);

}  // namespace smtpspec::script
