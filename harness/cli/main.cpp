#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "cli/cli.hpp"
#include "smtpspec/net/signals.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

std::string text_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

// The first of: a variable, the source tree that this program was built from, the installed place beside it.
std::string directory(const char* variable, const char* source, const char* installed) {
  if (const std::string given = text_of(variable); !given.empty()) return given;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path beside = self.parent_path().parent_path() / "share" / "smtpspec" / installed;
  if (!error && fs::is_directory(beside, error)) return beside.string();
  // Seen from inside the source tree, files are named as one would type them.
  const fs::path near = fs::relative(source, error);
  return error || near.empty() || near.native().starts_with("..") ? source : near.string();
}

void learn_terminal(Environment& environment, const std::string& color) {
  const bool dumb = text_of("TERM") == "dumb" || !text_of("NO_COLOR").empty();
  const auto wants = [&](int fd) {
    if (color != "auto") return color == "always";
    const std::string forced = text_of("CLICOLOR_FORCE");
    if (!forced.empty() && forced != "0") return true;
    return !dumb && ::isatty(fd) == 1;
  };
  environment.color_out = wants(1);
  environment.color_error = wants(2);
  winsize size{};
  constexpr unsigned short least = 40;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) environment.width = std::max(size.ws_col, least);
  environment.live = ::isatty(2) == 1 && text_of("TERM") != "dumb" && text_of("CI").empty();
}

// CLI11's complaint with the nearest flag or command beside it.
std::string hint_for(const CLI::App& app, const std::string& what) {
  const std::size_t colon = what.find_last_of(' ');
  const std::string word = what.substr(colon == std::string::npos ? 0 : colon + 1);
  std::vector<std::string> known;
  const auto add = [&known](const CLI::App& one) {
    for (const auto* option : one.get_options())
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  };
  add(app);
  bool chosen = false;
  for (const auto* command : app.get_subcommands()) {
    chosen = true;
    add(*command);
  }
  if (!chosen)
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) known.push_back(command->get_name());
  const std::string name = word.substr(0, word.find('='));
  if (std::find(known.begin(), known.end(), name) != known.end()) return "";  // it is spelt right; the complaint is another
  return smtp::nearest(name, std::span<const std::string>(known));
}

// Help as CLI11 makes it, its lines wrapped to 80 columns; what goes on stands below the explanation.
std::string help(const CLI::App& app) {
  constexpr std::size_t width = 80, explanation = 30;
  std::string out;
  const std::string text = app.get_parent() ? app.help("smtpspec") : app.help();
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty() && out.ends_with("\n\n")) continue;
    const std::size_t deeper = line.starts_with("  ") ? explanation : 0;
    std::size_t indent = 0;
    while (indent + line.size() > width) {
      const std::size_t blank = line.rfind(' ', width - indent);
      if (blank == std::string_view::npos || blank == 0) break;
      out += std::string(indent, ' ') + std::string(line.substr(0, blank)) + "\n";
      line.remove_prefix(blank + 1);
      indent = deeper;
    }
    out += std::string(indent, ' ') + std::string(line.substr(0, line.find_last_not_of(' ') + 1)) + "\n";
  }
  return out;
}

// What was printed and did not arrive is an error, whatever was to be said.
int printed(int status) {
  std::cout.flush();
  errno = 0;
  if ((std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) || net::caught()) return status;
  if (errno == EPIPE) return usage;  // the reader has seen enough
  complain({std::string("cannot write: ") + (errno ? std::strerror(errno) : "some of it is lost"), Place{"standard output"}});
  return usage;
}

int main(int argc, char** argv) {
  CLI::App app{"smtpspec: conformance tests for SMTP servers", "smtpspec"};
  app.set_version_flag("--version", "smtpspec " + version(), "Print the version and exit");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Exit status: 0 nothing unexpected, 1 nonconformance, 2 usage, file or output error, 3 no role of the target answers (any more), or "
      "nothing could be judged, 4 empty selection, 5 internal error, 129, 130 or 143 interrupted.");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("TEXT", "");
  app.get_formatter()->label("REQUIRED", "");
  app.get_formatter()->label("Positionals", "Arguments");
  app.set_help_flag("-h,--help", "Print this help and exit");

  Environment environment;
  environment.cases = directory("SMTPSPEC_CASES", SMTPSPEC_SOURCE_DIR "/cases", "cases");
  environment.launchers = directory("SMTPSPEC_TARGETS", SMTPSPEC_SOURCE_DIR "/harness/targets", "targets");
  std::string color = "auto";
  const auto* cases = app.add_option("--cases", environment.cases, "Folder with the test cases")->type_name("DIR");
  app.add_option("--color", color, "When to use colours (default: auto)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");

  int status = ok;
  learn_terminal(environment, "auto");
  add_run(app, environment, status);
  add_replay(app, environment, status);
  add_report(app, environment, status);
  add_fuzz(app, environment, status);
  add_minimise(app, environment, status);
  add_corpus(app, environment, status);
  add_list(app, environment, status);
  add_show(app, environment, status);
  add_lint(app, environment, status);
  add_fmt(app, environment, status);
  add_coverage(app, environment, status);
  add_serve(app, environment, status);
  add_doctor(app, environment, status);
  add_lab(app, environment, status);
  add_selftest(app, environment, status);
  add_bench(app, environment, status);
  for (CLI::App* command : app.get_subcommands({})) command->group("Commands");
  app.parse_complete_callback([&] {
    learn_terminal(environment, color);
    environment.cases_given = cases->count() > 0;
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    std::fputs(help(chosen.empty() ? app : *chosen.front()).c_str(), stdout);
    return printed(ok);
  } catch (const CLI::Success& success) {
    return printed(app.exit(success));
  } catch (const CLI::ParseError& error) {
    complain({error.what(), {}, hint_for(app, error.what())});
    std::fputs("Try 'smtpspec --help', or 'smtpspec COMMAND --help'.\n", stderr);
    return usage;
  }
  return printed(status);
}

}  // namespace

void complain(const Error& error) { say("smtpspec: " + printable(to_string(error)) + "\n"); }

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // U+0080 to U+009F are control characters too.
    const bool wide = text[i] == '\xc2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if ((smtp::is_control(text[i]) && text[i] != '\n' && text[i] != '\t') || wide) out += smtp::spell(text.substr(i, wide ? 2 : 1));
    else out += text[i];
    i += wide;
  }
  return out;
}

std::string version() { return SMTPSPEC_VERSION; }

std::string time_now(const char* format, std::tm* (*in_zone)(const std::time_t*, std::tm*)) {
  const std::time_t now = std::time(nullptr);
  std::tm time{};
  in_zone(&now, &time);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &time)};
}
std::string now_in_utc() { return time_now("%FT%TZ", ::gmtime_r); }

std::optional<script::Suite> open_suite(const Environment& environment, bool quiet) {
  auto suite = script::load_suite(environment.cases);
  if (!suite) {
    complain(suite.error());
    return std::nullopt;
  }
  if (!quiet)
    for (const Error& error : suite->errors) complain(error);
  return std::move(*suite);
}

}  // namespace smtpspec::cli

int main(int argc, char** argv) {
  // No file, socket or pipe of ours is to be taken for a standard stream that is closed.
  int null = 0;
  while (null >= 0 && null < 3) null = ::open("/dev/null", O_RDONLY);
  if (null >= 3) ::close(null);
  try {
    return smtpspec::cli::main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "smtpspec: internal error: %s\n", error.what());
    return smtpspec::cli::internal;
  }
}
