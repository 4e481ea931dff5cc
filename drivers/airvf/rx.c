// SPDX-License-Identifier: GPL-2.0-only
/* Receive: descriptors to frames, frames to XDP and to the stack. */
#include <linux/etherdevice.h>
#include <linux/filter.h>

#include "airvf.h"
#include "mtvd.h"
#include "rx.h"
#include "xdp.h"

#define REFILL_BATCH	32

/* Gives buffers to the device. False: memory is short, not all were filled. */
bool airvf_rx_refill(struct airvf_rx_ring *rx, u32 count)
{
	u16 i = rx->next_to_use;
	bool enough = true;

	while (count--) {
		union airvf_rx_desc *desc = &rx->desc[i];
		struct page *page = rx->page[i];

		if (!page) {
			page = page_pool_dev_alloc_pages(rx->pool);
			if (unlikely(!page)) {
				airvf_rx_count(rx, &rx->stats->alloc_failed, 1);
				enough = false;
				break;
			}
			rx->page[i] = page;
		}
		desc->read.pkt_addr = cpu_to_le64(page_pool_get_dma_addr(page) +
						  AIRVF_RX_HEADROOM);
		/* Lies over DD and length: not done. */
		desc->read.hdr_addr = 0;
		if (++i == rx->count)
			i = 0;
	}
	if (i == rx->next_to_use)
		return enough;
	rx->next_to_use = i;
	writel(i, rx->tail);
	return enough;
}

/*
 * A checksum that the device calls bad is left to the stack. Only if it is
 * UDP's, that may just be missing (specification update, erratum 44).
 */
static void checksum(const struct net_device *netdev, struct sk_buff *skb,
		     const struct airvf_frame *frame, struct airvf_skb_count *count)
{
	u32 status = frame->status;

	if (!(netdev->features & NETIF_F_RXCSUM)) {
		count->csum_none++;
	} else if ((status & RXD_IPCS) && (status & RXD_IPE)) {
		count->csum_bad++;
	} else if (!(status & RXD_L4CS)) {
		count->csum_none++;
	} else if (!(status & RXD_TCPE)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		count->csum_good++;
	} else if (frame->info & RXD_TYPE_UDP) {
		count->csum_none++;
	} else {
		count->csum_bad++;
	}
}

static struct skb_shared_info *frame_sinfo(const struct airvf_frame *frame)
{
	void *start = frame->data - frame->headroom;

	return start + AIRVF_RX_TRUESIZE - SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

static void put_page_back(struct page *page, bool direct)
{
	page_pool_put_full_page(page->pp, page, direct);
}

static void put_frags(const struct skb_shared_info *sinfo, bool direct)
{
	int i;

	for (i = 0; i < sinfo->nr_frags; i++)
		put_page_back(skb_frag_page(&sinfo->frags[i]), direct);
}

void airvf_frame_drop(const struct airvf_frame *frame, bool direct)
{
	if (frame->frags)
		put_frags(frame_sinfo(frame), direct);
	put_page_back(virt_to_head_page(frame->data), direct);
}

/* Small frames are copied: a page for 60 bytes would eat the socket's buffer. */
static struct sk_buff *copy_frame(struct napi_struct *napi, const struct airvf_frame *frame)
{
	u32 len = frame->meta + frame->len;
	struct sk_buff *skb = napi_alloc_skb(napi, len);

	if (unlikely(!skb))
		return NULL;
	memcpy(__skb_put(skb, len), frame->data - frame->meta, len);
	if (frame->meta) {
		skb_metadata_set(skb, frame->meta);
		__skb_pull(skb, frame->meta);
	}
	return skb;
}

static struct sk_buff *wrap_frame(const struct airvf_frame *frame)
{
	u32 frags = 0, frags_size = 0;
	struct sk_buff *skb;

	/* Building the skb clears the counts in the shared info. */
	if (frame->frags) {
		frags = frame_sinfo(frame)->nr_frags;
		frags_size = frame_sinfo(frame)->xdp_frags_size;
	}
	skb = napi_build_skb(frame->data - frame->headroom, AIRVF_RX_TRUESIZE);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, frame->headroom);
	__skb_put(skb, frame->len);
	if (frame->meta)
		skb_metadata_set(skb, frame->meta);
	skb_mark_for_recycle(skb);
	if (frags)
		airvf_skb_frags(skb, frags, frags_size, frags * AIRVF_RX_TRUESIZE,
				frame->xdp_flags);
	return skb;
}

/* Multicast that we sent and the port's switch reflected (VEPA). */
static bool own_multicast(const struct airvf *vf, const struct ethhdr *eth)
{
	return is_multicast_ether_addr(eth->h_dest) &&
	       ether_addr_equal(eth->h_source, vf->netdev->dev_addr);
}

/*
 * The tag of a VLAN that the host put this port into is not ours to see. The PF
 * hides it only since our last reset, and perhaps not on every card.
 */
static bool own_vlan(const struct airvf *vf, u16 tag)
{
	u16 vid = tag & VLAN_VID_MASK;

	return (vf->netdev->features & NETIF_F_HW_VLAN_CTAG_RX) &&
	       (!vid || test_bit(vid, vf->vlans));
}

/* The frame's pages are needed no more. */
static void release(const struct airvf_frame *frame, bool *left)
{
	if (left && !frame->frags)
		*left = true;
	else
		airvf_frame_drop(frame, !!left);
}

/**
 * airvf_frame_skb() - makes an skb, ready for GRO
 * @vf: the VF
 * @napi: the poll that runs
 * @frame: consumed in any case, but for @left
 * @left: NULL unless @napi is the one that the frame's page pool belongs to;
 *	set if the frame's only page is left to the caller
 * @count: what happened
 *
 * Return: NULL if memory is short or the frame is an echo; it is dropped then.
 */
struct sk_buff *airvf_frame_skb(struct airvf *vf, struct napi_struct *napi,
				const struct airvf_frame *frame, bool *left,
				struct airvf_skb_count *count)
{
	struct net_device *netdev = vf->netdev;
	bool copy = !frame->frags && frame->len <= READ_ONCE(vf->copybreak);
	struct sk_buff *skb;

	if (frame->unseen && unlikely(own_multicast(vf, frame->data))) {
		count->own_multicast++;
		release(frame, left);
		return NULL;
	}
	skb = copy ? copy_frame(napi, frame) : wrap_frame(frame);
	if (copy || unlikely(!skb))
		release(frame, left);
	if (unlikely(!skb)) {
		count->failed++;
		return NULL;
	}
	count->copied += copy;

	if (netdev->features & NETIF_F_RXHASH) {
		enum pkt_hash_types type = airvf_hash_type(frame->info);

		if (type != PKT_HASH_TYPE_NONE)
			skb_set_hash(skb, frame->hash, type);
	}
	checksum(netdev, skb, frame, count);
	if ((frame->status & RXD_VP) && own_vlan(vf, frame->vlan))
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), frame->vlan);
	skb_record_rx_queue(skb, frame->queue);
	skb->protocol = eth_type_trans(skb, netdev);
	return skb;
}

/*
 * The frame that is being gathered is given up. Page by page, and not by
 * xdp_return_buff(): that is for polls only, and queues are also emptied by
 * whoever stops them.
 */
static void drop_gathered(struct airvf_rx_ring *rx, bool direct)
{
	struct xdp_buff *xdp = &rx->xdp;

	if (!xdp->data)
		return;
	if (xdp_buff_has_frags(xdp))
		put_frags(xdp_get_shared_info_from_buff(xdp), direct);
	put_page_back(rx->head, direct);
	xdp->data = NULL;
}

/* Adds a buffer to the frame. False: not possible, the frame is to be dropped. */
static bool gather(struct airvf_rx_ring *rx, struct page *page, u32 len)
{
	struct xdp_buff *xdp = &rx->xdp;
	struct skb_shared_info *sinfo;

	if (!xdp->data) {
		xdp_init_buff(xdp, AIRVF_RX_TRUESIZE, &rx->rxq);
		xdp_prepare_buff(xdp, page_address(page), AIRVF_RX_HEADROOM, len, true);
		rx->head = page;
		return true;
	}
	sinfo = xdp_get_shared_info_from_buff(xdp);
	if (!xdp_buff_has_frags(xdp)) {
		sinfo->nr_frags = 0;
		sinfo->xdp_frags_size = 0;
		xdp_buff_set_frags_flag(xdp);
	}
	if (sinfo->nr_frags == MAX_SKB_FRAGS)
		return false;
	skb_frag_fill_page_desc(&sinfo->frags[sinfo->nr_frags++], page, AIRVF_RX_HEADROOM, len);
	sinfo->xdp_frags_size += len;
	if (page_is_pfmemalloc(page))
		xdp_buff_set_frag_pfmemalloc(xdp);
	return true;
}

static void describe(struct airvf_rx_ring *rx, const union airvf_rx_desc *desc,
		     u32 status, struct airvf_frame *frame)
{
	struct xdp_buff *xdp = &rx->xdp;

	*frame = (struct airvf_frame){
		.data = xdp->data,
		.len = xdp->data_end - xdp->data,
		.headroom = xdp->data - xdp->data_hard_start,
		.meta = xdp->data - xdp->data_meta,
		.info = le16_to_cpu(desc->wb.info),
		.vlan = le16_to_cpu(desc->wb.vlan),
		.status = status,
		.hash = le32_to_cpu(desc->wb.rss),
		.queue = rx->index,
		.frags = xdp_buff_has_frags(xdp),
		.unseen = !rx->prog,
		.xdp_flags = airvf_xdp_skb_flags(xdp),
	};
}

/* Length in all of the frame's buffers. */
static u32 gathered_len(struct xdp_buff *xdp)
{
	u32 len = xdp->data_end - xdp->data;

	if (xdp_buff_has_frags(xdp))
		len += xdp_get_shared_info_from_buff(xdp)->xdp_frags_size;
	return len;
}

/* Why a complete frame must not go on; the counter to increase, or NULL. */
static u64 *refuse(struct airvf_rx_ring *rx, u32 status)
{
	struct airvf_rx_stats *stats = rx->stats;

	if (unlikely(status & RXD_RXE))
		return &stats->frame_errors;
	if (unlikely(rx->xdp.data_end - rx->xdp.data < ETH_HLEN))
		return &stats->bad_length;
	/* The header is not in the cache yet: without a program the stack looks later. */
	if (rx->prog && unlikely(own_multicast(rx->vf, rx->xdp.data)))
		return &stats->own_multicast;
	return NULL;
}

struct pass {
	struct airvf_skb_count skbs;
	u32 packets;
	u32 bytes;
	bool tx;
	bool redirect;
};

/* True: the frame was copied, and its only page is still ours. */
static bool complete_frame(struct airvf_rx_ring *rx, struct napi_struct *napi,
			   const union airvf_rx_desc *desc, u32 status, struct pass *pass)
{
	struct airvf_frame frame;
	struct sk_buff *skb;
	bool left = false;
	u64 *refused;

	refused = refuse(rx, status);
	if (refused) {
		airvf_rx_count(rx, refused, 1);
		drop_gathered(rx, true);
		return false;
	}
	pass->packets++;
	pass->bytes += gathered_len(&rx->xdp);
	if (xdp_buff_has_frags(&rx->xdp))
		airvf_rx_count(rx, &rx->stats->multi_buffer, 1);

	if (rx->prog) {
		switch (airvf_xdp_run(rx, &rx->xdp)) {
		case AIRVF_XDP_PASS:
			break;
		case AIRVF_XDP_TX:
			pass->tx = true;
			rx->xdp.data = NULL;
			return false;
		case AIRVF_XDP_REDIRECT:
			pass->redirect = true;
			rx->xdp.data = NULL;
			return false;
		case AIRVF_XDP_CONSUMED:
			rx->xdp.data = NULL;
			return false;
		}
		/* The program may have cut the frame down to nothing. */
		if (unlikely(rx->xdp.data_end - rx->xdp.data < ETH_HLEN)) {
			airvf_rx_count(rx, &rx->stats->bad_length, 1);
			drop_gathered(rx, true);
			return false;
		}
	}

	describe(rx, desc, status, &frame);
	rx->xdp.data = NULL;
	if (rx->vector->mtvd) {
		airvf_mtvd_dispatch(rx->vector, &frame);
		return false;
	}
	skb = airvf_frame_skb(rx->vf, napi, &frame, &left, &pass->skbs);
	if (skb)
		napi_gro_receive(napi, skb);
	return left;
}

/*
 * The device gets the page again from the same place in the ring, without a
 * turn through the pool. Not if it comes from the reserves for emergencies.
 */
static void keep_page(struct airvf_rx_ring *rx, u16 slot, struct page *page)
{
	if (unlikely(page_is_pfmemalloc(page))) {
		put_page_back(page, true);
		return;
	}
	dma_sync_single_range_for_device(&rx->vf->pdev->dev, page_pool_get_dma_addr(page),
					 AIRVF_RX_HEADROOM, AIRVF_RX_BUFFER,
					 page_pool_get_dma_dir(rx->pool));
	rx->page[slot] = page;
}

static void account(struct airvf_rx_ring *rx, const struct pass *pass, struct airvf_work *work)
{
	struct airvf_rx_stats *stats = rx->stats;

	u64_stats_update_begin(&stats->sync);
	stats->packets += pass->packets;
	stats->bytes += pass->bytes;
	stats->csum_good += pass->skbs.csum_good;
	stats->csum_none += pass->skbs.csum_none;
	stats->csum_bad += pass->skbs.csum_bad;
	stats->skb_failed += pass->skbs.failed;
	stats->copied += pass->skbs.copied;
	stats->own_multicast += pass->skbs.own_multicast;
	u64_stats_update_end(&stats->sync);
	work->packets += pass->packets;
	work->bytes += pass->bytes;
}

/* The next frame's header, while this one is worked on. */
static void prefetch_next(const struct airvf_rx_ring *rx)
{
	const union airvf_rx_desc *desc = &rx->desc[rx->next_to_clean];

	if (rx->next_to_clean == rx->next_to_use ||
	    !(READ_ONCE(desc->wb.status_error) & cpu_to_le32(RXD_DD)))
		return;
	net_prefetch(page_address(rx->page[rx->next_to_clean]) + AIRVF_RX_HEADROOM);
}

/* A queue's statistics: its poll's, and what workers did for it. */
void airvf_rx_sum(const struct airvf *vf, u32 queue, struct airvf_rx_stats *sum)
{
	const struct airvf_rx_stats *stats = &vf->rx_stats[queue];
	const struct airvf_made_stats *made = &vf->made[queue];
	u32 start;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		*sum = *stats;
	} while (u64_stats_fetch_retry(&stats->sync, start));
	/* The copy is the caller's alone, and nobody is writing to it. */
	u64_stats_init(&sum->sync);
	sum->csum_good += atomic64_read(&made->csum_good);
	sum->csum_none += atomic64_read(&made->csum_none);
	sum->csum_bad += atomic64_read(&made->csum_bad);
	sum->skb_failed += atomic64_read(&made->failed);
	sum->copied += atomic64_read(&made->copied);
	sum->own_multicast += atomic64_read(&made->own_multicast);
}

/* One share of a poll. True: the ring was emptied. */
bool airvf_rx_poll(struct airvf_rx_ring *rx, struct napi_struct *napi, int budget,
		   struct airvf_work *work)
{
	struct device *dev = &rx->vf->pdev->dev;
	enum dma_data_direction dir = page_pool_get_dma_dir(rx->pool);
	struct pass pass = {};
	bool enough = true;
	int done = 0;

	rx->prog = READ_ONCE(rx->vf->prog);
	/* Descriptors are counted, not frames: a frame may have no end. */
	for (; done < budget; done++) {
		union airvf_rx_desc *desc = &rx->desc[rx->next_to_clean];
		u16 slot = rx->next_to_clean;
		struct page *page;
		u32 status, len;

		/* Small rings must not run dry within a poll. One failure is enough. */
		if (enough && airvf_rx_unused(rx) >= REFILL_BATCH)
			enough = airvf_rx_refill(rx, airvf_rx_unused(rx));
		/* Beyond what the device has been given, an old DD may still stand. */
		if (unlikely(rx->next_to_clean == rx->next_to_use))
			break;
		status = le32_to_cpu(READ_ONCE(desc->wb.status_error));
		if (!(status & RXD_DD))
			break;
		/* The rest of the descriptor is valid once DD is. */
		dma_rmb();

		page = rx->page[slot];
		rx->page[slot] = NULL;
		if (++rx->next_to_clean == rx->count)
			rx->next_to_clean = 0;
		prefetch_next(rx);

		/* Once: it is checked, and the device could still change it. */
		len = le16_to_cpu(READ_ONCE(desc->wb.length));
		if (unlikely(rx->skipping)) {
			put_page_back(page, true);
			rx->skipping = !(status & RXD_EOP);
			continue;
		}
		if (unlikely(!len || len > AIRVF_RX_BUFFER)) {
			airvf_rx_count(rx, &rx->stats->bad_length, 1);
			goto give_up;
		}
		dma_sync_single_range_for_cpu(dev, page_pool_get_dma_addr(page),
					      AIRVF_RX_HEADROOM, len, dir);
		if (unlikely(!gather(rx, page, len))) {
			airvf_rx_count(rx, &rx->stats->bad_length, 1);
			goto give_up;
		}
		if ((status & RXD_EOP) && complete_frame(rx, napi, desc, status, &pass))
			keep_page(rx, slot, rx->head);
		continue;
give_up:
		put_page_back(page, true);
		drop_gathered(rx, true);
		rx->skipping = !(status & RXD_EOP);
	}

	if (pass.tx || pass.redirect)
		airvf_xdp_finish(rx, pass.tx, pass.redirect);
	if (enough && airvf_rx_unused(rx) >= REFILL_BATCH)
		airvf_rx_refill(rx, airvf_rx_unused(rx));
	account(rx, &pass, work);
	/* A ring without a single buffer gets no interrupt: try again later. */
	if (unlikely(airvf_rx_unused(rx) == rx->count - 1))
		schedule_delayed_work(&rx->vector->retry, AIRVF_RETRY);
	return done < budget;
}

/* The queue is stopped: take the buffers back. */
void airvf_rx_free(struct airvf_rx_ring *rx)
{
	u32 i;

	drop_gathered(rx, false);
	for (i = 0; i < rx->count; i++) {
		if (!rx->page[i])
			continue;
		put_page_back(rx->page[i], false);
		rx->page[i] = NULL;
	}
	rx->next_to_use = 0;
	rx->next_to_clean = 0;
	rx->skipping = false;
}
