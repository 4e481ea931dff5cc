// SPDX-License-Identifier: Apache-2.0
// Where a card's VFs are, out of registers of its PF (SR-IOV 1.1, 3.3).
#pragma once

#include <map>

#include "state.hpp"

namespace vfpool::reference {

/// `registers` of `pf` by offset, as far as they were read. Not known while something is missing; without VFs while VF
/// Enable is off.
Layout layout_of(Bdf pf, const std::map<unsigned, std::uint32_t>& registers);

}  // namespace vfpool::reference
