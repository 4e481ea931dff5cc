/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet asks of the device: its context and what its descriptors say
 * (data sheet 7.2.3.2.3, 7.2.3.2.4).
 */
#ifndef AIRVF_TX_PLAN_H
#define AIRVF_TX_PLAN_H

#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "airvf.h"

struct airvf_tx_plan {
	u32 lens;	/* context: VLAN, MACLEN, IPLEN */
	u32 type;	/* context: L4T, IPv4 */
	u32 mss;	/* context: MSS, L4LEN, index */
	u32 cmd;	/* data */
	u32 olinfo;
	u32 header;	/* bytes repeated in every segment */
};

/**
 * airvf_tx_plan_segments() - a packet that the device cuts
 * @skb: the packet; its headers are prepared
 * @plan: what is to be added to
 *
 * Return: 0, or -ENOMEM.
 */
int airvf_tx_plan_segments(struct sk_buff *skb, struct airvf_tx_plan *plan);

static inline u32 airvf_tx_mac_len(const struct sk_buff *skb)
{
	int len = skb_network_offset(skb);

	/* Raw sockets may leave the header unset. */
	return len >= ETH_HLEN && len <= TXC_MACLEN_MAX ? len : ETH_HLEN;
}

/* Checksum or plain. True if the device computes the checksum. */
static __always_inline bool airvf_tx_plan_csum(struct sk_buff *skb, struct airvf_tx_plan *plan)
{
	u32 mac = airvf_tx_mac_len(skb);
	bool device = false;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		u32 start = skb_checksum_start_offset(skb);

		device = start >= mac && start - mac <= TXC_IPLEN_MAX;
		if (skb_csum_is_sctp(skb))
			plan->type |= TXC_L4T_SCTP;
		else if (skb->csum_offset == offsetof(struct tcphdr, check))
			plan->type |= TXC_L4T_TCP;
		else if (skb->csum_offset != offsetof(struct udphdr, check))
			device = false;	/* UDP is 0 */

		if (device) {
			plan->lens |= start - mac;
			plan->olinfo |= TXD_TXSM;
		} else {
			plan->type &= ~(TXC_L4T_SCTP | TXC_L4T_TCP);
		}
	}
	plan->lens |= mac << TXC_MACLEN_SHIFT;
	plan->olinfo |= skb->len << TXD_PAYLEN_SHIFT;
	return device;
}

static inline void airvf_tx_plan_vlan(const struct sk_buff *skb, struct airvf_tx_plan *plan)
{
	if (!skb_vlan_tag_present(skb))
		return;
	plan->lens |= (u32)skb_vlan_tag_get(skb) << TXC_VLAN_SHIFT;
	plan->cmd |= TXD_VLE;
}

#endif
