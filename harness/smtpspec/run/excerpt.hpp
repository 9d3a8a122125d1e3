// What a result keeps of its transcript; the judge has seen it whole. Long transcripts keep their ends and what stands
// around a finding, long entries their beginning.
#pragma once

#include "smtpspec/judge/finding.hpp"
#include "smtpspec/session/transcript.hpp"

namespace smtpspec::run {

// The transcript is a masked one, so that no secret is cut in two. The findings go on pointing at their entries.
void shorten(session::Transcript& transcript, std::vector<judge::Finding>& findings);

}  // namespace smtpspec::run
