// SPDX-License-Identifier: Apache-2.0
// Runs in a guest: the round trip of a 32-bit MMIO read, as the CPU sees it.
// mmio_rtt RESOURCE OFFSET COUNT, e.g. mmio_rtt /sys/bus/pci/devices/10000:01:00.0/resource0 0 1000
// Prints one JSON line: minimum, median and 99th percentile in nanoseconds of the guest's clock.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

bool number(std::string_view text, std::uint64_t& out) {
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t offset = 0, count = 0;
  if (argc != 4 || !number(argv[2], offset) || !number(argv[3], count) || count == 0 || offset % 4 != 0) {
    std::fprintf(stderr, "usage: mmio_rtt RESOURCE OFFSET COUNT (offset a multiple of 4, count > 0)\n");
    return 2;
  }
  const int fd = ::open(argv[1], O_RDWR | O_CLOEXEC);
  struct stat st{};
  if (fd < 0 || ::fstat(fd, &st) != 0) {
    std::fprintf(stderr, "mmio_rtt: %s: %s\n", argv[1], std::strerror(errno));
    return 1;
  }
  if (offset + 4 > static_cast<std::uint64_t>(st.st_size)) {
    std::fprintf(stderr, "mmio_rtt: offset %s lies outside %s (%lld bytes)\n", argv[2], argv[1],
                 static_cast<long long>(st.st_size));
    return 1;
  }
  void* map = ::mmap(nullptr, static_cast<std::size_t>(st.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) {
    std::fprintf(stderr, "mmio_rtt: mmap %s: %s\n", argv[1], std::strerror(errno));
    return 1;
  }
  const volatile std::uint32_t* reg = static_cast<std::uint32_t*>(map) + offset / 4;
  std::vector<std::int64_t> ns;
  ns.reserve(count);
  std::uint32_t value = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto t0 = std::chrono::steady_clock::now();
    value = *reg;
    ns.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - t0).count());
  }
  std::sort(ns.begin(), ns.end());
  std::printf("{\"reads\":%zu,\"value\":\"0x%08x\",\"min_ns\":%lld,\"median_ns\":%lld,\"p99_ns\":%lld}\n", ns.size(),
              value, static_cast<long long>(ns.front()), static_cast<long long>(ns[ns.size() / 2]),
              static_cast<long long>(ns[ns.size() * 99 / 100]));
  return 0;
}
