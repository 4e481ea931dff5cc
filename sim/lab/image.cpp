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

// The release of a kernel file: its name says it, or, for a self-built one, its modules folder.
std::string release_of(const std::filesystem::path& kernel, const std::filesystem::path& modules_root) {
  const std::string name = kernel.filename().string();
  if (modules_root.empty() && name.starts_with(kKernelPrefix)) return name.substr(kKernelPrefix.size());
  std::string found;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(modules_root / "lib/modules", ec)) {
    if (!found.empty()) throw std::runtime_error(fmt::format("several kernels in {}", modules_root.string()));
    found = entry.path().filename().string();
  }
  if (found.empty())
    throw std::runtime_error(
        fmt::format("no modules for kernel {}: modules_root/lib/modules/RELEASE is missing", kernel.string()));
  return found;
}

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
  image.kernel = spec.kernel.empty() ? newest_kernel("/boot") : std::filesystem::absolute(spec.kernel);
  const std::filesystem::path cache =
      spec.cache.empty() ? VFPOOL_SOURCE_DIR "/build/image" : std::filesystem::absolute(spec.cache);
  std::filesystem::create_directories(cache);

  const std::string release = release_of(image.kernel, spec.modules_root);
  std::vector<std::string> argv{
      VFPOOL_SOURCE_DIR "/sim/lab/make-initramfs", "", "--agent", VFPOOL_AGENT, "--kernel", release};
  if (!spec.modules_root.empty())
    argv.insert(argv.end(), {"--modules", std::filesystem::absolute(spec.modules_root).string()});
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
