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
class Endpoint : public TlpSink, public DmaPort {
 public:
  struct Options {
    SimTime completion_timeout = std::chrono::milliseconds(50);
    unsigned rcb = 64;                ///< read completion boundary of its own completions, bytes
    std::size_t backlog_limit = 256;  ///< packets waiting on the link before DMA engines pause
  };

  struct Counters {
    std::uint64_t config_in = 0, reads_in = 0, writes_in = 0, unsupported_in = 0, malformed_in = 0, partial_writes = 0;
    std::uint64_t reads_out = 0, writes_out = 0, messages_out = 0, completions_in = 0, unexpected_completions = 0;
    std::uint64_t completion_errors = 0, timeouts = 0, blocked_no_bus_master = 0;
  };

  /// `link`: takes packets of this endpoint, never called from inside deliver(). `backlog`: packets that wait at the
  /// link for being forwarded; empty means none ever. Both must outlive this object.
  Endpoint(Scheduler& scheduler, TlpSink& link, std::function<std::size_t()> backlog = {});
  Endpoint(Scheduler& scheduler, TlpSink& link, std::function<std::size_t()> backlog, Options options);
  ~Endpoint() override;

  /// The device behind it, before the first packet; it works with this object as its DmaPort.
  void plug(Device& device);

  /// A packet from the link.
  void deliver(Tlp tlp) override;

  // DmaPort. Reads of one function complete in any order. Without Bus Master Enable nothing is sent and reads fail.
  void read(FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) override;
  void write(FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) override;
  void message(FunctionId fn, unsigned vector, std::uint64_t address, std::uint32_t data) override;
  bool congested(FunctionId fn) const override;
  void set_ready(std::function<void()> ready) override;

  const Counters& counters() const;
  /// Of the link, not of the device.
  std::string state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::pcie
