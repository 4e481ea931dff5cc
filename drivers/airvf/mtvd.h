/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MTVD, the multi-threaded VF driver. A vector's poll is the dispatcher: it
 * takes frames from the hardware ring and hands them to N workers. A worker is
 * a threaded NAPI without interrupt, bound to one CPU: it makes skbs and runs
 * GRO and the stack. With rr-ordered the workers only make skbs; one more NAPI
 * per dispatcher brings them to the stack in the order in which they came. That
 * one has no thread: it runs on the CPU of the worker that asked for it, which
 * gets no frames meanwhile if the others can take them. A single worker keeps
 * the order as it is, whatever the policy.
 *
 * Frames are only taken from the device while the workers have room for them:
 * what is too much the device drops, at no cost. A dispatcher that finds no room
 * sleeps until a worker has half of its ring empty. A burst of a few frames that
 * finds all workers asleep is not worth waking one: the dispatcher delivers it.
 *
 * Change of N, policy or batch: the old workers are stopped while the
 * dispatcher still fills their rings; then the dispatcher itself, in its own
 * poll, delivers what is left, flushes GRO, and goes on with the new workers.
 * So nothing is lost, doubled or overtaken.
 */
#ifndef AIRVF_MTVD_H
#define AIRVF_MTVD_H

#include "frame.h"
#include "spsc.h"

/* A place in the order of arrival (rr-ordered). */
struct airvf_place {
	struct sk_buff *skb;
	u8 worker;
	bool done;
};

/*
 * A cache line each, so that neighbours do not travel along. @buf is the frame's
 * buffer on its way to the worker, and on its way back if the frame was copied:
 * the dispatcher finds it when it fills the slot again, and needs no other for the
 * descriptor that it empties then. Without data: the page went elsewhere.
 */
struct airvf_task {
	struct airvf_frame frame;
	struct airvf_place *place;
	struct airvf_rx_buf buf;
} __aligned(64);

struct airvf_queue {
	struct airvf_spsc ring;
	struct airvf_task *task;
};

/* What one dispatcher (vector) has of an instance. */
struct airvf_lane {
	struct airvf_mtvd *mtvd;
	struct airvf_queue *queue[AIRVF_WORKERS_MAX];
	struct airvf_spread spread;
	unsigned long touched;	/* workers to wake */
	u32 dispatched;		/* in this poll */
	u32 in_place;
	atomic_t waiting;	/* workers whose rings the dispatcher waits for */
	atomic64_t helped;	/* cycles of all workers, until the dispatcher asks */
	atomic64_t released;	/* cycles of the release, the same */
	struct airvf_spsc order;
	struct airvf_place *place;
	struct napi_struct release;
	u32 releaser;		/* worker that scheduled it last, on whose CPU it runs */
};

struct airvf_worker_stats {
	struct u64_stats_sync sync;
	u64 polls;
	u64 packets;
	u64 bytes;
	u64 depth_max;
};

struct airvf_worker {
	struct napi_struct napi;
	struct airvf_mtvd *mtvd;
	u32 index;
	u32 cpu;
	u32 first;		/* lane to begin with */
	struct airvf_worker_stats stats;
};

struct airvf_mtvd {
	struct airvf *vf;
	struct net_device *dummy;	/* carries the workers' NAPI instances ... */
	struct net_device *unthreaded;	/* ... and those that restore the order */
	enum airvf_policy policy;
	u32 workers;
	bool enabled;
	struct airvf_worker *worker[AIRVF_WORKERS_MAX];
	struct airvf_lane lane[AIRVF_VECTORS_MAX];
};

/* Of all dispatchers; in the order in which ethtool shows it. */
struct airvf_mtvd_sum {
	u64 dispatched;
	u64 in_place;
	u64 full;
	u64 csum_bad;
	u64 failed;
};

enum airvf_switch {
	AIRVF_SWITCH_NONE,
	AIRVF_SWITCH_WANTED,	/* by the control side */
	AIRVF_SWITCH_FLUSHED,	/* old frames delivered */
};

/* The control side. RTNL, unless said otherwise. */
void airvf_mtvd_init(struct airvf *vf);
void airvf_mtvd_free(struct airvf *vf);
int airvf_mtvd_set(struct airvf *vf, const struct airvf_mtvd_config *config);
void airvf_mtvd_drain(struct airvf *vf);
void airvf_mtvd_sum(const struct airvf *vf, struct airvf_mtvd_sum *sum);
int airvf_mtvd_module_init(void);
void airvf_mtvd_module_exit(void);
int airvf_mtvd_register(struct airvf *vf);
void airvf_mtvd_unregister(struct airvf *vf);
const char *airvf_policy_name(enum airvf_policy policy);

#endif
