// SPDX-License-Identifier: Apache-2.0
// Counters of servers and VFs, with the time that each was read at, and what they make a second.
#pragma once

#include <nlohmann/json.hpp>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

/// Owner: {"time_ns", "ports": packets of the bridge by port and kind, "drops": by reason, "vfs": frames of each VF,
/// where the card's driver counts them}. User: {"time_ns", "interfaces": frames of those in its slots}.
nlohmann::json stats(Pool& pool, const Server& server);

/// What the VF has got and sent: an entry of "vfs"; null where the card's driver does not count it. Owner only.
nlohmann::json vf_stats(Pool& pool, unsigned vf);

/// `now` with rates since `before`: "rx_mbit", "tx_mbit", "rx_pps", "tx_pps" at each VF or interface, and on the owner
/// the sums of what each user's server has, as "servers". A counter that was not read anew, or that began again, has
/// none.
nlohmann::json rates(const nlohmann::json& before, nlohmann::json now);

}  // namespace vfpool::tools
