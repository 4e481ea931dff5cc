/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Indices of a ring with one producer and one consumer. The slots are the
 * owner's. Each side keeps a copy of the other's index and looks at the real
 * one only when the copy says full or empty, so that the two cache lines do not
 * travel for every packet. The producer makes a batch visible at once.
 */
#ifndef AIRVF_SPSC_H
#define AIRVF_SPSC_H

#include "pure.h"

struct airvf_spsc {
	u32 mask;		/* slots - 1, a power of two less one */
	u32 head ____cacheline_aligned_in_smp;	/* consumer: next to take */
	u32 seen_tail;
	u32 tail ____cacheline_aligned_in_smp;	/* producer: end of what is visible */
	u32 next;		/* end of what is filled */
	u32 seen_head;
};

static inline void airvf_spsc_init(struct airvf_spsc *ring, u32 slots)
{
	ring->mask = slots - 1;
	ring->head = 0;
	ring->seen_tail = 0;
	ring->tail = 0;
	ring->next = 0;
	ring->seen_head = 0;
}

/* Producer: free slots, at least. */
static inline u32 airvf_spsc_room(struct airvf_spsc *ring)
{
	/* Slots before it have been read by the consumer. */
	ring->seen_head = smp_load_acquire(&ring->head);
	return ring->mask + 1 - (ring->next - ring->seen_head);
}

/* Producer: no free slot; looks at the consumer's index only if it seems so. */
static inline bool airvf_spsc_full(struct airvf_spsc *ring)
{
	return ring->next - ring->seen_head > ring->mask && !airvf_spsc_room(ring);
}

/* Producer: a slot to fill; false if all are taken. */
static inline bool airvf_spsc_claim(struct airvf_spsc *ring, u32 *slot)
{
	if (airvf_spsc_full(ring))
		return false;
	*slot = ring->next++ & ring->mask;
	return true;
}

/* Producer: everything claimed is filled. */
static inline void airvf_spsc_publish(struct airvf_spsc *ring)
{
	/* Contents of the slots before the index that shows them. */
	smp_store_release(&ring->tail, ring->next);
}

/* Consumer: the oldest slot; false if there is none. */
static inline bool airvf_spsc_peek(struct airvf_spsc *ring, u32 *slot)
{
	if (ring->head == ring->seen_tail) {
		/* Slots before it are filled. */
		ring->seen_tail = smp_load_acquire(&ring->tail);
		if (ring->head == ring->seen_tail)
			return false;
	}
	*slot = ring->head & ring->mask;
	return true;
}

/* Consumer, after peek: the slot behind the oldest, if that is known to be visible. */
static inline bool airvf_spsc_behind(const struct airvf_spsc *ring, u32 *slot)
{
	*slot = (ring->head + 1) & ring->mask;
	return ring->seen_tail - ring->head > 1;
}

/* Consumer: the slot that peek gave may be filled again. */
static inline void airvf_spsc_pop(struct airvf_spsc *ring)
{
	/* Our reads of the slot before it is given back. */
	smp_store_release(&ring->head, ring->head + 1);
}

/* Anybody: slots in use, a snapshot. */
static inline u32 airvf_spsc_depth(const struct airvf_spsc *ring)
{
	/* The tail last: it is never behind a head read before it. */
	u32 head = smp_load_acquire(&ring->head);

	/* Pairs with airvf_spsc_publish(). */
	return smp_load_acquire(&ring->tail) - head;
}

#endif
