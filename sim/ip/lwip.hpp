// SPDX-License-Identifier: Apache-2.0
// lwIP's types, for the sources of this folder only.
#pragma once

#include <fmt/format.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include <stdexcept>
#include <vector>

#include "ip/stack.hpp"

namespace vfpool::ip {

struct Interface::Impl {
  netif link{};
  Mac mac;
  Output output;
  std::vector<std::uint8_t> frame;  ///< the one that is being sent

  ip_addr_t address() const { return link.ip_addr; }
};

/// Throws std::runtime_error with what lwIP could not do.
inline void check(err_t status, const char* what) {
  if (status != ERR_OK) throw std::runtime_error(fmt::format("lwIP: {}: error {}", what, int{status}));
}

}  // namespace vfpool::ip
