/* SPDX-License-Identifier: GPL-2.0-only */
/* Received frames before and while they become skbs. */
#ifndef AIRVF_FRAME_H
#define AIRVF_FRAME_H

#include <linux/etherdevice.h>

#include "airvf.h"

/**
 * struct airvf_frame - a received frame before it becomes an skb
 * @data: first byte; all of the first buffer lies in one page of a page pool
 * @len: bytes in the first buffer
 * @headroom: bytes before @data in the page
 * @meta: bytes of XDP metadata before @data
 * @info: RSS type and packet type, as in the descriptor
 * @vlan: tag, valid with RXD_VP in @status
 * @status: status and error word of the last descriptor
 * @hash: RSS hash
 * @queue: receive queue
 * @unseen: nobody has looked at its header yet
 * @copy: not in a page of ours, so it is to be copied, and @left is the caller's
 * @frags: more pieces, in the page's skb_shared_info
 * @xdp_flags: what the skb inherits if there are
 *
 * All that the rest of the work needs, so that another CPU can do it.
 */
struct airvf_frame {
	void *data;
	u16 len;
	u16 headroom;
	u16 info;
	u16 vlan;
	u32 status;
	u32 hash;
	u8 meta;
	u8 queue;
	bool frags:1;
	bool unseen:1;
	bool copy:1;
	u32 xdp_flags;
};

/* What the device's hash was made from, by RSS type (data sheet 7.1.6.2). */
extern const u8 airvf_hash_types[RXD_RSS_TYPE + 1];

static inline enum pkt_hash_types airvf_hash_type(u16 info)
{
	return airvf_hash_types[info & RXD_RSS_TYPE];
}

/* Multicast that we sent and the port's switch reflected (VEPA). */
static inline bool airvf_own_multicast(const struct net_device *netdev, const struct ethhdr *eth)
{
	return unlikely(is_multicast_ether_addr(eth->h_dest)) &&
	       ether_addr_equal(eth->h_source, netdev->dev_addr);
}

/*
 * A checksum that the device calls bad is left to the stack. Only if it is
 * UDP's, that may just be missing (specification update, erratum 44). The skb is
 * new, so its fields are 0.
 */
static __always_inline void airvf_skb_checksum(struct sk_buff *skb, netdev_features_t features,
					       u32 status, u16 info,
					       struct airvf_skb_count *count)
{
	bool bad_ip;

	if (likely((status & (RXD_L4CS | RXD_TCPE | RXD_IPE)) == RXD_L4CS &&
		   (features & NETIF_F_RXCSUM))) {
		skb->ip_summed |= CHECKSUM_UNNECESSARY;
		count->csum_good++;
		return;
	}
	/* Its error bits mean nothing where the device did not look. */
	bad_ip = (status & (RXD_IPCS | RXD_IPE)) == (RXD_IPCS | RXD_IPE);
	if (!(features & NETIF_F_RXCSUM)) {
		count->csum_none++;
	} else if ((status & (RXD_L4CS | RXD_TCPE)) == RXD_L4CS && !bad_ip) {
		skb->ip_summed |= CHECKSUM_UNNECESSARY;
		count->csum_good++;
	} else if (bad_ip || ((status & RXD_L4CS) && !(info & RXD_TYPE_UDP))) {
		count->csum_bad++;
	} else {
		count->csum_none++;
	}
}

/*
 * The tag of a VLAN that the host put this port into is not ours to see. The PF
 * hides it only since our last reset, and perhaps not on every card.
 */
static inline bool airvf_vlan_is_ours(const struct airvf *vf, u16 tag)
{
	u16 vid = tag & VLAN_VID_MASK;

	return (vf->netdev->features & NETIF_F_HW_VLAN_CTAG_RX) &&
	       (!vid || test_bit(vid, vf->vlans));
}

static inline void airvf_skb_vlan(struct sk_buff *skb, const struct airvf *vf, u16 tag)
{
	if (airvf_vlan_is_ours(vf, tag))
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), tag);
}

/*
 * What the descriptor says about a frame goes into its skb, which is new and has its
 * data. The tag of a VLAN apart: few frames have one.
 */
static __always_inline void airvf_skb_fields(struct sk_buff *skb, struct net_device *netdev,
					     netdev_features_t features, u32 status, u16 info,
					     u32 hash, u16 queue, struct airvf_skb_count *count)
{
	u32 type = airvf_hash_types[info & RXD_RSS_TYPE];

	if ((features & NETIF_F_RXHASH) && type != PKT_HASH_TYPE_NONE) {
		skb->hash = hash;
		if (type == PKT_HASH_TYPE_L4)
			skb->l4_hash |= 1;
	}
	airvf_skb_checksum(skb, features, status, info, count);
	skb_record_rx_queue(skb, queue);
	skb->protocol = eth_type_trans(skb, netdev);
}

/* A copy of a frame in one buffer. NULL: no memory. */
static __always_inline struct sk_buff *airvf_skb_copy(struct napi_struct *napi, const void *data,
						      u32 len)
{
	u32 most = len <= AIRVF_COPY_BLOCK ? AIRVF_COPY_BLOCK : ALIGN(len, sizeof(long));
	struct sk_buff *skb = napi_alloc_skb(napi, most);

	if (unlikely(!skb))
		return NULL;
	/* The buffer and the skb have room for more. */
	if (likely(most == AIRVF_COPY_BLOCK))
		airvf_copy_block(skb->data, data);
	else
		memcpy(skb->data, data, most);
	skb->tail += len;
	skb->len = len;
	return skb;
}

/**
 * airvf_frame_skb() - makes an skb, ready for GRO
 * @vf: the VF
 * @napi: the poll that runs
 * @frame: consumed in any case, but for @left
 * @left: set if the frame's only page is left to the caller; NULL: it is not to be.
 *	A frame of several pages has it only if @napi is the one that their pool
 *	belongs to
 * @count: what happened
 *
 * Return: NULL if memory is short or the frame is an echo; it is dropped then.
 */
struct sk_buff *airvf_frame_skb(struct airvf *vf, struct napi_struct *napi,
				const struct airvf_frame *frame, bool *left,
				struct airvf_skb_count *count);

/* Gives the frame's pages back. @direct: in the poll that its pool belongs to. */
void airvf_frame_drop(const struct airvf_frame *frame, bool direct);
/* The same for one page, and for the pieces behind the first. */
void airvf_page_put(struct page *page, bool direct);
void airvf_frags_put(const struct skb_shared_info *sinfo, bool direct);

#endif
