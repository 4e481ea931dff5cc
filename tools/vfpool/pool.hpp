// SPDX-License-Identifier: Apache-2.0
// The pool as one server's driver shows it (drivers/include/vfpool_ioctl.h). Abstract, so that the commands can be
// tested against a pool that does not exist. Every call throws Failure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "vfpool_ioctl.h"

namespace vfpool::tools {

class Pool {
 public:
  virtual ~Pool() = default;

  /// Of the device, "vfpool0".
  virtual std::string name() const = 0;
  virtual vfpool_info info() = 0;
  /// `user` 0: this server.
  virtual vfpool_slot_info slot(unsigned user, unsigned slot) = 0;
  /// Whether no other program of this server has the lock: with it one looks for a slot and asks for it, so that two
  /// do not take the same one. Goes with the object, however the program ends.
  virtual bool try_lock() = 0;
  virtual void unlock() = 0;
  virtual void request(unsigned slot, unsigned vf, unsigned flags) = 0;
  virtual void release(unsigned user, unsigned slot, unsigned flags) = 0;
  // Owner only. VFs by their numbers in the whole pool (cards.hpp).
  virtual vfpool_card_info card(unsigned card) = 0;
  virtual vfpool_vf_info vf(unsigned vf) = 0;
  virtual void assign(unsigned vf, unsigned user, unsigned slot, unsigned function, unsigned flags) = 0;
  /// 0xff: as it is. Returns what is in force.
  virtual vfpool_user_info user(unsigned user, unsigned quota = 0xff, unsigned weight = 0xff) = 0;
  virtual void reserve(unsigned vf, unsigned user) = 0;
  /// A broken VF is reset once more.
  virtual void reset(unsigned vf) = 0;
  virtual vfpool_profile profile(unsigned vf) = 0;
  virtual void set_profile(const vfpool_profile& profile) = 0;
  /// Port 0: the owner, then the users, then the cards.
  virtual vfpool_port_counters port_counters(unsigned port) = 0;
  /// Empty: the card's driver does not count its VFs' frames.
  virtual std::optional<vfpool_vf_counters> vf_counters(unsigned vf) = 0;
  virtual vfpool_drops drops() = 0;

  /// The next event since this object was made; empty when `limit` passes first. Throws Failure kCancelled on a signal.
  virtual std::optional<vfpool_event> next_event(std::chrono::milliseconds limit) = 0;
};

}  // namespace vfpool::tools
