// SPDX-License-Identifier: Apache-2.0
#include "wire/pcap_file.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace vfpool::wire {
namespace {

// draft-ietf-opsawg-pcap, sections 4 and 5.
constexpr std::uint32_t kMagicMicroseconds = 0xA1B2C3D4;
constexpr std::uint32_t kMagicNanoseconds = 0xA1B23C4D;
constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kLinkTypeOffset = 20;
constexpr std::size_t kRecordHeader = 16;
constexpr std::uint32_t kLinkTypeMask = 0x0000FFFF;  // above it: FCS length
constexpr std::uint32_t kEthernet = 1;
constexpr std::uint32_t kMaxFrame = 262'144;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

PcapReader::PcapReader(const std::filesystem::path& file) : file_(file), in_(file, std::ios::binary) {
  if (!in_) throw std::runtime_error("cannot read " + file.string());
  std::array<char, kFileHeader> header;
  if (!in_.read(header.data(), header.size())) throw std::runtime_error(file.string() + " is no pcap file: too short");
  const auto is = [&](std::uint32_t magic) { return word(header.data()) == magic; };
  for (const bool swapped : {false, true}) {
    swapped_ = swapped;
    nanoseconds_ = is(kMagicNanoseconds);
    if (!nanoseconds_ && !is(kMagicMicroseconds)) continue;
    const std::uint32_t type = word(header.data() + kLinkTypeOffset) & kLinkTypeMask;
    if (type != kEthernet)
      throw std::runtime_error(fmt::format("{} holds link type {}, not Ethernet (1)", file.string(), type));
    return;
  }
  throw std::runtime_error(file.string() +
                           " is no classic pcap file (a pcapng file can be converted: editcap -F pcap)");
}

std::uint32_t PcapReader::word(const char* at) const {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return swapped_ ? __builtin_bswap32(value) : value;
}

std::optional<PcapReader::Record> PcapReader::next() {
  std::array<char, kRecordHeader> header;
  if (!in_.read(header.data(), header.size())) {
    if (in_.gcount() != 0) spdlog::warn("{}: ends inside a record", file_.string());
    return std::nullopt;
  }
  const std::uint32_t captured = word(header.data() + 8);
  if (captured > kMaxFrame) {
    spdlog::warn("{}: a record of {} bytes: the rest of the file is left out", file_.string(), captured);
    in_.setstate(std::ios::failbit);
    return std::nullopt;
  }
  const std::int64_t fraction = word(header.data() + 4);
  const std::int64_t ns = word(header.data()) * kNanosecondsPerSecond + (nanoseconds_ ? fraction : fraction * 1000);
  Record r;
  r.time = std::chrono::nanoseconds(ns);
  r.truncated = word(header.data() + 12) > captured;
  r.frame.resize(captured);
  if (!in_.read(reinterpret_cast<char*>(r.frame.data()), captured)) {
    spdlog::warn("{}: ends inside a record", file_.string());
    return std::nullopt;
  }
  return r;
}

PcapWriter::PcapWriter(const std::filesystem::path& file) : file_(file), out_(file, std::ios::binary) {
  const std::array<std::uint32_t, 6> header{kMagicNanoseconds, 2U | 4U << 16, 0, 0, kMaxFrame, kEthernet};
  out_.write(reinterpret_cast<const char*>(header.data()), sizeof header);
  if (!out_) throw std::runtime_error("cannot write " + file.string());
}

void PcapWriter::write(SimTime time, std::span<const std::uint8_t> frame) {
  if (failed_) return;
  const std::int64_t ns = std::chrono::floor<std::chrono::nanoseconds>(time).count();
  const auto size = static_cast<std::uint32_t>(frame.size());
  const std::array<std::uint32_t, 4> header{static_cast<std::uint32_t>(ns / kNanosecondsPerSecond),
                                            static_cast<std::uint32_t>(ns % kNanosecondsPerSecond), size, size};
  out_.write(reinterpret_cast<const char*>(header.data()), sizeof header);
  out_.write(reinterpret_cast<const char*>(frame.data()), size);
  if (out_) return;
  failed_ = true;
  spdlog::warn("{}: cannot write any more; the record ends here", file_.string());
}

}  // namespace vfpool::wire
