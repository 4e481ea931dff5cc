// SPDX-License-Identifier: Apache-2.0
// A guest whose first program is a script (topology key init = "script"). Its console is the only channel: what the
// script prints is followed there, and a line "@host WORDS..." is a request to whoever runs the guest, which needs no
// network and no agent in it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lab/vm.hpp"

namespace vfpool::lab {

struct ScriptResult {
  bool begun = false;      ///< the guest came as far as the script
  bool ended = false;      ///< the script went to its end
  int status = -1;         ///< its exit status then
  bool timed_out = false;  ///< it was still at work when its time was over
  std::string output;      ///< what the script and the kernel printed meanwhile
};

/// Called for each line of the console as it comes, without "\r\n".
using LineHandler = std::function<void(const std::string& line)>;
/// Called for "@host WORDS..." with the words. What it throws ends the run.
using HostHandler = std::function<void(const std::string& words)>;

/// The words of a line "@host WORDS...", before and behind which a message of the kernel may stand: nobody keeps it
/// from the console while a script prints. Nothing if the line is none.
std::optional<std::string> request_of(const std::string& line);

/// Follows a VM that was started with init = "script" until it is over, and stops it. Throws what `on_host` throws.
ScriptResult follow_script(Vm& vm, std::chrono::seconds limit, const HostHandler& on_host,
                           const LineHandler& on_line = {});

}  // namespace vfpool::lab
