// SPDX-License-Identifier: Apache-2.0
#include "tree.hpp"

#include <fmt/format.h>

#include <map>

#include "cards.hpp"
#include "describe.hpp"
#include "pcie.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;

constexpr unsigned kVendor = 0x10ee, kDevice = 0x8086;  // of the management function

/// Physical number in Slot Capabilities (PCIe Base Spec 2.1, 7.8.9), where the port has a slot.
std::optional<unsigned> physical_slot(const PciFunction& port) {
  const auto pcie = port.capability(kCapPcie);
  if (!pcie || !(port.word(*pcie + kPcieFlags, 2) & 0x100)) return {};
  return port.word(*pcie + kPcieSlotCap, 4) >> 19;
}

/// The switch shares bus and device with the management function.
std::string switch_of(const std::string& management) {
  return management.empty() ? "" : management.substr(0, management.size() - 1) + "1";
}

/// The owner's port to a card has the card's number as its device number.
unsigned card_at(const PciFunction& port) {
  const auto colon = port.address.rfind(':');
  return static_cast<unsigned>(std::stoul(port.address.substr(colon + 1), nullptr, 16));
}

/// Address -> what it is to the pool.
std::map<std::string, std::string> names(Pool& pool, const std::vector<PciFunction>& all, const std::string& bridge) {
  std::map<std::string, std::string> out, ports;
  const auto info = pool.info();
  const bool owner = info.role == VFPOOL_OWNER;
  out[bridge] = fmt::format("management of {} ({})", pool.name(), owner ? "owner" : fmt::format("user {}", info.port));
  out[switch_of(bridge)] = "switch of the pool";
  std::map<unsigned, vfpool_slot_info> slots;
  for (unsigned s = 0; !owner && s < info.slots; ++s) {
    const auto slot = pool.slot(0, s);
    slots[slot.physical] = slot;
  }
  std::map<std::string, std::string> vfs;
  for (const unsigned n : owner ? offered(cards(pool, info)) : std::vector<unsigned>{}) {
    const auto v = pool.vf(n);
    vfs[address_text(v.address)] =
        fmt::format("VF {}, {}", vf_text(n),
                    v.use == VFPOOL_USE_ASSIGNED ? fmt::format("user {} slot {}", v.user, v.slot)
                                                 : vf_json(pool, n)["use"].get<std::string>());
  }
  for (const auto& f : all) {
    if (f.parent == switch_of(bridge)) {
      const auto slot = slots.find(physical_slot(f).value_or(0));
      ports[f.address] = owner ? card_text(card_at(f), card_count(info)) : "";
      if (owner)
        out[f.address] = "port to " + ports[f.address];
      else if (slot != slots.end()) {
        out[f.address] = fmt::format("slot {}, {}", slot->second.slot, slot->second.present ? "taken" : "empty");
        ports[f.address] = fmt::format("in slot {}", slot->second.slot);
      }
    } else if (const auto port = ports.find(f.parent); port != ports.end()) {
      const auto vf = vfs.find(f.address);
      out[f.address] = vf != vfs.end() ? vf->second : port->second;
    }
  }
  return out;
}

class Findings {
 public:
  void good(const std::string& subject, const std::string& found) { add(subject, true, found, ""); }
  void bad(const std::string& subject, const std::string& found, const std::string& cure) {
    add(subject, false, found, cure);
    ++bad_;
  }
  void either(bool ok, const std::string& subject, const std::string& found, const std::string& cure) {
    ok ? good(subject, found) : bad(subject, found, cure);
  }
  json result() const { return {{"findings", all_}, {"bad", bad_}}; }

 private:
  void add(const std::string& subject, bool ok, const std::string& found, const std::string& cure) {
    json entry{{"subject", subject}, {"ok", ok}, {"found", found}};
    if (!ok) entry["cure"] = cure;
    all_.push_back(std::move(entry));
  }
  json all_ = json::array();
  unsigned bad_ = 0;
};

/// Memory windows of a port (PCI-PCI Bridge 1.2, 3.2.5.8 and .9): whether one of them is open.
bool has_window(const PciFunction& port) {
  for (const std::size_t at : {0x20, 0x24}) {
    const unsigned base = port.word(at, 2) & 0xfff0, limit = port.word(at + 2, 2) & 0xfff0;
    if (limit != 0 && base <= limit) return true;  // both zero: never set
  }
  return false;
}

/// Max_Payload_Size in force, in bytes; 0: not to be read.
unsigned payload(const PciFunction& f) {
  const auto pcie = f.capability(kCapPcie);
  return pcie ? 128U << (f.word(*pcie + kPcieDevCtl, 2) >> 5 & 7) : 0;
}

void check_slot(Findings& out, const vfpool_slot_info& slot, const PciFunction* port, const PciFunction& upstream,
                bool in_kernel) {
  const std::string subject = fmt::format("slot {}", slot.slot);
  if (!port)
    return out.bad(subject, fmt::format("no port has the physical slot number {}", slot.physical),
                   "rescan: echo 1 > /sys/bus/pci/rescan; if that does not help, boot with pci=realloc");
  const std::string at = fmt::format("{}, port {}", subject, port->address);
  const auto pcie = port->capability(kCapPcie);
  const unsigned can = port->word(*pcie + kPcieSlotCap, 4);
  out.either((can & 0x43) == 0x43, at,
             fmt::format("hot-plug {}, button {}, power controller {}", can & 0x40 ? "yes" : "no",
                         can & 1 ? "yes" : "no", can & 2 ? "yes" : "no"),
             "this is no slot of this bridge, or not of this version");
  out.either(
      in_kernel, at, in_kernel ? "the kernel's hot-plug driver has it" : "the kernel has no hot-plug slot for it",
      "a kernel with CONFIG_HOTPLUG_PCI_PCIE; if the firmware keeps hot-plug to itself, boot with pcie_ports=native");
  out.either(port->word(0x19, 1) != 0, at, fmt::format("bus {:02x} below it", port->word(0x19, 1)),
             "no bus number was left: boot with pci=assign-busses");
  out.either(has_window(*port), at, has_window(*port) ? "has a memory window" : "has no memory window",
             "a VF would get no addresses: boot with pci=realloc,hpmmiosize=2M,hpmmioprefsize=2M");
  out.either(payload(*port) == payload(upstream), at,
             fmt::format("payload {} bytes, the switch's {}", payload(*port), payload(upstream)),
             "boot with pci=pcie_bus_safe");
}

const PciFunction* find(const std::vector<PciFunction>& all, const std::string& address) {
  for (const auto& f : all)
    if (f.address == address) return &f;
  return nullptr;
}

/// The owner's switch leads straight to the card, a user's has slots. A port of the other kind contradicts the role
/// that the bridge tells this server.
void check_role(Findings& out, const vfpool_info& info, const std::vector<PciFunction>& all,
                const PciFunction& upstream) {
  const bool owner = info.role == VFPOOL_OWNER;
  for (const auto& f : all)
    if (f.parent == upstream.address && physical_slot(f).has_value() == owner)
      return out.bad(
          "role",
          owner ? fmt::format("the bridge says owner, but port {} is a hot-plug slot, as a user's", f.address)
                : fmt::format("the bridge says user {}, but port {} is no slot, as the owner's", info.port, f.address),
          "is this server at the right port of the bridge? are bridge and module of one version?");
}

void check_user(Findings& out, Pool& pool, const Server& server, const std::vector<PciFunction>& all,
                const PciFunction& upstream, const std::string& bridge) {
  for (unsigned s = 0; s < pool.info().slots; ++s) {
    const auto slot = pool.slot(0, s);
    const PciFunction* port = nullptr;
    for (const auto& f : all)
      if (f.parent == upstream.address && physical_slot(f) == slot.physical) port = &f;
    const auto folder = server.slot_folder(slot.physical, bridge);
    check_slot(out, slot, port, upstream, folder.has_value());
    for (const auto& f : all) {
      if (!port || f.parent != port->address) continue;
      const std::string subject = fmt::format("slot {}, function {}", s, f.address);
      out.either(!f.driver.empty(), subject, f.driver.empty() ? "no driver" : "driver " + f.driver,
                 "load a VF driver: modprobe airvf, or modprobe ixgbevf");
      out.either(payload(f) <= payload(*port), subject, fmt::format("payload {} bytes", payload(f)),
                 "larger than its port's: boot with pci=pcie_bus_safe");
    }
  }
}

/// `port`: the device port that it is at, where there are several.
void check_card(Findings& out, const vfpool_card_info& card, const PciFunction& pf, const std::string& port) {
  const std::string subject = fmt::format("card {}{}", pf.address, port);
  out.either(!pf.driver.empty(), subject, pf.driver.empty() ? "no driver" : "driver " + pf.driver,
             "load the driver of the PF: modprobe ixgbe");
  const auto state = card_json(card);
  const auto why = state.value("no_vfs", "disabled");
  if (card.sriov && card.vfs > 0)
    out.good(subject, fmt::format("{} VFs enabled", card.vfs));
  else if (why == "disabled" || why == "unknown")
    out.bad(subject, "0 VFs enabled", fmt::format("echo 8 > /sys/bus/pci/devices/{}/sriov_numvfs", pf.address));
  else
    out.bad(subject, fmt::format("the bridge cannot share its VFs: {}", why),
            "docs/registers.md, NO_VFS, says what it needs");
  out.good(subject, fmt::format("payload {} bytes (a server with another one reaches no VF)", payload(pf)));
}

void check_owner(Findings& out, Pool& pool, const vfpool_info& info, const std::vector<PciFunction>& all,
                 const PciFunction& upstream) {
  const auto known = cards(pool, info);
  unsigned found = 0;
  for (const auto& card : known) {
    const PciFunction* pf = nullptr;
    for (const auto& f : all)
      if (const auto* port = find(all, f.parent);
          port && port->parent == upstream.address && !pf && card_at(*port) == card.card && f.physical_function.empty())
        pf = &f;
    const auto port = known.size() == 1 ? "" : fmt::format(" at device port {}", card.card);
    if (pf) {
      ++found;
      check_card(out, card, *pf, port);
    } else if (card.link && known.size() > 1) {
      out.bad("card" + port, "it has a link, but the kernel does not show it",
              "echo 1 > /sys/bus/pci/rescan looks for it again");
    } else if (known.size() > 1) {
      out.good("card" + port, "there is none");
    }
  }
  if (found == 0)
    out.bad("card", "nothing below the pool's switch",
            "is the card powered? echo 1 > /sys/bus/pci/rescan looks for it again");
  for (const unsigned n : offered(known))
    if (pool.vf(n).use == VFPOOL_USE_BROKEN)
      out.bad("VF " + vf_text(n), "broken: it does not confirm its reset", "vfpool reset " + vf_text(n));
}

}  // namespace

json tree(Pool& pool, const Server& server) {
  const auto all = pci_functions(server.root());
  const auto pool_names = names(pool, all, server.bridge_of(pool.name()));
  json out = json::array();
  for (const auto& f : all) {
    json entry{{"address", f.address},
               {"depth", f.depth},
               {"vendor", fmt::format("{:04x}", f.vendor)},
               {"device", fmt::format("{:04x}", f.device)},
               {"driver", f.driver}};
    if (const auto name = pool_names.find(f.address); name != pool_names.end() && !name->second.empty())
      entry["pool"] = name->second;
    out.push_back(std::move(entry));
  }
  return {{"functions", std::move(out)}};
}

std::string tree_text(const json& tree) {
  std::string out;
  for (const auto& f : tree["functions"]) {
    const auto driver = f["driver"].get<std::string>();
    out += fmt::format("{}{} {}:{}{}{}\n", std::string(2 * f["depth"].get<unsigned>(), ' '),
                       f["address"].get<std::string>(), f["vendor"].get<std::string>(), f["device"].get<std::string>(),
                       driver.empty() ? "" : " [" + driver + "]",
                       f.contains("pool") ? "  " + f["pool"].get<std::string>() : "");
  }
  return out;
}

json check(Pool* pool, const std::string& why, const Server& server) {
  Findings out;
  const auto all = pci_functions(server.root());
  bool there = false;
  for (const auto& f : all) {
    if (f.vendor != kVendor || f.device != kDevice) continue;
    there = true;
    const std::string subject = "management function " + f.address;
    out.either(f.driver == "vfpool", subject, f.driver.empty() ? "no driver" : "driver " + f.driver, "modprobe vfpool");
    if (f.config.size() < 256) {
      out.bad(subject, "its configuration space cannot be read", "run this as root");
      return out.result();
    }
    const auto msi = f.capability(kCapMsi);
    out.either(msi && f.word(*msi + 2, 2) & 1, subject,
               msi && f.word(*msi + 2, 2) & 1 ? "has its interrupt"
                                              : "has no interrupt: events are looked for 20 times a second",
               "boot without pci=nomsi");
  }
  if (!there)
    out.bad("bridge", "no management function (10ee:8086)",
            "is the bridge powered and its link up? echo 1 > /sys/bus/pci/rescan looks for it again");
  if (!pool) {
    out.bad("device file", why, "see above; who may use it is udev's to say (docs/allocation.md)");
    return out.result();
  }
  const auto info = pool->info();
  out.either(!info.frozen, "pool", info.frozen ? "frozen: the owner is not heard of" : "the owner is heard of",
             "start the owner's server, or load the module vfpool there");
  const auto bridge = server.bridge_of(pool->name());
  const auto* upstream = find(all, switch_of(bridge));
  if (!upstream) {
    out.bad("switch", "no switch beside the management function " + bridge, "echo 1 > /sys/bus/pci/rescan");
    return out.result();
  }
  check_role(out, info, all, *upstream);
  if (info.role == VFPOOL_OWNER)
    check_owner(out, *pool, info, all, *upstream);
  else
    check_user(out, *pool, server, all, *upstream, bridge);
  return out.result();
}

std::string check_text(const json& check) {
  std::string out;
  for (const auto& f : check["findings"]) {
    out += fmt::format("{:<5} {}: {}\n", f["ok"].get<bool>() ? "ok" : "BAD", f["subject"].get<std::string>(),
                       f["found"].get<std::string>());
    if (f.contains("cure")) out += fmt::format("      cure: {}\n", f["cure"].get<std::string>());
  }
  return out;
}

}  // namespace vfpool::tools
