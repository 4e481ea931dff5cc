// A QEMU TCG plugin that counts the instructions that the guest's processors execute, per processor, for measurements
// on machines whose time means nothing: -plugin libairvf_count.so,ask=FIFO,answer=FIFO. For each line read from `ask`
// one line goes to `answer`: the counts so far, one number a processor. Idle processors (HLT) count nothing.
//
// The interface is QEMU's documented one (docs/devel/tcg-plugins); its header is in no Debian package, so the little
// that is needed is declared here.
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

extern "C" {
using qemu_plugin_id_t = std::uint64_t;
struct qemu_plugin_tb;
struct qemu_plugin_scoreboard;
struct qemu_plugin_u64 {
  qemu_plugin_scoreboard* score;
  std::size_t offset;
};
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_tb*, void*), void*);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(qemu_plugin_tb*, qemu_plugin_op, qemu_plugin_u64, std::uint64_t);
qemu_plugin_scoreboard* qemu_plugin_scoreboard_new(std::size_t element_size);
std::uint64_t qemu_plugin_u64_get(qemu_plugin_u64, unsigned vcpu);
int qemu_plugin_num_vcpus();

[[gnu::visibility("default")]] int qemu_plugin_version = 7;  // QEMU 11
[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv);
}

namespace {

qemu_plugin_u64 count;

// Blocks are counted whole when they begin; one left by an exception is counted a few instructions too long.
void translated(qemu_plugin_tb* block, void*) {
  qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64, count,
                                                    qemu_plugin_tb_n_insns(block));
}

void serve(const std::string& ask, const std::string& answer) {
  for (;;) {
    std::FILE* in = std::fopen(ask.c_str(), "r");
    if (in == nullptr) return;
    while (std::getc(in) != '\n' && std::feof(in) == 0) {
    }
    std::fclose(in);
    std::FILE* out = std::fopen(answer.c_str(), "w");
    if (out == nullptr) return;
    for (int i = 0; i < qemu_plugin_num_vcpus(); ++i)
      std::fprintf(out, "%s%" PRIu64, i ? " " : "", qemu_plugin_u64_get(count, static_cast<unsigned>(i)));
    std::fputc('\n', out);
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
  count = {qemu_plugin_scoreboard_new(sizeof(std::uint64_t)), 0};
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated, nullptr);
  std::thread(serve, ask, answer).detach();
  return 0;
}
