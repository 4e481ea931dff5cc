/* SPDX-License-Identifier: GPL-2.0-only */
/* MTVD's packet path. */
#ifndef AIRVF_DISPATCH_H
#define AIRVF_DISPATCH_H

#include "mtvd.h"

/* The dispatcher in its poll: frames that may be dispatched now, at least. */
u32 airvf_mtvd_room(struct airvf_vector *vector);

/**
 * airvf_mtvd_dispatch() - gives a frame to a worker
 * @vector: the dispatcher, in its poll, for which airvf_mtvd_room() found room
 * @frame: consumed
 * @buf: the frame's only buffer, or one without data if it has several or other
 *	owners. Replaced by one that a worker has left, the caller's now; without
 *	data if there is none
 */
void airvf_mtvd_dispatch(struct airvf_vector *vector, const struct airvf_frame *frame,
			 struct airvf_rx_buf *buf);
/* Wakes the workers that were given something. */
void airvf_mtvd_publish(struct airvf_vector *vector);

/**
 * airvf_mtvd_wait() - the end of a poll that left frames in the device
 * @vector: the dispatcher; everything is published
 *
 * Return: true if there is no room for them: a worker will raise the vector's
 * interrupt, whose mask is to stay closed until then.
 */
bool airvf_mtvd_wait(struct airvf_vector *vector);
/* No worker has anything to do, and all they had is delivered. */
bool airvf_mtvd_asleep(const struct airvf_vector *vector);
/* The dispatcher itself delivered so many, while airvf_mtvd_asleep(). */
void airvf_mtvd_in_place(struct airvf_vector *vector, struct napi_struct *napi, u32 packets);
/* Cycles that each worker spent for this dispatcher since the last call. */
u64 airvf_mtvd_helped(struct airvf_vector *vector);
/* Statistics, at the end of a poll. @full: it waits for room. */
void airvf_mtvd_account(struct airvf_vector *vector, bool full);

/**
 * airvf_mtvd_change() - a change of workers, before the poll takes frames
 * @vector: the dispatcher
 * @napi: its NAPI
 * @budget: how much may be delivered
 *
 * Return: true if this poll is to take no frame and to be called again.
 */
bool airvf_mtvd_change(struct airvf_vector *vector, struct napi_struct *napi, int budget);

/* The same for every poll, in which there seldom is a change. */
static inline bool airvf_mtvd_hold(struct airvf_vector *vector, struct napi_struct *napi,
				   int budget)
{
	return unlikely(READ_ONCE(vector->mtvd_switch) != AIRVF_SWITCH_NONE) &&
	       airvf_mtvd_change(vector, napi, budget);
}

/* The polls of a worker and of what brings its packets into their order. */
int airvf_worker_poll(struct napi_struct *napi, int budget);
int airvf_release_poll(struct napi_struct *napi, int budget);
/* Drops what is left; dispatcher and workers are stopped. */
void airvf_lane_drop(struct airvf_lane *lane);

#endif
