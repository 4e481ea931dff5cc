// SPDX-License-Identifier: Apache-2.0
// How results look for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vfpool::tools {

std::string list_table(const nlohmann::json& list);    ///< of list()
std::string stats_table(const nlohmann::json& stats);  ///< of stats() or rates()
/// "key value" lines; what lies inside is indented.
std::string fields(const nlohmann::json& value, unsigned indent = 0);

}  // namespace vfpool::tools
