// SPDX-License-Identifier: Apache-2.0
// Manual pages and shell completion of a command line, from its description.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace vfpool::tools {

std::string manual_page(const CLI::App& app);      ///< section 8, troff with man macros
std::string bash_completion(const CLI::App& app);  ///< to be sourced

}  // namespace vfpool::tools
