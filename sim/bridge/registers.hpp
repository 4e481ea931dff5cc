// SPDX-License-Identifier: Apache-2.0
// Generated from tools/regs/bridge.toml: management registers of the bridge. Do not edit.
#pragma once

#include <cstdint>
#include <string_view>

namespace vfpool::bridge::regs {

/// Who reads.
enum class PortRole : std::uint8_t {
  kUser = 0,     ///< a user's server: sees its own slots
  kOwner = 1,    ///< the owner's server: sees and commands everything
  kService = 2,  ///< the service bus: owner's view without a server
};
constexpr std::string_view to_string(PortRole v) {
  switch (v) {
    case PortRole::kUser: return "user";
    case PortRole::kOwner: return "owner";
    case PortRole::kService: return "service";
  }
  return "unknown";
}
/// In words. Who reads.
constexpr std::string_view meaning(PortRole v) {
  switch (v) {
    case PortRole::kUser: return "a user's server: sees its own slots";
    case PortRole::kOwner: return "the owner's server: sees and commands everything";
    case PortRole::kService: return "the service bus: owner's view without a server";
  }
  return "unknown";
}
inline constexpr PortRole kAllPortRole[] = {
    PortRole::kUser,
    PortRole::kOwner,
    PortRole::kService,
};

/// What COMMAND asks for.
enum class Op : std::uint8_t {
  kAssign = 1,   ///< VF becomes function FN of the slot
  kRelease = 2,  ///< as the button, and back to the pool once the server has powered the slot off; a second press takes
                 ///< it back
  kForce = 3,    ///< back to the pool now, a surprise removal
  kButton = 4,   ///< press the attention button
  kRequest = 5,  ///< a user asks the owner for a VF in SLOT: the one that VF names, or any if VF is 0xff
  kDeny = 6,     ///< the owner refuses the request of a slot; VF is the reason that the user is told, 1..15
  kDetach = 7,   ///< as RELEASE, but nobody presses: the server switches the slot off by itself
  kReset = 8,    ///< a BROKEN VF is tried again
};
constexpr std::string_view to_string(Op v) {
  switch (v) {
    case Op::kAssign: return "assign";
    case Op::kRelease: return "release";
    case Op::kForce: return "force";
    case Op::kButton: return "button";
    case Op::kRequest: return "request";
    case Op::kDeny: return "deny";
    case Op::kDetach: return "detach";
    case Op::kReset: return "reset";
  }
  return "unknown";
}
/// In words. What COMMAND asks for.
constexpr std::string_view meaning(Op v) {
  switch (v) {
    case Op::kAssign: return "VF becomes function FN of the slot";
    case Op::kRelease:
      return "as the button, and back to the pool once the server has powered the slot off; a second press takes it "
             "back";
    case Op::kForce: return "back to the pool now, a surprise removal";
    case Op::kButton: return "press the attention button";
    case Op::kRequest: return "a user asks the owner for a VF in SLOT: the one that VF names, or any if VF is 0xff";
    case Op::kDeny: return "the owner refuses the request of a slot; VF is the reason that the user is told, 1..15";
    case Op::kDetach: return "as RELEASE, but nobody presses: the server switches the slot off by itself";
    case Op::kReset: return "a BROKEN VF is tried again";
  }
  return "unknown";
}
inline constexpr Op kAllOp[] = {
    Op::kAssign, Op::kRelease, Op::kForce, Op::kButton, Op::kRequest, Op::kDeny, Op::kDetach, Op::kReset,
};

/// How a COMMAND went.
enum class Result : std::uint8_t {
  kDone = 0,        ///< done
  kUnknownOp = 1,   ///< unknown operation
  kNoSuch = 2,      ///< no such VF, user, slot or function; RESET: the VF is not broken
  kVfInUse = 3,     ///< the VF is in use, or still being reset
  kFnInUse = 4,     ///< the function is in use
  kSlotBusy = 5,    ///< the slot is busy: powered, blinking or being released
  kSlotEmpty = 6,   ///< the slot is empty
  kNotAllowed = 7,  ///< not allowed from here
  kNoRequest = 8,   ///< this slot has no request
  kVfBroken = 9,    ///< the VF was not reset: see RESET
  kOtherCard = 10,  ///< the slot has functions of another card
};
constexpr std::string_view to_string(Result v) {
  switch (v) {
    case Result::kDone: return "done";
    case Result::kUnknownOp: return "unknown_op";
    case Result::kNoSuch: return "no_such";
    case Result::kVfInUse: return "vf_in_use";
    case Result::kFnInUse: return "fn_in_use";
    case Result::kSlotBusy: return "slot_busy";
    case Result::kSlotEmpty: return "slot_empty";
    case Result::kNotAllowed: return "not_allowed";
    case Result::kNoRequest: return "no_request";
    case Result::kVfBroken: return "vf_broken";
    case Result::kOtherCard: return "other_card";
  }
  return "unknown";
}
/// In words. How a COMMAND went.
constexpr std::string_view meaning(Result v) {
  switch (v) {
    case Result::kDone: return "done";
    case Result::kUnknownOp: return "unknown operation";
    case Result::kNoSuch: return "no such VF, user, slot or function; RESET: the VF is not broken";
    case Result::kVfInUse: return "the VF is in use, or still being reset";
    case Result::kFnInUse: return "the function is in use";
    case Result::kSlotBusy: return "the slot is busy: powered, blinking or being released";
    case Result::kSlotEmpty: return "the slot is empty";
    case Result::kNotAllowed: return "not allowed from here";
    case Result::kNoRequest: return "this slot has no request";
    case Result::kVfBroken: return "the VF was not reset: see RESET";
    case Result::kOtherCard: return "the slot has functions of another card";
  }
  return "unknown";
}
inline constexpr Result kAllResult[] = {
    Result::kDone,      Result::kUnknownOp, Result::kNoSuch,    Result::kVfInUse,
    Result::kFnInUse,   Result::kSlotBusy,  Result::kSlotEmpty, Result::kNotAllowed,
    Result::kNoRequest, Result::kVfBroken,  Result::kOtherCard,
};

/// What a VF goes through before another server may have it.
enum class VfState : std::uint8_t {
  kIdle = 0,      ///< usable, or free
  kDraining = 1,  ///< its outstanding requests end or time out
  kReset = 2,     ///< rests after its function-level reset
  kBroken = 3,    ///< its reset failed 8 times: nobody gets it until RESET, or VF Enable, has reset it
};
constexpr std::string_view to_string(VfState v) {
  switch (v) {
    case VfState::kIdle: return "idle";
    case VfState::kDraining: return "draining";
    case VfState::kReset: return "reset";
    case VfState::kBroken: return "broken";
  }
  return "unknown";
}
/// In words. What a VF goes through before another server may have it.
constexpr std::string_view meaning(VfState v) {
  switch (v) {
    case VfState::kIdle: return "usable, or free";
    case VfState::kDraining: return "its outstanding requests end or time out";
    case VfState::kReset: return "rests after its function-level reset";
    case VfState::kBroken: return "its reset failed 8 times: nobody gets it until RESET, or VF Enable, has reset it";
  }
  return "unknown";
}
inline constexpr VfState kAllVfState[] = {
    VfState::kIdle,
    VfState::kDraining,
    VfState::kReset,
    VfState::kBroken,
};

/// Why the pool has no VFs.
enum class NoVfs : std::uint8_t {
  kNone = 0,     ///< it has
  kUnknown = 1,  ///< the device was not read yet, or does not answer: it is read again, and users' requests are refused
                 ///< until then
  kDisabled = 2,      ///< VF Enable is off, or there are 0 VFs
  kNoCapability = 3,  ///< the device has no SR-IOV capability
  kBars = 4,          ///< VF BARs 0 and 3 are not 64-bit memory of at least 16 KiB
  kPageSize = 5,      ///< System Page Size is none of 4 KiB to 2 MiB
  kStride = 6,        ///< First VF Offset is 0, or VF Stride is no power of two up to 128
  kSize = 7,  ///< VF BARs 0 and 3 are not 16 KiB or one System Page, or had VF Enable on before they could be sized
};
constexpr std::string_view to_string(NoVfs v) {
  switch (v) {
    case NoVfs::kNone: return "none";
    case NoVfs::kUnknown: return "unknown";
    case NoVfs::kDisabled: return "disabled";
    case NoVfs::kNoCapability: return "no_capability";
    case NoVfs::kBars: return "bars";
    case NoVfs::kPageSize: return "page_size";
    case NoVfs::kStride: return "stride";
    case NoVfs::kSize: return "size";
  }
  return "unknown";
}
/// In words. Why the pool has no VFs.
constexpr std::string_view meaning(NoVfs v) {
  switch (v) {
    case NoVfs::kNone: return "it has";
    case NoVfs::kUnknown:
      return "the device was not read yet, or does not answer: it is read again, and users' requests are refused until "
             "then";
    case NoVfs::kDisabled: return "VF Enable is off, or there are 0 VFs";
    case NoVfs::kNoCapability: return "the device has no SR-IOV capability";
    case NoVfs::kBars: return "VF BARs 0 and 3 are not 64-bit memory of at least 16 KiB";
    case NoVfs::kPageSize: return "System Page Size is none of 4 KiB to 2 MiB";
    case NoVfs::kStride: return "First VF Offset is 0, or VF Stride is no power of two up to 128";
    case NoVfs::kSize:
      return "VF BARs 0 and 3 are not 16 KiB or one System Page, or had VF Enable on before they could be sized";
  }
  return "unknown";
}
inline constexpr NoVfs kAllNoVfs[] = {
    NoVfs::kNone, NoVfs::kUnknown,  NoVfs::kDisabled, NoVfs::kNoCapability,
    NoVfs::kBars, NoVfs::kPageSize, NoVfs::kStride,   NoVfs::kSize,
};

/// What happened.
enum class EventKind : std::uint8_t {
  kNone = 0,      ///< nothing yet
  kRequest = 1,   ///< a user asks for a VF (0xff: any); REASON bit 0: by the attention button. Owner only
  kDenied = 2,    ///< the owner refuses, for REASON
  kAssigned = 3,  ///< VF is function FN of the slot
  kReleased = 4,  ///< VF has left the slot, is reset, and is free again
  kPower = 5,     ///< the server has switched the slot on (REASON 1) or off (0)
  kFrozen = 6,    ///< the owner is not heard of (REASON 1), or again (0)
  kLink = 7,      ///< the link of host USER is up (REASON 1) or down (0). Owner only
};
constexpr std::string_view to_string(EventKind v) {
  switch (v) {
    case EventKind::kNone: return "none";
    case EventKind::kRequest: return "request";
    case EventKind::kDenied: return "denied";
    case EventKind::kAssigned: return "assigned";
    case EventKind::kReleased: return "released";
    case EventKind::kPower: return "power";
    case EventKind::kFrozen: return "frozen";
    case EventKind::kLink: return "link";
  }
  return "unknown";
}
/// In words. What happened.
constexpr std::string_view meaning(EventKind v) {
  switch (v) {
    case EventKind::kNone: return "nothing yet";
    case EventKind::kRequest:
      return "a user asks for a VF (0xff: any); REASON bit 0: by the attention button. Owner only";
    case EventKind::kDenied: return "the owner refuses, for REASON";
    case EventKind::kAssigned: return "VF is function FN of the slot";
    case EventKind::kReleased: return "VF has left the slot, is reset, and is free again";
    case EventKind::kPower: return "the server has switched the slot on (REASON 1) or off (0)";
    case EventKind::kFrozen: return "the owner is not heard of (REASON 1), or again (0)";
    case EventKind::kLink: return "the link of host USER is up (REASON 1) or down (0). Owner only";
  }
  return "unknown";
}
inline constexpr EventKind kAllEventKind[] = {
    EventKind::kNone,     EventKind::kRequest, EventKind::kDenied, EventKind::kAssigned,
    EventKind::kReleased, EventKind::kPower,   EventKind::kFrozen, EventKind::kLink,
};

/// Indicators of a slot, coded as in Slot Control (PCIe Base Spec 2.1, 7.8.10).
enum class Led : std::uint8_t {
  kOn = 1,        ///< on
  kBlinking = 2,  ///< blinking
  kOff = 3,       ///< off
};
constexpr std::string_view to_string(Led v) {
  switch (v) {
    case Led::kOn: return "on";
    case Led::kBlinking: return "blinking";
    case Led::kOff: return "off";
  }
  return "unknown";
}
/// In words. Indicators of a slot, coded as in Slot Control (PCIe Base Spec 2.1, 7.8.10).
constexpr std::string_view meaning(Led v) {
  switch (v) {
    case Led::kOn: return "on";
    case Led::kBlinking: return "blinking";
    case Led::kOff: return "off";
  }
  return "unknown";
}
inline constexpr Led kAllLed[] = {
    Led::kOn,
    Led::kBlinking,
    Led::kOff,
};

/// Why a packet was not forwarded, or a request was answered by the bridge.
enum class Drop : std::uint8_t {
  kNone = 0,         ///< it was forwarded
  kMalformed = 1,    ///< format, length, byte enables, 4 KiB crossing, number of beats
  kUnsupported = 2,  ///< a type that the bridge does not carry
  kNoTarget = 3,     ///< address or ID that leads nowhere
  kNotAssigned = 4,  ///< the VF is not assigned to this user, or its slot is off
  kBusMaster = 5,    ///< request of a function whose bus master enable is off
  kUnexpected = 6,   ///< completion that matches no outstanding request
  kTimeout = 7,      ///< request without an answer for CPL_TIMEOUT_MS
  kPoisoned = 8,     ///< poisoned configuration or register write
  kBlocked =
      9,  ///< the pool is frozen, the card is not known, or the port is stuck, answers nothing, or its link is down
  kMismatch = 10,  ///< completion that does not fit its request: kind, bytes left, lower address; the request ends with
                   ///< Completer Abort
  kStale = 11,     ///< completion of a request that the bridge has ended before: its asker has lost its link, or its VF
                   ///< has changed hands
};
constexpr std::string_view to_string(Drop v) {
  switch (v) {
    case Drop::kNone: return "none";
    case Drop::kMalformed: return "malformed";
    case Drop::kUnsupported: return "unsupported";
    case Drop::kNoTarget: return "no_target";
    case Drop::kNotAssigned: return "not_assigned";
    case Drop::kBusMaster: return "bus_master";
    case Drop::kUnexpected: return "unexpected";
    case Drop::kTimeout: return "timeout";
    case Drop::kPoisoned: return "poisoned";
    case Drop::kBlocked: return "blocked";
    case Drop::kMismatch: return "mismatch";
    case Drop::kStale: return "stale";
  }
  return "unknown";
}
/// In words. Why a packet was not forwarded, or a request was answered by the bridge.
constexpr std::string_view meaning(Drop v) {
  switch (v) {
    case Drop::kNone: return "it was forwarded";
    case Drop::kMalformed: return "format, length, byte enables, 4 KiB crossing, number of beats";
    case Drop::kUnsupported: return "a type that the bridge does not carry";
    case Drop::kNoTarget: return "address or ID that leads nowhere";
    case Drop::kNotAssigned: return "the VF is not assigned to this user, or its slot is off";
    case Drop::kBusMaster: return "request of a function whose bus master enable is off";
    case Drop::kUnexpected: return "completion that matches no outstanding request";
    case Drop::kTimeout: return "request without an answer for CPL_TIMEOUT_MS";
    case Drop::kPoisoned: return "poisoned configuration or register write";
    case Drop::kBlocked:
      return "the pool is frozen, the card is not known, or the port is stuck, answers nothing, or its link is down";
    case Drop::kMismatch:
      return "completion that does not fit its request: kind, bytes left, lower address; the request ends with "
             "Completer Abort";
    case Drop::kStale:
      return "completion of a request that the bridge has ended before: its asker has lost its link, or its VF has "
             "changed hands";
  }
  return "unknown";
}
inline constexpr Drop kAllDrop[] = {
    Drop::kNone,       Drop::kMalformed, Drop::kUnsupported, Drop::kNoTarget, Drop::kNotAssigned, Drop::kBusMaster,
    Drop::kUnexpected, Drop::kTimeout,   Drop::kPoisoned,    Drop::kBlocked,  Drop::kMismatch,    Drop::kStale,
};

/// 0x56465032, "VFP2": second layout of these registers. (ro, all)
struct Id {
  static constexpr std::uint32_t kOffset = 0x0;
  static constexpr std::uint32_t kValue = 0x56465032;
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr Id unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const Id&, const Id&) = default;
};

/// Who reads. (ro, all)
struct Role {
  static constexpr std::uint32_t kOffset = 0x4;
  std::uint32_t port =
      0;             ///< port that the access came in by: 0 owner, 1.. users; service bus: one more than the last user
  PortRole kind{0};  ///< and what it is
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(port) & 0xffu) << 0 | (static_cast<std::uint32_t>(kind) & 0x3u) << 8;
  }
  static constexpr Role unpack(std::uint32_t word) {
    return {.port = static_cast<std::uint32_t>(word >> 0 & 0xffu), .kind = static_cast<PortRole>(word >> 8 & 0x3u)};
  }
  friend constexpr bool operator==(const Role&, const Role&) = default;
};

/// What this bridge was built for. (ro, all)
struct Geometry {
  static constexpr std::uint32_t kOffset = 0x8;
  std::uint32_t users = 0;     ///< user ports
  std::uint32_t slots = 0;     ///< slots of each user
  std::uint32_t slot_fns = 0;  ///< functions of each slot
  std::uint32_t devices = 0;   ///< device ports
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(users) & 0xffu) << 0 | (static_cast<std::uint32_t>(slots) & 0xffu) << 8 |
           (static_cast<std::uint32_t>(slot_fns) & 0xffu) << 16 | (static_cast<std::uint32_t>(devices) & 0xffu) << 24;
  }
  static constexpr Geometry unpack(std::uint32_t word) {
    return {.users = static_cast<std::uint32_t>(word >> 0 & 0xffu),
            .slots = static_cast<std::uint32_t>(word >> 8 & 0xffu),
            .slot_fns = static_cast<std::uint32_t>(word >> 16 & 0xffu),
            .devices = static_cast<std::uint32_t>(word >> 24 & 0xffu)};
  }
  friend constexpr bool operator==(const Geometry&, const Geometry&) = default;
};

/// Kept, without meaning; one a port. (rw, all)
struct Scratch {
  static constexpr std::uint32_t kOffset = 0xc;
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr Scratch unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const Scratch&, const Scratch&) = default;
};

/// State of the pool and of device 0; DEVICE has that of each. (ro, all)
struct Status {
  static constexpr std::uint32_t kOffset = 0x10;
  bool sriov = false;         ///< the owner has enabled VFs, and the bridge has read the device's SR-IOV capability
  bool frozen = false;        ///< the owner's heartbeat ran out: users' requests are answered, not forwarded
  NoVfs no_vfs{0};            ///< if not SRIOV: why not; UNKNOWN beside SRIOV: for the moment
  std::uint32_t num_vfs = 0;  ///< VFs that the device offers now
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(sriov) & 0x1u) << 0 | (static_cast<std::uint32_t>(frozen) & 0x1u) << 1 |
           (static_cast<std::uint32_t>(no_vfs) & 0x7u) << 4 | (static_cast<std::uint32_t>(num_vfs) & 0xffu) << 8;
  }
  static constexpr Status unpack(std::uint32_t word) {
    return {.sriov = static_cast<bool>(word >> 0 & 0x1u),
            .frozen = static_cast<bool>(word >> 1 & 0x1u),
            .no_vfs = static_cast<NoVfs>(word >> 4 & 0x7u),
            .num_vfs = static_cast<std::uint32_t>(word >> 8 & 0xffu)};
  }
  friend constexpr bool operator==(const Status&, const Status&) = default;
};

/// How long a request may stay unanswered before the bridge answers it with Unsupported Request; a port that takes
/// nothing for a quarter of it is stuck, and what is meant for it is discarded. (rw, owner)
struct CplTimeoutMs {
  static constexpr std::uint32_t kOffset = 0x14;
  std::uint32_t ms = 30;  ///< milliseconds
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const { return (static_cast<std::uint32_t>(ms) & 0xffffu) << 0; }
  static constexpr CplTimeoutMs unpack(std::uint32_t word) {
    return {.ms = static_cast<std::uint32_t>(word >> 0 & 0xffffu)};
  }
  friend constexpr bool operator==(const CplTimeoutMs&, const CplTimeoutMs&) = default;
};

/// The pool freezes when HEARTBEAT was not written for this long. (rw, owner)
struct HeartbeatMs {
  static constexpr std::uint32_t kOffset = 0x18;
  std::uint32_t ms = 0;  ///< milliseconds; 0: no watch on the owner
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const { return (static_cast<std::uint32_t>(ms) & 0xffffu) << 0; }
  static constexpr HeartbeatMs unpack(std::uint32_t word) {
    return {.ms = static_cast<std::uint32_t>(word >> 0 & 0xffffu)};
  }
  friend constexpr bool operator==(const HeartbeatMs&, const HeartbeatMs&) = default;
};

/// Any write: the owner lives. Thaws a frozen pool. (wo, owner)
struct Heartbeat {
  static constexpr std::uint32_t kOffset = 0x1c;
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr Heartbeat unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

/// Carried out when written; COMMAND_RESULT then tells how it went. A user's server may give RELEASE, DETACH, BUTTON
/// and REQUEST for its own slots; RELEASE of an empty slot takes a REQUEST back; the USER field is then not looked at.
/// (wo, all)
struct Command {
  static constexpr std::uint32_t kOffset = 0x20;
  Op op{0};  ///< operation
  bool button =
      false;  ///< ASSIGN to an empty slot, REQUEST: the attention button announces the VF (5 s), not link and presence
  std::uint32_t vf = 0;    ///< device * 64 + VF of the device, both from 0
  std::uint32_t user = 0;  ///< user port, from 1
  std::uint32_t slot = 0;  ///< slot of that user, from 0
  std::uint32_t fn = 0;    ///< function of that slot, from 0
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(op) & 0xfu) << 0 | (static_cast<std::uint32_t>(button) & 0x1u) << 4 |
           (static_cast<std::uint32_t>(vf) & 0xffu) << 8 | (static_cast<std::uint32_t>(user) & 0xffu) << 16 |
           (static_cast<std::uint32_t>(slot) & 0xfu) << 24 | (static_cast<std::uint32_t>(fn) & 0xfu) << 28;
  }
  static constexpr Command unpack(std::uint32_t word) {
    return {.op = static_cast<Op>(word >> 0 & 0xfu),
            .button = static_cast<bool>(word >> 4 & 0x1u),
            .vf = static_cast<std::uint32_t>(word >> 8 & 0xffu),
            .user = static_cast<std::uint32_t>(word >> 16 & 0xffu),
            .slot = static_cast<std::uint32_t>(word >> 24 & 0xfu),
            .fn = static_cast<std::uint32_t>(word >> 28 & 0xfu)};
  }
  friend constexpr bool operator==(const Command&, const Command&) = default;
};

/// Of the last COMMAND of this port. (ro, all)
struct CommandResult {
  static constexpr std::uint32_t kOffset = 0x24;
  Result code{0};  ///< how it went
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const { return (static_cast<std::uint32_t>(code) & 0xfu) << 0; }
  static constexpr CommandResult unpack(std::uint32_t word) { return {.code = static_cast<Result>(word >> 0 & 0xfu)}; }
  friend constexpr bool operator==(const CommandResult&, const CommandResult&) = default;
};

/// Events of this port's log so far. The service bus sees the owner's. (ro, all)
struct EventCount {
  static constexpr std::uint32_t kOffset = 0x28;
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr EventCount unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const EventCount&, const EventCount&) = default;
};

/// The count up to which this port has read its log. The next event after it sends one message-signalled interrupt; if
/// there is one already, at once. (wo, all)
struct EventAck {
  static constexpr std::uint32_t kOffset = 0x2c;
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr EventAck unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const EventAck&, const EventAck&) = default;
};

/// Packets dropped or answered with an error since reset: the sum of DROPS. (ro, owner)
struct LogCount {
  static constexpr std::uint32_t kOffset = 0x30;
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr LogCount unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const LogCount&, const LogCount&) = default;
};

/// The last packet that was dropped or refused. (A time-out has no packet: it is counted only.) (ro, owner)
struct LogLast {
  static constexpr std::uint32_t kOffset = 0x34;
  Drop reason{0};          ///< why
  std::uint32_t port = 0;  ///< port it came from, or could not leave by
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(reason) & 0xfu) << 0 | (static_cast<std::uint32_t>(port) & 0xffu) << 8;
  }
  static constexpr LogLast unpack(std::uint32_t word) {
    return {.reason = static_cast<Drop>(word >> 0 & 0xfu), .port = static_cast<std::uint32_t>(word >> 8 & 0xffu)};
  }
  friend constexpr bool operator==(const LogLast&, const LogLast&) = default;
};

/// Its header, DW 0 first. (ro, owner)
struct LogHeader {
  static constexpr std::uint32_t kCount = 4;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x40 + 4 * n; }
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr LogHeader unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const LogHeader&, const LogHeader&) = default;
};

/// Packets by reason. (ro, owner)
struct Drops {
  static constexpr std::uint32_t kCount = 16;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x80 + 4 * n; }
  static constexpr std::uint32_t offset(Drop n) { return offset(static_cast<std::uint32_t>(n)); }
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr Drops unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const Drops&, const Drops&) = default;
};

/// The last events of this port; event number n, counted from 0, stands at n mod 16. (ro, all)
struct EventLog {
  static constexpr std::uint32_t kCount = 16;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0xc0 + 4 * n; }
  EventKind kind{0};         ///< what happened
  std::uint32_t reason = 0;  ///< see there
  std::uint32_t vf = 0;      ///< device * 64 + VF, 0xff: none
  std::uint32_t user = 0;    ///< user port
  std::uint32_t slot = 0;    ///< slot of that user
  std::uint32_t fn = 0;      ///< function of that slot
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(kind) & 0xfu) << 0 | (static_cast<std::uint32_t>(reason) & 0xfu) << 4 |
           (static_cast<std::uint32_t>(vf) & 0xffu) << 8 | (static_cast<std::uint32_t>(user) & 0xffu) << 16 |
           (static_cast<std::uint32_t>(slot) & 0xfu) << 24 | (static_cast<std::uint32_t>(fn) & 0xfu) << 28;
  }
  static constexpr EventLog unpack(std::uint32_t word) {
    return {.kind = static_cast<EventKind>(word >> 0 & 0xfu),
            .reason = static_cast<std::uint32_t>(word >> 4 & 0xfu),
            .vf = static_cast<std::uint32_t>(word >> 8 & 0xffu),
            .user = static_cast<std::uint32_t>(word >> 16 & 0xffu),
            .slot = static_cast<std::uint32_t>(word >> 24 & 0xfu),
            .fn = static_cast<std::uint32_t>(word >> 28 & 0xfu)};
  }
  friend constexpr bool operator==(const EventLog&, const EventLog&) = default;
};

/// Share of host n toward the device. (rw, owner)
struct Weight {
  static constexpr std::uint32_t kCount = 32;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x100 + 4 * n; }
  std::uint32_t share = 1;  ///< its bytes under saturation to those of another host are as their shares
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const { return (static_cast<std::uint32_t>(share) & 0x1fu) << 0; }
  static constexpr Weight unpack(std::uint32_t word) {
    return {.share = static_cast<std::uint32_t>(word >> 0 & 0x1fu)};
  }
  friend constexpr bool operator==(const Weight&, const Weight&) = default;
};

/// Each device port: what STATUS says of device 0, and where the owner has the card. (ro, owner)
struct Device {
  static constexpr std::uint32_t kCount = 4;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x180 + 4 * n; }
  bool sriov = false;     ///< the owner has enabled its VFs, and the bridge has read its SR-IOV capability
  bool link = false;      ///< its link is up
  bool stuck = false;     ///< it takes nothing: what is meant for it is discarded until it does
  bool stranger = false;  ///< since its link came up something was dropped that it sent as no function known here, a
                          ///< second PF's VF say
  NoVfs no_vfs{0};        ///< if not SRIOV: why not; UNKNOWN beside SRIOV: for the moment
  std::uint32_t num_vfs = 0;  ///< VFs that it offers now
  std::uint32_t bus = 0;      ///< the owner's number of the bus that the card is on; 0: none yet
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(sriov) & 0x1u) << 0 | (static_cast<std::uint32_t>(link) & 0x1u) << 1 |
           (static_cast<std::uint32_t>(stuck) & 0x1u) << 2 | (static_cast<std::uint32_t>(stranger) & 0x1u) << 3 |
           (static_cast<std::uint32_t>(no_vfs) & 0x7u) << 4 | (static_cast<std::uint32_t>(num_vfs) & 0xffu) << 8 |
           (static_cast<std::uint32_t>(bus) & 0xffu) << 16;
  }
  static constexpr Device unpack(std::uint32_t word) {
    return {.sriov = static_cast<bool>(word >> 0 & 0x1u),
            .link = static_cast<bool>(word >> 1 & 0x1u),
            .stuck = static_cast<bool>(word >> 2 & 0x1u),
            .stranger = static_cast<bool>(word >> 3 & 0x1u),
            .no_vfs = static_cast<NoVfs>(word >> 4 & 0x7u),
            .num_vfs = static_cast<std::uint32_t>(word >> 8 & 0xffu),
            .bus = static_cast<std::uint32_t>(word >> 16 & 0xffu)};
  }
  friend constexpr bool operator==(const Device&, const Device&) = default;
};

/// Largest payload at each port, hosts first, then the devices: as set in Device Control of a host's upstream port, of
/// the owner's port above a device. A user's functions of a card are closed while SIZE of the user and of the card
/// differ. (ro, owner)
struct Payload {
  static constexpr std::uint32_t kCount = 32;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x200 + 4 * n; }
  std::uint32_t size = 0;  ///< 128 bytes << SIZE; larger packets are malformed
  std::uint32_t most = 0;  ///< 128 bytes << MOST: what this bridge was built for
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(size) & 0x3u) << 0 | (static_cast<std::uint32_t>(most) & 0x3u) << 4;
  }
  static constexpr Payload unpack(std::uint32_t word) {
    return {.size = static_cast<std::uint32_t>(word >> 0 & 0x3u), .most = static_cast<std::uint32_t>(word >> 4 & 0x3u)};
  }
  friend constexpr bool operator==(const Payload&, const Payload&) = default;
};

/// Each slot, index (user - 1) * SLOTS + slot; a user's server finds its own from index 0 on. (ro, all)
struct Slot {
  static constexpr std::uint32_t kCount = 256;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x400 + 4 * n; }
  bool present = false;    ///< presence detect state
  bool link = false;       ///< data link layer active
  bool powered = false;    ///< the server has switched it on
  bool usable = false;     ///< requests pass
  Led power_led{0};        ///< power indicator
  Led attention_led{0};    ///< attention indicator
  bool releasing = false;  ///< goes back to the pool when the server has switched it off
  bool requested = false;  ///< waits for the owner's answer to a REQUEST
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(present) & 0x1u) << 0 | (static_cast<std::uint32_t>(link) & 0x1u) << 1 |
           (static_cast<std::uint32_t>(powered) & 0x1u) << 2 | (static_cast<std::uint32_t>(usable) & 0x1u) << 3 |
           (static_cast<std::uint32_t>(power_led) & 0x3u) << 4 |
           (static_cast<std::uint32_t>(attention_led) & 0x3u) << 6 |
           (static_cast<std::uint32_t>(releasing) & 0x1u) << 8 | (static_cast<std::uint32_t>(requested) & 0x1u) << 9;
  }
  static constexpr Slot unpack(std::uint32_t word) {
    return {.present = static_cast<bool>(word >> 0 & 0x1u),
            .link = static_cast<bool>(word >> 1 & 0x1u),
            .powered = static_cast<bool>(word >> 2 & 0x1u),
            .usable = static_cast<bool>(word >> 3 & 0x1u),
            .power_led = static_cast<Led>(word >> 4 & 0x3u),
            .attention_led = static_cast<Led>(word >> 6 & 0x3u),
            .releasing = static_cast<bool>(word >> 8 & 0x1u),
            .requested = static_cast<bool>(word >> 9 & 0x1u)};
  }
  friend constexpr bool operator==(const Slot&, const Slot&) = default;
};

/// Packets that came in: port * 4 + class (0 posted, 1 non-posted, 2 completion). Hosts come first, then the devices.
/// (ro, owner)
struct Rx {
  static constexpr std::uint32_t kCount = 128;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0x800 + 4 * n; }
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr Rx unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const Rx&, const Rx&) = default;
};

/// Packets that went out: port * 4 + class. (ro, owner)
struct Tx {
  static constexpr std::uint32_t kCount = 128;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0xa00 + 4 * n; }
  std::uint32_t value = 0;
  constexpr std::uint32_t pack() const { return value; }
  static constexpr Tx unpack(std::uint32_t word) { return {word}; }
  friend constexpr bool operator==(const Tx&, const Tx&) = default;
};

/// Each VF that the devices offer, index device * 64 + VF. (ro, owner)
struct Vf {
  static constexpr std::uint32_t kCount = 256;
  /// Of word `n`, n < kCount.
  static constexpr std::uint32_t offset(std::uint32_t n) { return 0xc00 + 4 * n; }
  bool assigned = false;   ///< belongs to a slot function
  VfState state{0};        ///< where it is between two servers
  bool busy = false;       ///< requests outstanding
  std::uint32_t slot = 0;  ///< slot, if assigned
  std::uint32_t fn = 0;    ///< function, if assigned
  std::uint32_t user = 0;  ///< user port, if assigned
  /// A value that is wider than its field is cut off.
  constexpr std::uint32_t pack() const {
    return (static_cast<std::uint32_t>(assigned) & 0x1u) << 0 | (static_cast<std::uint32_t>(state) & 0x7u) << 1 |
           (static_cast<std::uint32_t>(busy) & 0x1u) << 4 | (static_cast<std::uint32_t>(slot) & 0xfu) << 8 |
           (static_cast<std::uint32_t>(fn) & 0xfu) << 12 | (static_cast<std::uint32_t>(user) & 0xffu) << 16;
  }
  static constexpr Vf unpack(std::uint32_t word) {
    return {.assigned = static_cast<bool>(word >> 0 & 0x1u),
            .state = static_cast<VfState>(word >> 1 & 0x7u),
            .busy = static_cast<bool>(word >> 4 & 0x1u),
            .slot = static_cast<std::uint32_t>(word >> 8 & 0xfu),
            .fn = static_cast<std::uint32_t>(word >> 12 & 0xfu),
            .user = static_cast<std::uint32_t>(word >> 16 & 0xffu)};
  }
  friend constexpr bool operator==(const Vf&, const Vf&) = default;
};

}  // namespace vfpool::bridge::regs
