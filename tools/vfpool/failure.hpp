// SPDX-License-Identifier: Apache-2.0
// How the commands end. Each exception names what failed, on what, and where there is one the cure; main() prints it
// after the program's name (or as JSON) and exits with its code.
#pragma once

#include <stdexcept>
#include <string>

namespace vfpool::tools {

enum class Exit {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,    ///< no such bridge, slot, VF or server
  kBusy = 4,        ///< in use, or refused by the owner's policy
  kPermission = 5,  ///< of the device file, or of the role: a user's server may not do what the owner may
  kTimeout = 6,     ///< nothing is known of how it went on; the text says how to look
  kCancelled = 7,   ///< by the button, or by SIGINT
};

class Failure : public std::runtime_error {
 public:
  Failure(Exit code, const std::string& text) : std::runtime_error(text), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

}  // namespace vfpool::tools
