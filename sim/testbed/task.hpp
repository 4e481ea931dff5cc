// SPDX-License-Identifier: Apache-2.0
// Work in pieces: what a vCPU gives a core, and what the threads of a guest give a vCPU.
#pragma once

#include <optional>

namespace vfpool::testbed {

class Task {
 public:
  virtual ~Task() = default;
  /// Cycles of the next piece, which is begun with this call; nothing: there is nothing to do.
  virtual std::optional<double> begin() = 0;
  /// The piece has been run.
  virtual void finish() = 0;
};

}  // namespace vfpool::testbed
