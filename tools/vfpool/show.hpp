// SPDX-License-Identifier: Apache-2.0
// Everything that is known of one card, VF, slot or server.
#pragma once

#include <nlohmann/json.hpp>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

nlohmann::json show_card(Pool& pool, const Server& server, unsigned card);  ///< owner only
nlohmann::json show_vf(Pool& pool, unsigned vf);                            ///< owner only
/// `user` 0: this server, whose functions and their uses are told, too.
nlohmann::json show_slot(Pool& pool, const Server& server, unsigned user, unsigned slot);
/// `user` 0: this server.
nlohmann::json show_server(Pool& pool, const Server& server, unsigned user);

}  // namespace vfpool::tools
