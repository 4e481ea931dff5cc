// SPDX-License-Identifier: Apache-2.0
// A file of `vfpool save`, written and read back. People edit such files and disks damage them: each value must be
// there, of its kind and in its range, before anything is changed.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vfpool_ioctl.h"

namespace vfpool::tools {

struct SavedUser {
  unsigned user, quota, weight;
};

struct SavedPlace {
  unsigned user, slot, function;
  auto operator<=>(const SavedPlace&) const = default;
};

struct SavedVf {
  unsigned vf;  ///< its number in the pool
  unsigned reserved_for;
  vfpool_profile profile;  ///< for a `vf` that no bridge has, of another one
  std::optional<SavedPlace> place;
};

struct SavedPool {
  std::vector<SavedUser> users;
  std::vector<SavedVf> vfs;
};

/// Whether the pool has such users and VFs is not looked at. Throws Failure kUsage, which says where it is wrong.
SavedPool read_saved(const nlohmann::json& file);

/// Whatever happens on the way, the file has all of `pool` or what it had before, where its folder lets one be put in
/// its place. Throws Failure kFailed.
void write_saved(const std::string& file, const nlohmann::json& pool);

}  // namespace vfpool::tools
