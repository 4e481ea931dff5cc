// SPDX-License-Identifier: Apache-2.0
// A QEMU TCG plugin that makes the guest's processors equally fast, for measurements of what several of them do at once
// on a machine that has fewer: -plugin libairvf_lockstep.so,ask=FIFO,answer=FIFO. The clock is the instruction. A
// processor that is more than a quantum ahead of another one that has work waits for it; one that idles (HLT) waits for
// nobody, and when it has work again its clock is that of the others. The clock stands still while all are idle. None
// is faster than 20 million instructions a second, so that the simulated card always has more than the guest can take.
//
// From a line read from `ask` that ends with "begin" until one that does not; otherwise they run as fast as they can.
// For each line one goes to `answer`: the clock, how often a processor went on although another was behind (that one
// waited for something else, for longer than patience), and for each processor the instructions it executed, of
// everything and of kernel modules.
//
// What this shows: how long the paths are, which processor is the bottleneck, how often threads are woken. What it does
// not: cache misses and lines that travel between processors, the time that an interrupt between processors or an
// access to the device takes.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "answer_lines.hpp"
#include "qemu_plugin.hpp"

namespace {

constexpr std::uint64_t kQuantum = 4000;
constexpr std::chrono::microseconds kQuantumTime{kQuantum / 20}, kPatience{50000};

struct Counts {
  std::uint64_t all, modules, fresh;  // fresh: since the last look at the others
};
qemu_plugin_u64 all, modules, fresh;

struct Processor {
  std::uint64_t idle = 0;  // what its clock is ahead of its instructions
  bool active = false;
  std::chrono::steady_clock::time_point due;  // end of its quantum
};
std::vector<Processor> processors;
std::mutex mutex;
std::condition_variable progress;
std::uint64_t impatient = 0;
bool on = false;

std::uint64_t clock_of(unsigned i) { return processors[i].idle + qemu_plugin_u64_get(all, i); }

bool ahead(unsigned me) {
  const std::uint64_t mine = clock_of(me);
  for (unsigned i = 0; i < processors.size(); ++i)
    if (i != me && processors[i].active && clock_of(i) + kQuantum < mine) return true;
  return false;
}

std::uint64_t now() {
  std::uint64_t latest = 0;
  for (unsigned i = 0; i < processors.size(); ++i) latest = std::max(latest, clock_of(i));
  return latest;
}

// It has work again.
void join(unsigned me) {
  std::uint64_t others = UINT64_MAX;
  for (unsigned i = 0; i < processors.size(); ++i)
    if (processors[i].active) others = std::min(others, clock_of(i));
  if (others == UINT64_MAX) others = now();
  processors[me].active = true;
  processors[me].idle += others - std::min(others, clock_of(me));
}

void step(unsigned me, void*) {
  qemu_plugin_u64_set(fresh, me, 0);
  std::unique_lock lock(mutex);
  if (!on) return;
  if (!processors[me].active) join(me);
  progress.notify_all();
  auto& due = processors[me].due;
  const auto begun = std::chrono::steady_clock::now();
  due = std::max(due + kQuantumTime, begun);
  while (std::chrono::steady_clock::now() < due) progress.wait_until(lock, due);
  while (on && ahead(me)) {
    if (progress.wait_until(lock, begun + kPatience) == std::cv_status::no_timeout) continue;
    impatient += ahead(me);
    return;
  }
}

void idle(unsigned me, void*) {
  const std::lock_guard lock(mutex);
  if (!on) return;
  processors[me].active = false;
  progress.notify_all();
}

void resumed(unsigned me, void*) {
  const std::lock_guard lock(mutex);
  if (on) join(me);
}

void translated(qemu_plugin_tb* block, void*) {
  const std::size_t n = qemu_plugin_tb_n_insns(block);
  const std::uint64_t at = qemu_plugin_tb_vaddr(block);
  for (const auto& count : {all, fresh})
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, count, n);
  if (at >= kModules && at < kModulesEnd)
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, modules, n);
  qemu_plugin_register_vcpu_tb_exec_cond_cb(block, step, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GE, fresh, kQuantum,
                                            nullptr);
}

// The clocks go on together. Which processors have work shows as they go on.
void begin() {
  processors.resize(static_cast<std::size_t>(qemu_plugin_num_vcpus()));
  const std::uint64_t latest = now();
  for (unsigned i = 0; i < processors.size(); ++i) {
    const std::uint64_t mine = clock_of(i);
    processors[i].idle += latest - std::min(latest, mine);
    processors[i].active = false;
  }
}

std::string report(const std::string& words) {
  const std::lock_guard lock(mutex);
  if (!on) begin();
  on = words.ends_with("begin");
  progress.notify_all();
  std::string line = std::to_string(now()) + " " + std::to_string(impatient);
  for (unsigned i = 0; i < processors.size(); ++i)
    line += " " + std::to_string(qemu_plugin_u64_get(all, i)) + " " + std::to_string(qemu_plugin_u64_get(modules, i));
  return line;
}

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const void*, int argc, char** argv) {
  qemu_plugin_scoreboard* score = qemu_plugin_scoreboard_new(sizeof(Counts));
  all = {score, offsetof(Counts, all)};
  modules = {score, offsetof(Counts, modules)};
  fresh = {score, offsetof(Counts, fresh)};
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated, nullptr);
  qemu_plugin_register_vcpu_idle_cb(id, idle, nullptr);
  qemu_plugin_register_vcpu_resume_cb(id, resumed, nullptr);
  return answer_lines("airvf_lockstep", argc, argv, report) ? 0 : -1;
}
