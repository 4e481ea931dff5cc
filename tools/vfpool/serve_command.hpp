// SPDX-License-Identifier: Apache-2.0
// The command line of `vfpool serve`.
#pragma once

#include <CLI/CLI.hpp>

#include "output.hpp"
#include "serve.hpp"

namespace vfpool::tools {

class ServeCommand {
 public:
  /// Adds the subcommand.
  explicit ServeCommand(CLI::App& app);
  bool chosen() const { return command_->parsed(); }
  /// Serves the pool that `open` opens until a signal comes.
  void run(const Watch::Open& open, const Output& out);

 private:
  CLI::App* command_;
  ServeOptions options_;
  bool control_ = false;
  std::string token_file_;
};

}  // namespace vfpool::tools
