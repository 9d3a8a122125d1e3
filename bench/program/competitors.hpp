// The adapters of this program and of shared objects.
#pragma once

#include <string>
#include <vector>

#include "adapter.h"

namespace smtpspec::bench {

struct Library {
  std::string path;
  std::vector<const smtpspec_adapter*> adapters;
  std::string fault;  // why nothing of it, or not all, can be used
};

// Those built in.
std::vector<const smtpspec_adapter*> own_adapters();

// Opens a shared object, which stays open. With `tried` in a child first, since its initialisers are code too.
Library open_library(const std::string& path, bool tried);

std::string_view name_of_question(std::uint32_t question);  // "reply"; "" for none

}  // namespace smtpspec::bench
