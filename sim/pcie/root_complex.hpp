// SPDX-License-Identifier: Apache-2.0
// One server's root complex: a root port on bus 0 and the transactions that software of that server starts. The
// C++ host model and the VMD endpoint (a real kernel) both stand on it; below the root port everything is TLPs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::pcie {

/// The server's memory and interrupt controller, as devices below reach them.
/// room(kPosted) is false while interrupts pile up; reads and writes of memory always find room.
class HostMemory : public FlowControl {
 public:
  /// False if any byte is no memory: the request is answered with UR.
  virtual bool read(std::uint64_t address, std::span<std::uint8_t> out) = 0;
  virtual bool write(std::uint64_t address, std::span<const std::uint8_t> data) = 0;
  /// A message-signalled interrupt: a write to 0xFEExxxxx. `from`: requester ID, as an IOMMU would check it.
  virtual void interrupt(Bdf from, std::uint64_t address, std::uint32_t data) = 0;
};

class RootComplex : public TlpSink {
 public:
  /// `data` holds the read bytes on kSuccess; all ones otherwise (what a CPU sees). Valid only during the call.
  using ReadDone = std::function<void(CplStatus, std::span<const std::uint8_t> data)>;
  using WriteDone = std::function<void(CplStatus)>;

  struct Options {
    std::string name;               ///< for messages
    unsigned root_port_device = 1;  ///< the root port is 00:<this>.0
    unsigned max_payload = 512;  ///< bytes that its port can; Device Control says how many it does: larger is malformed
    unsigned rcb = 64;           ///< read completion boundary, bytes
    SimTime completion_timeout = std::chrono::milliseconds(50);
    std::uint16_t vendor = 0x8086;  ///< of the root port
    std::uint16_t device = 0x2030;
    /// Secondary Bus Reset or Link Disable takes the link down, and lets it come up again; what is below sees a hot
    /// reset. Empty: the bits are kept and do nothing.
    std::function<void(bool up)> link = {};
  };

  struct Counters {
    std::uint64_t requests_out = 0, completions_in = 0, unexpected_completions = 0, timeouts = 0;
    std::uint64_t reads_in = 0, writes_in = 0, interrupts_in = 0, malformed_in = 0, unsupported_in = 0;
  };

  /// `below`: the link under the root port. All references must outlive this object, which is their one sender.
  RootComplex(Scheduler& scheduler, HostMemory& memory, TlpSink& below, Options options);
  ~RootComplex() override;

  // Requests of the server's software. Non-posted requests may be outstanding together (32 tags, the rest waits in
  // order); posted writes never overtake an earlier posted write. `size` 1..4 for configuration, inside one DW.
  void config_read(Bdf target, unsigned reg, unsigned size, ReadDone done);
  void config_write(Bdf target, unsigned reg, std::span<const std::uint8_t> data, WriteDone done);
  /// Reads up to 4096 bytes; split at 4 KiB. Outside the root port's windows: all ones, kUnsupported.
  void mem_read(std::uint64_t address, unsigned size, ReadDone done);
  /// Outside the windows the write is lost, as on a bus.
  void mem_write(std::uint64_t address, std::span<const std::uint8_t> data);
  /// `taken` is called when the link has room for further writes: at once as a rule, else while the packets of earlier
  /// ones wait here. Who asks after each write, and waits, never piles up more than one write.
  void when_taken(std::function<void()> taken);
  /// Posted packets that wait for the link.
  std::size_t posted_waiting() const;

  // A packet coming up the link. Reads have no room while completions for earlier ones wait for the link; posted
  // packets while the server takes no interrupts.
  bool room(FlowClass cls) const override;
  void deliver(Tlp tlp) override;

  bool idle() const;  ///< no request outstanding or waiting
  const Counters& counters() const;
  /// Outstanding requests, one line each.
  std::string state() const;
  /// What has not come to its end, one line each: requests without an answer, packets that wait for the link.
  std::vector<std::string> waits_for() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::pcie
