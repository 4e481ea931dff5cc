// SPDX-License-Identifier: Apache-2.0
#include "vfio_user/guest_memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace vfpool::vfio_user {

std::optional<std::string> GuestMemory::map(std::uint64_t address, std::uint64_t size, int fd, std::uint64_t offset,
                                            bool readable, bool writable) {
  if (size == 0 || address + size < address) return fmt::format("empty or wrapping map 0x{:x}+0x{:x}", address, size);
  const auto next = regions_.lower_bound(address);
  const bool hits_next = next != regions_.end() && next->first < address + size;
  const bool hits_previous =
      next != regions_.begin() && std::prev(next)->first + std::prev(next)->second.size > address;
  if (hits_next || hits_previous) return fmt::format("map 0x{:x}+0x{:x} overlaps another", address, size);
  Region region{size, nullptr, readable, writable};
  if (fd >= 0) {
    struct stat st{};
    // Beyond the end of the file an access would be a SIGBUS here, not an error there.
    if (fstat(fd, &st) != 0 || offset + size < offset || static_cast<std::uint64_t>(st.st_size) < offset + size)
      return fmt::format("file of map 0x{:x} is shorter than 0x{:x} bytes", address, offset + size);
    const int protection = (readable ? PROT_READ : 0) | (writable ? PROT_WRITE : 0);
    void* base = mmap(nullptr, size, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
    if (base == MAP_FAILED) return fmt::format("mmap of map 0x{:x}: {}", address, std::strerror(errno));
    region.base = static_cast<std::uint8_t*>(base);
  }
  regions_.emplace(address, region);
  return std::nullopt;
}

bool GuestMemory::unmap(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t end = address + size;
  bool any = false;
  for (auto it = regions_.lower_bound(address); it != regions_.end() && it->first < end;) {
    if (it->first + it->second.size > end) return false;
    if (it->second.base != nullptr) munmap(it->second.base, it->second.size);
    it = regions_.erase(it);
    any = true;
  }
  return any;
}

void GuestMemory::clear() {
  for (auto& [address, region] : regions_)
    if (region.base != nullptr) munmap(region.base, region.size);
  regions_.clear();
}

std::uint8_t* GuestMemory::find(std::uint64_t address, std::uint64_t size, bool for_writing) {
  auto it = regions_.upper_bound(address);
  if (it == regions_.begin()) return nullptr;
  --it;
  const Region& r = it->second;
  const std::uint64_t at = address - it->first;
  if (r.base == nullptr || at >= r.size || size > r.size - at) return nullptr;
  if (for_writing ? !r.writable : !r.readable) return nullptr;
  return r.base + at;
}

bool GuestMemory::read(std::uint64_t address, std::span<std::uint8_t> out) {
  const std::uint8_t* from = find(address, out.size(), false);
  if (from == nullptr) return false;
  std::memcpy(out.data(), from, out.size());
  return true;
}

bool GuestMemory::write(std::uint64_t address, std::span<const std::uint8_t> data) {
  std::uint8_t* to = find(address, data.size(), true);
  if (to == nullptr) return false;
  std::memcpy(to, data.data(), data.size());
  return true;
}

}  // namespace vfpool::vfio_user
