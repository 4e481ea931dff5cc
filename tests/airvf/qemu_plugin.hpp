// SPDX-License-Identifier: Apache-2.0
// What the plugins here need of QEMU's documented interface (docs/devel/tcg-plugins), version 7 of QEMU 11; its header
// is in no Debian package.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
using qemu_plugin_id_t = std::uint64_t;
struct qemu_plugin_tb;
struct qemu_plugin_scoreboard;
struct qemu_plugin_u64 {
  qemu_plugin_scoreboard* score;
  std::size_t offset;
};
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_cond { QEMU_PLUGIN_COND_GE = 7 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_tb*, void*), void*);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb*);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(qemu_plugin_tb*, qemu_plugin_op, qemu_plugin_u64, std::uint64_t);
qemu_plugin_scoreboard* qemu_plugin_scoreboard_new(std::size_t element_size);
std::uint64_t qemu_plugin_u64_sum(qemu_plugin_u64);

void qemu_plugin_register_vcpu_tb_exec_cond_cb(qemu_plugin_tb*, void (*)(unsigned vcpu, void*), qemu_plugin_cb_flags,
                                               qemu_plugin_cond, qemu_plugin_u64, std::uint64_t, void*);
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t, void (*)(unsigned vcpu, void*), void*);
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t, void (*)(unsigned vcpu, void*), void*);
int qemu_plugin_num_vcpus(void);
std::uint64_t qemu_plugin_u64_get(qemu_plugin_u64, unsigned vcpu);
void qemu_plugin_u64_set(qemu_plugin_u64, unsigned vcpu, std::uint64_t);

[[gnu::visibility("default"), gnu::used]] inline int qemu_plugin_version = 7;
[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv);
}

// Where x86-64 Linux with KASLR maps modules (Documentation/arch/x86/x86_64/mm.rst).
constexpr std::uint64_t kModules = 0xffffffffc0000000, kModulesEnd = 0xffffffffff000000;
/// The same: the end of user space, with page tables of four levels.
constexpr std::uint64_t kUserEnd = 0x0000800000000000;
