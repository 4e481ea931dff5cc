// SPDX-License-Identifier: Apache-2.0
// State and counters as Prometheus reads them (text exposition format 0.0.4). Names: docs/allocation.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vfpool::tools {

/// From what list() and stats() give: an array of {"name", "help", "type", "samples": [{"labels", "value"}]}.
nlohmann::json metrics(const nlohmann::json& list, const nlohmann::json& stats);

std::string exposition(const nlohmann::json& metrics);

}  // namespace vfpool::tools
