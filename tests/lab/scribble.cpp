// SPDX-License-Identifier: Apache-2.0
// Runs in a guest: a driver that has gone mad.
//   scribble DEVICE bars SEED COUNT     random words all over the BARs of an 82599 VF, its rings and mailbox above all
//   scribble DEVICE config SEED COUNT   random words in the configuration space
// DEVICE: /sys/bus/pci/devices/ADDRESS
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

std::mt19937 rng;

// A ring of random memory, of a length that the device takes, enabled and handed over (82599 data sheet, 4.5.1
// and 8.3): a queue that is merely full of random words would be refused and do nothing.
void random_ring(volatile std::uint32_t* registers, unsigned queue) {
  volatile std::uint32_t* ring = registers + (0x1000 + 0x1000 * (rng() % 2) + 0x40 * queue) / 4;
  ring[0x28 / 4] = 0;
  ring[0x00 / 4] = static_cast<std::uint32_t>(rng()) & ~0x7fU;
  ring[0x04 / 4] = rng() % 4 == 0 ? 0 : static_cast<std::uint32_t>(rng());
  ring[0x08 / 4] = static_cast<std::uint32_t>(rng() % 8 == 0 ? rng() : 128 * (1 + rng() % 64));
  ring[0x28 / 4] = 1U << 25;
  for (int i = 0; i < 4; ++i) ring[0x18 / 4] = static_cast<std::uint32_t>(rng() % 8 == 0 ? rng() : rng() % 512);
}

// A message to the PF driver that means nothing, or something (82599 data sheet, 8.3.5.1.2): VFMBMEM, then REQ.
void random_message(volatile std::uint32_t* registers) {
  for (unsigned i = 0; i < 16; ++i) registers[0x200 / 4 + i] = static_cast<std::uint32_t>(i == 0 ? rng() % 16 : rng());
  registers[0x2fc / 4] = 1 + rng() % 2;
  registers[0x2fc / 4] = static_cast<std::uint32_t>(rng() % 16);
}

int scribble_bars(const std::string& device, unsigned long count) {
  for (const char* bar : {"/resource0", "/resource3"}) {
    const int fd = open((device + bar).c_str(), O_RDWR);
    struct stat st{};
    if (fd < 0 || fstat(fd, &st) != 0) {
      std::perror(bar);
      return 1;
    }
    const auto size = static_cast<std::size_t>(st.st_size);
    void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
      std::perror("mmap");
      return 1;
    }
    auto* words = static_cast<volatile std::uint32_t*>(base);
    const bool registers = bar[9] == '0';
    for (unsigned long i = 0; i < count; ++i) {
      const auto what = rng() % 16;
      if (registers && what == 0)
        random_ring(words, static_cast<unsigned>(rng() % 4));
      else if (registers && what == 1)
        random_message(words);
      else
        words[rng() % (size / 4)] = static_cast<std::uint32_t>(rng());
      if (i % 16 == 0) (void)words[rng() % (size / 4)];
    }
    munmap(base, size);
    close(fd);
  }
  return 0;
}

int scribble_config(const std::string& device, unsigned long count) {
  const int fd = open((device + "/config").c_str(), O_RDWR);
  struct stat st{};
  if (fd < 0 || fstat(fd, &st) != 0) {
    std::perror("config");
    return 1;
  }
  for (unsigned long i = 0; i < count; ++i) {
    std::uint32_t word = static_cast<std::uint32_t>(rng());
    const std::size_t width = std::size_t{1} << rng() % 3;
    // Half of it where capabilities are: the first 256 bytes.
    const auto at =
        static_cast<off_t>(rng() % (rng() % 2 ? 256 : static_cast<unsigned long>(st.st_size)) / width * width);
    if (pwrite(fd, &word, width, at) != static_cast<ssize_t>(width)) {
      std::perror("config");
      return 1;
    }
    (void)!pread(fd, &word, width, at);
  }
  close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 5 ? argv[2] : "";
  if (what != "bars" && what != "config") {
    std::fprintf(stderr, "usage: scribble DEVICE bars|config SEED COUNT\n");
    return 2;
  }
  rng.seed(static_cast<unsigned>(std::strtoul(argv[3], nullptr, 0)));
  const unsigned long count = std::strtoul(argv[4], nullptr, 0);
  return what == "bars" ? scribble_bars(argv[1], count) : scribble_config(argv[1], count);
}
