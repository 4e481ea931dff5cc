// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit (data sheet 7.2.3.2). Every packet names a context, because the
 * internal switch takes the header lengths from there; the device keeps two for a
 * queue, so a context descriptor comes only before a packet that needs another.
 * What is usual, a short packet like the one before, goes a short way
 * (airvf_tx_small()).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip6_checksum.h>
#include <net/mpls.h>

#include "airvf.h"
#include "tx.h"
#include "xdp.h"

/* Descriptors of one packet that the device takes, the context among them. */
#define TX_PACKET_MAX	40
/* Room that a packet may need: every fragment, the linear part, cuts at 16 KB. */
#define TX_EXTRA	8
#define TX_ROOM		min_t(u32, MAX_SKB_FRAGS + TX_EXTRA, TX_PACKET_MAX)

struct airvf_tx_plan {
	u32 lens;	/* context: VLAN, MACLEN, IPLEN */
	u32 type;	/* context: L4T, IPv4 */
	u32 mss;	/* context: MSS, L4LEN, index */
	u32 cmd;	/* data */
	u32 olinfo;
	u32 header;	/* bytes repeated in every segment */
};

static u32 airvf_tx_next(const struct airvf_tx_ring *ring, u32 i)
{
	return ++i == ring->count ? 0 : i;
}

/* Descriptors from the next one to be filled to @end. */
static u32 airvf_tx_distance(const struct airvf_tx_ring *ring, u16 end)
{
	return (end >= ring->next_to_use ? 0 : ring->count) + end - ring->next_to_use;
}

/*
 * The device repeats the headers, so they are prepared for every segment: lengths and
 * IP checksum are its own to write, and the sum of the pseudo header lacks the length.
 */
static int airvf_tx_plan_segments(struct sk_buff *skb, struct airvf_tx_plan *plan)
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

static u32 airvf_tx_mac_len(const struct sk_buff *skb)
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

/*
 * Does the packet need another context than the queue has? Without a checksum to
 * compute only the length of the MAC header counts, and the VLAN if there is one.
 */
static __always_inline bool airvf_tx_needs_context(const struct airvf_tx_ring *ring,
						   const struct airvf_tx_plan *plan)
{
	const struct airvf_tx_context *has = &ring->context[!!(plan->mss & 1 << TXC_IDX_SHIFT)];
	u32 mask = U32_MAX;

	if (!(plan->olinfo & TXD_TXSM))
		mask = TXC_MACLEN_MAX << TXC_MACLEN_SHIFT |
		       (plan->cmd & TXD_VLE ? 0xffffu << TXC_VLAN_SHIFT : 0);
	if (((plan->lens ^ has->lens) & mask) || !has->known)
		return true;
	return mask == U32_MAX && (plan->type != has->type || plan->mss != has->mss);
}

/* Context 0 is another one: which packets need nothing but that? */
static void airvf_tx_learn_usual(struct airvf_tx_ring *ring, const struct airvf_tx_plan *plan)
{
	memset(&ring->usual, 0xff, sizeof(ring->usual));
	if (!ring->small || !(plan->olinfo & TXD_TXSM) || plan->cmd & TXD_VLE ||
	    plan->type & TXC_L4T_SCTP)
		return;
	ring->usual.mac = plan->lens >> TXC_MACLEN_SHIFT;
	ring->usual.ip = plan->lens & TXC_IPLEN_MAX;
	ring->usual.csum = plan->type & TXC_L4T_TCP ? offsetof(struct tcphdr, check) :
						      offsetof(struct udphdr, check);
}

static void airvf_tx_put_context(struct airvf_tx_ring *ring, u16 i,
				 const struct airvf_tx_plan *plan)
{
	struct airvf_tx_ctx *ctx = (struct airvf_tx_ctx *)&ring->desc[i];

	if (!(plan->mss & 1 << TXC_IDX_SHIFT))
		airvf_tx_learn_usual(ring, plan);
	ctx->vlan_maclen_iplen = cpu_to_le32(plan->lens);
	ctx->sa_index = 0;
	ctx->type = cpu_to_le32(plan->type | TXD_DTYP_CTXT | TXD_DEXT);
	ctx->mss_l4len_idx = cpu_to_le32(plan->mss);
	ring->context[!!(plan->mss & 1 << TXC_IDX_SHIFT)] = (struct airvf_tx_context){
		.lens = plan->lens,
		.type = plan->type,
		.mss = plan->mss,
		.known = true,
	};
}

/* Unused slots and those of contexts have no length. */
static __always_inline void airvf_tx_unmap(struct airvf_tx_ring *ring, struct airvf_tx_buf *buf)
{
	if (!buf->len)
		return;
	dma_unmap_page(ring->dev, buf->dma, buf->len, DMA_TO_DEVICE);
	buf->len = 0;
}

/* Of the kernel's linear memory, where all heads of packets are. */
static dma_addr_t airvf_tx_map(const struct airvf_tx_ring *ring, void *data, u32 len)
{
	return dma_map_page(ring->dev, virt_to_page(data), offset_in_page(data), len,
			    DMA_TO_DEVICE);
}

/*
 * Copying a short piece is cheaper than mapping it, far cheaper with an IOMMU.
 * Whole blocks: behind an skb's data lies its shared info, so there is that much.
 */
static __always_inline dma_addr_t airvf_tx_copy(const struct airvf_tx_ring *ring,
						unsigned long i, const void *data, u32 len)
{
	void *to = ring->small + i * AIRVF_TX_SMALL;

	airvf_copy_block(to, data);
	if (len > AIRVF_COPY_BLOCK)
		airvf_copy_block(to + AIRVF_COPY_BLOCK, data + AIRVF_COPY_BLOCK);
	return ring->small_dma + i * AIRVF_TX_SMALL;
}

/* One mapped piece, cut at 16 KB. Returns the index after its last descriptor. */
static u16 airvf_tx_put_data(struct airvf_tx_ring *ring, u16 i, dma_addr_t dma, u32 len,
			     const struct airvf_tx_plan *plan, u16 *last)
{
	do {
		u32 part = min_t(u32, len, TXD_LEN_MAX);
		struct airvf_tx_desc *desc = &ring->desc[i];

		/* All cuts but the last are full, so no cut is tiny. */
		desc->addr = cpu_to_le64(dma);
		desc->cmd = cpu_to_le32(plan->cmd | part);
		desc->olinfo = cpu_to_le32(plan->olinfo);
		*last = i;
		i = airvf_tx_next(ring, i);
		dma += part;
		len -= part;
	} while (len);
	return i;
}

/* Takes back what was mapped for several slots. */
static noinline void airvf_tx_unwind(struct airvf_tx_ring *ring, u32 first, u32 end)
{
	u32 i;

	for (i = first; i != end; i = airvf_tx_next(ring, i))
		airvf_tx_unmap(ring, &ring->buf[i]);
}

static bool airvf_tx_map_skb(struct airvf_tx_ring *ring, struct sk_buff *skb,
			     const struct airvf_tx_plan *plan, u16 i, u16 *end, u16 *eop)
{
	u32 len = skb_headlen(skb);
	bool copy = ring->small && len <= AIRVF_TX_SMALL;
	dma_addr_t dma;
	int f;

	if (copy)
		dma = airvf_tx_copy(ring, i, skb->data, len);
	else
		dma = airvf_tx_map(ring, skb->data, len);
	for (f = 0; ; f++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[f];

		if (dma_mapping_error(ring->dev, dma)) {
			airvf_tx_unwind(ring, ring->next_to_use, i);
			return false;
		}
		ring->buf[i].dma = dma;
		ring->buf[i].len = f || !copy ? len : 0;
		i = airvf_tx_put_data(ring, i, dma, len, plan, eop);
		if (f == skb_shinfo(skb)->nr_frags)
			break;
		len = skb_frag_size(frag);
		dma = skb_frag_dma_map(ring->dev, frag, 0, len, DMA_TO_DEVICE);
	}
	*end = i;
	return true;
}

/* The caller has the queue's lock. */
static void airvf_tx_count(struct airvf_tx_stats *stats, u64 *counter)
{
	u64_stats_update_begin(&stats->xmit_sync);
	++*counter;
	u64_stats_update_end(&stats->xmit_sync);
}

static __always_inline void airvf_tx_doorbell(struct airvf_tx_ring *ring, u32 tail)
{
	ring->kicked = tail;
	/* The descriptors before the tail: writel() orders them. */
	writel(tail, ring->tail);
	airvf_tx_count(ring->stats, &ring->stats->doorbells);
}

static void airvf_tx_kick(struct airvf_tx_ring *ring)
{
	if (ring->kicked != ring->next_to_use)
		airvf_tx_doorbell(ring, ring->next_to_use);
}

/* A queue is woken later than it is stopped, so that it is not at every packet. */
static u32 airvf_tx_wake_room(const struct airvf_tx_ring *ring)
{
	return max_t(u32, TX_ROOM, min_t(u32, 2 * TX_ROOM, ring->count / 2));
}

/* Is there room? What the clean-up gave back is looked at only if it is needed. */
static __always_inline bool airvf_tx_has_room(struct airvf_tx_ring *ring, u32 room)
{
	if (likely(ring->room >= room))
		return true;
	ring->room = airvf_tx_unused(ring);
	return ring->room >= room;
}

static noinline bool airvf_tx_stop_unless(struct airvf_tx_ring *ring, u32 room)
{
	if (airvf_tx_has_room(ring, room))
		return false;
	netif_tx_stop_queue(ring->txq);
	/* The stop must be seen before the room is counted again. */
	smp_mb__after_atomic();
	if (!airvf_tx_has_room(ring, room)) {
		airvf_tx_count(ring->stats, &ring->stats->stop);
		return true;
	}
	netif_tx_start_queue(ring->txq);
	return false;
}

static u32 airvf_tx_room_for(const struct sk_buff *skb)
{
	u32 room = 1 + DIV_ROUND_UP(skb_headlen(skb), TXD_LEN_MAX);
	int f;

	for (f = 0; f < skb_shinfo(skb)->nr_frags; f++)
		room += DIV_ROUND_UP(skb_frag_size(&skb_shinfo(skb)->frags[f]), TXD_LEN_MAX);
	return room;
}

/* 01:80:c2:00:00:0x is for the port's owner, not for a VF. */
static bool airvf_tx_link_local(const struct sk_buff *skb)
{
	return is_link_local_ether_addr(skb->data);
}

static noinline netdev_tx_t airvf_tx_drop(struct airvf_tx_stats *stats, struct sk_buff *skb)
{
	airvf_tx_count(stats, &stats->dropped);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

static void airvf_tx_plan_vlan(const struct sk_buff *skb, struct airvf_tx_plan *plan)
{
	if (!skb_vlan_tag_present(skb))
		return;
	plan->lens |= (u32)skb_vlan_tag_get(skb) << TXC_VLAN_SHIFT;
	plan->cmd |= TXD_VLE;
}

/* The slots are filled, and BQL knows of them: the clean-up may find them. */
static __always_inline void airvf_tx_advance(struct airvf_tx_ring *ring, u32 slots, u32 end)
{
	/* Pairs with the acquire there. */
	smp_store_release(&ring->next_to_use, end);
	ring->room -= slots;
}

/* There may be no room for another packet: then nobody else rings the doorbell. */
static noinline void airvf_tx_publish_last(struct airvf_tx_ring *ring, bool kick)
{
	if (airvf_tx_stop_unless(ring, TX_ROOM) || kick)
		airvf_tx_kick(ring);
}

/* Another packet follows at once. */
static noinline void airvf_tx_publish_more(struct airvf_tx_ring *ring, u32 slots, u32 bytes,
					   u32 end)
{
	bool kick = __netdev_tx_sent_queue(ring->txq, bytes, true);

	airvf_tx_advance(ring, slots, end);
	airvf_tx_publish_last(ring, kick);
}

/* A packet's descriptors are made. They go to the device, when it is time. */
static __always_inline void airvf_tx_publish(struct airvf_tx_ring *ring, struct sk_buff *skb,
					     struct airvf_tx_buf *first, u32 slots, u16 segs,
					     u32 bytes, u32 eop, bool csum)
{
	struct airvf_tx_stats *stats = ring->stats;
	u32 end = airvf_tx_next(ring, eop);

	first->skb = skb;
	first->segs = segs;
	first->type = AIRVF_TX_SKB;
	first->bytes = bytes;
	first->eop = eop;

	u64_stats_update_begin(&stats->xmit_sync);
	if (csum)
		stats->needs_csum += segs;
	else
		stats->csum_none++;
	u64_stats_update_end(&stats->xmit_sync);
	if (netdev_xmit_more()) {
		airvf_tx_publish_more(ring, slots, bytes, end);
		return;
	}
	/* Before anybody can find them sent. */
	netdev_tx_sent_queue(ring->txq, bytes);
	airvf_tx_advance(ring, slots, end);
	if (unlikely(ring->room < TX_ROOM))
		airvf_tx_publish_last(ring, true);
	else
		airvf_tx_doorbell(ring, end);
}

/* The same, not in-lined. */
static noinline void airvf_tx_publish_any(struct airvf_tx_ring *ring, struct sk_buff *skb,
					  struct airvf_tx_buf *first, u32 slots, u16 segs,
					  u32 bytes, u32 eop, bool csum)
{
	airvf_tx_publish(ring, skb, first, slots, segs, bytes, eop, csum);
}

/*
 * A packet in one piece that is not segmented: one descriptor, perhaps behind its
 * context. False: it is to be dropped.
 */
static __always_inline bool airvf_tx_one(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	struct airvf_tx_plan plan = {
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS | TXD_EOP | TXD_RS | skb->len,
		.olinfo = TXD_CC,
	};
	u16 i = ring->next_to_use;
	struct airvf_tx_buf *first = &ring->buf[i];
	bool copy = ring->small && skb->len <= AIRVF_TX_SMALL, csum;
	struct airvf_tx_desc *desc;
	u32 slots = 1;
	dma_addr_t dma;

	csum = airvf_tx_plan_csum(skb, &plan);
	if (unlikely(!csum && skb->ip_summed == CHECKSUM_PARTIAL) &&
	    skb_csum_hwoffload_help(skb, 0))
		return false;
	airvf_tx_plan_vlan(skb, &plan);
	if (copy) {
		dma = 0;
	} else {
		dma = airvf_tx_map(ring, skb->data, skb->len);
		if (unlikely(dma_mapping_error(ring->dev, dma))) {
			airvf_tx_count(ring->stats, &ring->stats->dma_errors);
			return false;
		}
	}
	skb_tx_timestamp(skb);
	if (airvf_tx_needs_context(ring, &plan)) {
		airvf_tx_put_context(ring, i, &plan);
		i = airvf_tx_next(ring, i);
		slots++;
	}
	if (copy)
		dma = airvf_tx_copy(ring, i, skb->data, skb->len);
	ring->buf[i].dma = dma;
	ring->buf[i].len = copy ? 0 : skb->len;
	desc = &ring->desc[i];
	desc->addr = cpu_to_le64(dma);
	desc->cmd = cpu_to_le32(plan.cmd);
	desc->olinfo = cpu_to_le32(plan.olinfo);
	airvf_tx_publish_any(ring, skb, first, slots, 1, skb->len, i, csum);
	return true;
}

/* A packet in several pieces, or one for the device to segment. False: as above. */
static noinline bool airvf_tx_pieces(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	struct airvf_tx_plan plan = {
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS,
		.olinfo = TXD_CC,
	};
	struct airvf_tx_buf *first = &ring->buf[ring->next_to_use];
	u16 data = ring->next_to_use, end, eop, segs = 1;
	bool context;

	if (skb_is_gso(skb)) {
		if (airvf_tx_plan_segments(skb, &plan))
			return false;
		/* Whoever injects a packet may leave its number of segments out. */
		segs = max_t(u16, skb_shinfo(skb)->gso_segs, 1);
	} else if (!airvf_tx_plan_csum(skb, &plan) && skb->ip_summed == CHECKSUM_PARTIAL &&
		   skb_csum_hwoffload_help(skb, 0)) {
		return false;
	}
	airvf_tx_plan_vlan(skb, &plan);
	context = airvf_tx_needs_context(ring, &plan);
	if (context)
		data = airvf_tx_next(ring, data);
	if (!airvf_tx_map_skb(ring, skb, &plan, data, &end, &eop)) {
		airvf_tx_count(ring->stats, &ring->stats->dma_errors);
		return false;
	}
	if (context)
		airvf_tx_put_context(ring, ring->next_to_use, &plan);
	ring->desc[eop].cmd |= cpu_to_le32(TXD_EOP | TXD_RS);
	skb_tx_timestamp(skb);
	airvf_tx_publish_any(ring, skb, first, airvf_tx_distance(ring, end), segs,
			     skb->len + (segs - 1) * plan.header, eop, plan.olinfo & TXD_TXSM);
	return true;
}

/*
 * A short packet in one piece, with a checksum to compute and headers like those of
 * the one before, and nothing else to be done?
 */
static __always_inline bool airvf_tx_usual(const struct airvf_tx_ring *ring,
					   const struct sk_buff *skb)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	const struct airvf_tx_usual *usual = &ring->usual;

	return skb->len - TX_FRAME_MIN <= AIRVF_TX_SMALL - TX_FRAME_MIN &&
	       airvf_skb_plain(skb) && skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb->csum_offset == usual->csum &&
	       (u16)(skb->csum_start - skb->network_header) == usual->ip &&
	       (u32)skb_network_offset(skb) == usual->mac &&
	       !shared->gso_size && !shared->tx_flags &&
	       (*(const __be32 *)skb->data != htonl(0x0180c200) || !airvf_tx_link_local(skb)) &&
	       ring->room >= TX_ROOM;
}

/* airvf_tx_usual() says that it is one. */
static __always_inline void airvf_tx_small(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	u32 i = ring->next_to_use, len = skb->len;
	struct airvf_tx_desc *desc = &ring->desc[i];

	desc->addr = cpu_to_le64(airvf_tx_copy(ring, i, skb->data, len));
	desc->cmd = cpu_to_le32(TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS | TXD_EOP | TXD_RS | len);
	desc->olinfo = cpu_to_le32(TXD_CC | TXD_TXSM | len << TXD_PAYLEN_SHIFT);
	airvf_tx_publish(ring, skb, &ring->buf[i], 1, 1, len, i, true);
}

/* Any packet. */
static noinline netdev_tx_t airvf_tx_any(struct airvf_tx_ring *ring, struct sk_buff *skb)
{
	struct airvf_tx_stats *stats = ring->stats;

	if (unlikely(!skb->len))
		goto drop;
	if (skb_put_padto(skb, TX_FRAME_MIN)) {
		skb = NULL;	/* already freed */
		goto drop;
	}
	if (unlikely(airvf_tx_link_local(skb))) {
		airvf_tx_count(stats, &stats->link_local);
		dev_kfree_skb_any(skb);
		skb = NULL;
		goto kick;
	}
	if (unlikely(skb_shinfo(skb)->nr_frags + TX_EXTRA > TX_PACKET_MAX) &&
	    airvf_tx_room_for(skb) > TX_PACKET_MAX && skb_linearize(skb))
		goto drop;
	if (unlikely(!airvf_tx_has_room(ring, TX_ROOM) &&
		     airvf_tx_stop_unless(ring, airvf_tx_room_for(skb)))) {
		airvf_tx_count(stats, &stats->busy);
		airvf_tx_kick(ring);
		return NETDEV_TX_BUSY;
	}
	if (!skb_is_nonlinear(skb) && !skb_is_gso(skb) && skb->len <= TXD_LEN_MAX) {
		if (likely(airvf_tx_one(ring, skb)))
			return NETDEV_TX_OK;
	} else if (likely(airvf_tx_pieces(ring, skb))) {
		return NETDEV_TX_OK;
	}

drop:
	airvf_tx_drop(stats, skb);
kick:
	/* Packets before this one may have waited for it. */
	if (!netdev_xmit_more())
		airvf_tx_kick(ring);
	return NETDEV_TX_OK;
}

netdev_tx_t airvf_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct airvf *vf = netdev_priv(netdev);
	unsigned long queue = skb_get_queue_mapping(skb);
	struct airvf_tx_ring *ring;

	/*
	 * The core wakes queues without asking us when it attaches the device.
	 * Pairs with the barrier in airvf_up(); airvf_down() waits for our lock.
	 */
	if (unlikely(test_bit_acquire(AIRVF_F_DOWN, &vf->flags)))
		return airvf_tx_drop(&vf->tx_stats[queue], skb);
	ring = vf->rings.tx[queue];
	/* All queues are woken, also those that have no ring. */
	if (unlikely(!ring))
		return airvf_tx_drop(&vf->tx_stats[queue], skb);
	if (unlikely(!airvf_tx_usual(ring, skb)))
		return airvf_tx_any(ring, skb);
	airvf_tx_small(ring, skb);
	return NETDEV_TX_OK;
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

/* The frame's slots are free again. */
static noinline void airvf_tx_return_frame(struct airvf_tx_ring *ring, struct airvf_tx_buf *first,
					   u32 i)
{
	airvf_tx_unwind(ring, i, airvf_tx_next(ring, first->eop));
	/* Not "direct": the pool may belong to another vector or device. */
	xdp_return_frame(first->xdpf);
}

/* Returns packets that were sent. True: nothing left to do now. */
bool airvf_tx_clean(struct airvf_tx_ring *ring, int budget, struct airvf_work *work)
{
	/* Pairs with the producer's release: buf[] is filled up to here. */
	u32 use = smp_load_acquire(&ring->next_to_use), i = ring->next_to_clean;
	u32 packets = 0, bytes = 0, xdp = 0, xdp_bytes = 0, done = 0;
	u32 limit = ring->count / 2;

	while (i != use) {
		struct airvf_tx_buf *first = &ring->buf[i];
		u32 eop = first->eop;

		if (!(READ_ONCE(ring->desc[eop].olinfo) & cpu_to_le32(TXD_STA_DD)))
			break;
		if (likely(first->type == AIRVF_TX_SKB)) {
			if (likely(eop == i))
				airvf_tx_unmap(ring, first);
			else
				airvf_tx_unwind(ring, i, airvf_tx_next(ring, eop));
			/* Memory goes back when the device no longer has it. */
			napi_consume_skb(first->skb, budget);
		} else {
			/* netpoll may have interrupts off: page pools cannot be served then. */
			if (!budget)
				break;
			airvf_tx_return_frame(ring, first, i);
			xdp++;
			xdp_bytes += first->bytes;
		}
		packets += first->segs;
		bytes += first->bytes;
		i = airvf_tx_next(ring, eop);
		if (++done == limit)
			break;
	}
	if (!done)
		return true;

	/* The producer refills buf[] from here only after we are done with it. */
	smp_store_release(&ring->next_to_clean, i);
	u64_stats_update_begin(&ring->stats->clean_sync);
	ring->stats->packets += packets;
	ring->stats->bytes += bytes;
	u64_stats_update_end(&ring->stats->clean_sync);
	/* The device made the segments: to us it was one packet. */
	work->packets += done;
	work->bytes += bytes;

	netdev_tx_completed_queue(ring->txq, done - xdp, bytes - xdp_bytes);
	/* Pairs with the barrier in airvf_tx_stop_unless(). */
	smp_mb();
	if (unlikely(netif_tx_queue_stopped(ring->txq) &&
		     airvf_tx_unused(ring) >= airvf_tx_wake_room(ring) &&
		     !(READ_ONCE(ring->vf->flags) & (BIT(AIRVF_F_DOWN) | BIT(AIRVF_F_PAUSED))) &&
		     netif_carrier_ok(ring->vf->netdev))) {
		netif_tx_wake_queue(ring->txq);
		u64_stats_update_begin(&ring->stats->clean_sync);
		ring->stats->wake++;
		u64_stats_update_end(&ring->stats->clean_sync);
	}
	return done != limit;
}

/* A queue's statistics as they were at one moment, each group for itself. */
void airvf_tx_sum(const struct airvf *vf, u32 queue, struct airvf_tx_stats *sum)
{
	const struct airvf_tx_stats *stats = &vf->tx_stats[queue];
	struct airvf_tx_stats copy;
	u32 start;

	do {
		start = u64_stats_fetch_begin(&stats->xmit_sync);
		*sum = *stats;
	} while (u64_stats_fetch_retry(&stats->xmit_sync, start));
	do {
		start = u64_stats_fetch_begin(&stats->clean_sync);
		copy = *stats;
	} while (u64_stats_fetch_retry(&stats->clean_sync, start));
	sum->packets = copy.packets;
	sum->bytes = copy.bytes;
	sum->wake = copy.wake;
	do {
		start = u64_stats_fetch_begin(&stats->watch_sync);
		sum->hangs = stats->hangs;
	} while (u64_stats_fetch_retry(&stats->watch_sync, start));
}

/* The queue is stopped: give back everything, sent or not. */
void airvf_tx_free(struct airvf_tx_ring *ring)
{
	u32 i = ring->next_to_clean;

	while (i != ring->next_to_use) {
		struct airvf_tx_buf *first = &ring->buf[i];
		u32 end = airvf_tx_next(ring, first->eop);

		if (first->type == AIRVF_TX_SKB) {
			airvf_tx_unwind(ring, i, end);
			dev_kfree_skb_any(first->skb);
		} else {
			airvf_tx_return_frame(ring, first, i);
		}
		i = end;
	}
	ring->next_to_clean = 0;
	ring->next_to_use = 0;
	ring->kicked = 0;
	ring->room = ring->count - 1;
	netdev_tx_reset_queue(ring->txq);
}

/* XDP: the caller holds the queue's lock. -ENOSPC: later frames find no room either. */
int airvf_tx_xdp(struct airvf_tx_ring *ring, struct xdp_frame *xdpf, bool pool)
{
	struct skb_shared_info *sinfo = xdp_get_shared_info_from_frame(xdpf);
	u32 frags = xdp_frame_has_frags(xdpf) ? sinfo->nr_frags : 0;
	u32 total = xdpf->len + (frags ? sinfo->xdp_frags_size : 0);
	struct airvf_tx_plan plan = {
		.lens = ETH_HLEN << TXC_MACLEN_SHIFT,
		.cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS,
		.olinfo = TXD_CC | total << TXD_PAYLEN_SHIFT,
	};
	struct airvf_tx_buf *first = &ring->buf[ring->next_to_use];
	bool context = airvf_tx_needs_context(ring, &plan);
	u16 i = ring->next_to_use, eop = 0;
	void *data = xdpf->data;
	u32 len = xdpf->len, f;

	/* Frames below the device's minimum or above its pieces: not ours. */
	if (unlikely(total < TX_FRAME_MIN || total > AIRVF_FRAME_MAX ||
		     frags + 2 > TX_PACKET_MAX)) {
		airvf_tx_count(ring->stats, &ring->stats->dropped);
		return -EINVAL;
	}
	if (unlikely(!airvf_tx_has_room(ring, frags + 2))) {
		airvf_tx_count(ring->stats, &ring->stats->xdp_full);
		return -ENOSPC;
	}
	if (context)
		i = airvf_tx_next(ring, i);
	for (f = 0; ; f++) {
		struct airvf_tx_buf *buf = &ring->buf[i];

		if (pool) {
			struct page *page = virt_to_head_page(data);

			buf->dma = page_pool_get_dma_addr(page) +
				   (data - page_address(page));
			buf->len = 0;
			dma_sync_single_for_device(ring->dev, buf->dma, len, DMA_BIDIRECTIONAL);
		} else {
			buf->dma = airvf_tx_map(ring, data, len);
			if (dma_mapping_error(ring->dev, buf->dma)) {
				airvf_tx_unwind(ring, ring->next_to_use, i);
				airvf_tx_count(ring->stats, &ring->stats->dma_errors);
				return -ENOMEM;
			}
			buf->len = len;
		}
		i = airvf_tx_put_data(ring, i, buf->dma, len, &plan, &eop);
		if (f == frags)
			break;
		data = skb_frag_address(&sinfo->frags[f]);
		len = skb_frag_size(&sinfo->frags[f]);
	}
	if (context)
		airvf_tx_put_context(ring, ring->next_to_use, &plan);
	ring->desc[eop].cmd |= cpu_to_le32(TXD_EOP | TXD_RS);
	first->xdpf = xdpf;
	first->type = pool ? AIRVF_TX_XDP_POOL : AIRVF_TX_XDP;
	first->segs = 1;
	first->bytes = total;
	first->eop = eop;
	ring->room -= airvf_tx_distance(ring, i);
	/* buf[] first, then what airvf_tx_clean() may look at. */
	smp_store_release(&ring->next_to_use, i);
	airvf_tx_count(ring->stats, &ring->stats->xdp_xmit);
	return 0;
}

void airvf_tx_xdp_flush(struct airvf_tx_ring *ring)
{
	airvf_tx_kick(ring);
}
