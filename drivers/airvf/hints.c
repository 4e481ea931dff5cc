// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an XDP program may ask of the frame before it: the hash, and the tag of a
 * VLAN, which the device has taken out (data sheet 7.1.6.2).
 */
#include "airvf.h"
#include "frame.h"
#include "hints.h"

#ifdef AIRVF_XDP_HINTS

/* By RSS type; 0: none. */
static const u16 airvf_hints_types[RXD_RSS_TYPE + 1] = {
	[1] = XDP_RSS_TYPE_L4_IPV4_TCP, [2] = XDP_RSS_TYPE_L3_IPV4,
	[3] = XDP_RSS_TYPE_L4_IPV6_TCP, [4] = XDP_RSS_TYPE_L3_IPV6_EX,
	[5] = XDP_RSS_TYPE_L3_IPV6,	[6] = XDP_RSS_TYPE_L4_IPV6_TCP_EX,
	[7] = XDP_RSS_TYPE_L4_IPV4_UDP, [8] = XDP_RSS_TYPE_L4_IPV6_UDP,
	[9] = XDP_RSS_TYPE_L4_IPV6_UDP_EX,
};

static const struct airvf_xdp_buff *airvf_hints_of(const struct xdp_md *ctx)
{
	/* The stack's name for the frame that the program was given. */
	return container_of((const struct xdp_buff *)ctx, struct airvf_xdp_buff, xdp);
}

static int airvf_hints_hash(const struct xdp_md *ctx, u32 *hash, enum xdp_rss_hash_type *type)
{
	const struct airvf_xdp_buff *frame = airvf_hints_of(ctx);
	u16 found = airvf_hints_types[le16_to_cpu(frame->desc->wb.info) & RXD_RSS_TYPE];

	if (!found || !(frame->xdp.rxq->dev->features & NETIF_F_RXHASH))
		return -ENODATA;
	*hash = le32_to_cpu(frame->desc->wb.rss);
	*type = found;
	return 0;
}

static int airvf_hints_vlan(const struct xdp_md *ctx, __be16 *proto, u16 *tci)
{
	const struct airvf_xdp_buff *frame = airvf_hints_of(ctx);
	u16 tag = le16_to_cpu(frame->desc->wb.vlan);

	if (!(frame->desc->wb.status_error & cpu_to_le32(RXD_VP)) ||
	    !airvf_vlan_is_ours(netdev_priv(frame->xdp.rxq->dev), tag))
		return -ENODATA;
	*proto = htons(ETH_P_8021Q);
	*tci = tag;
	return 0;
}

static const struct xdp_metadata_ops airvf_hints_ops = {
	.xmo_rx_hash = airvf_hints_hash,
	.xmo_rx_vlan_tag = airvf_hints_vlan,
};
#endif

void airvf_hints_init(struct net_device *netdev)
{
#ifdef AIRVF_XDP_HINTS
	netdev->xdp_metadata_ops = &airvf_hints_ops;
#endif
}
