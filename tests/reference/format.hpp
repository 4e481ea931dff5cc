// SPDX-License-Identifier: Apache-2.0
// What a receiver sees of a packet by itself: whether it is well formed, and whether its type is carried
// (PCIe Base Spec 2.1, 2.2 and 2.3; docs/bridge.md: payloads of at most 128 bytes, no path for I/O, atomics, prefixes).
#pragma once

#include "bridge/registers.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::reference {

using Drop = bridge::regs::Drop;

/// kNone: nothing is wrong with it.
Drop unfit(const pcie::Tlp& t);
/// It waits for a completion.
bool non_posted(const pcie::Tlp& t);
bool is_memory(const pcie::Tlp& t);
bool is_config(const pcie::Tlp& t);
bool is_completion(const pcie::Tlp& t);
bool is_message(const pcie::Tlp& t);

}  // namespace vfpool::reference
