// SPDX-License-Identifier: Apache-2.0
// The machine that a program runs on. Behind functions of their own, so that tests can link the programs with another.
#pragma once

#include <filesystem>
#include <memory>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

/// `path` empty: the only /dev/vfpoolN of this server; an error where there are several.
std::unique_ptr<Pool> open_pool(const std::filesystem::path& path = {});

Server this_server();

}  // namespace vfpool::tools
