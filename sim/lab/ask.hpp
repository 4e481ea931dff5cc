// SPDX-License-Identifier: Apache-2.0
// What programs that drive a lab say all the time.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "lab/vm.hpp"

namespace vfpool::lab {

/// Without the white space at its end.
std::string trimmed(std::string text);

/// What a shell line printed, trimmed; if it failed, what it complained about behind that. Throws AgentError.
std::string text_of(Vm& vm, const std::string& sh, std::chrono::milliseconds limit = std::chrono::seconds(60));

/// Copies an executable of this machine into the guest. Throws AgentError, or std::runtime_error if it cannot be read.
void put_program(Vm& vm, const std::string& guest_path, const std::filesystem::path& program);

/// Asks until the answer is yes; false if it is still no at `limit`.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& probe);

}  // namespace vfpool::lab
