// SPDX-License-Identifier: Apache-2.0
// Further files for one guest, besides those of its image.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vfpool::lab {

/// Makes `out`: the image's initramfs with `files` behind it, each "SRC:DST": SRC a file or a folder with what is in
/// it, relative to the checkout, DST its absolute path in the guest. A later file replaces an earlier one. Throws
/// std::runtime_error.
void append_to_initrd(const std::filesystem::path& image, const std::vector<std::string>& files,
                      const std::filesystem::path& out);

}  // namespace vfpool::lab
