// SPDX-License-Identifier: Apache-2.0
#include "lab/image.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace vfpool::lab {
namespace {

struct Boot {
  Boot() { std::filesystem::create_directories(folder); }
  ~Boot() { std::filesystem::remove_all(folder); }
  void add(const std::string& name) const { std::ofstream(folder / name) << "kernel"; }
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("vfpool-boot-" + std::to_string(::getpid()));
};

TEST(Image, TheNewestKernelHasTheHighestVersionNotTheLastName) {
  const Boot boot;
  for (const char* release : {"6.12.94+deb13-amd64", "6.12.117+deb13-amd64", "6.12.117+deb12-amd64", "6.1.0-56-amd64"})
    boot.add(std::string("vmlinuz-") + release);
  boot.add("config-7.3.4+deb13-amd64");
  EXPECT_EQ(newest_kernel(boot.folder).filename(), "vmlinuz-6.12.117+deb13-amd64");
}

TEST(Image, AFolderWithoutKernelIsNamed) {
  const Boot boot;
  try {
    newest_kernel(boot.folder);
    FAIL() << "a kernel in an empty folder";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find(boot.folder.string()), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace vfpool::lab
