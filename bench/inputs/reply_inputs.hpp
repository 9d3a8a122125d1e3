// Inputs for parsers of replies, and for readers of EHLO keywords.
#pragma once

#include "inputs/inputs.hpp"

namespace smtpspec::bench::inputs {

Input one_line();       // "250 2.1.0 Ok", 64 KiB
Input code_only();      // "250", 64 KiB
Input queued();         // a single line of 40 octets, 64 KiB
Input ehlo_12_reply();  // twelve lines, 64 KiB, as replies
Input ehlo_26_reply();
Input lines_100();
Input lines_800();
Input line_512();
Input mixed_4k();
Input mixed_64k();
Input mixed();  // 1 MiB
Input mixed_64m();
Input errors();
Input providers();

Input ehlo_12();  // the same octets, as keywords
Input ehlo_26();
Input ehlo_26_4k();
Input ehlo_unknown();

}  // namespace smtpspec::bench::inputs
