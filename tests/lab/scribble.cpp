// Runs in a guest: a driver that has gone mad. Writes random words all over the BARs of a PCI function.
// scribble /sys/bus/pci/devices/ADDRESS SEED COUNT
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: scribble DEVICE SEED COUNT\n");
    return 2;
  }
  std::mt19937 rng(static_cast<unsigned>(std::strtoul(argv[2], nullptr, 0)));
  const unsigned long count = std::strtoul(argv[3], nullptr, 0);
  for (const char* bar : {"/resource0", "/resource3"}) {
    const int fd = open((std::string(argv[1]) + bar).c_str(), O_RDWR);
    struct stat st {};
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
    for (unsigned long i = 0; i < count; ++i) {
      const std::size_t at = rng() % (size / 4);
      words[at] = static_cast<std::uint32_t>(rng());
      if (i % 16 == 0) (void)words[rng() % (size / 4)];
    }
    munmap(base, size);
    close(fd);
  }
  return 0;
}
