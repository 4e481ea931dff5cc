// SPDX-License-Identifier: GPL-2.0-only
/* Packets that the device cuts into segments, and those that it cannot. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip6_checksum.h>
#include <net/mpls.h>

#include "tx.h"
#include "tx_plan.h"

/*
 * The device repeats the headers, so they are prepared for every segment: lengths and
 * IP checksum are its own to write, and the sum of the pseudo header lacks the length.
 */
int airvf_tx_plan_segments(struct sk_buff *skb, struct airvf_tx_plan *plan)
{
	bool udp = skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4;
	u8 protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;
	__sum16 *check, pseudo;
	unsigned char *net;
	u32 l4, l4_len;
	int err;

	err = skb_cow_head(skb, 0);
	if (err)
		return err;

	net = skb->encapsulation ? skb_inner_network_header(skb) : skb_network_header(skb);
	l4 = skb_checksum_start_offset(skb);
	if (((struct iphdr *)net)->version == 4) {
		struct iphdr *ip = (struct iphdr *)net;

		ip->tot_len = 0;
		ip->check = 0;
		pseudo = ~csum_tcpudp_magic(ip->saddr, ip->daddr, 0, protocol, 0);
		plan->type |= TXC_IPV4;
		plan->olinfo |= TXD_IXSM;
	} else {
		struct ipv6hdr *ip6 = (struct ipv6hdr *)net;

		ip6->payload_len = 0;
		pseudo = ~csum_ipv6_magic(&ip6->saddr, &ip6->daddr, 0, protocol, 0);
	}
	if (udp) {
		l4_len = sizeof(struct udphdr);
		check = &((struct udphdr *)(skb->data + l4))->check;
	} else {
		struct tcphdr *tcp = (struct tcphdr *)(skb->data + l4);

		l4_len = tcp->doff * 4;
		check = &tcp->check;
		plan->type |= TXC_L4T_TCP;	/* UDP is 0 */
	}
	*check = pseudo;
	plan->header = l4 + l4_len;
	plan->lens |= (u32)(net - skb->data) << TXC_MACLEN_SHIFT | (l4 - (u32)(net - skb->data));
	/* Context 1 is that of segments, so that the others' keeps its meaning. */
	plan->mss = skb_shinfo(skb)->gso_size << TXC_MSS_SHIFT | l4_len << TXC_L4LEN_SHIFT |
		    1 << TXC_IDX_SHIFT;
	plan->cmd |= TXD_TSE;
	plan->olinfo |= TXD_TXSM | 1 << TXC_IDX_SHIFT |
			(skb->len - plan->header) << TXD_PAYLEN_SHIFT;
	return 0;
}

/*
 * Is there an IP header where airvf_tx_plan_segments() looks for it, and TCP or UDP
 * right behind? Not with labels between tunnel and IP.
 */
static bool airvf_tx_segment_headers(const struct sk_buff *skb)
{
	int net = skb->encapsulation ? skb_inner_network_offset(skb) : skb_network_offset(skb);
	const struct iphdr *ip = (struct iphdr *)(skb->data + net);
	int len = skb_checksum_start_offset(skb) - net;

	if (skb->encapsulation && skb->inner_protocol_type == ENCAP_TYPE_ETHER &&
	    eth_p_mpls(skb->inner_protocol))
		return false;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4 && ip->version != 4)
		return false;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6 && ip->version != 6)
		return false;
	return ip->version == 4 ? ip->ihl * 4 == len :
				  ip->version == 6 && len == sizeof(struct ipv6hdr);
}

netdev_features_t airvf_features_check(struct sk_buff *skb, struct net_device *netdev,
				       netdev_features_t features)
{
	int mac, start;

	/* airvf_tx_plan_csum() knows which checksums the device cannot compute. */
	if (likely(!skb_is_gso(skb)))
		return features;
	/* The device finds the headers by the start of the checksum. */
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return features & ~NETIF_F_GSO_MASK;
	/* The context's fields have 7 and 9 bits. */
	mac = skb_network_offset(skb);
	start = skb_checksum_start_offset(skb);
	if (mac > TXC_MACLEN_MAX || start - mac > TXC_IPLEN_MAX)
		return features & ~(NETIF_F_HW_CSUM | NETIF_F_SCTP_CRC | NETIF_F_GSO_MASK |
				    NETIF_F_HW_VLAN_CTAG_TX);
	if (!airvf_tx_segment_headers(skb))
		return features & ~NETIF_F_GSO_MASK;
	if (!skb->encapsulation)
		return features;
	/* The outer headers count as MAC header; their IP id cannot change. */
	if (skb_inner_network_offset(skb) > TXC_MACLEN_MAX)
		features &= ~(NETIF_F_TSO | NETIF_F_TSO6);
	if (!(features & NETIF_F_TSO_MANGLEID))
		features &= ~NETIF_F_TSO;
	return features;
}
