// SPDX-License-Identifier: GPL-2.0-only
/* MTVD's packet path: dispatcher, workers, release in order. */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <net/flow_dissector.h>
#include <net/gro.h>
#include <net/ip.h>

#include "airvf.h"
#include "dispatch.h"
#include "frame.h"
#include "hw.h"
#include "mtvd.h"
#include "rx.h"
#include "trace.h"

/* Is it UDP in one piece, behind plain headers? Both ports then. */
static bool airvf_dispatch_udp_ports(const struct airvf_frame *frame, u32 *ports)
{
	const struct ethhdr *eth = frame->data;
	const struct ipv6hdr *ip6 = frame->data + ETH_HLEN;
	const struct iphdr *ip = frame->data + ETH_HLEN;
	const void *udp;

	if (eth->h_proto == htons(ETH_P_IP)) {
		udp = ip + 1;
		if (frame->len < ETH_HLEN + sizeof(*ip) + sizeof(*ports) || ip->ihl != 5 ||
		    ip->protocol != IPPROTO_UDP || ip_is_fragment(ip))
			return false;
	} else {
		udp = ip6 + 1;
		if (eth->h_proto != htons(ETH_P_IPV6) ||
		    frame->len < ETH_HLEN + sizeof(*ip6) + sizeof(*ports) ||
		    ip6->nexthdr != IPPROTO_UDP)
			return false;
	}
	*ports = get_unaligned((const u32 *)udp);
	return true;
}

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
	u32 ports;

	if (airvf_hash_type(frame->info) == PKT_HASH_TYPE_L4)
		return frame->hash;
	if (airvf_hash_type(frame->info) == PKT_HASH_TYPE_L3 &&
	    airvf_dispatch_udp_ports(frame, &ports))
		return jhash_1word(ports, frame->hash);
	memset(&keys, 0, sizeof(keys));
	if (!__skb_flow_dissect(dev_net(vf->netdev), NULL, &flow_keys_dissector, &keys,
				frame->data, eth->h_proto, ETH_HLEN, frame->len, 0))
		return 0;
	return flow_hash_from_keys(&keys);
}

/* The bit of struct airvf_lane.waiting for places in the order of arrival. */
#define AIRVF_WAITING_ORDER	BIT(AIRVF_WORKERS_MAX)

/* Then all that this NAPI was given is with the stack. */
static bool airvf_dispatch_asleep(const struct napi_struct *napi)
{
	/* What its poll did comes before the end of that poll. */
	return !(smp_load_acquire(&napi->state) & NAPIF_STATE_SCHED);
}

/*
 * How many frames may be dispatched now, whichever they are: flow has no choice, the
 * other policies give to any worker that has room. @lacking: who has none.
 *
 * The stack, which runs where the order is restored, is most of the work: as long
 * as that has any, the worker of that CPU gets no frames if others have room.
 */
static u32 airvf_dispatch_room(struct airvf_lane *lane, u32 *lacking)
{
	struct airvf_spread *spread = &lane->spread;
	u32 i, room, sum = 0, others = 0, least = U32_MAX, releaser = READ_ONCE(lane->releaser);

	*lacking = 0;
	for (i = 0; i < spread->workers; i++) {
		room = airvf_spsc_room(&lane->queue[i]->ring);
		sum += room;
		others += i == releaser ? 0 : room;
		least = min(least, room);
		if (!room)
			*lacking |= BIT(i);
	}
	if (spread->policy == AIRVF_FLOW)
		return least;
	if (spread->policy == AIRVF_RR)
		return sum;
	spread->busy = spread->workers;
	if (others && !airvf_dispatch_asleep(&lane->release)) {
		spread->busy = releaser;
		sum = others;
	}
	room = airvf_spsc_room(&lane->order);
	if (!room)
		*lacking = AIRVF_WAITING_ORDER;
	return min(room, sum);
}

u32 airvf_mtvd_room(struct airvf_vector *vector)
{
	u32 lacking;

	return airvf_dispatch_room(&vector->mtvd->lane[vector->index], &lacking);
}

bool airvf_mtvd_wait(struct airvf_vector *vector)
{
	struct airvf_lane *lane = &vector->mtvd->lane[vector->index];
	u32 lacking, room = airvf_dispatch_room(lane, &lacking);

	if (room)
		return false;
	atomic_set(&lane->waiting, lacking);
	/* Pairs with airvf_dispatch_room_made(): either we see the room or they our wish. */
	smp_mb();
	room = airvf_dispatch_room(lane, &lacking);
	/* Taken back, unless somebody has called already. */
	return !room || !atomic_xchg(&lane->waiting, 0);
}

/* A worker, or what restores the order, after a poll: calls the dispatcher if that waits for it. */
static void airvf_dispatch_room_made(struct airvf_lane *lane, struct airvf_spsc *ring, u32 bit)
{
	struct airvf *vf = lane->mtvd->vf;
	struct airvf_vector *vector = vf->vector[lane - lane->mtvd->lane];
	bool call;

	/* Pairs with airvf_mtvd_wait(). */
	smp_mb();
	if (!(atomic_read(&lane->waiting) & bit) || airvf_spsc_depth(ring) > ring->mask / 2)
		return;
	/* flow goes on when all have room, the others as soon as any has. */
	if (lane->spread.policy == AIRVF_FLOW)
		call = atomic_fetch_andnot(bit, &lane->waiting) == bit;
	else
		call = atomic_xchg(&lane->waiting, 0);
	if (!call || test_bit(AIRVF_F_DOWN, &vf->flags))
		return;
	/* By an interrupt: the dispatcher is to stay on its CPU. */
	airvf_wr(vf, VTEIMS, BIT(vector->index));
	airvf_irq_kick(vector);
}

/* A worker that is being stopped sleeps, too, and wakes no more for what it is given. */
bool airvf_mtvd_asleep(const struct airvf_vector *vector)
{
	const struct airvf_mtvd *mtvd = vector->mtvd;
	const struct airvf_lane *lane = &mtvd->lane[vector->index];
	u32 i;

	for (i = 0; i < mtvd->workers; i++)
		if (!airvf_dispatch_asleep(&mtvd->worker[i]->napi) ||
		    airvf_spsc_depth(&lane->queue[i]->ring))
			return false;
	return mtvd->policy != AIRVF_RR_ORDERED ||
	       (airvf_dispatch_asleep(&lane->release) && !airvf_spsc_depth(&lane->order));
}

void airvf_mtvd_in_place(struct airvf_vector *vector, struct napi_struct *napi, u32 packets)
{
	vector->mtvd->lane[vector->index].in_place += packets;
	/* No later frame, which may be a worker's, is to overtake what GRO holds back. */
	napi_gro_flush(napi, false);
}

static struct airvf_place *airvf_dispatch_place(struct airvf_lane *lane, u32 worker)
{
	struct airvf_place *place;
	u32 at;

	airvf_spsc_claim(&lane->order, &at);
	place = &lane->place[at];
	place->skb = NULL;
	place->worker = worker;
	place->done = false;
	return place;
}

void airvf_mtvd_dispatch(struct airvf_vector *vector, const struct airvf_frame *frame,
			 struct airvf_rx_buf *buf)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = &mtvd->lane[vector->index];
	enum airvf_policy policy = mtvd->policy;
	u32 hash = policy == AIRVF_FLOW ? airvf_dispatch_flow_hash(vector->vf, frame) : 0;
	u32 worker, slot;
	struct airvf_queue *queue;
	struct airvf_task *task;

	/* There is room (airvf_mtvd_room()); only flow knows where. */
	for (;;) {
		worker = airvf_spread_pick(&lane->spread, hash);
		queue = lane->queue[worker];
		if (likely(airvf_spsc_claim(&queue->ring, &slot)))
			break;
		airvf_spread_pass(&lane->spread);
	}
	task = &queue->task[slot];
	task->frame = *frame;
	task->place = policy == AIRVF_RR_ORDERED ? airvf_dispatch_place(lane, worker) : NULL;
	swap(task->buf, *buf);
	__set_bit(worker, &lane->touched);
	lane->dispatched++;
}

/* What was given so far becomes visible: one wake-up a worker, not one a packet. */
void airvf_mtvd_publish(struct airvf_vector *vector)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = &mtvd->lane[vector->index];
	u32 worker;

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

u64 airvf_mtvd_helped(struct airvf_vector *vector)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = &mtvd->lane[vector->index];
	u64 each = div_u64(atomic64_xchg(&lane->helped, 0), mtvd->workers);

	/* Only one CPU at a time restores the order. */
	return max_t(u64, each, atomic64_xchg(&lane->released, 0));
}

void airvf_mtvd_account(struct airvf_vector *vector, bool full)
{
	struct airvf_lane *lane = &vector->mtvd->lane[vector->index];

	if (!lane->dispatched && !lane->in_place && !full)
		return;
	u64_stats_update_begin(&vector->stats.sync);
	vector->stats.dispatched += lane->dispatched;
	vector->stats.in_place += lane->in_place;
	vector->stats.full += full;
	u64_stats_update_end(&vector->stats.sync);
	lane->dispatched = 0;
	lane->in_place = 0;
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

/* The page of a copied frame stays in the slot, for the dispatcher. */
static struct sk_buff *airvf_dispatch_make(struct airvf *vf, struct napi_struct *napi,
					   struct airvf_task *task, struct airvf_skb_count *count)
{
	bool left = false;
	struct sk_buff *skb;

	skb = airvf_frame_skb(vf, napi, &task->frame, task->buf.data ? &left : NULL, count);
	if (!left)
		task->buf.data = NULL;
	return skb;
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
		skb = airvf_dispatch_make(mtvd->vf, &worker->napi, task, &count);
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
	if (!done)
		return 0;
	if (mtvd->policy == AIRVF_RR_ORDERED && napi_schedule_prep(&lane->release)) {
		WRITE_ONCE(lane->releaser, worker->index);
		__napi_schedule(&lane->release);
	}
	airvf_dispatch_room_made(lane, &queue->ring, BIT(worker->index));
	return done;
}

int airvf_worker_poll(struct napi_struct *napi, int budget)
{
	struct airvf_worker *worker = container_of(napi, struct airvf_worker, napi);
	struct airvf_mtvd *mtvd = worker->mtvd;
	struct airvf_worker_stats did = {};
	int done = 0, done_of[AIRVF_VECTORS_MAX];
	u64 start = airvf_cycles(), spent;
	u32 i;

	/* Dispatchers take turns at being first. */
	worker->first ^= 1;
	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		u32 at = (i + worker->first) % AIRVF_VECTORS_MAX;

		done_of[at] = airvf_dispatch_serve_lane(worker, &mtvd->lane[at], budget - done,
							&did);
		done += done_of[at];
	}
	u64_stats_update_begin(&worker->stats.sync);
	worker->stats.polls++;
	worker->stats.packets += done;
	worker->stats.bytes += did.bytes;
	worker->stats.depth_max = max(worker->stats.depth_max, did.depth_max);
	u64_stats_update_end(&worker->stats.sync);
	trace_airvf_worker(mtvd->vf->netdev, worker->index, done, done == budget);
	/* netif_napi_del() waits for the end of this softirq, too. */
	if (done < budget)
		napi_complete_done(napi, done);
	spent = airvf_cycles() - start;
	/* A dispatcher on this CPU has so much less. */
	airvf_mod_spend(spent);
	for (i = 0; i < AIRVF_VECTORS_MAX; i++)
		if (done_of[i])
			atomic64_add(div_u64(spent * done_of[i], done), &mtvd->lane[i].helped);
	return done;
}

/* Brings skbs to the stack as long as the next in order is there. */
int airvf_release_poll(struct napi_struct *napi, int budget)
{
	struct airvf_lane *lane = container_of(napi, struct airvf_lane, release);
	u64 start = airvf_cycles(), spent;
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
	airvf_dispatch_room_made(lane, &lane->order, AIRVF_WAITING_ORDER);
	if (done < budget)
		napi_complete_done(napi, done);
	spent = airvf_cycles() - start;
	airvf_mod_spend(spent);
	atomic64_add(spent, &lane->released);
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
	*skb = airvf_dispatch_make(vf, napi, task, &count);
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
			task->buf.data = NULL;
			airvf_spsc_pop(&lane->queue[i]->ring);
		}
	}
}

/*
 * Dispatcher, before it takes frames: a change of workers. True: this poll
 * takes none, poll again.
 */
bool airvf_mtvd_change(struct airvf_vector *vector, struct napi_struct *napi, int budget)
{
	struct airvf_mtvd *mtvd = vector->mtvd;
	struct airvf_lane *lane = mtvd ? &mtvd->lane[vector->index] : NULL;
	struct sk_buff *skb;
	int done;

	/* Pairs with switch_running(): mtvd_next is set, the old workers have stopped. */
	switch (smp_load_acquire(&vector->mtvd_switch)) {
	case AIRVF_SWITCH_NONE:
		return false;
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
