/* SPDX-License-Identifier: GPL-2.0-only */
/* MTVD's packet path. */
#ifndef AIRVF_DISPATCH_H
#define AIRVF_DISPATCH_H

#include "mtvd.h"

/**
 * airvf_mtvd_dispatch() - gives a frame to a worker
 * @vector: the dispatcher, in its poll
 * @frame: consumed; dropped if the worker is behind
 */
void airvf_mtvd_dispatch(struct airvf_vector *vector, struct airvf_frame *frame);
/* End of the dispatcher's poll: one wake-up a worker, not one a packet. */
void airvf_mtvd_flush(struct airvf_vector *vector);

/**
 * airvf_mtvd_hold() - a change of workers, before the poll takes frames
 * @vector: the dispatcher
 * @napi: its NAPI
 * @budget: how much may be delivered
 *
 * Return: true if this poll is to take no frame and to be called again.
 */
bool airvf_mtvd_hold(struct airvf_vector *vector, struct napi_struct *napi, int budget);
/* The polls of a worker and of what brings its packets into their order. */
int airvf_worker_poll(struct napi_struct *napi, int budget);
int airvf_release_poll(struct napi_struct *napi, int budget);
/* Drops what is left; dispatcher and workers are stopped. */
void airvf_lane_drop(struct airvf_lane *lane);

#endif
