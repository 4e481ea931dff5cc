// SPDX-License-Identifier: Apache-2.0
// A card whose VFs are attached to VMs directly: the card, the PF's driver, what misbehaves between a VF and its VM,
// and the station at the wire, with the control operations that only make sense here.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/topology.hpp"
#include "core/scheduler.hpp"
#include "mischief/mischief.hpp"
#include "nic82599/direct_card.hpp"
#include "station/station.hpp"
#include "vfio_user/server.hpp"
#include "wire/wire.hpp"

namespace vfpool::app {

class DirectVms {
 public:
  /// `station_end`: where the station is plugged in; nullptr: the wire has another far end. `obey`: answers the
  /// commands that the station gets. Both, `scheduler` and `topology` outlive this object. Throws std::system_error if
  /// a socket cannot be made.
  DirectVms(Scheduler& scheduler, const config::Topology& topology, nic82599::Nic82599::Options nic,
            const std::filesystem::path& folder, wire::Wire* station_end,
            std::function<std::string(const std::string&)> obey);

  nic82599::Nic82599& nic() { return card_.nic(); }
  /// Carries out a control request (docs/simulation.md). Nothing when the operation is none of these. Throws
  /// ControlError.
  std::optional<nlohmann::json> control(const nlohmann::json& request);
  const std::vector<std::unique_ptr<vfio_user::Server>>& servers() const { return servers_; }
  std::string card_state() const { return card_.state(); }
  std::string state() const;

 private:
  nlohmann::json pf(const nlohmann::json& request);
  nlohmann::json pf_vf(const nlohmann::json& request);
  nlohmann::json apis(const nlohmann::json& request);
  nlohmann::json flood(const nlohmann::json& request);
  unsigned vf(const nlohmann::json& request) const;
  mischief::Mischief& mischief(const nlohmann::json& request);
  station::Station& station();

  nic82599::DirectCard card_;
  std::map<unsigned, std::unique_ptr<mischief::Mischief>> mischief_;  // by VF
  std::optional<station::Station> station_;
  std::vector<std::unique_ptr<vfio_user::Server>> servers_;
};

}  // namespace vfpool::app
