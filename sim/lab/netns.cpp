// SPDX-License-Identifier: Apache-2.0
#include "lab/netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "lab/agent/command.hpp"

namespace vfpool::lab {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

constexpr const char* kOwnNet = "/proc/thread-self/ns/net";

}  // namespace

Namespaces::Namespaces() {
  if (::unshare(CLONE_NEWNS) != 0) fail("network namespaces need root: unshare");
  // What is mounted from here on stays ours.
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) fail("mount --make-rslave /");
  std::filesystem::create_directories(kNetnsFolder);
  if (::mount("vfpool-netns", kNetnsFolder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0)
    fail("mount on " + kNetnsFolder.string());
}

Namespaces::~Namespaces() {
  for (const std::string& name : names_) ::umount2((kNetnsFolder / name).c_str(), MNT_DETACH);
  ::umount2(kNetnsFolder.c_str(), MNT_DETACH);
}

void Namespaces::create(const std::string& name) {
  const std::filesystem::path path = kNetnsFolder / name;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) fail("namespace " + name);
  const Fd ours(::open(kOwnNet, O_RDONLY | O_CLOEXEC));
  if (!ours) fail(kOwnNet);
  if (::unshare(CLONE_NEWNET) != 0) fail("new network namespace");
  const int rc = ::mount(kOwnNet, path.c_str(), nullptr, MS_BIND, nullptr);
  const int error = errno;
  if (::setns(ours.get(), CLONE_NEWNET) != 0) fail("return to our network namespace");
  if (rc != 0) throw std::system_error(error, std::generic_category(), "mount of namespace " + name);
  names_.push_back(name);
  run_in_namespace(name, "ip link set lo up", std::chrono::seconds(10));
}

void enter_namespace(pid_t supervisor, const std::string& name) {
  const std::string path = fmt::format("/proc/{}/root{}/{}", supervisor, kNetnsFolder.string(), name);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail(fmt::format("no namespace '{}' in this lab", name));
  if (::setns(fd.get(), CLONE_NEWNET) != 0) fail("enter namespace " + name);
  // Without this, /sys/class/net shows the devices of the namespace we came from. A convenience: the command works
  // without it.
  if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0)
    ::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

std::vector<std::string> in_namespace(const std::string& name) {
  return {"nsenter", "--net=" + (kNetnsFolder / name).string(), "--"};
}

Result run_in_namespace(const std::string& name, const std::string& sh, std::chrono::milliseconds timeout) {
  Command::Spec spec;
  spec.argv = in_namespace(name);
  spec.argv.insert(spec.argv.end(), {"sh", "-c", sh});
  spec.timeout = timeout;
  Command command(std::move(spec));
  while (!command.reap()) {
    std::vector<pollfd> fds;
    command.add_poll(fds);
    // Its end closes the pipes, unless children of its own hold them: then look now and then.
    ::poll(fds.data(), fds.size(), fds.empty() ? 5 : 50);
    command.pump();
    command.check_deadline(Command::Clock::now());
  }
  return {command.rc(), command.out(), command.err(), command.timed_out(), false};
}

}  // namespace vfpool::lab
