// SPDX-License-Identifier: Apache-2.0
#include "lab/image.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "lab/process.hpp"

namespace vfpool::lab {
namespace {

constexpr std::string_view kKernelPrefix = "vmlinuz-";

}  // namespace

std::filesystem::path newest_kernel(const std::filesystem::path& boot) {
  std::filesystem::path best;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(boot, ec)) {
    if (!entry.path().filename().string().starts_with(kKernelPrefix)) continue;
    if (best.empty() || ::strverscmp(entry.path().c_str(), best.c_str()) > 0) best = entry.path();
  }
  if (best.empty())
    throw std::runtime_error(
        fmt::format("no kernel in {} (run inside the tool root: tools/toolroot run ...)", boot.string()));
  return best;
}

Image make_image(const ImageSpec& spec) {
  Image image;
  const std::filesystem::path root = spec.kernel_root.empty() ? "/" : std::filesystem::absolute(spec.kernel_root);
  image.kernel = newest_kernel(root / "boot");
  const std::filesystem::path cache =
      spec.cache.empty() ? VFPOOL_SOURCE_DIR "/build/image" : std::filesystem::absolute(spec.cache);
  std::filesystem::create_directories(cache);

  const std::string release = image.kernel.filename().string().substr(kKernelPrefix.size());
  std::vector<std::string> argv{VFPOOL_SOURCE_DIR "/sim/lab/make-initramfs",
                                "",
                                "--agent",
                                VFPOOL_AGENT,
                                "--kernel",
                                release,
                                "--modules",
                                root.string()};
  for (const std::string& add : spec.add) argv.insert(argv.end(), {"--add", add});
  // One file for each set of arguments; the script itself sees changed contents.
  std::string all;
  for (const std::string& a : argv) all += a + '\n';
  image.initrd = cache / fmt::format("initramfs-{}-{:08x}", release, std::hash<std::string>()(all) & 0xFFFFFFFF);
  image.ssh_key = image.initrd.string() + ".ssh_key";
  argv[1] = image.initrd.string();

  const std::filesystem::path log = image.initrd.string() + ".log";
  const Fd lock(::open((image.initrd.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock) ::flock(lock.get(), LOCK_EX);
  std::filesystem::remove(log);
  Process script({argv, VFPOOL_SOURCE_DIR, log});
  script.wait(std::chrono::minutes(5));
  if (script.exit_status() != 0) {
    std::ifstream in(log);
    throw std::runtime_error("guest image: " + std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  return image;
}

}  // namespace vfpool::lab
