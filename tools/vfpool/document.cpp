// SPDX-License-Identifier: Apache-2.0
#include "document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failure.hpp"

namespace vfpool::tools {
namespace {

/// Text for troff: a backslash and a leading dot or quote mean something to it, a hyphen is a minus sign in options.
std::string troff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if ((c == '.' || c == '\'') && out.empty())
      out += std::string("\\&") + c;
    else
      out += c;
  }
  return out;
}

std::string option_name(const CLI::Option& o) {
  std::string name = o.get_name(false, true);
  if (o.get_items_expected_max() > 0 && !o.get_positional())
    name += " " + (o.get_type_name().empty() ? "VALUE" : o.get_type_name());
  return name;
}

std::string options(const CLI::App& app) {
  std::string out;
  for (const auto* o : app.get_options())
    out += fmt::format(".TP\n.B {}\n{}\n", troff(option_name(*o)), troff(o->get_description()));
  return out;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* o : app.get_options())
    for (const auto& name : o->get_lnames()) out.push_back("--" + name);
  return out;
}

std::vector<std::string> words(const CLI::App& app) {
  auto out = options_of(app);
  for (const auto* s : app.get_subcommands({})) out.push_back(s->get_name());
  return out;
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  const auto commands = app.get_subcommands({});
  std::string name = app.get_name(), upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string out = fmt::format(".TH {} 8 \"\" \"vfpool {}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n{}\n",
                                troff(upper), VFPOOL_VERSION, troff(name), troff(app.get_description()), troff(name),
                                commands.empty() ? "[options]" : "[options] command [options]");
  out += ".SH OPTIONS\n" + options(app);
  if (!commands.empty()) out += ".SH COMMANDS\n";
  for (const auto* c : commands) {
    out += fmt::format(".SS {}\n{}\n", troff(c->get_name()), troff(c->get_description()));
    out += options(*c);
  }
  out += ".SH EXIT STATUS\n";
  static constexpr std::pair<Exit, const char*> kCodes[] = {
      {Exit::kDone, "done"},
      {Exit::kFailed, "failed"},
      {Exit::kUsage, "wrong usage"},
      {Exit::kNotFound, "no such bridge, slot, VF or server"},
      {Exit::kBusy, "in use, or refused by the owner"},
      {Exit::kPermission, "no permission"},
      {Exit::kTimeout, "time is up; how it went on is not known, and the message says how to look"},
      {Exit::kCancelled, "cancelled, by the button or by a signal"}};
  for (const auto& [code, text] : kCodes) out += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(code), troff(text));
  return out;
}

/// A command may stand behind options of the program, and these behind it.
std::string bash_completion(const CLI::App& app) {
  const std::string name = app.get_name();
  std::string out = fmt::format("_{}() {{\n\tlocal words=\"{}\"", name, fmt::join(words(app), " "));
  const auto commands = app.get_subcommands({});
  if (commands.empty()) {
    out += "\n";
  } else {
    out +=
        fmt::format(" global=\"{}\" word\n\tfor word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n\t\tcase $word in\n",
                    fmt::join(options_of(app), " "));
    for (const auto* c : commands)
      out += fmt::format("\t\t{}) words=\"{} $global\" ;;\n", c->get_name(), fmt::join(options_of(*c), " "));
    out += "\t\tesac\n\tdone\n";
  }
  out += "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n";
  // What is none of these words, the value of an option for example, is a file as often as not.
  out += fmt::format("complete -o default -F _{} {}\n", name, name);
  return out;
}

}  // namespace vfpool::tools
