// SPDX-License-Identifier: Apache-2.0
// Requests that break a rule of the format, or that use what is seldom used: one change to a request that is right.
#pragma once

#include "pcie/tlp.hpp"

namespace vfpool::reference {

enum class Oddity {
  kLength,       ///< Length is not what comes
  kLongPayload,  ///< more than 128 bytes
  kFirstBytes,   ///< no first byte enables
  kLastBytes,    ///< last byte enables with one DW, or none with several
  kCrossesPage,  ///< a 4 KiB boundary inside
  kTranslated,   ///< AT is not 0
  kClass,        ///< another traffic class
  kAttributes,   ///< Relaxed Ordering, No Snoop, ID-based Ordering
  kDigest,       ///< with ECRC
  kPoisoned,
  kLongHeader,  ///< 4 DW for an address below 4 GiB
  kInOut,       ///< an I/O request
  kAtomic,
  kLocked,
  kPrefix,  ///< a prefix's Fmt
  kUnknownType,
  kMessage,  ///< a vendor's message
  kMessageData,
  kConfigDown,  ///< configuration request, where none may come from; of two DW otherwise
  kEmptyRead,   ///< of no byte (2.2.5)
};
constexpr unsigned kOddities = static_cast<unsigned>(Oddity::kEmptyRead) + 1;

/// `t` is a well formed memory request.
pcie::Tlp make_odd(pcie::Tlp t, Oddity oddity, std::uint32_t random);

}  // namespace vfpool::reference
