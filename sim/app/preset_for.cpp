// SPDX-License-Identifier: Apache-2.0
#include "app/preset_for.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vfpool::app {

using config::BridgeSize;
using nlohmann::json;

std::optional<std::string> preset_for(const BridgeSize& needed, const std::filesystem::path& presets) {
  std::map<std::string, json> variables;  // by preset, inherited ones included
  try {
    const json file = json::parse(std::ifstream(presets));
    for (const json& preset : file.at("configurePresets")) {
      json& own = variables[preset.at("name")];
      own = json::object();
      if (preset.contains("inherits")) own = variables.at(preset["inherits"]);
      own.update(preset.at("cacheVariables"));
      if (own.contains("VFPOOL_SANITIZE")) continue;
      const auto number = [&](const char* key) {
        return static_cast<unsigned>(std::stoul(own.at(key).get<std::string>()));
      };
      const BridgeSize size{number("VFPOOL_USERS"), number("VFPOOL_SLOTS"), number("VFPOOL_SLOT_FNS"),
                            number("VFPOOL_DEVICES")};
      if (size.holds(needed)) return preset["name"];
    }
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", presets.string(), e.what()));
  }
  return std::nullopt;
}

std::string how_to_build(const BridgeSize& needed, const std::filesystem::path& presets,
                         const std::filesystem::path& topology) {
  const auto preset = preset_for(needed, presets);
  if (!preset)
    return fmt::format(
        "No preset of {} has so large a bridge: add one with VFPOOL_USERS, VFPOOL_SLOTS, VFPOOL_SLOT_FNS, "
        "VFPOOL_DEVICES (docs/bridge.md: what is legal).",
        presets.string());
  return fmt::format(
      "The preset {0} has a bridge that is large enough:\n"
      "  tools/toolroot run tools/build {0} vfpool-sim     builds build/{0}/sim/app/vfpool-sim; vfpool-lab up takes it "
      "by --sim\n"
      "  make lab TOPOLOGY={1} PRESET={0}     builds it and starts the servers",
      *preset, topology.string());
}

}  // namespace vfpool::app
