// SPDX-License-Identifier: Apache-2.0
// What a kernel says when something is wrong with it: one table for all guests, whatever driver or kernel they run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vfpool::lab {

struct Alarm {
  std::string line;         ///< the message that gave it away
  std::string report;       ///< with what the kernel said next: up to 40 lines
  std::string_view reason;  ///< why no healthy guest prints it
};

/// The alarms of a kernel log, dmesg's or a console's. Only lines with the kernel's time stamp are looked at: what
/// programs print on the same console is theirs. Known reports (alarms.cpp says which, and why) are none.
std::vector<Alarm> kernel_alarms(std::string_view log);

/// Their reports, for people; "" when there are none.
std::string describe(const std::vector<Alarm>& alarms);

}  // namespace vfpool::lab
