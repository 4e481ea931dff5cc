// SPDX-License-Identifier: Apache-2.0
// The vfio-user wire format, version 0.1: message header, commands and payloads that a PCI device server needs.
// Little-endian on the socket; file descriptors travel beside a message as SCM_RIGHTS. Structures without padding,
// laid out as the protocol's specification tables say.
#pragma once

#include <cstdint>

namespace vfpool::vfio_user {

enum class Command : std::uint16_t {
  kVersion = 1,
  kDmaMap = 2,
  kDmaUnmap = 3,
  kDeviceGetInfo = 4,
  kDeviceGetRegionInfo = 5,
  kDeviceGetRegionIoFds = 6,
  kDeviceGetIrqInfo = 7,
  kDeviceSetIrqs = 8,
  kRegionRead = 9,
  kRegionWrite = 10,
  kDmaRead = 11,
  kDmaWrite = 12,
  kDeviceReset = 13,
};

struct Header {
  std::uint16_t id;
  std::uint16_t command;
  std::uint32_t size;  ///< whole message, this header included
  std::uint32_t flags;
  std::uint32_t error;  ///< errno, when kFlagError is set

  static constexpr std::uint32_t kFlagReply = 0x1, kFlagNoReply = 0x10, kFlagError = 0x20;
};
static_assert(sizeof(Header) == 16);

struct Version {
  std::uint16_t major, minor;  // followed by JSON, zero-terminated
};

struct DmaMap {
  std::uint32_t argsz, flags;
  std::uint64_t offset, address, size;

  static constexpr std::uint32_t kReadable = 1, kWritable = 2;
};
static_assert(sizeof(DmaMap) == 32);

struct DmaUnmap {
  std::uint32_t argsz, flags;
  std::uint64_t address, size;

  static constexpr std::uint32_t kAll = 2;
};
static_assert(sizeof(DmaUnmap) == 24);

struct DeviceInfo {
  std::uint32_t argsz, flags, regions, irqs;

  static constexpr std::uint32_t kReset = 1, kPci = 2;
};

struct RegionInfo {
  std::uint32_t argsz, flags, index, cap_offset;
  std::uint64_t size, offset;

  static constexpr std::uint32_t kRead = 1, kWrite = 2;
};
static_assert(sizeof(RegionInfo) == 32);

struct IrqInfo {
  std::uint32_t argsz, flags, index, count;

  static constexpr std::uint32_t kEventfd = 1, kNoResize = 8;
};

struct IrqSet {
  std::uint32_t argsz, flags, index, start, count;

  static constexpr std::uint32_t kDataNone = 1, kDataEventfd = 4, kActionTrigger = 0x20;
};
static_assert(sizeof(IrqSet) == 20);

struct RegionAccess {
  std::uint64_t offset;
  std::uint32_t region, count;  // followed by the data of a write or of a read's reply
};
static_assert(sizeof(RegionAccess) == 16);

struct DmaAccess {
  std::uint64_t address, count;
};

constexpr std::uint32_t kRegions = 9;  ///< six BARs, ROM, configuration space, VGA
constexpr std::uint32_t kIrqs = 5;     ///< INTx, MSI, MSI-X, error, request
constexpr std::uint32_t kIrqMsix = 2;

}  // namespace vfpool::vfio_user
