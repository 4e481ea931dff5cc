// SPDX-License-Identifier: Apache-2.0
// A small driver of the 82599's physical function for model servers: brings the card up in virtualisation mode with
// 64 pools and answers the VFs' mailbox. Register-level, from the data sheet; no more than a VF driver needs.
#pragma once

#include <array>
#include <cstdint>

#include "host/enumerate.hpp"
#include "host/server.hpp"

namespace vfpool::host {

class PfDriver {
 public:
  /// `pf` must have been enumerated; `server` outlives the driver.
  PfDriver(Server& server, const Function& pf) : server_(server), pf_(pf) {}

  /// Resets the card and lets VFs 0..vfs-1 in. Their MAC addresses are vf_mac(n).
  Task<> start(unsigned vfs);
  /// Answers the mailbox messages that wait; how many. A program calls it when the interrupt came, or now and then.
  Task<unsigned> serve_mailbox();
  /// Interrupt of the card for everything but queues.
  const Server::Vector& interrupt() const { return vector_; }

  static std::array<std::uint8_t, 6> vf_mac(unsigned vf) {
    return {0x02, 0x82, 0x59, 0xf0, 0x00, static_cast<std::uint8_t>(vf)};
  }

 private:
  Task<std::uint32_t> read(std::uint32_t reg) { return server_.read32(pf_.bar[0] + reg); }
  void write(std::uint32_t reg, std::uint32_t v) { server_.write32(pf_.bar[0] + reg, v); }
  Task<> answer(unsigned vf);

  Server& server_;
  Function pf_;
  Server::Vector vector_{};
  unsigned vfs_ = 0;
};

}  // namespace vfpool::host
