// SPDX-License-Identifier: Apache-2.0
#include "ip/stack.hpp"

#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

#include <algorithm>

#include "ip/lwip.hpp"

namespace vfpool::ip {
namespace {

constexpr SimTime kTick = std::chrono::milliseconds(10);  // lwIP's shortest timer has 250 ms
constexpr unsigned kMtu = 1500;

Stack* the_stack = nullptr;
// lwIP lives as long as the process and its time never goes back: what earlier stacks have seen is added.
SimTime passed{0};

SimTime lwip_time() { return passed + (the_stack ? the_stack->scheduler().now() : SimTime{0}); }

err_t link_output(netif* link, pbuf* p) {
  auto& interface = *static_cast<Interface::Impl*>(link->state);
  interface.frame.resize(p->tot_len);
  pbuf_copy_partial(p, interface.frame.data(), p->tot_len, 0);
  return interface.output(interface.frame) ? ERR_OK : ERR_MEM;
}

err_t initialise(netif* link) {
  const auto& interface = *static_cast<Interface::Impl*>(link->state);
  std::copy(interface.mac.begin(), interface.mac.end(), link->hwaddr);
  link->hwaddr_len = 6;
  link->mtu = kMtu;
  link->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  link->name[0] = 'v';
  link->name[1] = 'f';
  link->output = etharp_output;
  link->linkoutput = link_output;
  return ERR_OK;
}

}  // namespace

// The library asks this for the time. Its own definition, the wall clock, gives way to the program's, as the dynamic
// linker searches there first.
extern "C" u32_t sys_now() {
  return static_cast<u32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(lwip_time()).count());
}

Stack::Stack(Scheduler& scheduler) : scheduler_(scheduler) {
  if (the_stack != nullptr) throw std::logic_error("there is an ip::Stack already");
  the_stack = this;
  static const bool once = (lwip_init(), true);
  (void)once;
  tick();
}

Stack::~Stack() {
  scheduler_.cancel(timer_);
  passed = lwip_time();
  the_stack = nullptr;
}

void Stack::tick() {
  sys_check_timeouts();
  timer_ = scheduler_.after(kTick, [this] { tick(); });
}

Interface::Interface(Stack& stack, Mac mac, std::uint8_t host, Output output)
    : stack_(stack), host_(host), impl_(std::make_unique<Impl>()) {
  impl_->mac = mac;
  impl_->output = std::move(output);
  ip4_addr_t address, mask, none;
  IP4_ADDR(&address, 10, 0, 0, host);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&none, 0, 0, 0, 0);
  if (netif_add(&impl_->link, &address, &mask, &none, impl_.get(), initialise, ethernet_input) == nullptr)
    throw std::runtime_error("lwIP: no further interface");
  netif_set_up(&impl_->link);
}

Interface::~Interface() { netif_remove(&impl_->link); }

void Interface::input(std::span<const std::uint8_t> frame) {
  pbuf* p = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(frame.size()), PBUF_RAM);
  if (p == nullptr) throw std::runtime_error("lwIP: no memory for a frame");
  pbuf_take(p, frame.data(), static_cast<u16_t>(frame.size()));
  if (ethernet_input(p, &impl_->link) != ERR_OK) pbuf_free(p);
}

}  // namespace vfpool::ip
