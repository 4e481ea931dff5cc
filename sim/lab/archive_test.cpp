// SPDX-License-Identifier: Apache-2.0
#include "lab/archive.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace vfpool::lab {
namespace {

class Archive : public testing::Test {
 protected:
  Archive() { std::filesystem::create_directories(folder / "sub"); }
  ~Archive() override { std::filesystem::remove_all(folder); }
  std::string words(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "re");
    std::string out(10'000, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), pipe));
    ::pclose(pipe);
    return out;
  }
  std::filesystem::path folder = testing::TempDir() + "archive_test." + std::to_string(::getpid());
};

TEST_F(Archive, FilesAndFoldersStandBehindTheImage) {
  std::ofstream(folder / "image") << std::string(1000, 'i');
  std::ofstream(folder / "script") << "a script";
  std::ofstream(folder / "sub/inner") << "deeper";
  append_to_initrd(folder / "image", {(folder / "script").string() + ":/script", (folder / "sub").string() + ":/lib/x"},
                   folder / "out");
  EXPECT_EQ(words(fmt::format("head -c 1000 {0}/out | cmp - {0}/image && echo same", folder.string())), "same\n");
  const std::string cpio = fmt::format("tail -c +1025 {}/out | cpio --quiet ", folder.string());
  EXPECT_EQ(words(cpio + "-t"), "lib\nlib/x\nlib/x/inner\nscript\n");
  EXPECT_EQ(words(cpio + "-i --to-stdout script"), "a script");
}

TEST_F(Archive, WhatCannotBeTakenAlongIsSaid) {
  std::ofstream(folder / "image") << "i";
  const auto append = [&](const std::string& file) { append_to_initrd(folder / "image", {file}, folder / "out"); };
  EXPECT_THROW(append(folder.string()), std::runtime_error);
  EXPECT_THROW(append((folder / "image").string() + ":relative"), std::runtime_error);
  EXPECT_THROW(append((folder / "absent").string() + ":/x"), std::runtime_error);
}

}  // namespace
}  // namespace vfpool::lab
