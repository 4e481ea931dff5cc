// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>
#include <set>

#include "cards.hpp"
#include "describe.hpp"
#include "failure.hpp"

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
  if (user < 1 || user > info.users)
    throw Failure(Exit::kNotFound, fmt::format("no user {}: the bridge has {}", user, info.users));
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
/// all that is wrong, and json::exception for another kind of file.
void refuse_contradictions(Pool& pool, const vfpool_info& info, const json& saved) {
  const auto all = cards(pool, info);
  std::vector<std::string> wrong;
  const auto bad = [&](unsigned vf, const std::string& what) {
    wrong.push_back(fmt::format("VF {}: {}", all.size() > 1 ? vf_text(vf) : std::to_string(vf), what));
  };
  const auto user = [&](unsigned n) { return n >= 1 && n <= info.users; };
  for (const auto& u : saved.at("users"))
    if (const unsigned n = u.at("user"); !user(n))
      wrong.push_back(fmt::format("user {}: the bridge has {}", n, info.users));
  std::set<unsigned> vfs;
  std::set<std::array<unsigned, 3>> places;
  for (const auto& v : saved.at("vfs")) {
    const unsigned n = v.at("vf"), reserved = v.value("reserved_for", 0u);
    const NamedVf named{n / VFPOOL_CARD_VFS, n % VFPOOL_CARD_VFS};
    if (!offers(all, named)) bad(n, why_not_offered(all, named));
    if (!vfs.insert(n).second) bad(n, "is there twice");
    if (reserved != 0 && !user(reserved)) bad(n, fmt::format("reserved for user {}, who is not there", reserved));
    if (!v.contains("user")) continue;
    const std::array<unsigned, 3> place{v.at("user"), v.at("slot"), v.at("function")};
    if (!user(place[0]) || place[1] >= info.slots || place[2] >= info.functions)
      bad(n, fmt::format("user {} has no slot {} with a function {}", place[0], place[1], place[2]));
    if (!places.insert(place).second)
      bad(n, fmt::format("user {}, slot {}, function {} has another VF", place[0], place[1], place[2]));
  }
  if (!wrong.empty())
    throw Failure(Exit::kNotFound,
                  fmt::format("nothing is restored, for this pool is another: {}", fmt::join(wrong, "; ")));
}

}  // namespace

json restore(Pool& pool, const json& saved) {
  const auto info = owners_info(pool);
  json out{{"failed", json::array()}};
  const auto attempt = [&](const std::string& what, const std::function<void()>& step) {
    try {
      step();
    } catch (const Failure& f) {
      out["failed"].push_back(what + ": " + f.what());
    }
  };
  try {
    refuse_contradictions(pool, info, saved);
    for (const auto& u : saved.at("users"))
      attempt(fmt::format("user {}", u.at("user").get<unsigned>()),
              [&] { pool.user(u.at("user"), u.at("quota"), u.at("weight")); });
    for (const auto& v : saved.at("vfs")) {
      const unsigned n = v.at("vf");
      const auto& p = v.at("profile");
      vfpool_profile profile{};
      profile.vf = static_cast<__u8>(n);
      profile.qos = p.at("qos");
      profile.vlan = p.at("vlan");
      profile.trust = p.at("trust").get<bool>();
      profile.spoof_check = p.at("spoof_check").get<bool>();
      profile.min_rate = p.at("min_rate");
      profile.max_rate = p.at("max_rate");
      profile.mtu = p.value("mtu", 0u);
      if (!parse_mac(p.at("mac"), profile.mac))
        throw Failure(Exit::kUsage,
                      fmt::format("VF {}: \"{}\" is no MAC address", vf_text(n), p.at("mac").get<std::string>()));
      attempt("profile of VF " + vf_text(n), [&] { pool.set_profile(profile); });
      attempt("reservation of VF " + vf_text(n), [&] { pool.reserve(n, v.value("reserved_for", 0u)); });
      if (!v.contains("user")) continue;
      const auto now = pool.vf(n);
      if (now.use == VFPOOL_USE_ASSIGNED && now.user == v.at("user") && now.slot == v.at("slot")) continue;
      attempt("VF " + vf_text(n), [&] {
        // Servers boot at the same time as their owner, or later: their payload sizes are not theirs yet.
        pool.assign(n, v.at("user"), v.at("slot"), v.at("function"), VFPOOL_FORCE);
      });
    }
  } catch (const json::exception& e) {
    throw Failure(Exit::kUsage, fmt::format("this is not what \"vfpool save\" writes: {}", e.what()));
  }
  return out;
}

}  // namespace vfpool::tools
