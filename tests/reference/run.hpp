// SPDX-License-Identifier: Apache-2.0
// One random run: a pool is brought up by model servers, each packet seen by the reference model from the first one on;
// then the neighbours of all ports do the steps, and the model says whether the bridge did what it must.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model.hpp"
#include "neighbour.hpp"
#include "odd.hpp"
#include "pool.hpp"
#include "step.hpp"

namespace vfpool::reference {

struct Failure {
  std::string rule, what;
  std::size_t step = 0;
};

/// How often what happened to what: "user MWr: to 3".
using Reached = std::map<std::string, std::uint64_t>;

class Run : public Pool {
 public:
  Run();
  void TestBody() override {}

  /// Does the steps. Empty: no rule was broken.
  std::optional<Failure> go(const std::vector<Step>& steps);
  std::uint64_t packets() const { return packets_; }
  const Reached& reached() const { return reached_; }
  bool log = false;  ///< prints each packet of the steps

 private:
  struct Place {
    unsigned user, slot;
    auto operator<=>(const Place&) const = default;
  };
  /// A function of a slot.
  struct Function {
    Bdf bdf;
    std::array<std::uint64_t, 2> bars{};  // 0 and 3
  };
  /// What is in a slot: functions of one card.
  struct Plugged {
    unsigned card = 0;
    std::vector<Function> functions;
  };
  /// A card beside the one that Pool has.
  struct FurtherCard {
    FurtherCard(Scheduler& scheduler, bridge::Bridge& bridge, unsigned device);
    std::pair<std::unique_ptr<wire::Loopback>, std::unique_ptr<wire::Loopback>> wire;
    pcie::Endpoint endpoint;
    nic82599::Nic82599 nic;
  };

  // Between the steps, by model servers.
  void bring_up();
  void assign(Place at, const std::vector<unsigned>& vfs);
  void plug_in(Place at);
  void enable(unsigned port);
  void drain();
  void settle();
  void see_lost_answers();
  void compare_counters();
  void restore();
  void set_up_owner(const std::set<unsigned>& cards);
  void enumerate(unsigned host);

  // The steps.
  void step(const Step& s);
  std::optional<Tlp> plain_request(const Step& s, bool write);
  void stray(const Step& s);
  void odd(const Step& s);
  void configuration(const Step& s, bool write);
  void registers(const Step& s);
  void card_message(const Step& s);
  void change_command(const Step& s);
  void move(const Step& s);
  void look(const Step& s);
  void reset(const Step& s);
  void power_off(const Step& s);
  void force(const Step& s);
  void stuck(const Step& s);
  void see_stuck(bool all_take);
  void lose_link(unsigned port, bool shortly, bool power);
  void link_back(unsigned port);
  void reset_from_above(const Step& s);

  void reset_card(unsigned device) override;

  static constexpr unsigned kVfs = 8;  // of each card
  Function* function_of(const Step& s);
  void advance(SimTime t);
  void send(unsigned port, Tlp t);
  bool writes(unsigned port) const;
  bool write_config(unsigned port, Bdf target, unsigned reg, std::uint32_t value, unsigned bytes);
  std::optional<std::uint8_t> free_tag(unsigned port, Bdf id);
  static const char* name_of(unsigned port);
  // Ports: hosts first, then the cards.
  static unsigned hosts() { return bridge::Bridge::device_port(0); }
  static unsigned cards() { return bridge::Bridge::geometry().devices; }
  static bool is_card(unsigned port) { return port >= hosts(); }
  static unsigned card_port(const Step& s) { return bridge::Bridge::device_port(s.port % cards()); }
  static std::vector<unsigned> vf_names();  // of all cards
  nic82599::Nic82599& nic_of(unsigned card) { return card == 0 ? nic : further_[card - 1]->nic; }
  host::Function owners(std::uint16_t device, unsigned card) const;  // the owner's function of that kind for a card
  host::Function pf(unsigned card) const { return owners(0x10f9, card); }
  host::Function port_above(unsigned card) const { return owners(0x8088, card); }
  Place place_of(const Step& s) const;
  std::vector<std::uint64_t> own_memory(unsigned port) const;

  Model model_;
  std::vector<std::unique_ptr<Neighbour>> neighbours_;
  std::vector<std::unique_ptr<FurtherCard>> further_;
  std::vector<std::vector<host::Function>> vfs_;  // by card, as the owner sees them
  std::map<Place, Plugged> slots_;                // what is or was there
  std::set<Place> unplugged_;                     // slots that their servers must set up again
  std::set<unsigned> disabled_;                   // hosts whose Command registers are not as set up
  std::set<unsigned> held_;                       // ports whose neighbour does not take everything
  std::set<unsigned> dark_, down_;  // ports that must be set up anew; of them, those whose link is down yet
  unsigned next_home_ = 0;          // where the next VF goes that was taken away
  std::map<unsigned, std::uint8_t> last_write_;  // by host: tag of its last configuration write that changed something
  std::map<std::uint32_t, std::uint8_t> next_tag_;
  std::uint32_t serial_ = 0;
  std::map<unsigned, SimTime> entering_;  // by port: its last packet is not in before
  std::uint64_t packets_ = 0;
  bool begun_ = false;  // the steps have
  Reached reached_;
};

}  // namespace vfpool::reference
