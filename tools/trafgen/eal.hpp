// SPDX-License-Identifier: Apache-2.0
// DPDK: its environment and its ports. The only part of trafgen that knows it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "port.hpp"
#include "run.hpp"

namespace vfpool::trafgen {

struct EalOptions {
  /// "net_memif,role=client,id=0,socket=/tmp/w.sock,socket-abstract=no": a virtual device by its driver and what that
  /// takes, or a card's address, "0000:01:00.0". `net_` devices of one driver get numbers by themselves.
  std::vector<std::string> ports;
  unsigned largest_frame = 1'518;  ///< bytes, with FCS
  bool hugepages = false;          ///< cards need them, or an IOMMU; virtual devices do not
  unsigned memory_mb = 128;
};

/// One for each process, once: DPDK cannot start again. Its threads end with the process.
class Eal {
 public:
  /// Throws std::runtime_error with DPDK's reason when it or a port cannot start, std::invalid_argument for two ports
  /// that are one.
  explicit Eal(const EalOptions& options);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  /// The ports in the order of the options; they live as long as this.
  const std::vector<std::unique_ptr<Port>>& ports() const { return ports_; }
  /// Waits until each port has a link: that a peer of a virtual device is there. Throws std::runtime_error, also when
  /// the user asks for the end.
  void wait_for_links(std::chrono::milliseconds most, const Stops& stop) const;
  static std::string version();

 private:
  void close();
  void remove_sockets() const;

  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::string> sockets_;  // that a memif server of ours made
  bool virtual_ = false;              // there is no card among the ports
};

}  // namespace vfpool::trafgen
