// SPDX-License-Identifier: Apache-2.0
// airvf-xdp INTERFACE pass|cut|drop|tx|redirect|cpumap-N|hash|vlan [frags]: puts a small XDP program on an interface
// (native mode) until it is killed. tx and redirect send every frame back where it came from, addresses swapped;
// redirect does so through bpf_redirect() to the same interface. cut passes the first 100 bytes. cpumap-N gives IPv4 to
// the CPUs 1 to N, by the last byte of its source address. hash and vlan ask the driver for the hash and for the tag of
// the frame: passed is what has a hash of IPv4 addresses, or the tag 7. frags: the program declares that it can do
// frames of several buffers.
#include <linux/bpf.h>
#include <linux/btf.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bpf.hpp"

namespace {

using namespace bpf;

/// Bytes behind a btf_type, by its kind and the number in its info (Documentation/bpf/btf.rst).
std::size_t btf_extra(unsigned kind, unsigned n) {
  switch (kind) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case BTF_KIND_DECL_TAG: return 4;
    case BTF_KIND_ARRAY: return sizeof(btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_DATASEC:
    case BTF_KIND_ENUM64: return n * std::size_t{12};
    case BTF_KIND_ENUM:
    case BTF_KIND_FUNC_PROTO: return n * std::size_t{8};
    default: return 0;
  }
}

/// The number that the kernel's type information has for one of its functions; 0: no such function.
int kernel_function(const std::string& name) {
  std::ifstream in("/sys/kernel/btf/vmlinux", std::ios::binary);
  const std::vector<char> all{std::istreambuf_iterator<char>(in), {}};
  btf_header head{};
  if (all.size() < sizeof head) return 0;
  std::memcpy(&head, all.data(), sizeof head);
  const char* at = all.data() + head.hdr_len + head.type_off;
  const char* const end = at + head.type_len;
  const char* const names = all.data() + head.hdr_len + head.str_off;
  for (int id = 1; at < end; ++id) {
    btf_type type{};
    std::memcpy(&type, at, sizeof type);
    if (BTF_INFO_KIND(type.info) == BTF_KIND_FUNC && name == names + type.name_off) return id;
    at += sizeof type + btf_extra(BTF_INFO_KIND(type.info), BTF_INFO_VLEN(type.info));
  }
  return 0;
}

/// Passes a frame if that function of the kernel says 0, and the word (size BPF_W or BPF_H) that it left in its
/// `which`th result (0 or 1), below r10 by 8 and 16, has the bits of `mask` as in `value`.
std::vector<bpf_insn> hint(const std::string& function, int size, int which, int mask, int value) {
  const auto address = [](int reg, int off) {
    return std::vector<bpf_insn>{insn(BPF_ALU64 | BPF_MOV | BPF_X, reg, 10, 0, 0),
                                 insn(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, off)};
  };
  std::vector<bpf_insn> code = {insn(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0),
                                insn(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -16, 0)};
  for (const bpf_insn& i : address(2, -8)) code.push_back(i);
  for (const bpf_insn& i : address(3, -16)) code.push_back(i);
  code.push_back(insn(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, kernel_function(function)));
  code.push_back(insn(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 5, 0));
  code.push_back(load(size, 1, 10, -8 - 8 * which));
  code.push_back(insn(BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, mask));
  code.push_back(insn(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 2, value));
  code.push_back(set(0, XDP_PASS));
  code.push_back(leave());
  code.push_back(set(0, XDP_DROP));
  code.push_back(leave());
  return code;
}

// A map of the CPUs 1 to `cpus`, each with a queue as long as that of one of airvf's workers.
int make_cpumap(int cpus) {
  bpf_attr attr{};
  attr.map_type = BPF_MAP_TYPE_CPUMAP;
  attr.key_size = sizeof(std::uint32_t);
  attr.value_size = sizeof(std::uint32_t);
  attr.max_entries = static_cast<std::uint32_t>(cpus) + 1;
  const int map = call(BPF_MAP_CREATE, attr);
  const std::uint32_t slots = 1024;
  for (std::uint32_t cpu = 1; map >= 0 && cpu < attr.max_entries; ++cpu) {
    bpf_attr update{};
    update.map_fd = static_cast<std::uint32_t>(map);
    update.key = reinterpret_cast<std::uintptr_t>(&cpu);
    update.value = reinterpret_cast<std::uintptr_t>(&slots);
    if (call(BPF_MAP_UPDATE_ELEM, update) < 0) return -1;
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

constexpr int kRssIpv4 = 1;  // XDP_RSS_L3_IPV4 of the kernel's include/net/xdp.h

std::vector<bpf_insn> program(const std::string& what, unsigned ifindex) {
  if (what == "hash") return hint("bpf_xdp_metadata_rx_hash", BPF_W, 1, kRssIpv4, kRssIpv4);
  if (what == "vlan") return hint("bpf_xdp_metadata_rx_vlan_tag", BPF_H, 1, 0xffff, 7);
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
    std::fprintf(stderr, "usage: airvf-xdp INTERFACE pass|cut|drop|tx|redirect|cpumap-N|hash|vlan [frags]\n");
    return 2;
  }
  const unsigned ifindex = if_nametoindex(argv[1]);
  const std::string what = argv[2];
  const bool asks = what == "hash" || what == "vlan";
  const auto code = program(what, ifindex);
  std::uint32_t flags = argc > 3 ? BPF_F_XDP_HAS_FRAGS : 0;
  // Only a program for this very interface may ask its driver.
  if (asks) flags |= BPF_F_XDP_DEV_BOUND_ONLY;
  if (!bpf::put_on(ifindex, code, flags)) return 1;
  std::puts("attached");
  std::fflush(stdout);
  pause();
}
