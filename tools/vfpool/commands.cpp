// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <set>

#include "cards.hpp"
#include "describe.hpp"
#include "failure.hpp"
#include "saved.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kStep{200};

/// What the pool is; VFs, policy and who has what are the owner's.
vfpool_info owners_info(Pool& pool) {
  const auto info = pool.info();
  if (info.role != VFPOOL_OWNER) throw Failure(Exit::kPermission, owners_text(info));
  return info;
}

}  // namespace

unsigned find_vf(Pool& pool, const std::string& name) {
  const auto info = owners_info(pool);
  const auto all = cards(pool, info);
  if (const auto named = vf_named(name)) {
    if (offers(all, *named)) return named->vf();
    throw Failure(Exit::kNotFound, fmt::format("no VF {}: {}", name, why_not_offered(all, *named)));
  }
  __u8 mac[6];
  static constexpr __u8 kNone[6] = {};
  // A profile that leaves the address to the card's driver has none by which the VF could be named.
  const bool is_mac = parse_mac(name, mac) && std::memcmp(mac, kNone, sizeof mac) != 0;
  std::vector<unsigned> found;
  for (const unsigned n : offered(all)) {
    const std::string address = address_text(pool.vf(n).address);
    if (address == name || address.substr(address.find(':') + 1) == name ||
        (is_mac && std::memcmp(pool.profile(n).mac, mac, sizeof mac) == 0))
      found.push_back(n);
  }
  if (found.size() > 1)
    throw Failure(Exit::kUsage,
                  fmt::format("VFs {} and {} are \"{}\": give the number", vf_text(found[0]), vf_text(found[1]), name));
  if (!found.empty()) return found.front();
  throw Failure(Exit::kNotFound,
                fmt::format("no VF \"{}\": give its number, its address or the MAC of its profile", name));
}

bool parse_mac(const std::string& text, __u8 (&mac)[6]) {
  const char *at = text.data(), *const end = at + text.size();
  for (std::size_t i = 0; i < std::size(mac); ++i) {
    if (i != 0 && (at == end || *at++ != ':')) return false;
    // By itself it reads any number of zeros.
    const auto [next, error] = std::from_chars(at, std::min(at + 2, end), mac[i], 16);
    if (error != std::errc()) return false;
    at = next;
  }
  return at == end;
}

void require_user(Pool& pool, unsigned user) {
  const auto info = pool.info();
  if (info.role == VFPOOL_OWNER && (user < 1 || user > info.users))
    throw Failure(Exit::kNotFound, fmt::format("no user {}: the bridge has {}", user, info.users));
}

void require_place(Pool& pool, unsigned user, unsigned slot, unsigned function) {
  require_user(pool, user);
  const auto info = pool.info();
  if (slot >= info.slots)
    throw Failure(Exit::kNotFound, fmt::format("no slot {}: each server has {}", slot, info.slots));
  if (function >= info.functions)
    throw Failure(Exit::kNotFound, fmt::format("no function {}: a slot has {}", function, info.functions));
}

void set_profile(Pool& pool, const vfpool_profile& p) {
  const auto refuse = [](const std::string& why) { throw Failure(Exit::kUsage, why); };
  if (p.mac[0] & 1) refuse(fmt::format("{} is the address of a group, not of an interface", mac_text(p.mac)));
  if (p.qos && !p.vlan) refuse("a priority is that of a port VLAN, and there is none");
  if (p.max_rate && p.min_rate > p.max_rate)
    refuse(fmt::format("the lowest rate, {} Mbit/s, is above the highest, {}", p.min_rate, p.max_rate));
  if (p.mtu && p.mtu < 68) refuse(fmt::format("{} is no MTU: 68 is the smallest", p.mtu));
  pool.set_profile(p);
}

json list(Pool& pool) {
  const auto info = pool.info();
  const bool owner = info.role == VFPOOL_OWNER;
  json out{{"info", info_json(info)}, {"slots", json::array()}};
  for (unsigned u = owner ? 1 : info.port; u <= (owner ? info.users : info.port); ++u)
    for (unsigned s = 0; s < info.slots; ++s) out["slots"].push_back(slot_json(pool.slot(u, s)));
  if (!owner) return out;
  out["cards"] = json::array();
  const auto all = cards(pool, info);
  for (const auto& card : all) out["cards"].push_back(card_json(card));
  out["vfs"] = json::array();
  for (const unsigned n : offered(all)) out["vfs"].push_back(vf_json(pool, n));
  out["users"] = json::array();
  for (unsigned u = 1; u <= info.users; ++u) out["users"].push_back(user_json(pool.user(u)));
  return out;
}

json move(Pool& pool, unsigned vf, unsigned user, int slot, bool force, std::chrono::seconds timeout,
          const std::function<void(const std::string&)>& progress) {
  const auto info = pool.info();
  const auto name = vf_text(vf);
  require_user(pool, user);
  if (slot >= 0) require_place(pool, user, static_cast<unsigned>(slot));
  const auto end = Clock::now() + timeout;
  const auto in_time = [&](const std::string& what) {
    if (Clock::now() >= end)
      throw Failure(Exit::kTimeout,
                    fmt::format("{} after {} s; \"vfpool list\" shows how it stands", what, timeout.count()));
  };
  // The place it goes to, first: a VF that has nowhere to go stays where it is.
  int to = slot;
  for (unsigned s = 0; to < 0 && s < info.slots; ++s)
    if (const auto at = pool.slot(user, s); !at.present && !at.releasing && !at.powered) to = static_cast<int>(s);
  if (to < 0) throw Failure(Exit::kBusy, fmt::format("user {} has no free slot", user));
  if (pool.slot(user, static_cast<unsigned>(to)).present)
    throw Failure(Exit::kBusy, fmt::format("slot {} of user {} is taken", to, user));

  const auto broken = [&] {
    return Failure(
        Exit::kFailed,
        fmt::format("VF {} is broken: it does not confirm its reset; \"vfpool reset {}\" tries again", name, name));
  };
  const auto now = pool.vf(vf);
  if (now.use == VFPOOL_USE_BROKEN) throw broken();
  if (now.use == VFPOOL_USE_OWNED) throw Failure(Exit::kBusy, fmt::format("a driver of this server has VF {}", name));
  const auto theirs = pool.user(user).payload, cards = pool.card(vf / VFPOOL_CARD_VFS).payload;
  if (theirs != cards)
    throw Failure(Exit::kBusy,
                  fmt::format("the server of user {} has payloads of {} bytes, the card {}: it would reach "
                              "nothing (boot both with the same pci= option)",
                              user, theirs, cards));
  if (now.use == VFPOOL_USE_ASSIGNED) {
    progress(fmt::format("user {} gives VF {} back", now.user, name));
    pool.release(now.user, now.slot, force ? VFPOOL_FORCE : 0);
  }
  for (;;) {
    const auto v = pool.vf(vf);
    if (v.use == VFPOOL_USE_FREE) break;
    if (v.use == VFPOOL_USE_BROKEN) throw broken();
    if (v.use == VFPOOL_USE_ASSIGNED && !force && !pool.slot(v.user, v.slot).releasing &&
        pool.vf(vf).use == VFPOOL_USE_ASSIGNED)
      throw Failure(Exit::kCancelled,
                    fmt::format("user {} keeps VF {}: somebody pressed the slot's button again", v.user, name));
    in_time(fmt::format("user {} has not given VF {} back", now.user, name));
    pool.next_event(kStep);
  }
  progress(fmt::format("VF {} goes to user {}, slot {}", name, user, to));
  pool.assign(vf, user, static_cast<unsigned>(to), 0, 0);
  while (!is_on(pool.slot(user, static_cast<unsigned>(to)))) {
    in_time(fmt::format("user {} has not switched slot {} on", user, to));
    pool.next_event(kStep);
  }
  json result = vf_name_json(vf);
  result.update({{"user", user}, {"slot", to}});
  return result;
}

json reset(Pool& pool, unsigned vf, std::chrono::seconds timeout) {
  const auto end = Clock::now() + timeout;
  pool.reset(vf);
  for (;;) {
    const auto v = pool.vf(vf);
    if (v.use == VFPOOL_USE_BROKEN)
      throw Failure(Exit::kFailed, fmt::format("VF {} does not confirm this reset either; switching the card's VFs off "
                                               "and on (sriov_numvfs) resets them all",
                                               vf_text(vf)));
    if (v.use != VFPOOL_USE_DRAINING && v.use != VFPOOL_USE_RESETTING) return vf_json(pool, vf);
    if (Clock::now() >= end)
      throw Failure(Exit::kTimeout, fmt::format("VF {} is still being reset after {} s", vf_text(vf), timeout.count()));
    pool.next_event(kStep);
  }
}

json save(Pool& pool) {
  owners_info(pool);
  const json all = list(pool);
  return {{"users", all["users"]}, {"vfs", all["vfs"]}};
}

namespace {

/// Nothing is changed by a file that names what this pool does not have, or gives one thing twice. Throws Failure with
/// all that is wrong.
void refuse_contradictions(Pool& pool, const vfpool_info& info, const SavedPool& saved) {
  const auto all = cards(pool, info);
  std::vector<std::string> wrong;
  const auto bad = [&](unsigned vf, const std::string& what) {
    wrong.push_back(fmt::format("VF {}: {}", all.size() > 1 ? vf_text(vf) : std::to_string(vf), what));
  };
  const auto user = [&](unsigned n) { return n >= 1 && n <= info.users; };
  std::set<unsigned> users, vfs;
  for (const auto& u : saved.users) {
    if (!user(u.user)) wrong.push_back(fmt::format("user {}: the bridge has {}", u.user, info.users));
    if (!users.insert(u.user).second) wrong.push_back(fmt::format("user {}: is there twice", u.user));
  }
  std::set<SavedPlace> places;
  for (const auto& v : saved.vfs) {
    const NamedVf named{v.vf / VFPOOL_CARD_VFS, v.vf % VFPOOL_CARD_VFS};
    if (!offers(all, named)) bad(v.vf, why_not_offered(all, named));
    if (!vfs.insert(v.vf).second) bad(v.vf, "is there twice");
    if (v.reserved_for != 0 && !user(v.reserved_for))
      bad(v.vf, fmt::format("reserved for user {}, who is not there", v.reserved_for));
    if (!v.place) continue;
    const auto& at = *v.place;
    if (!user(at.user) || at.slot >= info.slots || at.function >= info.functions)
      bad(v.vf, fmt::format("user {} has no slot {} with a function {}", at.user, at.slot, at.function));
    if (!places.insert(at).second)
      bad(v.vf, fmt::format("user {}, slot {}, function {} has another VF", at.user, at.slot, at.function));
  }
  if (!wrong.empty())
    throw Failure(Exit::kNotFound,
                  fmt::format("nothing is restored, for this pool is another: {}", fmt::join(wrong, "; ")));
}

}  // namespace

json restore(Pool& pool, const json& file) {
  const auto info = owners_info(pool);
  const auto saved = read_saved(file);
  refuse_contradictions(pool, info, saved);
  json out{{"failed", json::array()}};
  const auto attempt = [&](const std::string& what, const std::function<void()>& step) {
    try {
      step();
    } catch (const Failure& f) {
      out["failed"].push_back(what + ": " + f.what());
    }
  };
  for (const auto& u : saved.users)
    attempt(fmt::format("user {}", u.user), [&] { pool.user(u.user, u.quota, u.weight); });
  for (const auto& v : saved.vfs) {
    attempt("profile of VF " + vf_text(v.vf), [&] { set_profile(pool, v.profile); });
    attempt("reservation of VF " + vf_text(v.vf), [&] { pool.reserve(v.vf, v.reserved_for); });
    if (!v.place) continue;
    attempt("VF " + vf_text(v.vf), [&] {
      const auto now = pool.vf(v.vf);
      if (now.use == VFPOOL_USE_ASSIGNED && now.user == v.place->user && now.slot == v.place->slot) return;
      // Servers boot at the same time as their owner, or later: their payload sizes are not theirs yet.
      pool.assign(v.vf, v.place->user, v.place->slot, v.place->function, VFPOOL_FORCE);
    });
  }
  return out;
}

}  // namespace vfpool::tools
