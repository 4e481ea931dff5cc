// SPDX-License-Identifier: Apache-2.0
// Figures 6 to 14 and table 3 of "Towards scalable and high performance I/O virtualization: a case study" (2007):
// driver domains of all sizes, on cores of their own or shared, under static assignment and the credit scheduler.
#include <fmt/format.h>

#include <map>

#include "testbed/driver_domains.hpp"
#include "testbed/experiment.hpp"
#include "testbed/parameters.hpp"

namespace vfpool::testbed {
namespace {

const char* const kOneCore =
    "an IOVM has one vCPU: in the model nothing but its own core limits it, whatever schedules it";

const char* const kSmallBatches =
    "with one card batches are small, and each has costs of its own; the paper's efficiency does not show them";
const char* const kBalanced =
    "in the model a waiting domain takes an idle core at once for a cold cache, so pinning takes room away and spares "
    "little";

Seen seen_of(const DomainOutcome& o) {
  return {{"mbps", o.mbps},
          {"efficiency", o.efficiency},
          {"packets_a_batch", o.packets_a_batch},
          {"cpu", o.cpu},
          {"switches", o.switches}};
}

// `iovms` driver domains, of which the loads take one after the other; central: the domain that does everything.
DriverDomains testbed(const Parameters& p, std::uint64_t seed, bool send, bool central, const char* sharing) {
  DriverDomains d;
  d.cores = static_cast<int>(p.count("server.cores", 1, 4'096));
  d.machine = machine_of(p);
  d.sharing = sharing_of(p, sharing);
  const std::string packet = send ? "send_packet" : "receive_packet";
  const double iovm = p.number("costs." + packet);
  d.costs = {.iovm_packet = central ? p.number("costs.central_" + packet) : iovm,
             .guest_packet = iovm * p.number("costs.guest_factor"),
             .interrupt = p.number("costs.interrupt"),
             .batch = p.number("costs.batch")};
  d.link = p.positive("server.link");
  d.send = send;
  d.ring = p.count("guest.ring", 1);
  d.batch = p.count("guest.batch", 1);
  d.interrupts = p.count("guest.interrupts", 1);
  d.connections = p.count("guest.connections", 1);
  d.client_interrupts = p.count("guest.client_interrupts", 1);
  d.window = p.number("guest.window");
  d.answer_us = p.number("guest.answer_us");
  d.seed = seed;
  return d;
}

// All cards with one domain on core 0, a core for each guest.
DriverDomains monolithic(DriverDomains d, unsigned loads) {
  d.iovm_of.assign(loads, 0);
  d.iovm_core = {0};
  for (unsigned i = 0; i < loads; ++i) d.guest_core.push_back(static_cast<int>(1 + i % 3));
  return d;
}

// A domain for each card.
DriverDomains small(DriverDomains d, unsigned loads) {
  for (unsigned i = 0; i < loads; ++i) {
    d.iovm_of.push_back(i);
    d.iovm_core.push_back(static_cast<int>(i % 4));
    d.guest_core.push_back(static_cast<int>((i + 1) % 4));
  }
  return d;
}

// Two domains: the first has two cards (four loads: each two), the second the rest.
DriverDomains hybrid(DriverDomains d, unsigned loads) {
  d.iovm_core = {0, 1};
  for (unsigned i = 0; i < loads; ++i) {
    d.iovm_of.push_back(i < 2 ? 0 : 1);
    d.guest_core.push_back(static_cast<int>((i + 2) % 4));
  }
  return d;
}

DriverDomains pinned(DriverDomains d) {
  d.iovms_pinned = d.guests_pinned = true;
  return d;
}

std::string direction(bool send) { return send ? "Tx" : "Rx"; }

// Figures 6 and 7.
void central(const Parameters& p, std::uint64_t seed, Record& record) {
  std::map<std::string, std::map<unsigned, DomainOutcome>> at;
  for (const bool send : {true, false}) {
    for (const bool is_central : {false, true}) {
      const std::string name = (is_central ? "central " : "IOVM ") + direction(send);
      for (const unsigned loads : {1U, 2U, 3U}) {
        at[name][loads] = run(pinned(monolithic(testbed(p, seed, send, is_central, "static"), loads)));
        record.add(name, loads, seen_of(at[name][loads]));
      }
    }
  }
  record.calibrated("6", "3 cards, IOVM sends", at["IOVM Tx"][3].mbps, 2230, "Mbit/s");
  record.calibrated("6", "3 cards, central sends", at["central Tx"][3].mbps, 1700, "Mbit/s");
  record.calibrated("6", "3 cards, IOVM receives", at["IOVM Rx"][3].mbps, 1500, "Mbit/s");
  record.calibrated("6", "3 cards, central receives", at["central Rx"][3].mbps, 1400, "Mbit/s");
  record.compare("6", "1 card, IOVM sends", at["IOVM Tx"][1].mbps, 940, "Mbit/s");
  record.compare("6", "1 card, central sends", at["central Tx"][1].mbps, 940, "Mbit/s");
  record.compare("6", "2 cards, IOVM sends", at["IOVM Tx"][2].mbps, 1880, "Mbit/s");
  record.compare("6", "2 cards, central sends", at["central Tx"][2].mbps, 1760, "Mbit/s");
  record.compare(
      "7", "1 card, IOVM sends", at["IOVM Tx"][1].efficiency, 1.2, "bit/Hz",
      "figure 6's 2230 Mbit/s of one core are 1.1 bit/Hz; with one card the paper's IOVM was more efficient");
  record.compare("7", "1 card, central sends", at["central Tx"][1].efficiency, 0.8, "bit/Hz", kSmallBatches);
  record.holds("7", "IOVM more efficient than central at every load",
               at["IOVM Tx"][2].efficiency > at["central Tx"][2].efficiency &&
                   at["IOVM Rx"][3].efficiency > at["central Rx"][3].efficiency);
}

// Figures 8 and 9.
void assignment(const Parameters& p, std::uint64_t seed, Record& record) {
  std::map<std::string, std::map<unsigned, DomainOutcome>> at;
  for (const bool send : {true, false}) {
    for (const std::string kind : {"co-locate", "separate", "IOVM-affinity"}) {
      const std::string name = kind + " " + direction(send);
      for (const unsigned loads : {1U, 2U, 3U}) {
        DriverDomains d = pinned(small(testbed(p, seed, send, false, "static"), loads));
        if (kind == "co-locate") d.guest_core = d.iovm_core;
        if (kind == "IOVM-affinity") {
          d.iovm_core.assign(loads, 0);
          for (unsigned i = 0; i < loads; ++i) d.guest_core[i] = static_cast<int>(1 + i);
        }
        at[name][loads] = run(d);
        record.add(name, loads, seen_of(at[name][loads]));
      }
    }
  }
  for (const std::string way : {"Tx", "Rx"}) {
    auto& together = at["co-locate " + way];
    auto& apart = at["separate " + way];
    auto& affinity = at["IOVM-affinity " + way];
    record.holds("8", way + ", 3 loads: co-locate lowest, separate between, IOVM-affinity highest throughput",
                 together[3].mbps < apart[3].mbps && apart[3].mbps < affinity[3].mbps,
                 "with costs from figure 6 one core is too little for three IOVMs, and separate ones have more");
    record.holds("9", way + ": co-locate is least efficient",
                 together[3].efficiency < apart[3].efficiency && together[3].efficiency < affinity[3].efficiency,
                 "a separate IOVM is woken for smaller batches, which costs what co-location pays for its switches");
    record.holds("9", way + ": IOVM-affinity is most efficient and flat over loads",
                 affinity[3].efficiency > apart[3].efficiency && affinity[3].efficiency > 0.9 * affinity[1].efficiency);
  }
}

// Figures 10 and 11.
void scheduler(const Parameters& p, std::uint64_t seed, Record& record) {
  std::map<std::string, std::map<unsigned, DomainOutcome>> at;
  for (const bool send : {true, false}) {
    for (const char* sharing : {"static", "credit"}) {
      const std::string name = std::string(sharing) + " " + direction(send);
      for (const unsigned loads : {1U, 2U, 3U}) {
        DriverDomains d = monolithic(testbed(p, seed, send, false, sharing), loads);
        at[name][loads] = run(sharing == std::string("static") ? pinned(d) : d);
        record.add(name, loads, seen_of(at[name][loads]));
      }
    }
  }
  record.compare("10", "3 loads, credit receives", at["credit Rx"][3].mbps, 2070, "Mbit/s", kOneCore);
  record.compare("10", "3 loads, static receives", at["static Rx"][3].mbps, 1500, "Mbit/s");
  record.holds("10", "credit moves as much as static or more",
               at["credit Rx"][3].mbps >= 0.98 * at["static Rx"][3].mbps &&
                   at["credit Tx"][3].mbps >= 0.98 * at["static Tx"][3].mbps);
  record.holds("11", "1 load: credit is less efficient (migration)",
               at["credit Rx"][1].efficiency < at["static Rx"][1].efficiency);
}

// Figures 12 to 14, table 3.
void sizes(const Parameters& p, std::uint64_t seed, Record& record) {
  const DriverDomains receive = testbed(p, seed, false, false, "credit");
  std::map<std::string, DomainOutcome> at;
  const auto one = [&](const std::string& name, unsigned loads, const DriverDomains& d) {
    at[name] = run(d);
    record.add(name, loads, seen_of(at[name]));
  };
  one("monolithic", 3, monolithic(receive, 3));
  one("hybrid", 3, hybrid(receive, 3));
  one("small", 3, small(receive, 3));
  const DriverDomains four = hybrid(receive, 4);
  one("hybrid, default", 4, four);
  DriverDomains own = four;
  own.iovms_pinned = true;
  one("hybrid, pinned", 4, own);
  record.compare("12", "efficiency, monolithic", at["monolithic"].efficiency, 1.1, "bit/Hz",
                 "the receive cost comes from 1500 Mbit/s of figure 6, which is 0.75 bit/Hz of a full core");
  record.compare("12", "efficiency, hybrid", at["hybrid"].efficiency, 0.7, "bit/Hz");
  record.holds(
      "12", "efficiency: monolithic, then hybrid, then small",
      at["monolithic"].efficiency > at["hybrid"].efficiency && at["hybrid"].efficiency > at["small"].efficiency);
  record.holds("13", "throughput: small highest",
               at["small"].mbps > at["hybrid"].mbps && at["small"].mbps > at["monolithic"].mbps,
               "all four cores are full, and small ones switch most");
  record.holds("14", "an IOVM with two cards has larger batches than one with one",
               at["hybrid"].packets_a_batch > at["small"].packets_a_batch);
  record.calibrated("table 3", "hybrid, 4 cards, default", at["hybrid, default"].mbps, 2106, "Mbit/s");
  record.compare("table 3", "hybrid, 4 cards, pinned", at["hybrid, pinned"].mbps, 2271, "Mbit/s");
  record.compare("table 3", "efficiency, default", at["hybrid, default"].efficiency, 0.72, "bit/Hz");
  record.compare("table 3", "efficiency, pinned", at["hybrid, pinned"].efficiency, 0.82, "bit/Hz", kBalanced);
}

}  // namespace

void add_iovm_paper(std::vector<Experiment>& all) {
  all.push_back({"iovm-central", "Driver domain and central domain (figures 6, 7)", "cards", "mbps", "iovm", central});
  all.push_back(
      {"iovm-cores", "Small driver domains on cores (figures 8, 9)", "cards", "efficiency", "iovm", assignment});
  all.push_back({"iovm-scheduler", "Static and credit (figures 10, 11)", "cards", "mbps", "iovm", scheduler});
  all.push_back(
      {"iovm-sizes", "Sizes of driver domains (figures 12 to 14, table 3)", "cards", "efficiency", "iovm", sizes});
}

}  // namespace vfpool::testbed
