// SPDX-License-Identifier: Apache-2.0
// The page's parts, which the program carries along.
#pragma once

#include <string_view>

namespace vfpool::tools {

struct PagePart {
  std::string_view path, type, bytes;
};

/// Null: there is none of this path.
const PagePart* page_part(std::string_view path);

}  // namespace vfpool::tools
