// SPDX-License-Identifier: Apache-2.0
// The pool's structures as JSON (docs/allocation.md has the schema), and their values as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

std::string address_text(__u64 address);  ///< of vfpool_vf_info: "10000:04:10.0"
std::string mac_text(const __u8 (&mac)[6]);
std::string reason_text(unsigned reason);          ///< of an event, for people
std::string owners_text(const vfpool_info& info);  ///< why this server may not do what the owner's may
std::string time_text(__u64 ns);                   ///< ns since 1970 as "2026-01-31 23:59:59Z"

/// The server's kernel has switched the slot on and, as far as the slot tells, taken in what it holds: the power
/// indicator blinks until then. In a VMD domain the kernel leaves it off.
bool is_on(const vfpool_slot_info& slot);

/// {"vf", "card", "name"}: the VF's number in the pool, its card, and what people call it.
nlohmann::json vf_name_json(unsigned vf);
nlohmann::json info_json(const vfpool_info& info);
nlohmann::json card_json(const vfpool_card_info& card);
nlohmann::json slot_json(const vfpool_slot_info& slot);
nlohmann::json vf_json(Pool& pool, unsigned vf);  ///< owner only
nlohmann::json user_json(const vfpool_user_info& user);
nlohmann::json profile_json(const vfpool_profile& profile);
nlohmann::json function_json(const Function& function);
nlohmann::json event_json(const vfpool_event& event);

}  // namespace vfpool::tools
