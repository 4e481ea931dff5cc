// SPDX-License-Identifier: Apache-2.0
// The commands of docs/records.md, run on records of the names that they use.
#include <gtest/gtest.h>

#include "record/frame_record.hpp"
#include "record/test_support.hpp"
#include "record/tlp_record.hpp"
#include "wire/loopback.hpp"

namespace vfpool::record {
namespace {

using pcie::Bdf;

std::vector<std::string> command_blocks(const std::filesystem::path& page) {
  std::ifstream in(page);
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "```sh") {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

class DocsTest : public RecordTest {
 protected:
  void SetUp() override {
    if (!have_tshark()) GTEST_SKIP() << "no tshark";
    std::filesystem::create_directories(folder / "build/demo");
    for (const char* part : {"sim", "tools"})
      std::filesystem::create_directory_symlink(std::filesystem::path(VFPOOL_SOURCE_DIR) / part, folder / part);
    record_tlps(folder / "build/demo/tlp.pcapng");
    record_frames(folder / "build/demo/wire.pcapng");
  }

  // An enumeration, a DMA read and an interrupt, and a read of nothing.
  void record_tlps(const std::filesystem::path& file) {
    const TimeAxis axis(scheduler);
    TlpRecord record(std::make_shared<PcapngWriter>(file, axis.text()), axis,
                     std::vector<TappedPort>{{0, "owner"}, {1, "user1"}, {2, "user2"}, {3, "nic0"}});
    const Bdf root(0, 0, 0), vf(4, 0, 0);
    const auto ask = pcie::cfg_read(root, 1, vf, 0, 4, false);
    record.see(1, true, ask);
    record.see(1, false, pcie::completions_with_data(ask, vf, Bytes{0x86, 0x80, 0xed, 0x10}, 128, 64).front());
    const auto read = pcie::mem_read(vf, 2, 0x1000, 64);
    record.see(1, false, read);
    record.see(1, true, pcie::completions_with_data(read, root, Bytes(64), 128, 64).front());
    record.see(1, false, pcie::mem_write(vf, 0xfee00000, Bytes(4)));
    const auto absent = pcie::cfg_read(root, 3, Bdf(9, 0, 0), 0, 4, true);
    record.see(2, true, absent);
    record.see(2, false, pcie::completion(absent, root, pcie::CplStatus::kUnsupported));
  }

  // An ARP question for 10.82.0.254.
  void record_frames(const std::filesystem::path& file) {
    const TimeAxis axis(scheduler);
    FrameRecord record(std::make_unique<wire::Loopback>(scheduler), std::make_shared<PcapngWriter>(file, axis.text()),
                       axis, "nic0");
    Bytes arp{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,  0,  0, 0, 1, 8, 6, 0, 1, 8, 0,  6,  4, 0,
              1,    2,    0,    0,    0,    0,    1, 10, 82, 0, 1, 0, 0, 0, 0, 0, 0, 10, 82, 0, 254};
    arp.resize(60);
    record.send(arp);
  }

  Scheduler scheduler{TimeBase::kVirtual};
};

TEST_F(DocsTest, EveryCommandOfTheRecordsPageRuns) {
  const auto blocks = command_blocks(VFPOOL_SOURCE_DIR "/docs/records.md");
  ASSERT_GT(blocks.size(), 3U);
  for (const std::string& block : blocks) {
    SCOPED_TRACE(block);
    std::ofstream(folder / "block.sh") << block;
    int status = -1;
    const std::string out =
        shell("cd '" + folder.string() + "' && IN_TOOLROOT=1 bash -euo pipefail block.sh 2>block.err", &status);
    EXPECT_EQ(status, 0) << shell("cat '" + folder.string() + "/block.err'");
    EXPECT_FALSE(out.empty());
  }
}

TEST(RecordsPage, ListsEveryFieldOfTheDissector) {
  const auto read = [](const char* file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string page = read(VFPOOL_SOURCE_DIR "/docs/records.md");
  const std::string script = read(VFPOOL_SOURCE_DIR "/sim/record/vfpool_tlp.lua");
  const std::string prefix = "\"vfpool_tlp.";
  int fields = 0;
  for (std::size_t at = script.find(prefix); at != std::string::npos; at = script.find(prefix, at), ++fields) {
    at += prefix.size();
    const std::string name = script.substr(at, script.find('"', at) - at);
    EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
  }
  EXPECT_GT(fields, 40);
}

}  // namespace
}  // namespace vfpool::record
