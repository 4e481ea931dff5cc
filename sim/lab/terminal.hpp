// An interactive terminal on a guest's shell.
#pragma once

#include <filesystem>
#include <string>

namespace vfpool::lab {

/// Connects standard input and output with the shell of `vm` until Ctrl-] is typed, input ends, or the shell or the
/// guest does. The shell itself goes on; a later attachment sees what it printed meanwhile. Throws NoLab, or
/// std::runtime_error when somebody else is attached.
void attach_shell(const std::filesystem::path& folder, const std::string& vm);

}  // namespace vfpool::lab
