// SPDX-License-Identifier: Apache-2.0
#include "serve_command.hpp"

#include <fmt/format.h>

namespace vfpool::tools {

ServeCommand::ServeCommand(CLI::App& app) {
  command_ = app.add_subcommand("serve", "show the pool as a page for browsers, until interrupted");
  command_->add_option("--listen", options_.listen, "address to listen at (default 127.0.0.1: this server only)");
  command_->add_option("--port", options_.port, "TCP port (default 8259; 0: any)")->check(CLI::Range(0, 65535));
  command_->add_option("--name", options_.names, "host name by which browsers come, besides localhost and addresses");
  auto* control = command_->add_flag("--control", control_, "who opens the printed address may move VFs");
  command_->add_option("--token-file", token_file_, "who knows this file's first line may move VFs")->excludes(control);
}

void ServeCommand::run(const Watch::Open& open, const Output& out) {
  if (!token_file_.empty()) options_.token = token_of(token_file_);
  if (control_) options_.token = random_token();
  Watch watch(open, std::chrono::milliseconds(500));
  PageServer server(watch, options_);
  const std::string link = server.address() + (control_ ? "#token=" + options_.token : "");
  out.say("The pool is at " + link);
  out.result({{"address", link}});
  server.run();
}

}  // namespace vfpool::tools
