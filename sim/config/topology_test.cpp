// SPDX-License-Identifier: Apache-2.0
#include "config/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace vfpool::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TopologyFile : public testing::Test {
 protected:
  ~TopologyFile() override { std::filesystem::remove(path); }
  Topology read(const std::string& text, const BridgeLimits& limits = {}) {
    std::ofstream(path) << text;
    return read_topology(path, limits);
  }
  std::string error(const std::string& text, const BridgeLimits& limits = {}) {
    try {
      read(text, limits);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "accepted";
  }
  std::filesystem::path path = testing::TempDir() + "topology_test." + std::to_string(::getpid()) + ".toml";
};

TEST_F(TopologyFile, DescribesAPool) {
  const Topology t = read(R"(
    [nic]
    mac = "02:00:00:00:00:07"
    wire = { kind = "tap", netns = "peer" }
    [[server]]
    [[server]]
    assign = [ { vf = 3 }, { slot = 1, vf = 4 } ]
    [server.vm]
    memory = "768M"
    cpus = 2
    modules = ["vmd", "pktgen"]
    blacklist = ["ixgbevf"]
    append = "nosmp"
    qemu_args = ["-s"]
    prealloc = true
    init = "script"
    kernel_root = "/other"
    files = ["a:/b"]
    [[peer]]
    netns = "peer"
    address = ["10.82.0.254/24"]
    [lab]
    kernel_root = "/k"
    add = ["x:/y"]
  )");
  EXPECT_FALSE(t.has_sim);
  EXPECT_EQ(t.nic.mac[5], 7);
  ASSERT_EQ(t.servers.size(), 2u);
  EXPECT_TRUE(t.servers[0].owner);
  EXPECT_EQ(t.servers[0].name, "owner");
  EXPECT_FALSE(t.servers[1].owner);
  EXPECT_THAT(t.servers[1].sockets, ElementsAre("user1.sock"));
  ASSERT_EQ(t.servers[1].assign.size(), 2u);
  EXPECT_EQ(t.servers[1].assign[1].slot, 1u);
  const Topology::Vm& vm = t.servers[1].vm;
  EXPECT_EQ(vm.memory, "768M");
  EXPECT_EQ(vm.cpus, 2u);
  EXPECT_THAT(vm.modules, ElementsAre("vmd", "pktgen"));
  EXPECT_THAT(vm.blacklist, ElementsAre("ixgbevf"));
  EXPECT_EQ(vm.append, "nosmp");
  EXPECT_THAT(vm.qemu_args, ElementsAre("-s"));
  ASSERT_EQ(t.peers.size(), 1u);
  EXPECT_EQ(t.peers[0].interface, "wire0");
  EXPECT_TRUE(vm.prealloc);
  EXPECT_EQ(vm.init, Topology::Vm::Init::kScript);
  EXPECT_EQ(vm.kernel_root, "/other");
  EXPECT_THAT(vm.files, ElementsAre("a:/b"));
  EXPECT_EQ(t.image.kernel_root, "/k");
  EXPECT_THAT(t.image.add, ElementsAre("x:/y"));
}

TEST_F(TopologyFile, DescribesVmsThatAreAttachedDirectly) {
  const Topology t = read(R"(
    [nic]
    strict_vf_reset = true
    [pf]
    vfs = 8
    queues = 2
    mtu = 9000
    trusted = true
    [[server]]
    attach = "direct"
    [[server]]
    name = "both"
    attach = "direct"
    vfs = [1, 4]
    mischief = true
  )");
  EXPECT_TRUE(t.direct());
  EXPECT_TRUE(t.nic.strict_vf_reset);
  EXPECT_THAT(t.servers[0].vfs, ElementsAre(0));
  EXPECT_THAT(t.servers[0].sockets, ElementsAre("user1.sock"));
  EXPECT_THAT(t.servers[1].vfs, ElementsAre(1, 4));
  EXPECT_THAT(t.servers[1].sockets, ElementsAre("both.1.sock", "both.4.sock"));
  EXPECT_FALSE(t.servers[0].mischief);
  EXPECT_TRUE(t.servers[1].mischief);
  EXPECT_EQ(t.pf.vfs, 8u);
  EXPECT_EQ(t.pf.queues, 2u);
  EXPECT_EQ(t.pf.mtu, 9000u);
  EXPECT_TRUE(t.pf.trusted);
  EXPECT_FALSE(t.pf.query_rss);
}

TEST_F(TopologyFile, EveryOneOfTheTreeIsUnderstood) {
  const std::filesystem::path source = VFPOOL_SOURCE;
  EXPECT_FALSE(read_topology(source / "tests/bench/pool.toml").servers.empty());
  for (const char* folder : {"sim/lab/topologies", "tests/airvf", "tests/lab"})
    for (const auto& entry : std::filesystem::directory_iterator(source / folder))
      if (entry.path().extension() == ".toml") {
        EXPECT_FALSE(read_topology(entry.path()).servers.empty());
      }
}

TEST_F(TopologyFile, ErrorsNameTheLineAndWhatIsWrong) {
  EXPECT_THAT(error("[nic]\n\nlink_mbps = -4\n"), HasSubstr(":3: nic: link_mbps must be a number"));
  EXPECT_THAT(error("[sim]\ncontrl = \"x\"\n"), HasSubstr(":2: sim: contrl is not known here"));
  EXPECT_THAT(error("[nic\n"), HasSubstr(":1:"));
  EXPECT_THAT(error("[nic]\nmac = \"01:00:00:00:00:00\"\n"), HasSubstr("no unicast"));
  EXPECT_THAT(error("[nic]\nmac = \"02:00:00:00:00\"\n"), HasSubstr("no unicast"));
  EXPECT_THAT(error("[[server]]\nattach = \"magic\"\n"), HasSubstr("\"magic\" is none of vfio-user, model"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign = [ { slot = 99, vf = 0 } ]\n"),
              HasSubstr(":3: server 2: assign 1: slot must be"));
  EXPECT_THAT(error("[[server]]\n[server.vm]\nmemroy = \"1G\"\n"), HasSubstr(":3: server 1: vm: memroy is not known"));
  EXPECT_THAT(error("[[server]]\n[server.vm]\ncpus = \"1\"\n"), HasSubstr("cpus must be a number from 1 to 64"));
  EXPECT_THAT(error("[[server]]\n[server.vm]\nmodules = [1]\n"), HasSubstr("modules must be a list of strings"));
  EXPECT_THAT(error("[[server]]\nname = \"a/b\"\n"), HasSubstr(":2: server 1: name \"a/b\" must be"));
  EXPECT_THAT(error("[[peer]]\nnetns = \"p\"\naddress = [\"10.0.0.1/8\"]\n"), HasSubstr("no interface"));
  EXPECT_THAT(error("[[peer]]\n"), HasSubstr("netns is missing"));
  EXPECT_THAT(error("server = 1\n"), HasSubstr("server must be a list of tables"));
  EXPECT_THAT(error("[nic]\nstrict_vf_reset = 1\n"), HasSubstr("must be true or false"));
}

TEST_F(TopologyFile, ContradictionsAreRefused) {
  EXPECT_THAT(error("[[server]]\nrole = \"user\"\n"), HasSubstr(":1: no server has role = \"owner\""));
  EXPECT_THAT(error("[[server]]\n[[server]]\nrole = \"owner\"\n"),
              HasSubstr(":2: server 2: is a second owner beside \"owner\""));
  EXPECT_THAT(error("[[server]]\n[[server]]\nname = \"owner\"\n"), HasSubstr(":2: server 2: two servers are named"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nsocket = \"owner.sock\"\n"), HasSubstr("two servers use the socket"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign=[{vf=1}]\n[[server]]\nassign=[{vf=1}]\n"),
              HasSubstr("server 3: VF 1 is given twice"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nattach=\"direct\"\n"), HasSubstr("cannot share"));
  EXPECT_THAT(error("[[server]]\nassign=[{vf=1}]\n"), HasSubstr("assign is for users"));
}

TEST_F(TopologyFile, KeysThatCouldHaveNoEffectAreRefused) {
  EXPECT_THAT(error("[pf]\nvfs = 2\n[[server]]\n"), HasSubstr("attached directly"));
  EXPECT_THAT(error("[[server]]\nvf = 0\n"), HasSubstr("vf is not known here"));
  EXPECT_THAT(error("[[server]]\nmischief = true\n"), HasSubstr("mischief is not known here"));
  EXPECT_THAT(error("[nic]\nwire = { kind = \"station\" }\n[[server]]\n"), HasSubstr("wire of kind station"));
  EXPECT_THAT(error("[[server]]\nattach=\"none\"\nsocket=\"s\"\n"), HasSubstr("socket is not known here"));
  EXPECT_THAT(error("[[server]]\nattach=\"model\"\n[server.vm]\ncpus=1\n"), HasSubstr("vm is not known here"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nattach=\"model\"\nvfs=2\n"), HasSubstr("vfs is not known here"));
  EXPECT_THAT(error("[nic]\nwire = { kind = \"memif\", netns = \"x\" }\n"), HasSubstr("netns is not known here"));
  EXPECT_THAT(error("[nic]\nwire = { kind = \"loopback\", netns = \"x\" }\n"), HasSubstr("netns is not known here"));
  EXPECT_THAT(error("[[server]]\nattach=\"direct\"\nvf=0\nvfs=[1]\n"), HasSubstr("says what vf says"));
  EXPECT_THAT(error("[[server]]\nattach=\"direct\"\nvfs=[1,1]\n"), HasSubstr("two servers use the socket"));
  EXPECT_THAT(error("[pf]\nvfs = 2\n[[server]]\nattach=\"direct\"\nvf=2\n"), HasSubstr("vfs must be a number from 3"));
  EXPECT_THAT(error("[pf]\nvfs = 40\nqueues = 4\n[[server]]\nattach=\"direct\"\n"), HasSubstr("must be 2 with more"));
}

TEST_F(TopologyFile, ARecordOfWhatIsNotThereIsRefused) {
  const std::string direct = "[[server]]\nattach=\"direct\"\n";
  for (const char* line : {"tlp=\"a\"", "taps=[\"nic0\"]", "waves=\"w\""})
    EXPECT_THAT(error(direct + "[record]\n" + line + "\n"), HasSubstr("is for pools behind the bridge")) << line;
  EXPECT_THAT(error("[record]\ntaps=[\"nic0\"]\n"), HasSubstr(":2: record: taps is given, but tlp is not"));
  EXPECT_THAT(error("[[server]]\n[record]\nethernet=\"e\"\n"), HasSubstr(":3: record: ethernet is given, but no card"));
  EXPECT_THAT(error("[[card]]\nwire={kind=\"loopback\"}\n[[server]]\n[record]\nethernet=\"e\"\n"), "accepted");
}

TEST_F(TopologyFile, NothingIsMadeTwiceUnderOneName) {
  const std::string here = path.filename();
  EXPECT_THAT(error("[record]\ntlp=\"" + here + "\"\n"), HasSubstr("which is this file, too"));
  EXPECT_THAT(error("[record]\ntlp=\"" + path.string() + "\"\n"), HasSubstr("which is this file, too"));
  EXPECT_THAT(error("[[server]]\nsocket=\"" + here + "\"\n"), HasSubstr("which is this file, too"));
  EXPECT_THAT(error("[[server]]\nsocket=\"./control.sock\"\n"),
              HasSubstr(":1: server makes owner's socket ./control.sock, which is the control socket, too"));
  EXPECT_THAT(error("[nic]\nwire={kind=\"memif\",socket=\"owner.sock\"}\n[[server]]\n"), HasSubstr("a wire's socket"));
  EXPECT_THAT(error("[nic]\nwire={kind=\"pcap\",play=\"a\",keep=\"x/../a\"}\n"),
              HasSubstr("the capture that is played"));
  EXPECT_THAT(error("[record]\ntlp=\"a\"\nwaves=\"a\"\n"),
              HasSubstr(":1: record makes waves a, which is a record, too"));
  EXPECT_THAT(error("[nic]\nwire={kind=\"pcap\",play=\"a\"}\n[[card]]\nwire={kind=\"pcap\",play=\"a\"}\n"
                    "[record]\ntlp=\"b\"\nethernet=\"b\"\n"),
              "accepted");
}

TEST_F(TopologyFile, AnEthernetAddressIsSixPairsOfDigits) {
  EXPECT_TRUE(mac_address("02:00:a:0B:ff:1"));
  for (const char* text :
       {"", "02:00:00:00:00", "02:00:00:00:00:00:00", "02:00:00:00:00:-1", "02:00:00:00:00:+1", "02:00:00:00:00: 1",
        "02:00:00:00:00:0x", "02:00:00:00:00:", "02-00-00-00-00-01", "2:0:0:0:0:100"})
    EXPECT_FALSE(mac_address(text)) << text;
}

TEST_F(TopologyFile, TheBridgeAtHandSetsTheLimits) {
  const BridgeLimits small{.size = {.users = 1, .slots = 1, .slot_functions = 2, .devices = 1},
                           .ports = {{"owner", "user1", "nic0"}}};
  EXPECT_EQ(read("[[server]]\n[[server]]\n[record]\ntlp=\"t\"\ntaps=[\"nic0\"]\n", small).servers.size(), 2u);
  const std::string has = "the bridge at hand has 1 user, 1 slot each, 2 functions a slot; this file needs ";
  EXPECT_THAT(error("[[server]]\n[[server]]\n[[server]]\n[[server]]\n", small),
              HasSubstr(":3: server 3: " + has + "3 users, 1 slot each, 1 function a slot"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign=[{slot=1}]\n", small),
              HasSubstr(":2: server 2: " + has + "1 user, 2 slots"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign=[{vf=1},{vf=2,fn=2}]\n", small), HasSubstr("3 functions a slot"));
  EXPECT_THAT(error("[record]\ntaps=[\"nowhere\"]\n", small), HasSubstr(":2: record: taps names \"nowhere\""));
}

TEST_F(TopologyFile, NoBridgeIsLargerThanTheRtlCanBeMade) {
  std::string most = "[[server]]\n";
  for (int user = 1; user <= 16; ++user) most += "[[server]]\n";
  EXPECT_EQ(read(most).servers.size(), 17u);
  EXPECT_THAT(error(most + "[[server]]\n"),
              HasSubstr(":18: server 18: is user 17; a bridge has 16 user ports at most"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign=[{slot=16}]\n"), HasSubstr("from 0 to 15"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign=[{fn=8}]\n"), HasSubstr("from 0 to 7"));
}

TEST_F(TopologyFile, FurtherCardsStandBehindTheFirstOne) {
  const std::string two = "[[card]]\nkind=\"copier\"\n[[card]]\nlink_mbps=1000\n[[server]]\n[[server]]\n";
  const Topology t = read(two + "assign=[{vf=0},{slot=1,card=1,vf=0},{slot=2,card=2,vf=5}]\n");
  ASSERT_EQ(t.more_cards.size(), 2u);
  EXPECT_EQ(t.more_cards[0].kind, Topology::DeviceKind::kCopier);
  EXPECT_EQ(t.more_cards[1].kind, Topology::DeviceKind::k82599);
  EXPECT_EQ(t.more_cards[1].nic.link_mbps, 1000u);
  EXPECT_NE(t.more_cards[1].nic.mac, t.nic.mac);
  EXPECT_EQ(t.servers[1].assign[2].card, 2u);
  EXPECT_THAT(error(two + "assign=[{slot=0,card=1,vf=0},{slot=1,card=1,vf=0}]\n"),
              HasSubstr("VF 0 of card 1 is given twice"));
  EXPECT_THAT(error(two + "assign=[{card=3,vf=0}]\n"), HasSubstr("names card 3, and there are 3"));
  EXPECT_THAT(error(two + "assign=[{vf=0},{card=1,vf=0,fn=1}]\n"), HasSubstr("puts VFs of cards 0 and 1 into slot 0"));
  EXPECT_THAT(error("[[card]]\n[[card]]\n[[card]]\n[[card]]\n"), HasSubstr("is card 4; a bridge has 4 device ports"));
  EXPECT_THAT(error("[[card]]\nkind=\"copier\"\nlink_mbps=1\n"), HasSubstr("link_mbps is not known here"));
  EXPECT_THAT(error("[[card]]\n[[server]]\nattach=\"direct\"\n"), HasSubstr("is for pools behind the bridge"));
  const BridgeLimits one{.size = {.users = 2, .slots = 2, .slot_functions = 8, .devices = 1}, .ports = {}};
  EXPECT_THAT(error("[[card]]\n[[server]]\n", one), HasSubstr("1 function a slot, 2 devices"));
}

TEST_F(TopologyFile, TheOwnerMayStandAnywhereAndNamesFollowTheRoles) {
  const Topology t = read(R"(
    [[server]]
    role = "user"
    [[server]]
    role = "owner"
    [[server]]
    attach = "none"
    [[server]]
  )");
  std::vector<std::string> names;
  for (const auto& s : t.servers) names.push_back(s.name + (s.owner ? " owns" : ""));
  EXPECT_THAT(names, ElementsAre("user1", "owner owns", "user2", "user3"));
}

TEST_F(TopologyFile, AMissingFileIsAnErrorNotACrash) { EXPECT_THROW(read_topology("/nonexistent.toml"), ConfigError); }

TEST_F(TopologyFile, ACopierHasNothingOfAn82599) {
  const std::string copier = "[device]\nkind = \"copier\"\n", direct = "[[server]]\nattach = \"direct\"\n";
  EXPECT_EQ(read(copier + direct).device, Topology::DeviceKind::kCopier);
  EXPECT_EQ(read(direct).device, Topology::DeviceKind::k82599);
  EXPECT_THAT(error("[device]\nkind = \"nvme\"\n"), HasSubstr("none of 82599, copier"));
  EXPECT_THAT(error(copier + "[nic]\n"), HasSubstr("is for an 82599"));
  EXPECT_THAT(error(copier + direct + "[pf]\n"), HasSubstr("nobody drives the PF"));
  EXPECT_THAT(error(copier + direct + "vf = 7\n"), HasSubstr("VF 7 of a copier, which has 7"));
  EXPECT_THAT(error(copier + direct + "mischief = true\n"), HasSubstr("mischief"));
  EXPECT_THAT(error(copier + "[[server]]\nattach = \"model\"\n"), HasSubstr("a model drives an 82599 only"));
  EXPECT_THAT(error(copier + "[[server]]\n[[server]]\nassign = [ { vf = 1 } ]\n"), HasSubstr("VFs of an 82599 only"));
}

}  // namespace
}  // namespace vfpool::config
