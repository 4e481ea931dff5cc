// SPDX-License-Identifier: Apache-2.0
// Small XDP programs, written instruction by instruction, for programs in guests.
#pragma once

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace bpf {

inline bpf_insn insn(int code, int dst, int src, int off, int imm) {
  bpf_insn i{};
  i.code = static_cast<std::uint8_t>(code);
  i.dst_reg = static_cast<std::uint8_t>(dst & 15);
  i.src_reg = static_cast<std::uint8_t>(src & 15);
  i.off = static_cast<std::int16_t>(off);
  i.imm = imm;
  return i;
}
inline bpf_insn load(int size, int dst, int src, int off) { return insn(BPF_LDX | BPF_MEM | size, dst, src, off, 0); }
inline bpf_insn store(int size, int dst, int src, int off) { return insn(BPF_STX | BPF_MEM | size, dst, src, off, 0); }
inline bpf_insn set(int dst, int value) { return insn(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value); }
inline bpf_insn leave() { return insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

inline int call(bpf_cmd command, bpf_attr& attr) {
  return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof attr));
}

/// Puts a program on an interface (native mode) until this process ends; says why it could not. `flags`: BPF_F_*.
inline bool put_on(unsigned ifindex, const std::vector<bpf_insn>& code, std::uint32_t flags) {
  std::array<char, 65536> log{};
  bpf_attr attr{};
  attr.prog_type = BPF_PROG_TYPE_XDP;
  attr.insns = reinterpret_cast<std::uintptr_t>(code.data());
  attr.insn_cnt = static_cast<std::uint32_t>(code.size());
  attr.license = reinterpret_cast<std::uintptr_t>("GPL");
  attr.log_buf = reinterpret_cast<std::uintptr_t>(log.data());
  attr.log_size = log.size();
  attr.log_level = 1;
  attr.prog_flags = flags;
  if ((flags & BPF_F_XDP_DEV_BOUND_ONLY) != 0) attr.prog_ifindex = ifindex;
  const int prog = call(BPF_PROG_LOAD, attr);
  if (prog < 0) {
    std::fprintf(stderr, "load: %s\n%s\n", std::strerror(errno), log.data());
    return false;
  }
  attr = {};
  attr.link_create.prog_fd = static_cast<std::uint32_t>(prog);
  attr.link_create.target_ifindex = ifindex;
  attr.link_create.attach_type = BPF_XDP;
  attr.link_create.flags = XDP_FLAGS_DRV_MODE;
  if (call(BPF_LINK_CREATE, attr) < 0) {
    std::fprintf(stderr, "attach: %s\n", std::strerror(errno));
    return false;
  }
  return true;
}

}  // namespace bpf
