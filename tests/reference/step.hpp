// SPDX-License-Identifier: Apache-2.0
// What a random run does, one small thing after the other. A step says all by numbers that mean something whatever came
// before, so that a run stays a run when steps are taken out of it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace vfpool::reference {

struct Step {
  enum class Kind {
    kWrite,        ///< a host writes to a BAR that is its own
    kRead,         ///< ... reads
    kStray,        ///< ... reads or writes where nothing is, or what is another's
    kConfigRead,   ///< ... reads configuration space
    kConfigWrite,  ///< ... writes a register that changes no routing
    kRegister,     ///< ... reads or writes its management registers
    kCardWrite,    ///< a function of the card writes
    kCardRead,     ///< ... reads
    kCardMessage,  ///< ... sends a message
    kOdd,          ///< any port: a request that breaks a rule or uses what is seldom used
    kWrongAnswer,  ///< a neighbour answers something wrongly
    kNoRoom,       ///< a neighbour has no room for some classes, or has again
    kStall,        ///< ... takes nothing at all, or goes on
    kStuck,        ///< it takes nothing, or not all classes, for longer than the bridge waits; and goes on, or does not
    kEnable,       ///< a host writes a Command register
    kMove,         ///< a user moves a BAR of its card
    kLook,         ///< the owner writes to its PF, so that the bridge looks where the VFs are
    kReset,        ///< a user resets its card (FLR)
    kPowerOff,     ///< a user switches a slot off
    kForce,        ///< the owner takes what is in a slot
    kLinkLoss,     ///< a user's link goes down; it is up again at once, or in the next kSettle
    kOwnerLink,    ///< the owner's
    kCardLink,     ///< the card's
    kCardReset,    ///< the owner resets the card by the port above it, or disables its link
    kWait,         ///< some cycles pass
    kAnswer,       ///< a neighbour answers some of what it was asked
    kSettle,       ///< everything ends, and the counters are compared
  };
  static constexpr unsigned kKinds = static_cast<unsigned>(Kind::kSettle) + 1;

  Kind kind = Kind::kWait;
  unsigned port = 0;
  std::uint32_t a = 0, b = 0, c = 0;

  std::string str() const;
};

enum class Mix {
  kTraffic,  ///< packets of all kinds, while nothing changes hands
  kChanges,  ///< and everything that changes where they go
};
/// `length` steps; the same for the same arguments.
std::vector<Step> make_steps(std::uint32_t seed, unsigned ports, std::size_t length, Mix mix);

}  // namespace vfpool::reference
