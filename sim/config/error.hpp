// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration file. Apart from the reader, so that who uses a topology need not read toml++.
#pragma once

#include <stdexcept>

namespace vfpool::config {

/// The file cannot be read or makes no sense; the text names file, line and what is wrong.
class ConfigError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace vfpool::config
