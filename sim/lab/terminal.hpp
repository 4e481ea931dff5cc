// SPDX-License-Identifier: Apache-2.0
// An interactive terminal on a guest.
#pragma once

#include <filesystem>
#include <string>

namespace vfpool::lab {

/// What a terminal can be attached to.
enum class Line {
  kShell,   ///< the agent's shell: a real terminal with a size
  kSerial,  ///< the serial console: works when nothing else in the guest does
};

/// Connects standard input and output with a line of `vm` until Ctrl-] is typed, a terminal's input ends, or the shell
/// or the guest does. The shell itself goes on; a later attachment sees what it printed meanwhile. Throws NoLab, or
/// std::runtime_error when somebody else is attached.
void attach_terminal(const std::filesystem::path& folder, const std::string& vm, Line line);

}  // namespace vfpool::lab
