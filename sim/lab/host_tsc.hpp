// SPDX-License-Identifier: Apache-2.0
// How fast this machine's time stamp counter runs, for guests that would have to measure it themselves: an emulated CPU
// (TCG) reads the host's counter, and a guest that calibrates it while its own thread waits for a processor gets a
// clock that runs several times too fast.
#pragma once

#include <cstdint>
#include <string>

namespace vfpool::lab {

/// kHz, measured against CLOCK_MONOTONIC_RAW in some 50 ms; 0 on a machine without such a counter or without rest to
/// measure it.
std::uint32_t host_tsc_khz();

/// The Linux guest's kernel option that says so ("tsc_early_khz=..."), or "" where host_tsc_khz() is 0. Measured once.
const std::string& guest_tsc_option();

}  // namespace vfpool::lab
