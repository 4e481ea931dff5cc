// SPDX-License-Identifier: Apache-2.0
// The IEEE 1588 clock and its time stamps (82599 data sheet 7.9, registers 8.2.3.26). The clock counts simulated time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/scheduler.hpp"
#include "nic82599/packet.hpp"
#include "nic82599/register_file.hpp"

namespace vfpool::nic82599 {

class TimeSync {
 public:
  /// `link_mbps`: the link's speed, which the clock's unit depends on.
  TimeSync(const Scheduler& scheduler, const RegisterFile& registers, unsigned link_mbps);

  // Empty or false: not one of its registers. Reading SYSTIML latches SYSTIMH, reading TXSTMPH or RXSTMPH frees the
  // stamp for the next frame.
  std::optional<std::uint32_t> read(unsigned offset);
  bool write(unsigned offset, std::uint32_t value);
  /// Device reset: the clock stands at 0 until TIMINCA is written.
  void reset();

  /// A frame comes from the wire. True: it was stamped.
  bool received(Bytes frame, const Parsed& p);
  /// A frame whose descriptor asks for a stamp goes out.
  void sent();

 private:
  struct Stamp {
    bool valid = false;
    std::uint64_t time = 0;
  };

  std::uint64_t now() const;
  void set(std::uint64_t time);
  bool wanted(Bytes frame, const Parsed& p, unsigned& at) const;

  const Scheduler& scheduler_;
  const RegisterFile& registers_;
  SimTime unit_;                          ///< of the clock's input
  SimTime since_{0};                      ///< when the clock showed base_
  std::uint64_t base_ = 0;                ///< SYSTIM then
  std::uint32_t timinca_ = 0, high_ = 0;  ///< high_: SYSTIMH as latched
  std::uint32_t adjust_ = 0;              ///< TIMADJL
  std::uint32_t tx_control_ = 0, rx_control_ = 0, message_filter_;
  Stamp tx_, rx_;
  std::uint32_t source_low_ = 0, source_high_ = 0;  ///< RXSATRL, RXSATRH
};

}  // namespace vfpool::nic82599
