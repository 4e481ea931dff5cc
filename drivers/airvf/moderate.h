/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_MODERATE_H
#define AIRVF_MODERATE_H

#include <linux/dim.h>
#include <linux/rcupdate.h>

#include "compat.h"
#include "moderation.h"

#define AIRVF_VECTORS_MAX	2	/* of three; the third is the mailbox's */

enum airvf_mode {
	AIRVF_FIR,	/* fixed rate */
	AIRVF_CGR,	/* classes of average packet size */
	AIRVF_AIR,	/* what CPU and traffic ask for */
	AIRVF_DIM_MODE,	/* the kernel's lib/dim */
	AIRVF_MODES,
};

/**
 * struct airvf_mod_config - how an interface moderates; replaced as a whole
 * @rcu: for its end
 * @generation: grows with every change
 * @mode: algorithm in force
 * @adaptive: algorithm that ethtool's adaptive-rx stands for
 * @fir_steps: fixed interval, 0 for none
 * @own: vectors that have a fixed interval of their own, in any mode
 * @own_steps: that interval
 * @cgr_us: time slice of CGR
 * @air_us: shortest time between two decisions of AIR
 * @air_fast: see struct airvf_air_param
 * @cgr: classes
 * @air: parameters of Algorithm 1
 */
struct airvf_mod_config {
	struct rcu_head rcu;
	u32 generation;
	enum airvf_mode mode;
	enum airvf_mode adaptive;
	u32 fir_steps;
	u32 own;
	u32 own_steps[AIRVF_VECTORS_MAX];
	u32 cgr_us;
	u32 air_us;
	u32 air_fast;
	struct airvf_cgr_param cgr;
	struct airvf_air_param air;
};

static inline enum airvf_mode airvf_mod_mode(const struct airvf_mod_config *config, u32 vector)
{
	return config->own & BIT(vector) ? AIRVF_FIR : config->mode;
}

static inline u32 airvf_mod_fir_steps(const struct airvf_mod_config *config, u32 vector)
{
	return config->own & BIT(vector) ? config->own_steps[vector] : config->fir_steps;
}

/* One vector's state; belongs to its poll. */
struct airvf_mod {
	u32 generation;
	u32 row;		/* light polls in a row; not all of those that are not timed */
	u64 charged;		/* polls whose cycles are counted */
	u64 last;		/* cycles, at the last decision */
	u64 due;		/* cycles after which the next may come ... */
	u64 late;		/* ... and comes even if it rests on little */
	u64 enough;		/* polls after which that is not little; U64_MAX: whenever */
	struct airvf_load before;	/* the vector's counters at the last decision */
	struct airvf_load load;	/* from then to the next one, when that is made */
	struct airvf_air air;
	struct airvf_fit fit;
	u64 held_cycles;	/* a poll, which goes into fit at the next that is timed */
	u64 tail;		/* what the end of the last one took (napi_complete_done) */
	u32 held_packets;
	bool held;
	u32 cpu;		/* where the last decision was made ... */
	u64 spent;		/* ... cycles that polls of ours had spent there, ... */
	u64 steal;		/* ... ns that the hypervisor had taken, ... */
	u64 own;		/* ... and cycles of our own polls since then */
	u64 helped;		/* cycles that each worker spent on our frames since then */
	struct dim dim;
	u16 dim_steps;		/* wanted; written by DIM's work */
};

struct airvf;
struct airvf_vector;

int airvf_mod_init(struct airvf *vf);
void airvf_mod_free(struct airvf *vf);
void airvf_mod_vector_init(struct airvf_vector *vector);
void airvf_mod_vector_free(struct airvf_vector *vector);
/* While down: the interval to begin with. */
void airvf_mod_start(struct airvf_vector *vector);

/**
 * airvf_mod_poll() - end of a poll that is timed
 * @vector: its work is counted already
 * @finished: an interrupt is to come again
 *
 * Return: airvf_cycles() now, for airvf_mod_tail().
 */
u64 airvf_mod_poll(struct airvf_vector *vector, bool finished);
/* Any poll of the driver: cycles that this CPU has not for others. */
void airvf_mod_spend(u64 cycles);
/* After the end of a poll that was timed and finished. */
static inline void airvf_mod_tail(struct airvf_mod *mod, u64 cycles)
{
	WRITE_ONCE(mod->tail, cycles);
}

/* RTNL: a copy to change, then to put in force. */
void airvf_mod_get(struct airvf *vf, struct airvf_mod_config *config);
/*
 * -EOPNOTSUPP, -ENOMEM: nothing has changed. @restart: queues must be restarted,
 * see airvf_set_moderation().
 */
int airvf_mod_set(struct airvf *vf, const struct airvf_mod_config *config, bool *restart);
bool airvf_mod_available(enum airvf_mode mode);
const char *airvf_mode_name(enum airvf_mode mode);

#endif
