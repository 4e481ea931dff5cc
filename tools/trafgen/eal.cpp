// SPDX-License-Identifier: Apache-2.0
#include "eal.hpp"

#include <fmt/format.h>
#include <rte_build_config.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_version.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <thread>

#include "core/unix_socket.hpp"
#include "frame.hpp"

namespace vfpool::trafgen {
namespace {

constexpr unsigned kBurst = 32;
constexpr auto kAgain = std::chrono::milliseconds(200);
constexpr std::uint16_t kDescriptors = 1'024;
constexpr unsigned kBuffers = 4'095;  // a mempool is best at a power of two less one

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(fmt::format("{}: {}", what, rte_strerror(error < 0 ? -error : error)));
}

void check(int result, const std::string& what) {
  if (result < 0) fail(what, result);
}

// A port may lack a capability that a plain Ethernet card has.
void check_optional(int result, const std::string& what) {
  if (result != -ENOTSUP && result != -ENODEV) check(result, what);
}

bool is_virtual(const std::string& port) { return port.starts_with("net_"); }
std::string driver_of(const std::string& port) { return port.substr(0, port.find(',')); }

// "v" of "driver,key=v,..."; empty if there is none.
std::string value_of(const std::string& port, const std::string& key) {
  const std::size_t at = port.find("," + key + "=");
  if (at == std::string::npos) return {};
  const std::size_t from = at + key.size() + 2;
  return port.substr(from, port.find(',', from) - from);
}

// All processors that this process may use, for one thread of DPDK: the kernel chooses.
std::string lcores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::string all;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set)) all += (all.empty() ? "" : ",") + std::to_string(cpu);
  return fmt::format("0@({})", all.empty() ? "0" : all);
}

class DpdkPort : public Port {
 public:
  DpdkPort(std::uint16_t id, const std::string& name, bool client, const EalOptions& options)
      : id_(id), name_(name), client_(client) {
    // One segment holds any frame, so that frames are written and read in one piece.
    const unsigned room = RTE_PKTMBUF_HEADROOM + std::max(2'048U, (options.largest_frame + 127) / 128 * 128);
    pool_ = rte_pktmbuf_pool_create(fmt::format("frames{}", id).c_str(), kBuffers, 0, 0,
                                    static_cast<std::uint16_t>(room), SOCKET_ID_ANY);
    if (pool_ == nullptr) fail(name_ + ": memory for frames", rte_errno);
    rte_eth_conf conf{};
    check(rte_eth_dev_configure(id_, 1, 1, &conf), name_ + ": configure");
    // Ethernet's header is not part of the MTU, the FCS neither.
    const unsigned mtu = options.largest_frame - 14 - kFcs;
    if (mtu > 1'500) check_optional(rte_eth_dev_set_mtu(id_, static_cast<std::uint16_t>(mtu)), name_ + ": MTU");
    std::uint16_t rx = kDescriptors, tx = kDescriptors;
    check(rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx), name_ + ": descriptors");
    check(rte_eth_rx_queue_setup(id_, 0, rx, SOCKET_ID_ANY, nullptr, pool_), name_ + ": receive queue");
    check(rte_eth_tx_queue_setup(id_, 0, tx, SOCKET_ID_ANY, nullptr), name_ + ": transmit queue");
    start();
    check_optional(rte_eth_promiscuous_enable(id_), name_ + ": promiscuous mode");
  }

  // A client of memif finds nobody as long as its server is not there; wait_for_links() tries again.
  void start() {
    const int result = rte_eth_dev_start(id_);
    started_ = result >= 0;
    if (!client_) check(result, name_ + ": start");
  }
  void stop() {
    drop();
    if (!std::exchange(started_, false)) return;
    rte_eth_dev_stop(id_);
  }
  void close() {
    rte_eth_dev_close(id_);
    rte_mempool_free(pool_);
  }

  std::uint8_t* room() override {
    if (count_ == kBurst) return nullptr;
    if (waiting_[count_] == nullptr) waiting_[count_] = rte_pktmbuf_alloc(pool_);
    return waiting_[count_] == nullptr ? nullptr : rte_pktmbuf_mtod(waiting_[count_], std::uint8_t*);
  }

  void add(unsigned bytes) override {
    rte_mbuf* const m = waiting_[count_++];
    m->data_len = static_cast<std::uint16_t>(bytes);
    m->pkt_len = bytes;
  }

  unsigned send() override {
    // net_memif of DPDK 24.11 crashed when it was given no frame.
    if (count_ == 0) return 0;
    const unsigned n = rte_eth_tx_burst(id_, 0, waiting_.data(), static_cast<std::uint16_t>(count_));
    if (n == 0) return 0;
    std::copy(waiting_.begin() + n, waiting_.end(), waiting_.begin());
    std::fill(waiting_.end() - n, waiting_.end(), nullptr);
    count_ -= n;
    return n;
  }

  void drop() override {
    for (rte_mbuf*& m : waiting_) rte_pktmbuf_free(std::exchange(m, nullptr));
    count_ = 0;
  }

  unsigned receive(const Taker& taker) override {
    std::array<rte_mbuf*, kBurst> frames;
    const unsigned n = rte_eth_rx_burst(id_, 0, frames.data(), kBurst);
    for (unsigned i = 0; i < n; ++i) {
      taker({rte_pktmbuf_mtod(frames[i], const std::uint8_t*), frames[i]->data_len});
      rte_pktmbuf_free(frames[i]);
    }
    return n;
  }

  bool link_up() const {
    rte_eth_link link{};
    return started_ && rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  }
  const std::string& name() const { return name_; }
  bool is_client() const { return client_; }

 private:
  std::uint16_t id_;
  std::string name_;
  bool client_, started_ = false;
  rte_mempool* pool_ = nullptr;
  std::array<rte_mbuf*, kBurst> waiting_{};  // the first count_ are frames; behind them there may be an empty one
  unsigned count_ = 0;
};

}  // namespace

Eal::Eal(const EalOptions& options) {
  // The file prefix lets several of these run side by side.
  std::vector<std::string> arguments = {"trafgen",
                                        "--no-telemetry",
                                        "--log-level=error",
                                        "--file-prefix",
                                        fmt::format("trafgen-{}", getpid()),
                                        "--lcores",
                                        lcores(),
                                        "-m",
                                        std::to_string(options.memory_mb)};
  // Without huge pages no other process can share the memory, and nothing is to be left in the file system.
  if (options.hugepages) {
    arguments.emplace_back("--in-memory");
  } else {
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
  }
  std::vector<std::string> names;
  std::set<std::string> plugins = {"mempool_ring"};
  virtual_ = std::all_of(options.ports.begin(), options.ports.end(), is_virtual);
  for (const std::string& port : options.ports) {
    const std::string driver = driver_of(port);
    if (driver.empty()) throw std::invalid_argument(fmt::format("\"{}\" names no port", port));
    if (is_virtual(port)) {
      const bool numbered = driver.back() >= '0' && driver.back() <= '9';
      if (value_of(port, "role") == "server" && value_of(port, "socket-abstract") == "no") {
        // DPDK does not take one that a killed process has left.
        remove_stale_socket(value_of(port, "socket"), SOCK_SEQPACKET);
        sockets_.push_back(value_of(port, "socket"));
      }
      names.push_back(numbered ? driver : fmt::format("{}{}", driver, names.size()));
      plugins.insert(driver.substr(0, driver.find_last_not_of("0123456789") + 1));
      arguments.insert(arguments.end(), {"--vdev", names.back() + port.substr(driver.size())});
    } else {
      names.push_back(driver);
      arguments.insert(arguments.end(), {"-a", port});
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i))
      throw std::invalid_argument(fmt::format("two ports are {}", names[i]));
  if (virtual_) {
    arguments.emplace_back("--no-pci");
    // Only what is needed: all drivers together take a second to load.
    for (const std::string& plugin : plugins)
      arguments.insert(arguments.end(), {"-d", fmt::format("{}/librte_{}.so", RTE_EAL_PMD_PATH, plugin)});
  }
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  if (rte_eal_init(static_cast<int>(arguments.size()), argv.data()) < 0) {
    const int error = rte_errno;
    remove_sockets();
    fail("DPDK does not start", error);
  }
  try {
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::uint16_t id = 0;
      if (const int r = rte_eth_dev_get_port_by_name(names[i].c_str(), &id); r != 0) fail("no port " + names[i], r);
      const std::string& port = options.ports[i];
      const bool client = port.starts_with("net_memif") && value_of(port, "role") != "server";
      ports_.push_back(std::make_unique<DpdkPort>(id, names[i], client, options));
    }
  } catch (...) {
    close();
    throw;
  }
}

Eal::~Eal() { close(); }

// A card is given back as it was. The virtual devices only stop and end with the process: DPDK 24.11 crashed in its
// thread for interrupts after a memif was closed.
void Eal::close() {
  for (const auto& port : ports_) static_cast<DpdkPort&>(*port).stop();
  remove_sockets();
  if (virtual_) return;
  for (const auto& port : ports_) static_cast<DpdkPort&>(*port).close();
  rte_eal_cleanup();
}

void Eal::remove_sockets() const {
  for (const std::string& socket : sockets_) unlink(socket.c_str());
}

void Eal::wait_for_links(std::chrono::milliseconds most, const Stops& stop) const {
  const auto until = std::chrono::steady_clock::now() + most;
  // Each attempt that finds nobody would be an error on the terminal.
  rte_log_set_level_pattern("pmd.net.memif*", RTE_LOG_CRIT);
  for (const auto& port : ports_) {
    auto& p = static_cast<DpdkPort&>(*port);
    for (auto again = std::chrono::steady_clock::now() + kAgain; !p.link_up();) {
      if (std::chrono::steady_clock::now() > until)
        throw std::runtime_error(
            fmt::format("{}: no link after {} ms: is anybody at the other end?", p.name(), most.count()));
      if (stop != 0) throw std::runtime_error(fmt::format("interrupted; {} has no link yet", p.name()));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      // A client of memif looks for its server once, when it starts.
      if (!p.is_client() || std::chrono::steady_clock::now() < again) continue;
      p.stop();
      p.start();
      again += kAgain;
    }
  }
}

std::string Eal::version() { return rte_version(); }

}  // namespace vfpool::trafgen
