// SPDX-License-Identifier: Apache-2.0
// A QEMU TCG plugin that counts the instructions that the guest's processors execute, per processor, for measurements
// on machines whose time means nothing: -plugin libairvf_count.so,ask=FIFO,answer=FIFO. For each line read from `ask`
// one line goes to `answer`: the counts so far, of everything and of the code of kernel modules, which in these guests
// is the drivers', and then for each processor of everything and of user space. Idle processors (HLT) count nothing. If
// the line names a file, that gets how often each block of the modules' code began so far: "ADDRESS INSTRUCTIONS TIMES"
// in a line (tests/airvf/hot reads it).
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "answer_lines.hpp"
#include "qemu_plugin.hpp"

namespace {

struct Counts {
  std::uint64_t all, modules, user;
};
qemu_plugin_u64 all, modules, user;

// Of the modules' blocks, by address and length; a block that is translated again is the same one.
std::map<std::pair<std::uint64_t, std::size_t>, qemu_plugin_u64> blocks;
std::mutex blocks_mutex;

void count_block(qemu_plugin_tb* block, std::uint64_t at, std::size_t n) {
  const std::lock_guard lock(blocks_mutex);
  const auto [it, fresh] = blocks.try_emplace({at, n});
  if (fresh) it->second = {qemu_plugin_scoreboard_new(sizeof(std::uint64_t)), 0};
  qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, it->second, 1);
}

void write_blocks(const std::string& file) {
  const std::lock_guard lock(blocks_mutex);
  std::FILE* out = std::fopen(file.c_str(), "w");
  if (out == nullptr) return;
  for (const auto& [block, times] : blocks)
    std::fprintf(out, "%" PRIx64 " %zu %" PRIu64 "\n", block.first, block.second, qemu_plugin_u64_sum(times));
  std::fclose(out);
}

// Blocks are counted whole when they begin; one left by an exception is counted a few instructions too long.
void translated(qemu_plugin_tb* block, void*) {
  const std::size_t n = qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, all, n);
  const std::uint64_t at = qemu_plugin_tb_vaddr(block);
  if (at < kUserEnd) qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, user, n);
  if (at < kModules || at >= kModulesEnd) return;
  qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, modules, n);
  count_block(block, at, n);
}

std::string report(const std::string& file) {
  if (!file.empty()) write_blocks(file);
  std::string line = std::to_string(qemu_plugin_u64_sum(all)) + " " + std::to_string(qemu_plugin_u64_sum(modules));
  for (unsigned i = 0; i < static_cast<unsigned>(qemu_plugin_num_vcpus()); ++i)
    line += " " + std::to_string(qemu_plugin_u64_get(all, i)) + " " + std::to_string(qemu_plugin_u64_get(user, i));
  return line;
}

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const void*, int argc, char** argv) {
  qemu_plugin_scoreboard* score = qemu_plugin_scoreboard_new(sizeof(Counts));
  all = {score, offsetof(Counts, all)};
  modules = {score, offsetof(Counts, modules)};
  user = {score, offsetof(Counts, user)};
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated, nullptr);
  return answer_lines("airvf_count", argc, argv, report) ? 0 : -1;
}
