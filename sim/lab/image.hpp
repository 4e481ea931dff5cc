// SPDX-License-Identifier: Apache-2.0
// Kernel and initramfs of the guests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vfpool::lab {

struct Image {
  std::filesystem::path kernel;
  std::filesystem::path initrd;
  std::filesystem::path ssh_key;  ///< private key that root of every guest of this image accepts
};

struct ImageSpec {
  /// Holds boot/vmlinuz-RELEASE, of which the newest is taken, and lib/modules/RELEASE; empty: /
  std::filesystem::path kernel_root;
  std::vector<std::string> add;  ///< "SRC:DST"; relative sources are relative to the checkout
  std::filesystem::path cache;   ///< empty: build/image of the checkout
};

/// The vmlinuz-RELEASE of the highest version in a folder, as tools/lab-kernel chooses. Throws std::runtime_error if
/// there is none.
std::filesystem::path newest_kernel(const std::filesystem::path& boot);

/// Builds the image, or takes it from the cache when no input changed. Throws std::runtime_error with the script's
/// words.
Image make_image(const ImageSpec& spec);

}  // namespace vfpool::lab
