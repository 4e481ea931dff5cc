// SPDX-License-Identifier: Apache-2.0
#include "wire/pcap_file.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <stdexcept>

namespace vfpool::wire {
namespace {

constexpr int kMaxFrame = 262'144;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

pcap_t* open_capture(const std::filesystem::path& file) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* in = pcap_open_offline_with_tstamp_precision(file.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data());
  if (in == nullptr) throw std::runtime_error(fmt::format("{} is no capture: {}", file.string(), error.data()));
  return in;
}

}  // namespace

PcapReader::PcapReader(const std::filesystem::path& file) : file_(file), in_(open_capture(file), &pcap_close) {
  if (const int type = pcap_datalink(in_.get()); type != DLT_EN10MB)
    throw std::runtime_error(fmt::format("{} holds link type {}, not Ethernet ({})", file.string(), type, DLT_EN10MB));
}

std::optional<PcapReader::Record> PcapReader::next() {
  pcap_pkthdr* header = nullptr;
  const std::uint8_t* bytes = nullptr;
  const int result = pcap_next_ex(in_.get(), &header, &bytes);
  if (result == PCAP_ERROR) spdlog::warn("{}: {}", file_.string(), pcap_geterr(in_.get()));
  if (result != 1) return std::nullopt;
  // libpcap keeps nanoseconds where the name says microseconds (pcap_open_offline_with_tstamp_precision). pcapng has
  // room for times that nanoseconds in 64 bits have not.
  constexpr std::int64_t kLastSecond = std::numeric_limits<std::uint32_t>::max();
  const auto second = std::clamp<std::int64_t>(header->ts.tv_sec, 0, kLastSecond);
  const auto fraction = std::clamp<std::int64_t>(header->ts.tv_usec, 0, kNanosecondsPerSecond - 1);
  return Record{std::chrono::seconds(second) + std::chrono::nanoseconds(fraction), Frame(bytes, bytes + header->caplen),
                header->len > header->caplen};
}

PcapWriter::PcapWriter(const std::filesystem::path& file)
    : file_(file),
      format_(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kMaxFrame, PCAP_TSTAMP_PRECISION_NANO), &pcap_close),
      out_(pcap_dump_open(format_.get(), file.c_str()), &pcap_dump_close) {
  if (!out_) throw std::runtime_error(fmt::format("cannot write: {}", pcap_geterr(format_.get())));
}

void PcapWriter::write(SimTime time, std::span<const std::uint8_t> frame) {
  if (failed_) return;
  const std::int64_t ns = std::chrono::floor<std::chrono::nanoseconds>(time).count();
  const auto size = static_cast<bpf_u_int32>(frame.size());
  const pcap_pkthdr header{
      .ts = {.tv_sec = ns / kNanosecondsPerSecond, .tv_usec = ns % kNanosecondsPerSecond}, .caplen = size, .len = size};
  pcap_dump(reinterpret_cast<std::uint8_t*>(out_.get()), &header, frame.data());
  if (std::ferror(pcap_dump_file(out_.get())) == 0) return;
  failed_ = true;
  spdlog::warn("{}: cannot write any more; the record ends here", file_.string());
}

}  // namespace vfpool::wire
