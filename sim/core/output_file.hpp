// SPDX-License-Identifier: Apache-2.0
// A result's file, looked at before the work that makes the result.
#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace vfpool {

/// 0 if this file can be written, else the error number. No file stays where none was, and what is there keeps its
/// contents. A pipe or a device is not opened: its reader would take that for the end.
inline int why_unwritable(const std::filesystem::path& path) {
  std::error_code none;
  const auto status = std::filesystem::status(path, none);
  const bool is_new = !std::filesystem::exists(status);
  if (!is_new && !std::filesystem::is_regular_file(status) && !std::filesystem::is_directory(status)) return 0;
  if (!std::ofstream(path, std::ios::app)) return errno;
  if (is_new) std::filesystem::remove(path, none);
  return 0;
}

}  // namespace vfpool
