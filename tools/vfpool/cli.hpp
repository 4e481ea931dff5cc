// SPDX-License-Identifier: Apache-2.0
// The command lines. One description (CLI11) makes the parser, --help, the man page (--man) and the completion for bash
// (--completion), so that they cannot disagree.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "hotplug.hpp"

namespace vfpool::tools {

/// Options that every program has, and how a parse ends. Exit codes of all programs: failure.hpp.
class ProgramCli {
 public:
  ProgramCli(const std::string& program, const std::string& description);
  /// The exit code if the program is to end at once (--help, --man, an error); the text is printed.
  std::optional<int> parse(int argc, char** argv);

  CLI::App app;
  std::string device;
  bool json = false, quiet = false;

 private:
  bool man_ = false, completion_ = false;
};

class HotplugCli : public ProgramCli {
 public:
  explicit HotplugCli(bool in);
  HotplugOptions options;
};

}  // namespace vfpool::tools
