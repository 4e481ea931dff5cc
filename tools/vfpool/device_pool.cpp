// SPDX-License-Identifier: Apache-2.0
// The pool behind /dev/vfpoolN. Nothing else may be in this file: programs of tests are linked without it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cards.hpp"
#include "describe.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "machine.hpp"

namespace vfpool::tools {
namespace {

Failure from_errno(int error, const std::string& what) {
  switch (error) {
    case EPERM: return {Exit::kPermission, what + ": only the owner's server may do that"};
    case EACCES: return {Exit::kPermission, what + ": no permission (run as root, or let udev give you the device)"};
    case EBUSY: return {Exit::kBusy, what + ": the slot or the VF is busy"};
    case ENOENT: return {Exit::kNotFound, what + ": the slot is empty"};
    case EXDEV: return {Exit::kBusy, what + ": the slot has VFs of another card"};
    case EPROTO:
      return {Exit::kBusy, what +
                               ": the server's payload size is not the card's, so it would reach nothing (vfpool list "
                               "shows both; --force for one that boots later)"};
    case EINVAL: return {Exit::kUsage, what + ": no such VF, card, user, slot or value"};
    case EALREADY: return {Exit::kUsage, what + ": it is not broken"};
    case ENODEV: return {Exit::kNotFound, what + ": the bridge does not answer"};
    case EREMOTEIO:
      return {Exit::kBusy, what + ": the card's driver refuses the settings of its profile (the kernel log says why)"};
    case EMSGSIZE: return {Exit::kBusy, what + ": the MTU of its profile is larger than that of the card's interface"};
    case ENOTTY: return {Exit::kFailed, what + ": the driver does not know this request (older than this program?)"};
    default: return {Exit::kFailed, fmt::format("{}: {}", what, std::strerror(error))};
  }
}

class DevicePool : public Pool {
 public:
  explicit DevicePool(const std::filesystem::path& path) : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 && errno == ENOENT) throw Failure(Exit::kNotFound, path.string() + ": no such device");
    if (fd_ < 0) throw from_errno(errno, path.string());
  }
  ~DevicePool() override { ::close(fd_); }
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  std::string name() const override { return path_.filename(); }
  vfpool_info info() override {
    vfpool_info i{};
    call(VFPOOL_IOC_INFO, i, "state of the pool");
    if (i.interface != VFPOOL_INTERFACE)
      throw Failure(Exit::kFailed,
                    fmt::format("{}: the driver speaks version {} of the interface, this program version {}",
                                path_.string(), i.interface, VFPOOL_INTERFACE));
    return i;
  }
  vfpool_slot_info slot(unsigned user, unsigned slot) override {
    vfpool_slot_info s{};
    s.user = byte(user);
    s.slot = byte(slot);
    call(VFPOOL_IOC_SLOT, s, fmt::format("slot {}", slot));
    return s;
  }
  bool try_lock() override { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }
  void unlock() override { ::flock(fd_, LOCK_UN); }
  void request(unsigned slot, unsigned vf, unsigned flags) override {
    vfpool_request r{};
    r.slot = byte(slot);
    r.vf = byte(vf);
    r.flags = flags;
    call(VFPOOL_IOC_REQUEST, r, fmt::format("request for slot {}", slot));
  }
  void release(unsigned user, unsigned slot, unsigned flags) override {
    vfpool_release r{};
    r.user = byte(user);
    r.slot = byte(slot);
    r.flags = flags;
    call(VFPOOL_IOC_RELEASE, r, fmt::format("release of slot {}", slot));
  }
  vfpool_card_info card(unsigned card) override {
    vfpool_card_info c{};
    c.card = byte(card);
    call(VFPOOL_IOC_CARD, c, fmt::format("card {}", card));
    return c;
  }
  vfpool_vf_info vf(unsigned vf) override {
    vfpool_vf_info v{};
    v.vf = byte(vf);
    call(VFPOOL_IOC_VF, v, "VF " + vf_text(vf));
    return v;
  }
  void assign(unsigned vf, unsigned user, unsigned slot, unsigned function, unsigned flags) override {
    vfpool_assign a{};
    a.vf = byte(vf);
    a.user = byte(user);
    a.slot = byte(slot);
    a.function = byte(function);
    a.flags = flags;
    call(VFPOOL_IOC_ASSIGN, a, fmt::format("VF {} to user {}, slot {}", vf_text(vf), user, slot));
  }
  vfpool_user_info user(unsigned user, unsigned quota, unsigned weight) override {
    vfpool_user_info u{};
    u.user = byte(user);
    u.quota = byte(quota);
    u.weight = byte(weight);
    call(VFPOOL_IOC_USER, u, fmt::format("user {}", user));
    return u;
  }
  void reserve(unsigned vf, unsigned user) override {
    vfpool_reserve r{};
    r.vf = byte(vf);
    r.user = byte(user);
    call(VFPOOL_IOC_RESERVE, r, "reservation of VF " + vf_text(vf));
  }
  void reset(unsigned vf) override {
    vfpool_reset r{};
    r.vf = byte(vf);
    call(VFPOOL_IOC_RESET, r, "reset of VF " + vf_text(vf));
  }
  vfpool_profile profile(unsigned vf) override {
    vfpool_profile p{};
    p.vf = byte(vf);
    call(VFPOOL_IOC_GET_PROFILE, p, "profile of VF " + vf_text(vf));
    return p;
  }
  void set_profile(const vfpool_profile& profile) override {
    vfpool_profile p = profile;
    call(VFPOOL_IOC_SET_PROFILE, p, "profile of VF " + vf_text(profile.vf));
  }

  vfpool_port_counters port_counters(unsigned port) override {
    vfpool_port_counters c{};
    c.port = byte(port);
    call(VFPOOL_IOC_PORT_COUNTERS, c, fmt::format("counters of port {}", port));
    return c;
  }
  std::optional<vfpool_vf_counters> vf_counters(unsigned vf) override {
    vfpool_vf_counters c{};
    c.vf = byte(vf);
    if (::ioctl(fd_, VFPOOL_IOC_VF_COUNTERS, &c) == 0) return c;
    if (errno == EOPNOTSUPP) return {};
    throw from_errno(errno, "counters of VF " + vf_text(vf));
  }
  vfpool_drops drops() override {
    vfpool_drops d{};
    call(VFPOOL_IOC_DROPS, d, "counters of dropped packets");
    return d;
  }

  std::optional<vfpool_event> next_event(std::chrono::milliseconds limit) override {
    if (!wait_for(fd_, limit)) return {};
    vfpool_event event;
    const ssize_t n = ::read(fd_, &event, sizeof event);
    if (n == 0) throw from_errno(ENODEV, path_.string());
    if (n < 0) throw from_errno(errno, path_.string());
    return event;
  }

 private:
  static __u8 byte(unsigned value) {
    if (value > 0xff) throw Failure(Exit::kUsage, fmt::format("{} is too large", value));
    return static_cast<__u8>(value);
  }
  template <class T>
  void call(unsigned long request, T& argument, const std::string& what) {
    if (::ioctl(fd_, request, &argument) == 0) return;
    const int error = errno;
    vfpool_info i{};
    if (error == EPERM && ::ioctl(fd_, VFPOOL_IOC_INFO, &i) == 0 && i.role != VFPOOL_OWNER)
      throw Failure(Exit::kPermission, what + ": " + owners_text(i));
    throw from_errno(error, what);
  }

  std::filesystem::path path_;
  int fd_;
};

}  // namespace

std::unique_ptr<Pool> open_pool(const std::filesystem::path& path) {
  if (!path.empty()) return std::make_unique<DevicePool>(path);
  std::vector<std::filesystem::path> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/misc", ignored))
    if (entry.path().filename().string().starts_with("vfpool")) found.push_back("/dev" / entry.path().filename());
  if (found.empty())
    throw Failure(Exit::kNotFound, "this server has no port of a pool: no /dev/vfpool* (is the module vfpool loaded?)");
  if (found.size() > 1)
    throw Failure(Exit::kUsage,
                  fmt::format("this server has ports of {} pools: say which with --device", found.size()));
  return std::make_unique<DevicePool>(found.front());
}

Server this_server() { return Server(); }

}  // namespace vfpool::tools
