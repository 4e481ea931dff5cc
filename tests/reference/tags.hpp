// SPDX-License-Identifier: Apache-2.0
// Requests that left a port and wait for completions there, and what a completion must bring to be theirs
// (PCIe Base Spec 2.1, 2.2.9, 2.3.1.1, 2.3.2; docs/bridge.md: "A completion must be what its request still waits for").
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "core/scheduler.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::reference {

struct Asked {
  static constexpr unsigned kBridge = ~0U;

  unsigned from = kBridge;  ///< port of who asked; kBridge: the bridge itself
  pcie::Tlp request{};      ///< as it came in
  pcie::Tlp sent{};         ///< as it left
  SimTime at{0};            ///< when it left
  unsigned left = 0;        ///< bytes that are to come
  unsigned next = 0;        ///< Lower Address of the next one
  bool orphan = false;      ///< who asked is gone: answers go nowhere
  bool unheard = false;     ///< who was asked is gone: nobody answers but the bridge
  bool handed = false;      ///< its VF is not what it was: the bridge may answer instead
  bool mute = false;        ///< who asked takes nothing, so that its end may be discarded
};

enum class Fit { kPart, kLast, kWrong };

/// What `completion` is to `a`; a part moves `left` and `next` on.
Fit fit(Asked& a, const pcie::Tlp& completion);

class Tags {
 public:
  /// False: a request under this ID and tag waits already, or has timed out and the tag rests.
  bool add(Asked a);
  /// Null: nothing waits for this completion.
  Asked* find(const pcie::Tlp& completion);
  void end(const Asked& a);
  /// The link of who asked, or of who was asked, has gone down. What nobody waits for any more has its end then, and
  /// its tag rests until the time that is given.
  void orphan(unsigned port, SimTime rests);
  void unheard(SimTime rests);
  /// What the bridge itself asked means nothing any more.
  void orphan_own();
  /// Something has changed for VFs between this port and those of whom `concerned` is true.
  void hand(const std::function<bool(unsigned from)>& concerned);
  /// Who asked has its end: what still comes goes nowhere.
  void orphan(const Asked& a);
  /// The port of who asked takes nothing.
  void mute(unsigned port);
  /// Forgets orphans that were asked before `when`, and who may have got an answer unseen.
  void bury(SimTime when);
  /// It timed out: its tag rests until then, so that a late completion meets no other request.
  void expire(const Asked& a, SimTime until);
  const std::map<std::uint32_t, Asked>& all() const { return asked_; }

 private:
  void end_forgotten(SimTime rests);

  std::map<std::uint32_t, Asked> asked_;      // by requester ID and tag
  std::map<std::uint32_t, SimTime> resting_;  // until when
};

}  // namespace vfpool::reference
