// SPDX-License-Identifier: Apache-2.0
// The cache that the cores of a socket share, as far as it decides what a vCPU pays that finds its core's own caches
// cold: a fill from the last level as long as all VMs fit, else partly one from memory.
#pragma once

#include <algorithm>

namespace vfpool::testbed {

struct LastLevelCache {
  double bytes = 0;          ///< of one socket; 0: all VMs fit
  int cores = 1;             ///< of one socket
  double footprint = 0;      ///< bytes that a VM goes through again and again: ring buffers, stack, application
  double memory_factor = 1;  ///< a line from memory over one from the last level
};

/// What `fill` cycles from the last level become with `vms` VMs spread evenly over the sockets of `cores` cores.
inline double cold_fill(double fill, const LastLevelCache& cache, unsigned vms, int cores) {
  if (cache.bytes <= 0) return fill;
  const double wanted = cache.footprint * vms * cache.cores / cores;
  const double missing = std::max(0.0, 1 - cache.bytes / std::max(wanted, 1.0));
  return fill * (1 + missing * (cache.memory_factor - 1));
}

}  // namespace vfpool::testbed
