// SPDX-License-Identifier: Apache-2.0
// How the model of a device reaches host memory. The model knows no transport: below a bridge or root port this is
// TLPs (pcie/endpoint), for a function attached directly to a VM it is the guest's memory (vfio_user/direct).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "pcie/flow.hpp"

namespace vfpool::pcie {

/// A function of a device: 0 is the physical function, 1 + n is VF n.
using FunctionId = unsigned;

/// room(kPosted) is asked before writes and messages, room(kNonPosted) before reads. A device asks once before a piece
/// of work, a frame say; its writes, write-backs and message are taken even if room ends meanwhile. An interrupt whose
/// message still waits is not sent twice, so that no device piles up messages either.
class DmaPort : public FlowControl {
 public:
  /// `ok` false: completion with error or time-out; `data` is then empty. Valid only during the call.
  using ReadDone = std::function<void(bool ok, std::span<const std::uint8_t> data)>;

  /// Reads `size` bytes, 1..16384. `done` is called exactly once, possibly before read() returns.
  virtual void read(FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) = 0;
  /// Posted write; writes of one function arrive in order, and before a later interrupt of it.
  virtual void write(FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) = 0;
  /// MSI-X message: `vector` is the index in the function's table, address and data what the table holds.
  virtual void message(FunctionId fn, unsigned vector, std::uint64_t address, std::uint32_t data) = 0;
};

}  // namespace vfpool::pcie
