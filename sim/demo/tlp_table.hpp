// SPDX-License-Identifier: Apache-2.0
// What crossed the RTL between two looks at the simulator's counters.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vfpool::demo {

/// A line for each port and direction, a column for each kind of TLP. `before` and `now`: "tlps" of the control
/// operation `counters`; `before` may be null.
std::string tlp_table(const nlohmann::json& before, const nlohmann::json& now);

}  // namespace vfpool::demo
