// SPDX-License-Identifier: Apache-2.0
#include "lab/archive.hpp"

#include <fmt/format.h>

#include <fstream>

#include "lab/process.hpp"

namespace vfpool::lab {
namespace {

namespace fs = std::filesystem;

// The kernel takes an archive after another one where a multiple of four bytes ends (initramfs buffer format); QEMU and
// cpio like whole blocks.
constexpr std::uintmax_t kBlock = 512;

void copy_into(const fs::path& stage, const std::string& file) {
  const std::size_t colon = file.find(':');
  const fs::path source = fs::path(VFPOOL_SOURCE_DIR) / file.substr(0, colon),
                 target = colon == std::string::npos ? "" : file.substr(colon + 1);
  if (!target.is_absolute()) throw std::runtime_error(fmt::format("\"{}\" is not SRC:/PATH/IN/GUEST", file));
  const fs::path place = stage / target.relative_path();
  fs::create_directories(place.parent_path());
  fs::copy(source, place, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

}  // namespace

void append_to_initrd(const fs::path& image, const std::vector<std::string>& files, const fs::path& out) {
  const fs::path stage = out.string() + ".files";
  fs::remove_all(stage);
  fs::create_directories(stage);
  for (const std::string& file : files) copy_into(stage, file);
  fs::copy_file(image, out, fs::copy_options::overwrite_existing);
  fs::resize_file(out, (fs::file_size(out) + kBlock - 1) / kBlock * kBlock);
  const fs::path log = out.string() + ".log";
  fs::remove(log);
  Process cpio(
      {{"sh", "-c", "find . -mindepth 1 | sort | cpio --quiet -o -H newc -R 0:0 >>\"$1\"", "cpio", out.string()},
       stage,
       log});
  cpio.wait(std::chrono::minutes(2));
  if (cpio.exit_status() != 0) {
    std::ifstream in(log);
    throw std::runtime_error("cpio: " + std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  fs::remove_all(stage);
}

}  // namespace vfpool::lab
