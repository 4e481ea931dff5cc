// SPDX-License-Identifier: GPL-2.0-only
/* Frames to skbs, for the poll and for MTVD's workers. */
#include <linux/etherdevice.h>

#include "airvf.h"
#include "frame.h"

const u8 airvf_hash_types[RXD_RSS_TYPE + 1] = {
	[1] = PKT_HASH_TYPE_L4, [2] = PKT_HASH_TYPE_L3, [3] = PKT_HASH_TYPE_L4,
	[4] = PKT_HASH_TYPE_L3, [5] = PKT_HASH_TYPE_L3, [6] = PKT_HASH_TYPE_L4,
	[7] = PKT_HASH_TYPE_L4, [8] = PKT_HASH_TYPE_L4, [9] = PKT_HASH_TYPE_L4,
};

static struct skb_shared_info *airvf_frame_sinfo(const struct airvf_frame *frame)
{
	void *start = frame->data - frame->headroom;

	return start + AIRVF_RX_TRUESIZE - SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

void airvf_page_put(struct page *page, bool direct)
{
	page_pool_put_full_page(page->pp, page, direct);
}

void airvf_frags_put(const struct skb_shared_info *sinfo, bool direct)
{
	int i;

	for (i = 0; i < sinfo->nr_frags; i++)
		airvf_page_put(skb_frag_page(&sinfo->frags[i]), direct);
}

void airvf_frame_drop(const struct airvf_frame *frame, bool direct)
{
	if (frame->frags)
		airvf_frags_put(airvf_frame_sinfo(frame), direct);
	airvf_page_put(virt_to_head_page(frame->data), direct);
}

/* Small frames are copied: a page for 60 bytes would eat the socket's buffer. */
static struct sk_buff *airvf_frame_copy_frame(struct napi_struct *napi,
					      const struct airvf_frame *frame)
{
	struct sk_buff *skb = airvf_skb_copy(napi, frame->data - frame->meta,
					     frame->meta + frame->len);

	if (likely(skb) && frame->meta) {
		skb_metadata_set(skb, frame->meta);
		__skb_pull(skb, frame->meta);
	}
	return skb;
}

static struct sk_buff *airvf_frame_wrap_frame(const struct airvf_frame *frame)
{
	u32 frags = 0, frags_size = 0;
	struct sk_buff *skb;

	/* Building the skb clears the counts in the shared info. */
	if (frame->frags) {
		frags = airvf_frame_sinfo(frame)->nr_frags;
		frags_size = airvf_frame_sinfo(frame)->xdp_frags_size;
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

/* The frame's pages are needed no more. */
static void airvf_frame_release(const struct airvf_frame *frame, bool *left)
{
	if (left && !frame->frags)
		*left = true;
	else
		airvf_frame_drop(frame, !!left);
}

struct sk_buff *airvf_frame_skb(struct airvf *vf, struct napi_struct *napi,
				const struct airvf_frame *frame, bool *left,
				struct airvf_skb_count *count)
{
	bool copy = frame->copy || (!frame->frags && frame->len <= READ_ONCE(vf->copybreak));
	struct sk_buff *skb;

	if (frame->unseen && airvf_own_multicast(vf->netdev, frame->data)) {
		count->own_multicast++;
		airvf_frame_release(frame, left);
		return NULL;
	}
	skb = copy ? airvf_frame_copy_frame(napi, frame) : airvf_frame_wrap_frame(frame);
	if (copy || unlikely(!skb))
		airvf_frame_release(frame, left);
	if (unlikely(!skb)) {
		count->failed++;
		return NULL;
	}
	count->copied += copy;
	if (frame->status & RXD_VP)
		airvf_skb_vlan(skb, vf, frame->vlan);
	airvf_skb_fields(skb, vf->netdev, vf->netdev->features, frame->status, frame->info,
			 frame->hash, frame->queue, count);
	return skb;
}
