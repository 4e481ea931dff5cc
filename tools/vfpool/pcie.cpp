// SPDX-License-Identifier: Apache-2.0
#include "pcie.hpp"

#include <algorithm>
#include <array>
#include <fstream>

namespace vfpool::tools {
namespace {

namespace fs = std::filesystem;

unsigned hex_file(const fs::path& file) {
  std::string text;
  std::ifstream(file) >> text;
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 16));
}

/// "10000:02:00.0": a function, not "pci10000:00" or a folder of a driver.
bool is_address(const std::string& name) {
  const auto dot = name.rfind('.'), colon = name.find(':');
  return colon != std::string::npos && dot != std::string::npos && dot + 2 == name.size() &&
         name.find_first_not_of("0123456789abcdef:.") == std::string::npos;
}

/// The first 256 bytes, fewer where the reader is not root. Of a function that does not answer each word takes a
/// time-out of the fabric, so class and revision, which a VF has as well, are asked for alone first.
std::vector<std::uint8_t> configuration(const fs::path& file) {
  constexpr std::size_t kSize = 256;
  constexpr std::streamoff kRevision = 0x08;
  std::ifstream in;
  in.rdbuf()->pubsetbuf(nullptr, 0);  // not one byte ahead
  in.open(file, std::ios::binary);
  std::array<char, kSize> bytes;
  in.seekg(kRevision).read(bytes.data(), 4);
  if (in && std::count(bytes.begin(), bytes.begin() + 4, '\xff') == 4) return std::vector<std::uint8_t>(kSize, 0xff);
  in.clear();
  in.seekg(0).read(bytes.data(), kSize);
  return {bytes.begin(), bytes.begin() + in.gcount()};
}

}  // namespace

std::uint32_t PciFunction::word(std::size_t offset, unsigned bytes) const {
  std::uint32_t out = 0;
  for (unsigned i = 0; i < bytes; ++i)
    out |= static_cast<std::uint32_t>(offset + i < config.size() ? config[offset + i] : 0xff) << 8 * i;
  return out;
}

std::optional<std::size_t> PciFunction::capability(unsigned id) const {
  constexpr std::size_t kStatus = 0x06, kFirst = 0x34;
  if (!(word(kStatus, 2) & 0x10)) return {};
  std::size_t at = word(kFirst, 1) & 0xfc;
  for (int seen = 0; at >= 0x40 && at + 1 < config.size() && seen < 48; ++seen) {
    if (word(at, 1) == id) return at;
    at = word(at + 1, 1) & 0xfc;
  }
  return {};
}

std::vector<PciFunction> pci_functions(const fs::path& root) {
  std::vector<std::pair<std::string, PciFunction>> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(root / "sys/bus/pci/devices", none)) {
    const fs::path path = fs::canonical(entry.path(), none);
    if (none) continue;
    PciFunction f;
    f.address = entry.path().filename();
    for (const auto& part : path.parent_path())
      if (is_address(part)) {
        f.parent = part;
        ++f.depth;
      }
    f.vendor = hex_file(path / "vendor");
    f.device = hex_file(path / "device");
    f.class_code = hex_file(path / "class");
    if (const auto link = fs::read_symlink(path / "driver", none); !none) f.driver = link.filename();
    if (const auto link = fs::read_symlink(path / "physfn", none); !none) f.physical_function = link.filename();
    f.config = configuration(path / "config");
    found.emplace_back(path, std::move(f));
  }
  // By path: a port stands before what is below it.
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<PciFunction> out;
  for (auto& [path, f] : found) out.push_back(std::move(f));
  return out;
}

}  // namespace vfpool::tools
