// SPDX-License-Identifier: Apache-2.0
// Flow Director as ixgbe programs it: perfect filters of ntuple rules, signature filters of ATR.
#include "nic82599/flow_director.hpp"

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint32_t kHashKey = 0x3dad14e2, kSignatureKey = 0x174d3614;  // ixgbe's
constexpr std::uint32_t kPerfect = 1 | bit(4) | 127 << 8 | 6 << 16 | 0xaU << 24 | 4U << 28;
constexpr std::uint32_t kSignature = 1 | 6 << 16 | 0xaU << 24 | 4U << 28;
constexpr std::uint32_t kAdd = 1, kRemove = 2, kQuery = 3, kValid = bit(2), kUpdate = bit(3), kDrop = bit(9),
                        kLast = bit(11), kQueueEnable = bit(15);
constexpr std::uint32_t kSource = 0xc0a80001, kDestination = 0xc0a80002;
constexpr unsigned kUdp = 1, kTcp = 2, kTarget = 5;

wire::Frame datagram(std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t source = kSource) {
  wire::Frame f(60);
  const std::uint64_t mac = 0x028259900001;
  for (int i = 0; i < 6; ++i) f[i] = static_cast<std::uint8_t>(mac >> (40 - 8 * i));
  f[6] = 2;
  put_be16(&f[12], 0x0800);
  f[14] = 0x45;
  put_be16(&f[16], 46);
  f[22] = 64;
  f[23] = 17;
  put_be32(&f[26], source);
  put_be32(&f[30], kDestination);
  put_be16(&f[34], source_port);
  put_be16(&f[36], destination_port);
  put_be16(&f[38], 26);
  return f;
}

// A hash bit by bit: bit b sums the bits of the flow's string that lie b behind those of the key. Its words beyond the
// first repeat every 32 bits, the first one lies there twice, 16 bits apart.
std::uint32_t hash(std::uint32_t head, std::uint32_t body, std::uint32_t key) {
  const auto at = [](std::uint32_t word, unsigned n) { return n < 32 ? word >> n & 1 : 0; };
  std::uint32_t out = 0;
  for (unsigned b = 0; b < 15; ++b) {
    unsigned sum = 0;
    for (unsigned m = 0; m < 32; ++m) {
      if (!(key >> m & 1)) continue;
      const unsigned n = m + b;
      sum += at(body, (n + 16) % 32);
      if (m > 0) sum += at(head, n) + (n >= 16 ? at(head, n - 16) : 0);
    }
    out |= (sum & 1) << b;
  }
  return out;
}

class FlowDirectorTest : public Card {
 protected:
  FlowDirectorTest() {
    pf_basic();
    rx_start(0, 0, 0);
    rx_start(0, kTarget, kTarget);
  }
  void start(std::uint32_t control) {
    pf(reg::kFdirHashKey, kHashKey);
    pf(reg::kFdirSignatureKey, kSignatureKey);
    pf(reg::kFdirCtrl, control);
    EXPECT_TRUE(pf(reg::kFdirCtrl) & bit(3));
  }
  // Only the destination port counts: VLAN, pool, flexible bytes, addresses and source port are masked.
  void mask_all_but_destination_port() {
    pf(reg::kFdirM, 0x37);
    pf(reg::kFdirIpSourceM, 0xffffffff);
    pf(reg::kFdirIpDestinationM, 0xffffffff);
    pf(reg::kFdirUdpM, 0x0000ffff);
    pf(reg::kFdirTcpM, 0x0000ffff);
  }
  std::uint32_t bucket_of_port(unsigned port, unsigned type = kUdp) {
    return hash(type << 16, port, kHashKey) & 0x1fff;
  }
  std::uint32_t command(std::uint32_t value) {
    pf(reg::kFdirCmd, value);
    EXPECT_EQ(pf(reg::kFdirCmd) & 3, 0u);
    return pf(reg::kFdirCmd);
  }
  void add(unsigned port, unsigned index, std::uint32_t action, unsigned type = kUdp) {
    pf(reg::kFdirPort, port << 16);
    pf(reg::kFdirHash, bucket_of_port(port, type) | index << 16);
    command(kAdd | kUpdate | kLast | type << 5 | action);
  }
  unsigned arrived(unsigned queue) { return pf(reg::kRxRings + reg::kRingStride * queue + reg::kRingHead); }
  void arrive(const wire::Frame& f) {
    wire.receiver(f);
    settle();
  }
};

TEST_F(FlowDirectorTest, APerfectFilterChoosesTheQueue) {
  start(kPerfect);
  mask_all_but_destination_port();
  add(2000, 1, kQueueEnable | kTarget << 16);
  arrive(datagram(77, 2000));
  arrive(datagram(78, 2001));
  EXPECT_EQ(arrived(kTarget), 1u);
  EXPECT_EQ(arrived(0), 1u);
  EXPECT_EQ(pf(reg::kFdirMatch), 1u);
  EXPECT_EQ(pf(reg::kFdirMiss), 1u);
  EXPECT_EQ(pf(reg::kFdirMatch), 0u);  // cleared by reading
}

TEST_F(FlowDirectorTest, ADropFilterSendsToTheDropQueue) {
  start(kPerfect);
  mask_all_but_destination_port();
  add(2000, 1, kDrop | kQueueEnable | 127 << 16);
  arrive(datagram(77, 2000));
  arrive(datagram(77, 2001));
  EXPECT_EQ(arrived(0), 1u);
  EXPECT_EQ(pf(reg::kFdirMatch), 1u);
}

TEST_F(FlowDirectorTest, AFilterOfAnotherProtocolDoesNotMatch) {
  start(kPerfect);
  mask_all_but_destination_port();
  add(2000, 1, kQueueEnable | kTarget << 16, kTcp);
  arrive(datagram(77, 2000));
  EXPECT_EQ(arrived(kTarget), 0u);
}

TEST_F(FlowDirectorTest, AFilterInTheWrongBucketNeverMatches) {
  start(kPerfect);
  mask_all_but_destination_port();
  pf(reg::kFdirPort, 2000 << 16);
  pf(reg::kFdirHash, (bucket_of_port(2000) ^ 1) | 1 << 16);
  command(kAdd | kUpdate | kLast | kUdp << 5 | kQueueEnable | kTarget << 16);
  arrive(datagram(77, 2000));
  EXPECT_EQ(arrived(kTarget), 0u);
  EXPECT_EQ(pf(reg::kFdirMiss), 1u);
}

TEST_F(FlowDirectorTest, MasksTakeBitsOfAddressesAndPortsOut) {
  start(kPerfect);
  pf(reg::kFdirM, 0x37);
  pf(reg::kFdirIpSourceM, 0x000000ff);  // 192.168.0.0/24
  pf(reg::kFdirIpDestinationM, 0xffffffff);
  pf(reg::kFdirUdpM, 0xf000ffff);  // the four lowest bits of the destination port: numbered the other way round
  pf(reg::kFdirPort, 0x07d0 << 16);
  pf(reg::kFdirIpSource, kSource);
  pf(reg::kFdirHash, (hash(kUdp << 16, 0x07d0 ^ (kSource & ~0xffU), kHashKey) & 0x1fff) | 3 << 16);
  command(kAdd | kUpdate | kLast | kUdp << 5 | kQueueEnable | kTarget << 16);
  arrive(datagram(1, 0x07df, kSource + 9));
  EXPECT_EQ(arrived(kTarget), 1u);
  arrive(datagram(1, 0x07e0, kSource));
  arrive(datagram(1, 0x07d0, kSource + 0x100));
  EXPECT_EQ(arrived(kTarget), 1u);
}

TEST_F(FlowDirectorTest, FiltersAreQueriedReplacedAndRemoved) {
  start(kPerfect);
  mask_all_but_destination_port();
  add(2000, 7, kQueueEnable | 3 << 16);
  add(2000, 7, kQueueEnable | kTarget << 16);  // replaces
  pf(reg::kFdirPort, 0);
  EXPECT_TRUE(command(kQuery) & kValid);
  EXPECT_EQ(pf(reg::kFdirPort), 2000u << 16);
  EXPECT_EQ(pf(reg::kFdirCmd) >> 16 & 0x7f, kTarget);
  EXPECT_EQ(pf(reg::kFdirFree), 2046u - 1);
  command(kRemove);
  EXPECT_FALSE(command(kQuery) & kValid);
  command(kRemove);
  EXPECT_EQ(pf(reg::kFdirUstat), 2u | 1u << 16);
  EXPECT_EQ(pf(reg::kFdirFstat), 1u << 16);
  arrive(datagram(77, 2000));
  EXPECT_EQ(arrived(kTarget), 0u);
}

TEST_F(FlowDirectorTest, TheTableEndsAndSaysSoBefore) {
  start(kPerfect);
  pf(reg::kGpie, reg::kGpieMsix);
  pf(reg::kIvarMisc, 0x8000);
  pf(reg::kEims, reg::kCauseFlowDirector);
  for (unsigned i = 0; i < 2046 - 65; ++i) {
    pf(reg::kFdirHash, i);
    command(kAdd | kQueueEnable);
  }
  EXPECT_FALSE(pf(reg::kEics) & reg::kCauseFlowDirector);
  for (unsigned i = 0; i < 66; ++i) {
    pf(reg::kFdirHash, 4000 + i);
    command(kAdd | kQueueEnable);
  }
  EXPECT_TRUE(pf(reg::kEics) & reg::kCauseFlowDirector);
  EXPECT_EQ(pf(reg::kFdirFree), 0u);
  EXPECT_EQ(pf(reg::kFdirFstat), 1u);
  pf(reg::kFdirCmd, bit(8));
  EXPECT_EQ(pf(reg::kFdirFree), 2046u);
}

TEST_F(FlowDirectorTest, ASignatureFilterMatchesByItsTwoHashes) {
  start(kSignature);
  // As ATR does on sending: the ports of the answer, and the EtherType as flexible bytes, in one word.
  const std::uint32_t head = kUdp << 16, body = kSource ^ kDestination ^ ((1234U ^ 0x0800) << 16 | 80);
  pf(reg::kFdirHash, hash(head, body, kHashKey) | hash(head, body, kSignatureKey) << 16);
  command(kAdd | kUpdate | kLast | kUdp << 5 | kQueueEnable | kTarget << 16);
  arrive(datagram(1234, 80));
  arrive(datagram(1235, 80));
  EXPECT_EQ(arrived(kTarget), 1u);
  EXPECT_EQ(arrived(0), 1u);
}

TEST_F(FlowDirectorTest, TheDescriptorShowsTheFilterWhenAsked) {
  pf(reg::kRxcsum, reg::kRxcsumPcsd);
  start(kPerfect | bit(5));
  mask_all_but_destination_port();
  add(2000, 9, kQueueEnable | kTarget << 16);
  arrive(datagram(77, 2000));
  EXPECT_TRUE(rx_status(kTarget, 0) & bit(2));
  EXPECT_EQ(get32(rx_ring(kTarget)) & 0xf, 0xfu);
  EXPECT_EQ(get32(rx_ring(kTarget) + 4), bucket_of_port(2000) | 9u << 16);
}

TEST_F(FlowDirectorTest, AResetForgetsEverything) {
  start(kPerfect);
  mask_all_but_destination_port();
  add(2000, 1, kQueueEnable | kTarget << 16);
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_EQ(pf(reg::kFdirCtrl), 0u);
  EXPECT_EQ(pf(reg::kFdirFree), 0u);
  EXPECT_EQ(pf(reg::kFdirM), 0u);
}

}  // namespace
}  // namespace vfpool::nic82599
