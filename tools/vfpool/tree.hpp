// SPDX-License-Identifier: Apache-2.0
// This server's PCIe tree with the names that the pool gives its parts, and what is wrong with it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

/// {"functions": [{"address", "depth", "vendor", "device", "driver", "pool"}]}, each after the port above it; "pool":
/// what it is to the pool, absent for all others.
nlohmann::json tree(Pool& pool, const Server& server);
std::string tree_text(const nlohmann::json& tree);

/// {"findings": [{"subject", "ok", "found", "cure"}], "bad": how many are not ok}. `pool` null: it could not be opened,
/// for the reason `why`; what can be told without is told.
nlohmann::json check(Pool* pool, const std::string& why, const Server& server);
std::string check_text(const nlohmann::json& check);

}  // namespace vfpool::tools
