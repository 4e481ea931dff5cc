// SPDX-License-Identifier: Apache-2.0
#include "describe.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>

#include "cards.hpp"
#include "vfpool_regs.h"

namespace vfpool::tools {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 6> kUses{"free", "assigned", "draining", "resetting", "owner", "broken"};
constexpr std::array<const char*, 8> kEvents{"lost",     "request", "denied", "assigned",
                                             "released", "power",   "frozen", "link"};

template <std::size_t N>
std::string name_of(const std::array<const char*, N>& names, unsigned i) {
  return i < N ? names[i] : fmt::format("{}", i);
}

}  // namespace

std::string address_text(__u64 address) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{}", address >> 16, address >> 8 & 0xff, address >> 3 & 0x1f, address & 7);
}

std::string mac_text(const __u8 (&m)[6]) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", m[0], m[1], m[2], m[3], m[4], m[5]);
}

std::string time_text(__u64 ns) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(ns / 1'000'000'000)));
}

std::string reason_text(unsigned reason) {
  switch (reason) {
    case VFPOOL_REASON_NO_VF: return "all VFs are in use";
    case VFPOOL_REASON_QUOTA: return "this server has as many VFs as its quota allows";
    case VFPOOL_REASON_BUSY: return "that VF is in use, or still being reset";
    case VFPOOL_REASON_RESERVED: return "that VF is reserved for another server";
    case VFPOOL_REASON_SLOT: return "the slot is taken or busy";
    case VFPOOL_REASON_CARD: return "the card does not offer this VF: the owner has not enabled it";
    case VFPOOL_REASON_PROFILE:
      return "the card's driver on the owner refuses the VF's settings (its kernel log says why)";
    case VFPOOL_REASON_PAYLOAD:
      return "this server's payload size is not the card's, so it would reach nothing: boot with the pci= option of "
             "the "
             "owner's server (vfpool list there shows both)";
    case VFPOOL_REASON_POLICY: return "the owner's administrator assigns by hand";
    case VFPOOL_REASON_AGAIN: return "the owner has missed the request: ask again";
    default: return fmt::format("reason {}", reason);
  }
}

std::string owners_text(const vfpool_info& i) {
  return fmt::format("only the owner's server may do that, the one with the card's PF; this is user {} of {}", i.port,
                     i.users);
}

bool is_on(const vfpool_slot_info& slot) { return slot.powered && slot.power_led != VFPOOL_LED_BLINKING; }

json vf_name_json(unsigned vf) { return {{"vf", vf}, {"card", vf / VFPOOL_CARD_VFS}, {"name", vf_text(vf)}}; }

json info_json(const vfpool_info& i) {
  return {{"role", i.role == VFPOOL_OWNER ? "owner" : "user"},
          {"port", i.port},
          {"users", i.users},
          {"slots", i.slots},
          {"functions", i.functions},
          {"sriov", i.sriov != 0},
          {"frozen", i.frozen != 0},
          {"vfs", i.vfs},
          {"cards", card_count(i)}};
}

json card_json(const vfpool_card_info& c) {
  // enum vfpool_no_vfs of the bridge's registers.
  static constexpr std::array<const char*, 8> kNoVfs{"none",    "unknown",   "disabled", "no_capability",
                                                     "vf_bars", "page_size", "stride",   "size"};
  json out{{"card", c.card},        {"port", c.port}, {"link", c.link != 0},
           {"sriov", c.sriov != 0}, {"vfs", c.vfs},   {"payload", c.payload}};
  if (c.address) out["address"] = address_text(c.address);
  if (c.no_vfs != VFPOOL_NO_VFS_NONE) out["no_vfs"] = name_of(kNoVfs, c.no_vfs);
  return out;
}

json slot_json(const vfpool_slot_info& s) {
  static constexpr std::array<const char*, 4> kLeds{"?", "on", "blinking", "off"};
  return {{"user", s.user},
          {"slot", s.slot},
          {"physical", s.physical},
          {"present", s.present != 0},
          {"link", s.link != 0},
          {"powered", s.powered != 0},
          {"releasing", s.releasing != 0},
          {"requested", s.requested != 0},
          {"power_led", name_of(kLeds, s.power_led)},
          {"attention_led", name_of(kLeds, s.attention_led)}};
}

json vf_json(Pool& pool, unsigned n) {
  const auto v = pool.vf(n);
  json out{{"use", name_of(kUses, v.use)}, {"busy", v.busy != 0}, {"clean_since_ns", v.clean_since}};
  out.update(vf_name_json(n));
  if (v.address) out["address"] = address_text(v.address);
  if (v.reserved_for) out["reserved_for"] = v.reserved_for;
  if (v.user) {
    out["user"] = v.user;
    out["slot"] = v.slot;
    out["function"] = v.function;
  }
  out["profile"] = profile_json(pool.profile(n));
  return out;
}

json user_json(const vfpool_user_info& u) {
  return {{"user", u.user}, {"quota", u.quota}, {"weight", u.weight}, {"held", u.held}, {"payload", u.payload}};
}

json function_json(const Function& f) { return {{"address", f.address}, {"driver", f.driver}, {"netdevs", f.netdevs}}; }

json event_json(const vfpool_event& e) {
  json out{{"time_ns", e.time},
           {"sequence", e.sequence},
           {"event", e.kind == VFPOOL_EVENT_GONE ? "gone" : name_of(kEvents, e.kind)}};
  if (e.user) out["user"] = e.user;
  if (e.kind != VFPOOL_EVENT_FROZEN && e.kind != VFPOOL_EVENT_LINK && e.kind != VFPOOL_EVENT_LOST &&
      e.kind != VFPOOL_EVENT_GONE)
    out["slot"] = e.slot;
  if (e.vf != VFPOOL_ANY) out.update(vf_name_json(e.vf));
  if (e.kind == VFPOOL_EVENT_DENIED) out["reason"] = reason_text(e.reason);
  if (e.kind == VFPOOL_EVENT_POWER || e.kind == VFPOOL_EVENT_FROZEN || e.kind == VFPOOL_EVENT_LINK)
    out["on"] = e.reason != 0;
  return out;
}

json profile_json(const vfpool_profile& p) {
  return {{"mac", mac_text(p.mac)},
          {"vlan", p.vlan},
          {"qos", p.qos},
          {"trust", p.trust != 0},
          {"spoof_check", p.spoof_check != 0},
          {"min_rate", p.min_rate},
          {"max_rate", p.max_rate},
          {"mtu", p.mtu}};
}

}  // namespace vfpool::tools
