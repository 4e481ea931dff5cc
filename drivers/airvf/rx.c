// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: descriptors to frames, frames to XDP, to workers and to the stack
 * (data sheet 7.1.6). What is usual, a frame in one buffer for the stack, goes a
 * short way (airvf_rx_take_one()); frames of several buffers, programs and workers go the
 * long one (airvf_rx_take_piece()).
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>

#include "airvf.h"
#include "dispatch.h"
#include "frame.h"
#include "hints.h"
#include "rx.h"
#include "xdp.h"

#define REFILL_BATCH	32	/* fewer are not worth a write of the tail */
#define TAKE_BATCH	64
#define GIVE_BATCH	32	/* so many at a time become workers' */
#define IN_PLACE	4	/* fewer are not worth waking a worker */
/* Without them frames go the long way. */
#define USUAL_FEATURES	(NETIF_F_RXCSUM | NETIF_F_RXHASH)

static struct page *airvf_rx_page(const struct airvf_rx_buf *buf)
{
	return virt_to_page(buf->data);
}

static void airvf_rx_set_page(struct airvf_rx_buf *buf, struct page *page)
{
	buf->data = page_address(page) + AIRVF_RX_HEADROOM;
	buf->dma = page_pool_get_dma_addr(page) + AIRVF_RX_HEADROOM;
}

static bool airvf_rx_new_page(struct airvf_rx_ring *rx, struct airvf_rx_buf *buf)
{
	struct page *page = page_pool_dev_alloc_pages(rx->pool);

	if (unlikely(!page)) {
		airvf_rx_count(rx, &rx->stats->alloc_failed, 1);
		return false;
	}
	airvf_rx_set_page(buf, page);
	/* From the reserves for emergencies: such a page does not stay. */
	if (unlikely(page_is_pfmemalloc(page)))
		rx->reserves = true;
	return true;
}

/* The descriptor's page is somebody else's now. */
static void airvf_rx_page_gone(struct airvf_rx_ring *rx, struct airvf_rx_buf *buf)
{
	buf->data = NULL;
	rx->holes = true;
}

/* As the device wants it. It is not the device's before the tail has passed it. */
static __always_inline void airvf_rx_arm(union airvf_rx_desc *desc, const struct airvf_rx_buf *buf)
{
	desc->read.pkt_addr = cpu_to_le64(buf->dma);
	/* Lies over DD and length: not done. */
	desc->read.hdr_addr = 0;
}

/*
 * Pages for all that the device does not own, also for the one descriptor that it
 * is never given. Returns the first that has none, or the end.
 */
static u32 airvf_rx_fill_holes(struct airvf_rx_ring *rx)
{
	u32 left = airvf_rx_unused(rx) + 1, i = rx->next_to_use;

	for (; left; left--) {
		struct airvf_rx_buf *buf = &rx->buf[i];

		if (!buf->data && !airvf_rx_new_page(rx, buf))
			return i;
		airvf_rx_arm(&rx->desc[i], buf);
		if (unlikely(++i == rx->count))
			i = 0;
	}
	rx->holes = false;
	return i ? i - 1 : rx->count - 1;
}

bool airvf_rx_refill(struct airvf_rx_ring *rx)
{
	u32 use = rx->next_to_clean ? rx->next_to_clean - 1 : rx->count - 1;

	/* Otherwise each was armed again when its frame was taken. */
	if (rx->holes)
		use = airvf_rx_fill_holes(rx);
	if (use != rx->next_to_use) {
		rx->next_to_use = use;
		writel(use, rx->tail);
	}
	return !rx->holes;
}

/* The CPU is to see what the device wrote. */
static void airvf_rx_sync_for_cpu(const struct airvf_rx_ring *rx, const struct airvf_rx_buf *buf,
				  u32 len)
{
	dma_sync_single_for_cpu(rx->dev, buf->dma, len, rx->dma_dir);
}

/*
 * The device gets the page again from the same place in the ring, without a
 * turn through the pool.
 */
static __always_inline void airvf_rx_keep_page(struct airvf_rx_ring *rx, union airvf_rx_desc *desc,
					       struct airvf_rx_buf *buf)
{
	dma_sync_single_for_device(rx->dev, buf->dma, AIRVF_RX_BUFFER, rx->dma_dir);
	airvf_rx_arm(desc, buf);
}

static struct sk_buff *airvf_rx_wrap_one(void *data, u32 len)
{
	struct sk_buff *skb = napi_build_skb(data - AIRVF_RX_HEADROOM, AIRVF_RX_TRUESIZE);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, AIRVF_RX_HEADROOM);
	skb->tail += len;
	skb->len = len;
	skb_mark_for_recycle(skb);
	return skb;
}

/* Before the descriptor is armed again: what it says of the frame lies in the same place. */
static __always_inline void airvf_rx_fields(struct airvf_rx_ring *rx,
					    const union airvf_rx_desc *desc, struct sk_buff *skb,
					    u32 status)
{
	if (unlikely(status & RXD_VP))
		airvf_skb_vlan(skb, rx->vf, le16_to_cpu(desc->wb.vlan));
	airvf_skb_fields(skb, rx->rxq.dev, USUAL_FEATURES, status, le16_to_cpu(desc->wb.info),
			 le32_to_cpu(desc->wb.rss), rx->index, &rx->pass.skbs);
}

/* A frame in one buffer, for the stack. What the device wrote is checked already. */
static __always_inline void airvf_rx_take_one(struct airvf_rx_ring *rx, struct napi_struct *napi,
					      union airvf_rx_desc *desc, struct airvf_rx_buf *buf,
					      u32 status, u32 len)
{
	struct airvf_rx_pass *pass = &rx->pass;
	struct sk_buff *skb;

	pass->packets++;
	pass->bytes += len;
	airvf_rx_sync_for_cpu(rx, buf, len);
	if (airvf_own_multicast(rx->rxq.dev, buf->data)) {
		pass->skbs.own_multicast++;
		goto keep;
	}
	if (len <= pass->copybreak) {
		skb = airvf_skb_copy(napi, buf->data, len);
		if (unlikely(!skb))
			goto failed;
		airvf_rx_fields(rx, desc, skb, status);
		pass->skbs.copied++;
		airvf_rx_keep_page(rx, desc, buf);
	} else {
		skb = airvf_rx_wrap_one(buf->data, len);
		if (unlikely(!skb))
			goto failed;
		airvf_rx_fields(rx, desc, skb, status);
		airvf_rx_page_gone(rx, buf);
	}
	napi_gro_receive(napi, skb);
	return;

failed:
	pass->skbs.failed++;
keep:
	airvf_rx_keep_page(rx, desc, buf);
}

/* What a worker left may be of another ring of this vector, or of one that is no more. */
static void airvf_rx_put_foreign(const struct airvf_rx_buf *buf)
{
	if (buf->data)
		airvf_page_put(airvf_rx_page(buf), false);
}

/* The same for a worker. */
static __always_inline void airvf_rx_give_one(struct airvf_rx_ring *rx, union airvf_rx_desc *desc,
					      struct airvf_rx_buf *buf, u32 status, u32 len)
{
	const struct airvf_frame frame = {
		.data = buf->data,
		.len = len,
		.headroom = AIRVF_RX_HEADROOM,
		.info = le16_to_cpu(desc->wb.info),
		.vlan = le16_to_cpu(desc->wb.vlan),
		.status = status,
		.hash = le32_to_cpu(desc->wb.rss),
		.queue = rx->index,
		.unseen = true,
	};

	rx->pass.packets++;
	rx->pass.bytes += len;
	airvf_rx_sync_for_cpu(rx, buf, len);
	airvf_mtvd_dispatch(rx->vector, &frame, buf);
	if (likely(buf->data && airvf_rx_page(buf)->pp == rx->pool)) {
		airvf_rx_keep_page(rx, desc, buf);
		return;
	}
	airvf_rx_put_foreign(buf);
	airvf_rx_page_gone(rx, buf);
}

/*
 * The frame that is being gathered is given up. Page by page, and not by
 * xdp_return_buff(): that is for polls only, and queues are also emptied by
 * whoever stops them.
 */
static void airvf_rx_drop_gathered(struct airvf_rx_ring *rx, bool direct)
{
	struct xdp_buff *xdp = &rx->frame.xdp;

	if (!xdp->data)
		return;
	if (xdp_buff_has_frags(xdp))
		airvf_frags_put(xdp_get_shared_info_from_buff(xdp), direct);
	airvf_page_put(rx->head, direct);
	xdp->data = NULL;
}

/* Adds a buffer to the frame. False: not possible, the frame is to be dropped. */
static bool airvf_rx_gather(struct airvf_rx_ring *rx, struct page *page, u32 len)
{
	struct xdp_buff *xdp = &rx->frame.xdp;
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

static void airvf_rx_describe(struct airvf_rx_ring *rx, const union airvf_rx_desc *desc, u32 status,
			      struct airvf_frame *frame)
{
	struct xdp_buff *xdp = &rx->frame.xdp;

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
static u32 airvf_rx_gathered_len(struct xdp_buff *xdp)
{
	u32 len = xdp->data_end - xdp->data;

	if (xdp_buff_has_frags(xdp))
		len += xdp_get_shared_info_from_buff(xdp)->xdp_frags_size;
	return len;
}

/* Why a complete frame must not go on; the counter to increase, or NULL. */
static u64 *airvf_rx_refuse(struct airvf_rx_ring *rx, u32 status)
{
	struct airvf_rx_stats *stats = rx->stats;

	if (unlikely(status & RXD_RXE))
		return &stats->frame_errors;
	if (unlikely(rx->frame.xdp.data_end - rx->frame.xdp.data < ETH_HLEN))
		return &stats->bad_length;
	/* The header is not in the cache yet: without a program the stack looks later. */
	if (rx->prog && airvf_own_multicast(rx->vf->netdev, rx->frame.xdp.data))
		return &stats->own_multicast;
	return NULL;
}

/* True: the program left a frame for the stack. */
static bool airvf_rx_run_program(struct airvf_rx_ring *rx, const union airvf_rx_desc *desc)
{
	airvf_hints_set(&rx->frame.xdp, desc);
	switch (airvf_xdp_run(rx, &rx->frame.xdp)) {
	case AIRVF_XDP_PASS:
		break;
	case AIRVF_XDP_TX:
		rx->pass.tx = true;
		rx->frame.xdp.data = NULL;
		return false;
	case AIRVF_XDP_REDIRECT:
		rx->pass.redirect = true;
		rx->frame.xdp.data = NULL;
		return false;
	case AIRVF_XDP_CONSUMED:
		rx->frame.xdp.data = NULL;
		return false;
	}
	/* It may have cut the frame down to nothing. */
	if (unlikely(rx->frame.xdp.data_end - rx->frame.xdp.data < ETH_HLEN)) {
		airvf_rx_count(rx, &rx->stats->bad_length, 1);
		airvf_rx_drop_gathered(rx, true);
		return false;
	}
	return true;
}

/* True: the frame was copied, and its only page is still ours. */
static bool airvf_rx_complete_frame(struct airvf_rx_ring *rx, struct napi_struct *napi,
				    const union airvf_rx_desc *desc, u32 status)
{
	struct airvf_rx_buf none = {};
	struct airvf_frame frame;
	struct sk_buff *skb;
	bool left = false;
	u64 *refused;

	refused = airvf_rx_refuse(rx, status);
	if (refused) {
		airvf_rx_count(rx, refused, 1);
		airvf_rx_drop_gathered(rx, true);
		return false;
	}
	rx->pass.packets++;
	rx->pass.bytes += airvf_rx_gathered_len(&rx->frame.xdp);
	if (xdp_buff_has_frags(&rx->frame.xdp))
		airvf_rx_count(rx, &rx->stats->multi_buffer, 1);
	if (rx->prog && !airvf_rx_run_program(rx, desc))
		return false;

	airvf_rx_describe(rx, desc, status, &frame);
	rx->frame.xdp.data = NULL;
	if (rx->mtvd) {
		airvf_mtvd_dispatch(rx->vector, &frame, &none);
		airvf_rx_put_foreign(&none);
		return false;
	}
	skb = airvf_frame_skb(rx->vf, napi, &frame, &left, &rx->pass.skbs);
	if (skb)
		napi_gro_receive(napi, skb);
	return left;
}

/* The same, but for a page of the emergency reserves, which does not stay. */
static void airvf_rx_give_back(struct airvf_rx_ring *rx, union airvf_rx_desc *desc,
			       struct airvf_rx_buf *buf)
{
	if (likely(!rx->reserves || !page_is_pfmemalloc(airvf_rx_page(buf)))) {
		airvf_rx_keep_page(rx, desc, buf);
		return;
	}
	airvf_page_put(airvf_rx_page(buf), true);
	airvf_rx_page_gone(rx, buf);
}

/* One buffer of a frame that may have several. */
static noinline void airvf_rx_take_piece(struct airvf_rx_ring *rx, struct napi_struct *napi,
					 union airvf_rx_desc *desc, struct airvf_rx_buf *buf,
					 u32 status, u32 len)
{
	if (unlikely(rx->skipping)) {
		airvf_rx_give_back(rx, desc, buf);
		goto out;
	}
	if (unlikely(!len || len > AIRVF_RX_BUFFER))
		goto give_up;
	airvf_rx_sync_for_cpu(rx, buf, len);
	if (unlikely(!airvf_rx_gather(rx, airvf_rx_page(buf), len)))
		goto give_up;
	airvf_rx_page_gone(rx, buf);
	if (status & RXD_EOP) {
		if (airvf_rx_complete_frame(rx, napi, desc, status)) {
			airvf_rx_set_page(buf, rx->head);
			airvf_rx_give_back(rx, desc, buf);
		}
	}
	rx->midway = !(status & RXD_EOP);
	return;

give_up:
	airvf_rx_count(rx, &rx->stats->bad_length, 1);
	airvf_rx_give_back(rx, desc, buf);
	airvf_rx_drop_gathered(rx, true);
out:
	rx->skipping = !(status & RXD_EOP);
	rx->midway = rx->skipping;
}

/* The status of a frame that goes the short way; NONE is no status. */
#define STATUS_MASK	(RXD_DD | RXD_EOP | RXD_RXE)
#define STATUS_USUAL	(RXD_DD | RXD_EOP)
#define STATUS_NONE	U32_MAX

static u32 airvf_rx_usual(const struct airvf_rx_ring *rx)
{
	bool usual = !rx->prog && !rx->midway && !rx->reserves &&
		     (rx->vf->netdev->features & USUAL_FEATURES) == USUAL_FEATURES;

	return usual ? STATUS_USUAL : STATUS_NONE;
}

/* DD was seen. The length is read once: it is checked, and the device could still change it. */
static __always_inline u32 airvf_rx_len(const union airvf_rx_desc *desc,
					const struct airvf_rx_buf *buf)
{
	/* The rest of the descriptor is valid once DD is. */
	dma_rmb();
	/* The next one's header, while this one is worked on; there may be none. */
	prefetch(buf[1].data);
	return le16_to_cpu(READ_ONCE(desc->wb.length));
}

/*
 * Up to @most descriptors that the device has been given: beyond these an old DD may
 * still stand. Counted whether their frames have an end or not.
 * @give: known to the compiler, so that the usual loop does not ask
 */
static __always_inline u32 airvf_rx_take_batch(struct airvf_rx_ring *rx, struct napi_struct *napi,
					       u32 most, const bool give)
{
	u32 begin = rx->next_to_clean, i = begin, end = begin + most, usual = airvf_rx_usual(rx);

	if (end >= rx->count)
		end -= rx->count;
	while (i != end) {
		union airvf_rx_desc *desc = &rx->desc[i];
		struct airvf_rx_buf *buf = &rx->buf[i];
		u32 status = le32_to_cpu(READ_ONCE(desc->wb.status_error)), len;

		if (likely((status & STATUS_MASK) == usual)) {
			len = airvf_rx_len(desc, buf);
			if (unlikely(++i == rx->count))
				i = 0;
			if (likely(len - ETH_HLEN <= AIRVF_RX_BUFFER - ETH_HLEN)) {
				if (give)
					airvf_rx_give_one(rx, desc, buf, status, len);
				else
					airvf_rx_take_one(rx, napi, desc, buf, status, len);
				continue;
			}
		} else {
			if (!(status & RXD_DD))
				break;
			len = airvf_rx_len(desc, buf);
			if (++i == rx->count)
				i = 0;
		}
		airvf_rx_take_piece(rx, napi, desc, buf, status, len);
		usual = airvf_rx_usual(rx);
	}
	rx->next_to_clean = i;
	return (i >= begin ? 0 : rx->count) + i - begin;
}

/* What a poll seldom has. */
static noinline void airvf_rx_account_rare(struct airvf_rx_ring *rx, struct airvf_work *work)
{
	struct airvf_rx_stats *stats = rx->stats;
	struct airvf_rx_pass *pass = &rx->pass;

	u64_stats_update_begin(&stats->sync);
	stats->csum_none += pass->skbs.csum_none;
	stats->csum_bad += pass->skbs.csum_bad;
	stats->skb_failed += pass->skbs.failed;
	stats->own_multicast += pass->skbs.own_multicast;
	stats->no_buffer += pass->no_buffer;
	u64_stats_update_end(&stats->sync);
	work->dry |= pass->no_buffer;
	*pass = (struct airvf_rx_pass){};
}

static void airvf_rx_account(struct airvf_rx_ring *rx, struct airvf_work *work)
{
	struct airvf_rx_stats *stats = rx->stats;
	struct airvf_rx_pass *pass = &rx->pass;
	u32 packets = pass->packets, usual = pass->skbs.csum_good;

	u64_stats_update_begin(&stats->sync);
	stats->packets += packets;
	stats->bytes += pass->bytes;
	stats->csum_good += usual;
	stats->copied += pass->skbs.copied;
	u64_stats_update_end(&stats->sync);
	work->received += packets;
	work->bytes += pass->bytes;
	pass->packets = 0;
	pass->bytes = 0;
	pass->skbs.csum_good = 0;
	pass->skbs.copied = 0;
	/* A frame that XDP, a worker or nobody got is not usual either. */
	if (unlikely(packets != usual || pass->no_buffer))
		airvf_rx_account_rare(rx, work);
}

void airvf_rx_sum(const struct airvf *vf, u32 queue, struct airvf_rx_stats *sum)
{
	const struct airvf_rx_stats *stats = &vf->rx_stats[queue];
	const struct airvf_made_stats *made = &vf->made[queue];
	u32 start;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		*sum = *stats;
	} while (u64_stats_fetch_retry(&stats->sync, start));
	sum->csum_good += atomic64_read(&made->csum_good);
	sum->csum_none += atomic64_read(&made->csum_none);
	sum->csum_bad += atomic64_read(&made->csum_bad);
	sum->skb_failed += atomic64_read(&made->failed);
	sum->copied += atomic64_read(&made->copied);
	sum->own_multicast += atomic64_read(&made->own_multicast);
}

/*
 * Has the device used up all its buffers? The last one it was given says so. It
 * then drops what comes, until it is given others, and has no counter for that.
 */
static bool airvf_rx_out_of_buffers(const struct airvf_rx_ring *rx)
{
	u32 last = rx->next_to_use ? rx->next_to_use - 1 : rx->count - 1;

	return rx->next_to_use == rx->next_to_clean ||
	       (READ_ONCE(rx->desc[last].wb.status_error) & cpu_to_le32(RXD_DD));
}

/* At most IN_PLACE frames, and all workers sleep: not worth the wake-up. */
static bool airvf_rx_in_place(const struct airvf_rx_ring *rx)
{
	u32 behind = rx->next_to_clean + IN_PLACE;

	if (behind >= rx->count)
		behind -= rx->count;
	return !(READ_ONCE(rx->desc[behind].wb.status_error) & cpu_to_le32(RXD_DD)) &&
	       airvf_mtvd_asleep(rx->vector);
}

static noinline u32 airvf_rx_give_batch(struct airvf_rx_ring *rx, struct napi_struct *napi,
					u32 most)
{
	u32 done = airvf_rx_take_batch(rx, napi, most, true);

	airvf_mtvd_publish(rx->vector);
	return done;
}

/* Takes up to @budget descriptors, and gives the device others. True: nothing is left. */
static bool airvf_rx_take(struct airvf_rx_ring *rx, struct napi_struct *napi, u32 budget)
{
	/* Small rings must not run dry within a poll. */
	u32 most = min_t(u32, rx->mtvd ? GIVE_BATCH : TAKE_BATCH, rx->count / 4);
	u32 given = airvf_rx_given(rx), batch, done;
	bool emptied = false, enough = true;

	while (budget && !emptied) {
		batch = min(budget, most);
		if (rx->mtvd) {
			batch = min(batch, airvf_mtvd_room(rx->vector));
			/* What is too much may stay in the device. */
			if (!batch)
				break;
			done = airvf_rx_give_batch(rx, napi, min(batch, given));
		} else {
			done = airvf_rx_take_batch(rx, napi, min(batch, given), false);
		}
		budget -= done;
		given -= done;
		emptied = done < batch;
		/* One failure is enough. */
		if (rx->count - 1 - given >= REFILL_BATCH && enough) {
			rx->pass.no_buffer |= airvf_rx_out_of_buffers(rx);
			enough = airvf_rx_refill(rx);
			given = airvf_rx_given(rx);
		}
	}
	/* A ring without a single buffer gets no interrupt: try again later. */
	if (unlikely(!given))
		schedule_delayed_work(&rx->vector->retry, AIRVF_RETRY);
	return emptied;
}

static bool airvf_rx_came(const struct airvf_rx_ring *rx)
{
	return READ_ONCE(rx->desc[rx->next_to_clean].wb.status_error) & cpu_to_le32(RXD_DD);
}

bool airvf_rx_poll(struct airvf_rx_ring *rx, struct napi_struct *napi, int budget,
		   struct airvf_work *work)
{
	struct airvf_rx_pass *pass = &rx->pass;
	bool emptied, in_place;

	/* Nothing came, and the device has what it needs. */
	if (!airvf_rx_came(rx) && airvf_rx_unused(rx) < REFILL_BATCH)
		return true;
	rx->prog = READ_ONCE(rx->vf->prog);
	pass->copybreak = READ_ONCE(rx->vf->copybreak);
	in_place = rx->vector->mtvd && airvf_rx_in_place(rx);
	rx->mtvd = in_place ? NULL : rx->vector->mtvd;
	emptied = airvf_rx_take(rx, napi, in_place ? min(budget, IN_PLACE) : budget);
	if (unlikely(pass->tx || pass->redirect))
		airvf_xdp_finish(rx, pass->tx, pass->redirect);
	if (in_place)
		airvf_mtvd_in_place(rx->vector, napi, pass->packets);
	airvf_rx_account(rx, work);
	return emptied;
}

void airvf_rx_free(struct airvf_rx_ring *rx)
{
	u32 i;

	airvf_rx_drop_gathered(rx, false);
	for (i = 0; i < rx->count; i++) {
		if (!rx->buf[i].data)
			continue;
		airvf_page_put(airvf_rx_page(&rx->buf[i]), false);
		airvf_rx_page_gone(rx, &rx->buf[i]);
	}
	rx->next_to_use = 0;
	rx->next_to_clean = 0;
	rx->skipping = false;
	rx->midway = false;
}
