// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM end a wait, not the program: what it has asked the pool for must not be left without a word.
#pragma once

#include <chrono>

namespace vfpool::tools {

/// From now on the two signals stay pending until wait_for(). For programs of one thread.
void hold_interrupts();

/// Waits until `fd` (-1: nothing) can be read or `limit` has passed: whether it can. Throws Failure kCancelled when one
/// of the signals has come, also if that was before the wait.
bool wait_for(int fd, std::chrono::nanoseconds limit);

}  // namespace vfpool::tools
