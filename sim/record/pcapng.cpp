// SPDX-License-Identifier: Apache-2.0
#include "record/pcapng.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace vfpool::record {
namespace {

// Section numbers are those of draft-ietf-opsawg-pcapng.
constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;         // 4.1
constexpr std::uint32_t kInterfaceDescription = 1;           // 4.2
constexpr std::uint32_t kInterfaceStatistics = 5;            // 4.6
constexpr std::uint32_t kEnhancedPacket = 6;                 // 4.3
constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;        // 4.1
constexpr std::uint64_t kLengthUnknown = ~std::uint64_t{0};  // 4.1: the section's length may be left open

// Options (3.5 and the block's own section).
constexpr std::uint16_t kEndOfOptions = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kSectionApplication = 4;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kInterfaceDescriptionText = 3;
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint16_t kFcsLength = 13;
constexpr std::uint16_t kPacketFlags = 2;
constexpr std::uint16_t kStatisticsStart = 2;
constexpr std::uint16_t kStatisticsEnd = 3;
constexpr std::uint16_t kStatisticsReceived = 4;
constexpr std::uint16_t kStatisticsDropped = 5;

constexpr std::size_t kMaxOption = 0xFFFF;

template <typename T>
std::span<const std::uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

// 4.6: times in options are two words, the high one first, whatever the byte order.
std::array<std::uint32_t, 2> high_low(std::chrono::nanoseconds time) {
  const auto ns = static_cast<std::uint64_t>(time.count());
  return {static_cast<std::uint32_t>(ns >> 32), static_cast<std::uint32_t>(ns)};
}

}  // namespace

PcapngWriter::PcapngWriter(const std::filesystem::path& file, std::string_view comment) : file_(file) {
  // Without O_NONBLOCK, opening a pipe would wait for its reader.
  fd_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd_ < 0)
    throw std::runtime_error(fmt::format("cannot write {}: {}", file.string(), std::system_category().message(errno)));
  struct stat status{};
  if (::fstat(fd_, &status) == 0 && S_ISFIFO(status.st_mode)) {
    ::close(fd_);
    throw std::runtime_error(file.string() + " is a pipe; a record needs a file");
  }
  buffer_.reserve(kBufferSize + kMaxPacket);
  begin_block(kSectionHeader);
  put32(kByteOrderMagic);
  put16(1);  // version 1.0
  put16(0);
  put64(kLengthUnknown);
  put_text(kSectionApplication, "vfpool-sim");
  if (!comment.empty()) put_text(kComment, comment);
  put_end_of_options();
  end_block();
}

PcapngWriter::~PcapngWriter() { close(); }

PcapngWriter::InterfaceId PcapngWriter::add_interface(LinkType type, std::string_view name,
                                                      std::string_view description) {
  interfaces_.emplace_back();
  if (!stopped()) {
    begin_block(kInterfaceDescription);
    put16(static_cast<std::uint16_t>(type));
    put16(0);
    put32(kMaxPacket);
    put_text(kInterfaceName, name);
    put_text(kInterfaceDescriptionText, description);
    put_option(kTimeResolution, bytes_of(std::uint8_t{9}));
    // Said outright, or Wireshark guesses a frame check sequence from the frame's padding.
    if (type == LinkType::kEthernet) put_option(kFcsLength, bytes_of(std::uint8_t{0}));
    put_end_of_options();
    end_block();
  }
  return static_cast<InterfaceId>(interfaces_.size() - 1);
}

void PcapngWriter::packet(InterfaceId interface, std::chrono::nanoseconds time, Direction direction,
                          std::span<const std::uint8_t> header, std::span<const std::uint8_t> body,
                          std::string_view comment) {
  Interface& source = interfaces_.at(interface);
  ++source.seen;
  if (stopped()) {
    ++source.lost;
    return;
  }
  time = std::max(time, std::chrono::nanoseconds(0));
  if (source.seen == 1) source.first = time;
  source.last = std::max(source.last, time);

  const std::size_t size = header.size() + body.size();
  header = header.first(std::min(header.size(), kMaxPacket));
  body = body.first(std::min(body.size(), kMaxPacket - header.size()));
  begin_block(kEnhancedPacket);
  put32(interface);
  put_time(time);
  put32(static_cast<std::uint32_t>(header.size() + body.size()));
  put32(static_cast<std::uint32_t>(size));
  put_padded(header, body);
  put_option(kPacketFlags, bytes_of(std::uint32_t{direction == Direction::kInbound ? 1U : 2U}));  // 4.3.1
  if (!comment.empty()) put_text(kComment, comment);
  put_end_of_options();
  end_block();
}

void PcapngWriter::flush() { write_out(); }

void PcapngWriter::close() {
  if (stopped()) return;
  for (InterfaceId id = 0; id < interfaces_.size(); ++id) {
    const Interface& source = interfaces_[id];
    begin_block(kInterfaceStatistics);
    put32(id);
    put_time(source.last);
    if (source.seen > 0) {
      put_option(kStatisticsStart, bytes_of(high_low(source.first)));
      put_option(kStatisticsEnd, bytes_of(high_low(source.last)));
    }
    put_option(kStatisticsReceived, bytes_of(source.seen));
    put_option(kStatisticsDropped, bytes_of(source.lost));
    put_end_of_options();
    end_block();
    if (stopped()) return;
  }
  write_out();
  if (stopped()) return;
  // Network file systems report a full disk only here.
  if (::close(fd_) != 0) {
    spdlog::warn("{}: {}: the record may be cut short", file_.string(), std::system_category().message(errno));
    failed_ = true;
  }
  fd_ = -1;
}

std::uint64_t PcapngWriter::packets() const {
  std::uint64_t sum = 0;
  for (const Interface& i : interfaces_) sum += i.seen - i.lost;
  return sum;
}

std::string PcapngWriter::state() const {
  std::uint64_t lost = 0;
  for (const Interface& i : interfaces_) lost += i.lost;
  std::string text =
      fmt::format("record {}: {} packets, {} bytes", file_.string(), packets(), written_bytes_ + buffer_.size());
  if (failed_)
    text += fmt::format(", stopped by a write error, {} packets lost", lost);
  else if (stopped())
    text += ", closed";
  return text;
}

void PcapngWriter::begin_block(std::uint32_t type) {
  block_start_ = buffer_.size();
  put32(type);
  put32(0);  // total length, known at the end
}

void PcapngWriter::end_block() {
  const auto length = static_cast<std::uint32_t>(buffer_.size() - block_start_ + 4);
  put32(length);
  std::memcpy(buffer_.data() + block_start_ + 4, &length, sizeof length);
  if (buffer_.size() >= kBufferSize) write_out();
}

void PcapngWriter::put16(std::uint16_t value) {
  const auto b = bytes_of(value);
  buffer_.insert(buffer_.end(), b.begin(), b.end());
}

void PcapngWriter::put32(std::uint32_t value) {
  const auto b = bytes_of(value);
  buffer_.insert(buffer_.end(), b.begin(), b.end());
}

void PcapngWriter::put64(std::uint64_t value) {
  const auto b = bytes_of(value);
  buffer_.insert(buffer_.end(), b.begin(), b.end());
}

void PcapngWriter::put_time(std::chrono::nanoseconds time) {
  for (const std::uint32_t word : high_low(time)) put32(word);
}

void PcapngWriter::put_padded(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
  buffer_.insert(buffer_.end(), first.begin(), first.end());
  buffer_.insert(buffer_.end(), second.begin(), second.end());
  buffer_.insert(buffer_.end(), -(first.size() + second.size()) % 4, 0);
}

void PcapngWriter::put_option(std::uint16_t code, std::span<const std::uint8_t> value) {
  put16(code);
  put16(static_cast<std::uint16_t>(value.size()));
  put_padded(value, {});
}

void PcapngWriter::put_text(std::uint16_t code, std::string_view text) {
  if (text.size() > kMaxOption) {
    text = text.substr(0, kMaxOption + 1);
    // Not inside a UTF-8 sequence.
    while ((static_cast<unsigned char>(text.back()) & 0xC0) == 0x80 && text.size() > 1) text.remove_suffix(1);
    text.remove_suffix(1);
  }
  put_option(code, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void PcapngWriter::put_end_of_options() { put_option(kEndOfOptions, {}); }

void PcapngWriter::write_out() {
  if (stopped()) return;
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      const int error = n == 0 ? EIO : errno;
      // Back to a block's end, so that what did fit can be read.
      std::size_t whole = 0;
      std::array<std::uint32_t, 3> block{};  // type, length, interface
      for (std::size_t at = 0; at < buffer_.size(); at += block[1]) {
        std::memcpy(block.data(), buffer_.data() + at, sizeof block);
        if (at + block[1] <= done)
          whole = at + block[1];
        else if (block[0] == kEnhancedPacket)
          ++interfaces_[block[2]].lost;
      }
      written_bytes_ += whole;
      const bool cut = done == whole || ::ftruncate(fd_, static_cast<off_t>(written_bytes_)) == 0;
      spdlog::warn("{}: {}: the record ends here, {}", file_.string(), std::system_category().message(error),
                   cut ? "after the last whole packet" : "inside a packet");
      ::close(fd_);
      fd_ = -1;
      failed_ = true;
      buffer_.clear();
      return;
    }
  }
  written_bytes_ += buffer_.size();
  buffer_.clear();
}

}  // namespace vfpool::record
