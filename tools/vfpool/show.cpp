// SPDX-License-Identifier: Apache-2.0
#include "show.hpp"

#include <fmt/format.h>

#include "cards.hpp"
#include "describe.hpp"
#include "failure.hpp"
#include "stats.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;

json vfs_in(Pool& pool, const vfpool_info& info, unsigned user, unsigned slot) {
  json out = json::array();
  for (const unsigned n : offered(cards(pool, info)))
    if (const auto v = pool.vf(n); v.use == VFPOOL_USE_ASSIGNED && v.user == user && v.slot == slot)
      out.push_back(vf_json(pool, n));
  return out;
}

/// The user that `user` means on this server, where it may be named at all.
unsigned named(const vfpool_info& info, unsigned user) {
  if (info.role == VFPOOL_USER) {
    if (user != 0 && user != info.port)
      throw Failure(Exit::kPermission, fmt::format("this is user {}: it sees nothing of others", info.port));
    return info.port;
  }
  if (user == 0) throw Failure(Exit::kUsage, "which user's? This server owns the card and has no slots itself");
  if (user > info.users) throw Failure(Exit::kNotFound, fmt::format("no user {}: the bridge has {}", user, info.users));
  return user;
}

json functions_of(const Server& server, const std::filesystem::path& folder) {
  json out = json::array();
  for (const auto& f : server.functions(folder)) {
    json uses = json::array();
    for (const auto& n : f.netdevs)
      for (const auto& use : server.uses(n)) uses.push_back(use);
    auto entry = function_json(f);
    entry["uses"] = std::move(uses);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

json show_card(Pool& pool, const Server& server, unsigned card) {
  const auto info = pool.info();
  if (info.role != VFPOOL_OWNER) throw Failure(Exit::kPermission, owners_text(info));
  const auto all = cards(pool, info);
  if (card >= all.size())
    throw Failure(Exit::kNotFound,
                  fmt::format("no card {}: the bridge has {} card{}", card, all.size(), all.size() == 1 ? "" : "s"));
  auto out = card_json(all[card]);
  if (out.contains("address")) out.update(function_json(server.function(out["address"])));
  return out;
}

json show_vf(Pool& pool, unsigned vf) {
  auto out = vf_json(pool, vf);
  if (auto counters = vf_stats(pool, vf); !counters.is_null()) out["counters"] = std::move(counters);
  if (out.contains("user")) out["in"] = slot_json(pool.slot(out["user"], out["slot"]));
  return out;
}

json show_slot(Pool& pool, const Server& server, unsigned user, unsigned slot) {
  const auto info = pool.info();
  user = named(info, user);
  if (slot >= info.slots)
    throw Failure(Exit::kNotFound, fmt::format("no slot {}: each server has {}", slot, info.slots));
  auto out = slot_json(pool.slot(user, slot));
  if (info.role == VFPOOL_OWNER)
    out["vfs"] = vfs_in(pool, info, user, slot);
  else if (const auto folder = server.slot_folder(out["physical"], server.bridge_of(pool.name())))
    out["functions"] = functions_of(server, *folder);
  return out;
}

json show_server(Pool& pool, const Server& server, unsigned user) {
  const auto info = pool.info();
  if (info.role == VFPOOL_OWNER && user == 0) {
    json out{{"info", info_json(info)}, {"cards", json::array()}};
    for (const auto& card : cards(pool, info)) out["cards"].push_back(card_json(card));
    return out;
  }
  user = named(info, user);
  json out = info.role == VFPOOL_OWNER ? user_json(pool.user(user)) : json{{"info", info_json(info)}};
  out["slots"] = json::array();
  for (unsigned s = 0; s < info.slots; ++s) out["slots"].push_back(show_slot(pool, server, user, s));
  return out;
}

}  // namespace vfpool::tools
