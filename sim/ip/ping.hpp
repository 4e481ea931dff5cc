// SPDX-License-Identifier: Apache-2.0
// ICMP echo from one host to another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "ip/stack.hpp"

namespace vfpool::ip {

class Ping {
 public:
  /// Both outlive this object.
  Ping(Interface& from, Interface& to);
  ~Ping();
  Ping(const Ping&) = delete;
  Ping& operator=(const Ping&) = delete;

  /// Sends a request with so many bytes of data; forgets the one before.
  void send(unsigned bytes = 56);
  /// How long the reply to the last request took; empty while there is none.
  std::optional<SimTime> time() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::ip
