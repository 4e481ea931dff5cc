// SPDX-License-Identifier: Apache-2.0
// Whoever is at a port of the bridge in a random run: takes what comes, and answers reads when it is told to, with
// bytes that follow from address and port; rightly, or as wrongly as it is told.
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "bridge/bridge.hpp"

namespace vfpool::reference {

/// What is done to the next packet of an answer.
enum class Fault {
  kNone,
  kTwice,      ///< it comes a second time
  kByteCount,  ///< Byte Count is another
  kLowerAddress,
  kTooMuch,   ///< a DW more than was asked for
  kCutShort,  ///< ends at no read completion boundary
  kNoData,    ///< success, but no data
  kRefusalWithData,
  kRetry,    ///< Configuration Request Retry Status of a memory request
  kLocked,   ///< the completion of a locked read
  kOtherId,  ///< another requester's
  kOtherTag,
  kUnsupported,  ///< no fault: the rest is refused
  kAbort,        ///< no fault, either
  kPoisoned,     ///< nor this: the data are marked as bad
  kNever,        ///< the answer does not come, but late()
};
constexpr unsigned kFaults = static_cast<unsigned>(Fault::kNever) + 1;

class Neighbour : public pcie::TlpSink {
 public:
  Neighbour(bridge::Bridge& bridge, unsigned port) : bridge_(bridge), port_(port) {}

  /// Where configuration requests go; none: a host, which gets none.
  void configuration_to(pcie::TlpSink& card) { card_ = &card; }

  bool room(pcie::FlowClass) const override { return true; }
  void deliver(pcie::Tlp t) override;
  /// The next packet of a request's answer, of one of the oldest few requests.
  void answer(std::uint32_t which, Fault fault = Fault::kNone);
  bool owes() const { return !owed_.empty(); }
  /// What was never answered is answered now.
  void late();
  /// Forgets what it was asked: its link has gone down.
  void forget();

 private:
  using Parts = std::deque<pcie::Tlp>;

  void send(pcie::Tlp t) { bridge_.input(port_).deliver(std::move(t)); }

  bridge::Bridge& bridge_;
  unsigned port_;
  pcie::TlpSink* card_ = nullptr;
  std::deque<Parts> owed_;  // by request, what is still to be sent
  std::deque<Parts> late_;
};

}  // namespace vfpool::reference
