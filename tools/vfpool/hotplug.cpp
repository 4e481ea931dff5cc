// SPDX-License-Identifier: Apache-2.0
#include "hotplug.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "cards.hpp"
#include "describe.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "vfpool_regs.h"

namespace vfpool::tools {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kBlink{5000};  // of pciehp after a press (PCIe Base Spec 2.1, 6.7.1.5)
constexpr milliseconds kLook{200};
constexpr unsigned kLooks = 10;  // without news, until the slot itself is believed

/// A time limit that starts now.
class Deadline {
 public:
  explicit Deadline(std::chrono::seconds limit) : end_(Clock::now() + limit), limit_(limit) {}
  bool passed() const { return Clock::now() >= end_; }
  std::chrono::seconds limit() const { return limit_; }

 private:
  Clock::time_point end_;
  std::chrono::seconds limit_;
};

/// This program's turn among those of this server that look for a slot and ask for it.
class Turn {
 public:
  Turn(Pool& pool, const Deadline& deadline) : pool_(pool) {
    while (!pool_.try_lock()) {
      if (deadline.passed())
        throw Failure(Exit::kTimeout,
                      fmt::format("another program has kept /dev/{} locked for {} s: nothing was asked for",
                                  pool_.name(), deadline.limit().count()));
      wait_for(-1, milliseconds(20));
    }
  }
  ~Turn() { end(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  void end() {
    if (std::exchange(mine_, false)) pool_.unlock();
  }

 private:
  Pool& pool_;
  bool mine_ = true;
};

vfpool_info user_info(Pool& pool) {
  const auto info = pool.info();
  if (info.role != VFPOOL_USER)
    throw Failure(Exit::kUsage, "this server owns the card: its VFs are moved with vfpool assign and vfpool release");
  return info;
}

vfpool_slot_info choose_slot(Pool& pool, const vfpool_info& info, const HotplugOptions& options, bool full) {
  if (options.slot) {
    if (*options.slot >= info.slots)
      throw Failure(Exit::kNotFound, fmt::format("no slot {}: this server has {}", *options.slot, info.slots));
    return pool.slot(0, *options.slot);
  }
  for (unsigned i = 0; i < info.slots; ++i)
    if (const auto s = pool.slot(0, i); (s.present != 0) == full && !s.releasing && !s.requested) return s;
  throw Failure(full ? Exit::kNotFound : Exit::kBusy, full ? "all slots are empty" : "no slot is free");
}

std::string where(const vfpool_slot_info& slot) {
  return fmt::format("slot {} (the kernel's slot {})", slot.slot, slot.physical);
}

json functions_json(const std::vector<Function>& functions) {
  json out = json::array();
  for (const auto& f : functions) out.push_back(function_json(f));
  return out;
}

/// False: pciehp refuses, as it does while it is still switching the slot on, which not every slot shows.
bool switch_off(const Server& server, const std::filesystem::path& folder, const Deadline& deadline) {
  try {
    server.power(folder, false);
    return true;
  } catch (const Failure& f) {
    if (f.code() == Exit::kPermission || deadline.passed()) throw;
    return false;
  }
}

void show_blink(const Progress& progress, Clock::time_point pressed, const vfpool_slot_info& slot) {
  const auto left = kBlink - std::chrono::duration_cast<milliseconds>(Clock::now() - pressed);
  if (slot.power_led == VFPOOL_LED_BLINKING && left.count() > 0)
    progress(fmt::format("button pressed: the kernel waits {:.0f} s more (a second press takes it back)",
                         static_cast<double>(left.count()) / 1000.0));
}

}  // namespace

json hotplug_in(Pool& pool, const Server& server, const std::string& bridge, const HotplugOptions& options,
                const Progress& progress) {
  const auto info = user_info(pool);
  const Deadline deadline(options.timeout);
  Turn turn(pool, deadline);
  const auto slot = choose_slot(pool, info, options, false);
  if (slot.present) throw Failure(Exit::kBusy, where(slot) + " is taken");
  if (options.vf != VFPOOL_ANY && options.vf / VFPOOL_CARD_VFS >= card_count(info))
    throw Failure(Exit::kNotFound, fmt::format("no VF {}: the bridge has {} card{}", vf_text(options.vf),
                                               card_count(info), card_count(info) == 1 ? "" : "s"));
  if (info.frozen)
    throw Failure(Exit::kFailed, "the owner of the card does not answer: the pool is frozen until it is back");
  json result{{"command", "hotplug_in"}, {"slot", slot.slot}, {"physical_slot", slot.physical}};
  if (options.dry_run) {
    progress(fmt::format("would ask for {} in {}\n", options.vf == VFPOOL_ANY ? "a VF" : "VF " + vf_text(options.vf),
                         where(slot)));
    return result;
  }
  const auto pressed = Clock::now();
  pool.request(slot.slot, options.vf, options.button ? VFPOOL_BUTTON : 0);
  turn.end();
  if (!options.wait) return result;

  progress("waits for the owner's answer");
  bool assigned = false;
  for (unsigned silent = 0; !assigned;) {
    if (deadline.passed())
      throw Failure(
          Exit::kTimeout,
          fmt::format("no answer from the owner in {} s: the request stands; \"vfpool show slot {}\" tells more",
                      deadline.limit().count(), slot.slot));
    const auto event = pool.next_event(kLook);
    if (!event) {
      // Answered without an event for this program (they can be lost), or taken back.
      const auto now = pool.slot(0, slot.slot);
      if (now.requested || ++silent < kLooks) continue;
      if (!now.present)
        throw Failure(Exit::kCancelled, fmt::format("somebody has taken the request for {} back", where(slot)));
      break;
    }
    silent = 0;
    if (event->slot != slot.slot) continue;
    if (event->kind == VFPOOL_EVENT_DENIED) throw Failure(Exit::kBusy, "refused: " + reason_text(event->reason));
    if (event->kind == VFPOOL_EVENT_ASSIGNED) {
      if (options.vf != VFPOOL_ANY && event->vf != options.vf)
        throw Failure(Exit::kBusy, fmt::format("{} has been given VF {}, for which somebody else asked", where(slot),
                                               vf_text(event->vf)));
      assigned = true;
      result.update(vf_name_json(event->vf));
    }
  }
  const auto name = result.contains("name") ? "VF " + result["name"].get<std::string>() : std::string("its VF");
  // Now it is pciehp's turn: power, link, enumeration, driver.
  const auto folder = server.slot_folder(slot.physical, bridge);
  if (!folder)
    throw Failure(Exit::kFailed, where(slot) + " has its VF, but the kernel shows no such slot: is pciehp there?");
  for (;;) {
    const auto now = pool.slot(0, slot.slot);
    const auto functions = server.functions(*folder);
    if (is_on(now) && !functions.empty()) {
      result["functions"] = functions_json(functions);
      return result;
    }
    if (deadline.passed())
      throw Failure(
          Exit::kTimeout,
          fmt::format("{} has {}, but the kernel has not taken it in after {} s (power {}, link {}); see dmesg",
                      where(slot), name, deadline.limit().count(), now.powered ? "on" : "off",
                      now.link ? "up" : "down"));
    progress("waits for the kernel to take the function in");
    show_blink(progress, pressed, now);
    if (const auto event = pool.next_event(kLook);
        event && event->slot == slot.slot && event->kind == VFPOOL_EVENT_RELEASED)
      throw Failure(Exit::kCancelled,
                    fmt::format("somebody has taken {} out of {} again before the kernel had it", name, where(slot)));
  }
}

json hotplug_out(Pool& pool, const Server& server, const std::string& bridge, const HotplugOptions& options,
                 const Progress& progress) {
  const auto info = user_info(pool);
  const Deadline deadline(options.timeout);
  Turn turn(pool, deadline);
  const auto slot = choose_slot(pool, info, options, true);
  if (!slot.present)
    throw Failure(Exit::kNotFound,
                  where(slot) + " is empty" +
                      (slot.requested ? fmt::format(" and asks for a VF: \"vfpool release {} {}\" takes that back",
                                                    info.port, slot.slot)
                                      : ""));
  const auto folder = server.slot_folder(slot.physical, bridge);
  const auto functions = folder ? server.functions(*folder) : std::vector<Function>{};
  if (!options.force) {
    std::vector<std::string> uses;
    for (const auto& f : functions)
      for (const auto& n : f.netdevs)
        for (auto& use : server.uses(n)) uses.push_back(std::move(use));
    if (!uses.empty())
      throw Failure(Exit::kBusy, fmt::format("in use: {} (--force takes it away all the same)", fmt::join(uses, "; ")));
  }
  json result{{"command", "hotplug_out"},
              {"slot", slot.slot},
              {"physical_slot", slot.physical},
              {"functions", functions_json(functions)}};
  if (options.now && !folder) throw Failure(Exit::kFailed, "the kernel shows no such slot: is pciehp there?");
  if (options.now) server.may_power(*folder);  // first: a release that nobody carries out would stand
  if (options.dry_run) {
    progress(fmt::format("would release {} {}\n", where(slot), options.now ? "at once" : "by its attention button"));
    return result;
  }
  const auto pressed = Clock::now();
  pool.release(0, slot.slot, options.now ? VFPOOL_QUIET : 0);
  turn.end();
  for (bool to_switch_off = options.now;;) {
    if (to_switch_off) to_switch_off = !switch_off(server, *folder, deadline);
    if (!to_switch_off && !options.wait) return result;
    const auto event = pool.next_event(kLook);
    if (event && event->slot == slot.slot && event->kind == VFPOOL_EVENT_RELEASED) {
      result.update(vf_name_json(event->vf));
      return result;
    }
    const auto now = pool.slot(0, slot.slot);
    // Only when all is told: the slot may be released, and have its next VF already.
    if (!event && now.present && !now.releasing)
      throw Failure(Exit::kCancelled,
                    fmt::format("taken back: somebody pressed the button of {} again, and the VF stays", where(slot)));
    // Only then, too: to switch the slot off may have taken all the time.
    if (!event && deadline.passed())
      throw Failure(
          Exit::kTimeout,
          fmt::format(
              "{} is not released after {} s (power {}): the request stands; see dmesg, and \"vfpool show slot {}\"",
              where(slot), deadline.limit().count(), now.powered ? "on" : "off", slot.slot));
    show_blink(progress, pressed, now);
  }
}

}  // namespace vfpool::tools
