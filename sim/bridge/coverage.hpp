// SPDX-License-Identifier: Apache-2.0
// What the bridges of a process have reached of their RTL (tests/coverage).
#pragma once

class VerilatedContext;

namespace vfpool::bridge {

/// Adds the counts of a model that is about to go to those of the process, which are written when it ends: to a file of
/// its own in the folder VFPOOL_COVERAGE of the environment. Does nothing without it, or if the model does not count
/// (preset "coverage"). Call it in one thread.
void add_coverage(VerilatedContext& context);

}  // namespace vfpool::bridge
