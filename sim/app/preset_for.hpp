// SPDX-License-Identifier: Apache-2.0
// A simulator has the bridge that it was built with. Which build has a larger one is in CMakePresets.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "config/topology.hpp"

namespace vfpool::app {

/// The first preset whose bridge holds `needed`; none if no preset does. Presets with sanitizers do not count. Throws
/// std::runtime_error if `presets` (a CMakePresets.json) is missing or is none.
std::optional<std::string> preset_for(const config::BridgeSize& needed, const std::filesystem::path& presets);

/// Lines for people: how to come by a simulator for `topology`, which needs a bridge of that size.
std::string how_to_build(const config::BridgeSize& needed, const std::filesystem::path& presets,
                         const std::filesystem::path& topology);

}  // namespace vfpool::app
