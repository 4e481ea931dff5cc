// SPDX-License-Identifier: Apache-2.0
// What `vfpool` does with the pool, without command line and printing: each gives its result as JSON
// (docs/allocation.md has the schema). Throws Failure.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "pool.hpp"

namespace vfpool::tools {

/// A VF by its number (2, 1.2 on card 1: cards.hpp), its address at the owner (04:10.0, 10000:04:10.0) or the MAC of
/// its profile; its number in the pool. Owner only. Failure for a name of none, and of several.
unsigned find_vf(Pool& pool, const std::string& name);

/// "02:00:00:00:00:01" into `mac`, one or two digits each. False: it is something else.
bool parse_mac(const std::string& text, __u8 (&mac)[6]);

/// Failure that says how many there are, where there is no such user, slot, function of a slot. A user's server may
/// name itself alone, which the driver tells it.
void require_user(Pool& pool, unsigned user);
void require_place(Pool& pool, unsigned user, unsigned slot, unsigned function = 0);

/// Failure that says what contradicts what, for a profile that no card could have.
void set_profile(Pool& pool, const vfpool_profile& profile);

/// {"info", "slots", and for the owner "cards", "vfs", "users"}.
nlohmann::json list(Pool& pool);

/// The VF leaves its user in an orderly way (`force`: at once) and goes to the first slot of `user` that is free (or
/// `slot`). Each phase is told to `progress`.
nlohmann::json move(Pool& pool, unsigned vf, unsigned user, int slot, bool force, std::chrono::seconds timeout,
                    const std::function<void(const std::string&)>& progress);

/// A broken VF is reset once more; Failure kFailed if it is broken again.
nlohmann::json reset(Pool& pool, unsigned vf, std::chrono::seconds timeout);

/// All policy (quota, weight, reservation, profile) and who has what, to be restored at boot.
nlohmann::json save(Pool& pool);
/// Puts policy back and assigns what is free; what cannot be restored is listed in the result under "failed". Failure
/// for a user's server, for what save() does not write and for a pool of another size: nothing is changed then.
nlohmann::json restore(Pool& pool, const nlohmann::json& file);

}  // namespace vfpool::tools
