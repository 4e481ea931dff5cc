// SPDX-License-Identifier: Apache-2.0
// A QEMU TCG plugin that counts the instructions that the guest's processors execute, per processor, for measurements
// on machines whose time means nothing: -plugin libairvf_count.so,ask=FIFO,answer=FIFO. For each line read from `ask`
// one line goes to `answer`: the counts so far, of everything and of the code of kernel modules, which in these guests
// is the drivers'. Idle processors (HLT) count nothing. If the line names a file, that gets how often each block of the
// modules' code began so far: "ADDRESS INSTRUCTIONS TIMES" in a line (tests/airvf/hot reads it).
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "qemu_plugin.hpp"

namespace {

struct Counts {
  std::uint64_t all;
  std::uint64_t modules;
};
qemu_plugin_u64 all, modules;

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
  if (at < kModules || at >= kModulesEnd) return;
  qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, modules, n);
  count_block(block, at, n);
}

void serve(const std::string& ask, const std::string& answer) {
  for (;;) {
    std::FILE* in = std::fopen(ask.c_str(), "r");
    if (in == nullptr) return;
    std::string file;
    for (int c; (c = std::getc(in)) != '\n' && c != EOF;) file += static_cast<char>(c);
    std::fclose(in);
    if (!file.empty()) write_blocks(file);
    std::FILE* out = std::fopen(answer.c_str(), "w");
    if (out == nullptr) return;
    std::fprintf(out, "%" PRIu64 " %" PRIu64 "\n", qemu_plugin_u64_sum(all), qemu_plugin_u64_sum(modules));
    std::fclose(out);
  }
}

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const void*, int argc, char** argv) {
  std::string ask, answer;
  for (int i = 0; i < argc; ++i) {
    if (std::strncmp(argv[i], "ask=", 4) == 0) ask = argv[i] + 4;
    if (std::strncmp(argv[i], "answer=", 7) == 0) answer = argv[i] + 7;
  }
  if (ask.empty() || answer.empty()) {
    std::fprintf(stderr, "airvf_count: needs ask=FIFO,answer=FIFO\n");
    return -1;
  }
  qemu_plugin_scoreboard* score = qemu_plugin_scoreboard_new(sizeof(Counts));
  all = {score, offsetof(Counts, all)};
  modules = {score, offsetof(Counts, modules)};
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated, nullptr);
  std::thread(serve, ask, answer).detach();
  return 0;
}
