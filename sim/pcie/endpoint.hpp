// SPDX-License-Identifier: Apache-2.0
// Puts a device on a PCIe link: requests from the link become configuration and register accesses, DMA of the model
// becomes requests with the routing ID of the function.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/scheduler.hpp"
#include "pcie/device.hpp"
#include "pcie/dma.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::pcie {

/// The PF answers at device 0, function 0 of the bus that configuration requests name; VFs at their routing IDs, by
/// Type 0 on the same bus and by Type 1 on the buses behind it. Payload and read request sizes, tags and the completion
/// time-out follow the PF's Device Control registers.
///
/// What it cannot send waits in it, within bounds: it takes no more requests while too many completions wait, and the
/// device no more work while writes or reads do (dma().room()). Posted packets and completions it always takes.
class Endpoint : public TlpSink {
 public:
  struct Options {
    SimTime completion_timeout = std::chrono::milliseconds(50);
    unsigned rcb = 64;                   ///< read completion boundary of its own completions, bytes
    std::size_t most_posted = 256;       ///< writes waiting for the link before the device is told to pause
    std::size_t most_reads = 256;        ///< reads waiting for a tag
    std::size_t most_completions = 256;  ///< completions waiting for the link before requests are held back
  };

  struct Counters {
    std::uint64_t config_in = 0, reads_in = 0, writes_in = 0, unsupported_in = 0, malformed_in = 0, partial_writes = 0;
    std::uint64_t unanswered_in = 0;  ///< to a function whose reset does not end
    std::uint64_t reads_out = 0, writes_out = 0, messages_out = 0, completions_in = 0, unexpected_completions = 0;
    std::uint64_t completion_errors = 0, timeouts = 0, blocked_no_bus_master = 0;
  };

  /// `link`: takes packets of this endpoint, never called from inside deliver(); outlives this object.
  Endpoint(Scheduler& scheduler, TlpSink& link);
  Endpoint(Scheduler& scheduler, TlpSink& link, Options options);
  ~Endpoint() override;

  /// For the device to work with. Reads of one function complete in any order. Without Bus Master Enable nothing is
  /// sent and reads fail.
  DmaPort& dma();
  /// The device behind it, before the first packet.
  void plug(Device& device);

  // A packet from the link.
  bool room(FlowClass cls) const override;
  void deliver(Tlp tlp) override;

  const Counters& counters() const;
  /// Of the link, not of the device.
  std::string state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::pcie
