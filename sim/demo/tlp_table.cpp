// SPDX-License-Identifier: Apache-2.0
#include "demo/tlp_table.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace vfpool::demo {

using nlohmann::json;

std::string tlp_table(const json& before, const json& now) {
  std::string out = fmt::format("{:8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12}\n", "port", "CfgRd", "CfgWr",
                                "MRd", "MWr", "MSI", "Cpl", "CplD", "bytes");
  for (const auto& [port, directions] : now.items()) {
    for (const char* direction : {"in", "out"}) {
      const auto since = [&](const char* kind) {
        const auto value = [&](const json& all) -> std::uint64_t {
          return all.contains(port) ? all[port][direction].value(kind, std::uint64_t{0}) : 0;
        };
        return value(now) - value(before);
      };
      out += fmt::format("{:5} {:>2} {:8} {:8} {:8} {:8} {:8} {:8} {:8} {:12}\n", port,
                         std::strcmp(direction, "in") == 0 ? "->" : "<-", since("CfgRd"), since("CfgWr"), since("MRd"),
                         since("MWr"), since("MSI"), since("Cpl"), since("CplD"), since("bytes"));
    }
  }
  return out;
}

}  // namespace vfpool::demo
