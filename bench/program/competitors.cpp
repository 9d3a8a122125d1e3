#include "program/competitors.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>

#include "program/child.hpp"

namespace smtpspec::bench {
namespace {

using Entry = const smtpspec_adapter* (*)(std::uint32_t);
constexpr std::uint32_t most_adapters = 64;  // of one library

// Why the table of functions cannot be used, or "".
std::string fault_of(const smtpspec_adapter& adapter) {
  if (adapter.abi != SMTPSPEC_BENCH_ABI)
    return "was built for version " + std::to_string(adapter.abi) + " of adapter.h, this program has " + std::to_string(SMTPSPEC_BENCH_ABI);
  if (adapter.name == nullptr || adapter.version == nullptr) return "an adapter has no name or version";
  if (name_of_question(adapter.question).empty())
    return std::string(adapter.name) + " answers question " + std::to_string(adapter.question) + ", which there is not";
  if (!adapter.create || !adapter.destroy || !adapter.feed || !adapter.finish || !adapter.reset)
    return std::string(adapter.name) + " lacks a function";
  return "";
}

void collect(Entry entry, Library& out) {
  const auto is_there = [&out](const smtpspec_adapter& adapter) {
    return std::any_of(out.adapters.begin(), out.adapters.end(), [&](const smtpspec_adapter* each) {
      return each->question == adapter.question && std::string_view(each->name) == adapter.name;
    });
  };
  for (std::uint32_t i = 0; const smtpspec_adapter* adapter = entry(i); ++i) {
    if (i == most_adapters) {
      out.adapters.clear();
      out.fault = "gives more than " + std::to_string(most_adapters) + " adapters: no NULL comes behind the last";
      return;
    }
    std::string fault = fault_of(*adapter);
    if (fault.empty() && is_there(*adapter))
      fault = "has two adapters for " + std::string(name_of_question(adapter->question)) + " with the name " + adapter->name;
    if (fault.empty()) out.adapters.push_back(adapter);
    else out.fault = fault;
    if (adapter->abi != SMTPSPEC_BENCH_ABI) return;
  }
}

}  // namespace

std::vector<const smtpspec_adapter*> own_adapters() {
  Library self;
  collect(&smtpspec_bench_adapter, self);
  return self.adapters;
}

Library open_library(const std::string& path, bool tried) {
  Library out{path, {}, {}};
  // dlopen looks for a bare name in the system's folders.
  const std::string full = std::filesystem::absolute(path).string();
  const auto open = [&]() -> Entry {
    void* handle = ::dlopen(full.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      out.fault = ::dlerror();
      return nullptr;
    }
    void* entry = ::dlsym(handle, "smtpspec_bench_adapter");
    if (entry == nullptr) out.fault = "exports no smtpspec_bench_adapter";
    return reinterpret_cast<Entry>(entry);
  };
  const auto use = [&] {
    if (const Entry entry = open()) collect(entry, out);
  };
  if (tried) {
    const auto try_to = [&] { return use(), std::string(); };
    out.fault = ask_child(try_to, std::chrono::seconds(10)).fault;
  }
  if (!out.fault.empty()) {
    out.fault += " when it was opened";
    return out;
  }
  use();
  if (out.fault.empty() && out.adapters.empty()) out.fault = "has no adapter";
  return out;
}

std::string_view name_of_question(std::uint32_t question) {
  switch (question) {
    case SMTPSPEC_REPLY: return "reply";
    case SMTPSPEC_EHLO: return "ehlo";
    case SMTPSPEC_COMMAND: return "command";
    case SMTPSPEC_MODEL: return "model";
    case SMTPSPEC_CONTENT: return "content";
    case SMTPSPEC_STEP: return "step";
    default: return "";
  }
}

}  // namespace smtpspec::bench
