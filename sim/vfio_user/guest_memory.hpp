// SPDX-License-Identifier: Apache-2.0
// The guest's memory as the client has shared it: DMA maps with a file descriptor, mapped into this process.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace vfpool::vfio_user {

class GuestMemory {
 public:
  ~GuestMemory() { clear(); }
  GuestMemory() = default;
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  /// Adds [address, address + size). `fd` < 0: a map without memory behind it, every access to it fails. The
  /// descriptor may be closed afterwards. Returns why it was refused, or nothing.
  std::optional<std::string> map(std::uint64_t address, std::uint64_t size, int fd, std::uint64_t offset, bool readable,
                                 bool writable);
  /// Removes the maps inside the range; false if the range cuts one or hits none.
  bool unmap(std::uint64_t address, std::uint64_t size);
  void clear();

  bool read(std::uint64_t address, std::span<std::uint8_t> out);
  bool write(std::uint64_t address, std::span<const std::uint8_t> data);

  std::size_t maps() const { return regions_.size(); }

 private:
  struct Region {
    std::uint64_t size;
    std::uint8_t* base;
    bool readable, writable;
  };

  /// Start of the bytes [address, address + size), if one map holds all of them.
  std::uint8_t* find(std::uint64_t address, std::uint64_t size, bool for_writing);

  std::map<std::uint64_t, Region> regions_;
};

}  // namespace vfpool::vfio_user
