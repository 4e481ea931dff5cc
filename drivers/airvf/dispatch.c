// SPDX-License-Identifier: GPL-2.0-only
/* MTVD's packet path: dispatcher, workers, release in order. */
#include <linux/etherdevice.h>
#include <net/flow_dissector.h>
#include <net/gro.h>

#include "airvf.h"
#include "dispatch.h"
#include "frame.h"
#include "mtvd.h"
#include "rx.h"
#include "trace.h"

/*
 * The device's hash if it is of the ports, too. What the host lets the port hash
 * by addresses only (UDP, as PF drivers have it) would keep all of two hosts'
 * traffic together, so it is looked into; fragments, of which only the first has
 * ports, stay together by their addresses.
 */
static u32 airvf_dispatch_flow_hash(const struct airvf *vf, const struct airvf_frame *frame)
{
	const struct ethhdr *eth = frame->data;
	struct flow_keys keys;

	if (airvf_hash_type(frame->info) == PKT_HASH_TYPE_L4)
		return frame->hash;
	memset(&keys, 0, sizeof(keys));
	if (!__skb_flow_dissect(dev_net(vf->netdev), NULL, &flow_keys_dissector, &keys,
				frame->data, eth->h_proto, ETH_HLEN, frame->len, 0))
		return 0;
	return flow_hash_from_keys(&keys);
}

/* Dispatcher. The frame becomes a worker's, or is dropped if that is behind. */
void airvf_mtvd_dispatch(struct airvf_vector *vector, struct airvf_frame *frame)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = &mtvd->lane[vector->index];
	bool ordered = mtvd->policy == AIRVF_RR_ORDERED;
	u32 hash = mtvd->policy == AIRVF_FLOW ? airvf_dispatch_flow_hash(vector->vf, frame) : 0;
	u32 worker = airvf_spread_pick(&lane->spread, hash);
	struct airvf_place *place = NULL;
	struct airvf_queue *queue;
	u32 slot, at, tries = 0;

	/* Never wait: the hardware ring is the only buffer that may fill up. */
	if (ordered && airvf_spsc_full(&lane->order))
		goto full;
	queue = lane->queue[worker];
	while (!airvf_spsc_claim(&queue->ring, &slot)) {
		/* Only rr may take any other instead. */
		if (mtvd->policy != AIRVF_RR || ++tries == mtvd->workers)
			goto full;
		worker = airvf_spread_pick(&lane->spread, 0);
		queue = lane->queue[worker];
	}
	if (ordered) {
		airvf_spsc_claim(&lane->order, &at);
		place = &lane->place[at];
		place->skb = NULL;
		place->worker = worker;
		place->done = false;
	}
	queue->task[slot].frame = *frame;
	queue->task[slot].place = place;
	__set_bit(worker, &lane->touched);
	lane->dispatched++;
	return;
full:
	lane->full++;
	airvf_frame_drop(frame, true);
}

/* End of the dispatcher's poll: one wake-up a worker, not one a packet. */
void airvf_mtvd_flush(struct airvf_vector *vector)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = &mtvd->lane[vector->index];
	u32 worker;

	if (!lane->dispatched && !lane->full)
		return;
	u64_stats_update_begin(&vector->stats.sync);
	vector->stats.dispatched += lane->dispatched;
	vector->stats.full += lane->full;
	u64_stats_update_end(&vector->stats.sync);
	lane->dispatched = 0;
	lane->full = 0;
	if (!lane->touched)
		return;
	/* The places first: a worker may be quick. */
	if (mtvd->policy == AIRVF_RR_ORDERED)
		airvf_spsc_publish(&lane->order);
	for_each_set_bit(worker, &lane->touched, mtvd->workers) {
		airvf_spsc_publish(&lane->queue[worker]->ring);
		napi_schedule(&mtvd->worker[worker]->napi);
	}
	lane->touched = 0;
}

static void airvf_dispatch_add(u32 count, atomic64_t *sum)
{
	if (count)
		atomic64_add(count, sum);
}

/* Once a poll and queue: the counters may be other CPUs', too. */
static void airvf_dispatch_count_made(struct airvf *vf, u32 queue, struct airvf_skb_count *count)
{
	struct airvf_made_stats *made = &vf->made[queue];

	airvf_dispatch_add(count->csum_good, &made->csum_good);
	airvf_dispatch_add(count->csum_none, &made->csum_none);
	airvf_dispatch_add(count->csum_bad, &made->csum_bad);
	airvf_dispatch_add(count->failed, &made->failed);
	airvf_dispatch_add(count->copied, &made->copied);
	airvf_dispatch_add(count->own_multicast, &made->own_multicast);
	*count = (struct airvf_skb_count){};
}

/* The oldest task, which stays in its slot until airvf_spsc_pop(). */
static struct airvf_task *airvf_dispatch_oldest(struct airvf_queue *queue)
{
	u32 slot;

	return airvf_spsc_peek(&queue->ring, &slot) ? &queue->task[slot] : NULL;
}

static void airvf_dispatch_prefetch_behind(const struct airvf_queue *queue)
{
	u32 slot;

	if (airvf_spsc_behind(&queue->ring, &slot))
		net_prefetch(queue->task[slot].frame.data);
}

/* @did: what is added to the worker's statistics at the end of its poll */
static int airvf_dispatch_serve_lane(struct airvf_worker *worker, struct airvf_lane *lane,
				     int budget, struct airvf_worker_stats *did)
{
	struct airvf_queue *queue = lane->queue[worker->index];
	struct airvf_mtvd *mtvd = worker->mtvd;
	u32 depth = airvf_spsc_depth(&queue->ring), from = 0;
	struct airvf_skb_count count = {};
	struct airvf_task *task;
	int done;

	did->depth_max = max_t(u64, did->depth_max, depth);
	for (done = 0; done < budget; done++) {
		struct airvf_place *place;
		struct sk_buff *skb;

		task = airvf_dispatch_oldest(queue);
		if (!task)
			break;
		airvf_dispatch_prefetch_behind(queue);
		if (task->frame.queue != from) {
			airvf_dispatch_count_made(mtvd->vf, from, &count);
			from = task->frame.queue;
		}
		place = task->place;
		skb = airvf_frame_skb(mtvd->vf, &worker->napi, &task->frame, NULL, &count);
		airvf_spsc_pop(&queue->ring);
		did->bytes += skb ? skb->len + ETH_HLEN : 0;
		if (place) {
			place->skb = skb;
			/* The skb is in its place before the place counts. */
			smp_store_release(&place->done, true);
		} else if (skb) {
			napi_gro_receive(&worker->napi, skb);
		}
	}
	airvf_dispatch_count_made(mtvd->vf, from, &count);
	if (done && mtvd->policy == AIRVF_RR_ORDERED)
		napi_schedule(&lane->release);
	return done;
}

int airvf_worker_poll(struct napi_struct *napi, int budget)
{
	struct airvf_worker *worker = container_of(napi, struct airvf_worker, napi);
	struct airvf_mtvd *mtvd = worker->mtvd;
	struct airvf_worker_stats did = {};
	u64 start = airvf_cycles();
	int done = 0;
	u32 i;

	/* Dispatchers take turns at being first. */
	worker->first ^= 1;
	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		struct airvf_lane *lane = &mtvd->lane[(i + worker->first) % AIRVF_VECTORS_MAX];

		done += airvf_dispatch_serve_lane(worker, lane, budget - done, &did);
	}
	u64_stats_update_begin(&worker->stats.sync);
	worker->stats.polls++;
	worker->stats.packets += done;
	worker->stats.bytes += did.bytes;
	worker->stats.depth_max = max(worker->stats.depth_max, did.depth_max);
	u64_stats_update_end(&worker->stats.sync);
	/* A dispatcher on this CPU has so much less. */
	airvf_mod_spend(airvf_cycles() - start);
	trace_airvf_worker(mtvd->vf->netdev, worker->index, done, done == budget);
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/* Brings skbs to the stack as long as the next in order is there. */
int airvf_release_poll(struct napi_struct *napi, int budget)
{
	struct airvf_lane *lane = container_of(napi, struct airvf_lane, release);
	int done;
	u32 at;

	for (done = 0; done < budget && airvf_spsc_peek(&lane->order, &at); done++) {
		struct airvf_place *place = &lane->place[at];
		struct sk_buff *skb;

		/* Pairs with the worker's release: done means that the skb is there. */
		if (!smp_load_acquire(&place->done))
			break;
		skb = place->skb;
		airvf_spsc_pop(&lane->order);
		if (skb)
			napi_gro_receive(napi, skb);
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/* False: the queue is empty. */
static bool airvf_dispatch_make_leftover(struct airvf *vf, struct napi_struct *napi,
					 struct airvf_queue *queue, struct sk_buff **skb)
{
	struct airvf_task *task = airvf_dispatch_oldest(queue);
	struct airvf_skb_count count = {};

	if (!task)
		return false;
	/* Not direct: the frame may have come before a change of rings. */
	*skb = airvf_frame_skb(vf, napi, &task->frame, NULL, &count);
	airvf_dispatch_count_made(vf, task->frame.queue, &count);
	airvf_spsc_pop(&queue->ring);
	return true;
}

/* Dispatcher, workers stopped: the oldest frame as skb. False: there is none. */
static bool airvf_dispatch_leftover(struct airvf_lane *lane, struct napi_struct *napi,
				    struct sk_buff **skb)
{
	struct airvf *vf = lane->mtvd->vf;
	u32 at, i;

	*skb = NULL;
	if (lane->mtvd->policy == AIRVF_RR_ORDERED) {
		struct airvf_place *place;

		if (!airvf_spsc_peek(&lane->order, &at))
			return false;
		place = &lane->place[at];
		if (place->done)
			*skb = place->skb;
		else
			airvf_dispatch_make_leftover(vf, napi, lane->queue[place->worker], skb);
		airvf_spsc_pop(&lane->order);
		return true;
	}
	for (i = 0; i < lane->mtvd->workers; i++)
		if (airvf_dispatch_make_leftover(vf, napi, lane->queue[i], skb))
			return true;
	return false;
}

/* The dispatcher is stopped, too: these frames are given up. */
void airvf_lane_drop(struct airvf_lane *lane)
{
	struct airvf_task *task;
	u32 at, i;

	if (lane->mtvd->policy == AIRVF_RR_ORDERED) {
		while (airvf_spsc_peek(&lane->order, &at)) {
			if (lane->place[at].done)
				kfree_skb(lane->place[at].skb);
			airvf_spsc_pop(&lane->order);
		}
	}
	for (i = 0; i < lane->mtvd->workers; i++) {
		while ((task = airvf_dispatch_oldest(lane->queue[i]))) {
			airvf_frame_drop(&task->frame, false);
			airvf_spsc_pop(&lane->queue[i]->ring);
		}
	}
}

static bool airvf_dispatch_has_room(const struct airvf_lane *lane, u32 room)
{
	u32 i;

	if (lane->mtvd->policy == AIRVF_RR_ORDERED &&
	    airvf_spsc_room((struct airvf_spsc *)&lane->order) < room)
		return false;
	for (i = 0; i < lane->mtvd->workers; i++)
		if (airvf_spsc_room(&lane->queue[i]->ring) < room)
			return false;
	return true;
}

/*
 * Dispatcher, before it takes frames: a change of workers. True: this poll
 * takes none, poll again.
 */
bool airvf_mtvd_hold(struct airvf_vector *vector, struct napi_struct *napi, int budget)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = mtvd ? &mtvd->lane[vector->index] : NULL;
	struct sk_buff *skb;
	int done;

	/* Pairs with switch_running(): mtvd_next is set, the old workers have stopped. */
	switch (smp_load_acquire(&vector->mtvd_switch)) {
	case AIRVF_SWITCH_NONE:
		/* Workers are being stopped: rather leave frames in the device. */
		return mtvd && READ_ONCE(mtvd->stopping) && !airvf_dispatch_has_room(lane, budget);
	case AIRVF_SWITCH_WANTED:
		for (done = 0; lane && done < budget; done++) {
			if (!airvf_dispatch_leftover(lane, napi, &skb))
				break;
			if (skb)
				napi_gro_receive(napi, skb);
		}
		if (lane && done == budget)
			return true;
		/* Held back by GRO is not delivered; NAPI hands it up after us. */
		napi_gro_flush(napi, false);
		WRITE_ONCE(vector->mtvd_switch, AIRVF_SWITCH_FLUSHED);
		return true;
	case AIRVF_SWITCH_FLUSHED:
		vector->mtvd = vector->mtvd_next;
		/* switch_running() may free the old instance once it reads this. */
		smp_store_release(&vector->mtvd_switch, AIRVF_SWITCH_NONE);
		return false;
	}
	return false;
}
