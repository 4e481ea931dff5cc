// SPDX-License-Identifier: Apache-2.0
// airvf-xdp INTERFACE pass|cut|drop|tx|redirect|cpumap-N [frags]: puts a small XDP program on an interface (native
// mode) until it is killed. tx and redirect send every frame back where it came from, addresses swapped; redirect does
// so through bpf_redirect() to the same interface. cut passes the first 100 bytes. cpumap-N gives IPv4 to the CPUs 1 to
// N, by the last byte of its source address. frags: the program declares that it can do frames of several buffers.
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

bpf_insn insn(int code, int dst, int src, int off, int imm) {
  bpf_insn i{};
  i.code = static_cast<std::uint8_t>(code);
  i.dst_reg = static_cast<std::uint8_t>(dst & 15);
  i.src_reg = static_cast<std::uint8_t>(src & 15);
  i.off = static_cast<std::int16_t>(off);
  i.imm = imm;
  return i;
}
bpf_insn load(int size, int dst, int src, int off) { return insn(BPF_LDX | BPF_MEM | size, dst, src, off, 0); }
bpf_insn store(int size, int dst, int src, int off) { return insn(BPF_STX | BPF_MEM | size, dst, src, off, 0); }
bpf_insn set(int dst, int value) { return insn(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value); }
bpf_insn leave() { return insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

int bpf(bpf_cmd command, bpf_attr& attr) { return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof attr)); }

// A map of the CPUs 1 to `cpus`, each with a queue as long as that of one of airvf's workers.
int make_cpumap(int cpus) {
  bpf_attr attr{};
  attr.map_type = BPF_MAP_TYPE_CPUMAP;
  attr.key_size = sizeof(std::uint32_t);
  attr.value_size = sizeof(std::uint32_t);
  attr.max_entries = static_cast<std::uint32_t>(cpus) + 1;
  const int map = bpf(BPF_MAP_CREATE, attr);
  const std::uint32_t slots = 1024;
  for (std::uint32_t cpu = 1; map >= 0 && cpu < attr.max_entries; ++cpu) {
    bpf_attr update{};
    update.map_fd = static_cast<std::uint32_t>(map);
    update.key = reinterpret_cast<std::uintptr_t>(&cpu);
    update.value = reinterpret_cast<std::uintptr_t>(&slots);
    if (bpf(BPF_MAP_UPDATE_ELEM, update) < 0) return -1;
  }
  return map;
}

std::vector<bpf_insn> spread(int cpus) {
  const int map = make_cpumap(cpus);
  if (map < 0) {
    std::fprintf(stderr, "cpumap: %s\n", std::strerror(errno));
    std::exit(1);
  }
  return {load(BPF_W, 2, 1, 0),                           // data
          load(BPF_W, 3, 1, 4),                           // data_end
          insn(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),  // Ethernet and IPv4 headers must be there
          insn(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 34),
          insn(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 10, 0),
          load(BPF_H, 5, 2, 12),
          insn(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 8, 8),  // 0x0800 in network byte order
          load(BPF_B, 2, 2, 29),
          insn(BPF_ALU64 | BPF_MOD | BPF_K, 2, 0, 0, cpus),
          insn(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, 1),
          insn(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map),
          insn(0, 0, 0, 0, 0),
          set(3, 0),
          insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map),
          leave(),
          set(0, XDP_PASS),
          leave()};
}

std::vector<bpf_insn> program(const std::string& what, unsigned ifindex) {
  if (what == "pass") return {set(0, XDP_PASS), leave()};
  if (what.starts_with("cpumap-")) return spread(std::max(std::atoi(what.c_str() + 7), 1));
  if (what == "drop") return {set(0, XDP_DROP), leave()};
  if (what == "cut")
    return {insn(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0),
            insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_xdp_get_buff_len),
            insn(BPF_JMP | BPF_JLE | BPF_K, 0, 0, 4, 100),
            set(2, 100),
            insn(BPF_ALU64 | BPF_SUB | BPF_X, 2, 0, 0, 0),
            insn(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0),
            insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_xdp_adjust_tail),
            set(0, XDP_PASS),
            leave()};
  std::vector<bpf_insn> code = {
      load(BPF_W, 2, 1, 0),                           // data
      load(BPF_W, 3, 1, 4),                           // data_end
      insn(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),  // an Ethernet header must be there
      insn(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 14),
      insn(BPF_JMP | BPF_JLE | BPF_X, 4, 3, 2, 0),
      set(0, XDP_DROP),
      leave(),
      load(BPF_W, 5, 2, 0),
      load(BPF_H, 7, 2, 4),
      load(BPF_W, 8, 2, 6),
      load(BPF_H, 9, 2, 10),
      store(BPF_W, 2, 8, 0),
      store(BPF_H, 2, 9, 4),
      store(BPF_W, 2, 5, 6),
      store(BPF_H, 2, 7, 10),
  };
  if (what == "tx") {
    code.push_back(set(0, XDP_TX));
  } else {
    code.push_back(set(1, static_cast<int>(ifindex)));
    code.push_back(set(2, 0));
    code.push_back(insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect));
  }
  code.push_back(leave());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: airvf-xdp INTERFACE pass|cut|drop|tx|redirect|cpumap-N [frags]\n");
    return 2;
  }
  const unsigned ifindex = if_nametoindex(argv[1]);
  const auto code = program(argv[2], ifindex);
  std::array<char, 65536> log{};
  bpf_attr attr{};
  attr.prog_type = BPF_PROG_TYPE_XDP;
  attr.insns = reinterpret_cast<std::uintptr_t>(code.data());
  attr.insn_cnt = static_cast<std::uint32_t>(code.size());
  attr.license = reinterpret_cast<std::uintptr_t>("GPL");
  attr.log_buf = reinterpret_cast<std::uintptr_t>(log.data());
  attr.log_size = log.size();
  attr.log_level = 1;
  attr.prog_flags = argc > 3 ? BPF_F_XDP_HAS_FRAGS : 0;
  const int prog = bpf(BPF_PROG_LOAD, attr);
  if (prog < 0) {
    std::fprintf(stderr, "load: %s\n%s\n", std::strerror(errno), log.data());
    return 1;
  }
  attr = {};
  attr.link_create.prog_fd = static_cast<std::uint32_t>(prog);
  attr.link_create.target_ifindex = ifindex;
  attr.link_create.attach_type = BPF_XDP;
  attr.link_create.flags = XDP_FLAGS_DRV_MODE;
  if (bpf(BPF_LINK_CREATE, attr) < 0) {
    std::fprintf(stderr, "attach: %s\n", std::strerror(errno));
    return 1;
  }
  std::puts("attached");
  std::fflush(stdout);
  pause();
}
