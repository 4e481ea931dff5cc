// SPDX-License-Identifier: Apache-2.0
// A server as a C++ model: memory, root complex, interrupt sink, and the operations that its programs (coroutines)
// await. Fast and deterministic; what most tests stand on.
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "host/task.hpp"
#include "pcie/root_complex.hpp"

namespace vfpool::host {

/// Thrown into a program when a request ends with an error status and the program did not ask to see it.
class PcieError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Server : public pcie::HostMemory {
 public:
  struct Options {
    std::string name = "server";
    std::uint64_t memory = 8ULL << 20;       ///< bytes, from address 0
    std::uint64_t window32 = 0xe0000000;     ///< where 32-bit BARs go, 256 MiB
    std::uint64_t window64 = 0x4000000000;   ///< where 64-bit prefetchable BARs go, 1 GiB
    unsigned first_bus = 1;                  ///< bus below the root port
    std::function<void(bool up)> link = {};  ///< as pcie::RootComplex's
  };

  struct Message {
    pcie::Bdf from;
    std::uint64_t address;
    std::uint32_t data;
  };

  Server(Scheduler& scheduler, pcie::TlpSink& below, Options options);

  const std::string& name() const { return options_.name; }
  const Options& options() const { return options_; }
  pcie::RootComplex& root() { return root_; }
  Scheduler& scheduler() { return scheduler_; }
  static constexpr pcie::Bdf kRootPort{0, 1, 0};

  // Awaited by programs. Configuration: an absent function reads all ones, as software sees it.
  Task<std::uint32_t> config_read(pcie::Bdf target, unsigned reg, unsigned size = 4);
  Task<> config_write(pcie::Bdf target, unsigned reg, std::uint32_t value, unsigned size = 4);
  /// Throws PcieError if the completion says anything but success.
  Task<std::uint32_t> read32(std::uint64_t address);
  /// Status of a 32-bit read, whatever it is.
  Task<pcie::CplStatus> probe32(std::uint64_t address);
  /// Posted. Throws PcieError when a thousand of them wait for the link: a program that writes without end awaits
  /// posted() now and then.
  void write32(std::uint64_t address, std::uint32_t value);
  /// Until the link has room for further writes.
  Task<> posted();
  Task<> sleep(SimTime duration);

  /// Bytes of the server's memory, zeroed; alignment a power of two. Never given back.
  std::uint64_t allocate(std::size_t size, std::size_t alignment = 128);
  std::span<std::uint8_t> at(std::uint64_t address, std::size_t size);

  /// A message-signalled interrupt vector: its address and data, and how often it came.
  struct Vector {
    std::uint64_t address;
    std::uint32_t data;
  };
  Vector new_vector();
  /// `fn` is called for each interrupt of the vector from now on, in a later turn: the server takes no time.
  void on_interrupt(const Vector& v, std::function<void()> fn);
  std::uint64_t count(const Vector& v) const;
  const std::vector<Message>& messages() const { return messages_; }

  // pcie::HostMemory
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override;
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override;
  bool room(pcie::FlowClass) const override { return true; }
  void interrupt(pcie::Bdf from, std::uint64_t address, std::uint32_t data) override;

 private:
  Scheduler& scheduler_;
  Options options_;
  std::vector<std::uint8_t> memory_;
  std::uint64_t next_free_ = 0x10000;
  std::uint32_t next_vector_ = 0x21;
  std::vector<Message> messages_;
  std::map<std::uint32_t, std::function<void()>> handlers_;  ///< by the message's data
  pcie::RootComplex root_;
};

}  // namespace vfpool::host
