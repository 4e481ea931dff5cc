// SPDX-License-Identifier: Apache-2.0
// What trafgen itself can do: without a device behind it (net_null), and through a memif loop inside this process.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "run.hpp"

namespace vfpool::trafgen {

struct SelftestResult {
  nlohmann::json json;
  bool passed = true;
};

/// Starts DPDK. `say`: a line for people. Each measurement takes `length`. Throws std::runtime_error.
SelftestResult selftest(Nanoseconds length, const std::function<void(const std::string&)>& say, const Stops& stop);

}  // namespace vfpool::trafgen
