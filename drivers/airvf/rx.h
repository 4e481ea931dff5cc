/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_RX_H
#define AIRVF_RX_H

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
	u32 xdp_flags;
};

/* Counted by whoever makes skbs: the poll, or a worker. */
struct airvf_skb_count {
	u32 csum_good;
	u32 csum_none;
	u32 csum_bad;
	u32 failed;
	u32 copied;
	u32 own_multicast;
};

/* What the device's hash was made from (data sheet 7.1.6.2, RSS type). */
static inline enum pkt_hash_types airvf_hash_type(u16 info)
{
	switch (info & RXD_RSS_TYPE) {
	case 1: case 3: case 6: case 7: case 8: case 9:
		return PKT_HASH_TYPE_L4;
	case 2: case 4: case 5:
		return PKT_HASH_TYPE_L3;
	default:
		return PKT_HASH_TYPE_NONE;
	}
}

/* The ring's poll, or its start. */
static inline void airvf_rx_count(struct airvf_rx_ring *rx, u64 *counter, u32 n)
{
	u64_stats_update_begin(&rx->stats->sync);
	*counter += n;
	u64_stats_update_end(&rx->stats->sync);
}

struct sk_buff *airvf_frame_skb(struct airvf *vf, struct napi_struct *napi,
				const struct airvf_frame *frame, bool *left,
				struct airvf_skb_count *count);
void airvf_frame_drop(const struct airvf_frame *frame, bool direct);

#endif
