// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt rate controller: feeds the algorithm in force from the polls. A
 * vector's state and register belong to its poll; configuration reaches it by
 * RCU, and an interrupt of our own makes an idle vector look.
 */
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "algorithm.h"
#include "hw.h"
#include "moderate.h"

static const struct airvf_algorithm * const airvf_algorithms[AIRVF_MODES] = {
	[AIRVF_FIR] = &airvf_fir,
	[AIRVF_CGR] = &airvf_cgr,
	[AIRVF_AIR] = &airvf_air,
	[AIRVF_DIM_MODE] = &airvf_dim,
};

const char *airvf_mode_name(enum airvf_mode mode)
{
	return airvf_algorithms[mode]->name;
}

bool airvf_mod_available(enum airvf_mode mode)
{
	return airvf_algorithms[mode]->available;
}

void airvf_mod_vector_init(struct airvf_vector *vector)
{
	u32 i;

	for (i = 0; i < AIRVF_MODES; i++)
		if (airvf_algorithms[i]->init)
			airvf_algorithms[i]->init(vector);
}

void airvf_mod_vector_free(struct airvf_vector *vector)
{
	u32 i;

	for (i = 0; i < AIRVF_MODES; i++)
		if (airvf_algorithms[i]->end)
			airvf_algorithms[i]->end(vector);
}

/* Forgets what the former configuration led to. */
static u32 airvf_mod_begin(struct airvf_vector *vector, const struct airvf_mod_config *config)
{
	vector->mod.generation = config->generation;
	vector->mod.row = 0;
	vector->mod.enough = U64_MAX;
	vector->mod.load = (struct airvf_load){};
	airvf_interval_begin(vector, airvf_cycles());
	return airvf_algorithms[airvf_mod_mode(config, vector->index)]->begin(vector, config);
}

/*
 * The cycles of a poll are counted, those of a light one also for others that were
 * not timed.
 */
static void airvf_mod_charge(struct airvf_vector *vector, u64 cycles)
{
	struct airvf_vector_stats *stats = &vector->stats;
	struct airvf_mod *mod = &vector->mod;
	u64 polls = 1;

	if (vector->work.received + vector->work.sent <= AIRVF_LIGHT_PACKETS) {
		mod->row++;
		polls = stats->polls - mod->charged;
	}
	mod->charged += polls;
	mod->own += cycles * polls;
	airvf_mod_spend(cycles * polls);
	u64_stats_update_begin(&stats->sync);
	/* With the end of the last poll, which was not known then. */
	stats->cycles += (cycles + READ_ONCE(mod->tail)) * polls;
	u64_stats_update_end(&stats->sync);
}

/*
 * A poll is held back until its end is known (airvf_mod_tail()). In every mode:
 * what is known shall not depend on who asks.
 */
static void airvf_mod_calibrate(struct airvf_vector *vector, u64 cycles, u64 clean_cycles)
{
	struct airvf_mod *mod = &vector->mod;

	if (mod->held) {
		airvf_fit_poll(&mod->fit, mod->held_packets,
			       mod->held_cycles + READ_ONCE(mod->tail));
		mod->held = false;
	}
	WRITE_ONCE(mod->tail, 0);
	if (!airvf_poll_is_sample(vector->stats.polls))
		return;
	mod->held = true;
	mod->held_packets = vector->work.received;
	mod->held_cycles = cycles - clean_cycles;
	if (vector->work.sent)
		airvf_fit_sent(&mod->fit, vector->work.sent, clean_cycles);
	if (mod->fit.polls >= AIRVF_FIT_POLLS)
		airvf_fit_update(&mod->fit);
}

/* Cycles since the last decision. */
static u64 airvf_mod_elapsed(struct airvf_vector *vector, u64 now)
{
	s64 elapsed = now - vector->mod.last;

	if (likely(elapsed >= 0))
		return elapsed;
	/* Counters of two CPUs may differ a little; much is a counter set anew. */
	if (elapsed < -(s64)airvf_cycles_per_second())
		airvf_interval_begin(vector, now);
	return 0;
}

u64 airvf_mod_poll(struct airvf_vector *vector, bool finished)
{
	const struct airvf_mod_config *config = rcu_dereference_bh(vector->vf->mod_config);
	const struct airvf_algorithm *algorithm =
		airvf_algorithms[airvf_mod_mode(config, vector->index)];
	const struct airvf_work *work = &vector->work;
	u64 now = airvf_cycles();

	airvf_mod_charge(vector, now - work->start);
	if (unlikely(config->generation != vector->mod.generation))
		airvf_decided_steps(vector, config, airvf_mod_begin(vector, config),
				    algorithm->reason);
	airvf_mod_calibrate(vector, now - work->start, work->cleaned - work->start);
	/* No interrupt will come before the poll is finished: nothing to set. */
	if (finished && algorithm->poll)
		algorithm->poll(vector, config, now, airvf_mod_elapsed(vector, now));
	return now;
}

void airvf_mod_start(struct airvf_vector *vector)
{
	const struct airvf_mod_config *config = rtnl_dereference(vector->vf->mod_config);

	vector->steps = airvf_mod_begin(vector, config);
}

void airvf_mod_get(struct airvf *vf, struct airvf_mod_config *config)
{
	*config = *rtnl_dereference(vf->mod_config);
}

/* The vectors without a throttle. */
static u32 airvf_mod_unthrottled(const struct airvf_mod_config *config)
{
	u32 i, vectors = 0;

	for (i = 0; i < AIRVF_VECTORS_MAX; i++)
		if (airvf_mod_mode(config, i) == AIRVF_FIR && !airvf_mod_fir_steps(config, i))
			vectors |= BIT(i);
	return vectors;
}

int airvf_mod_set(struct airvf *vf, const struct airvf_mod_config *config, bool *restart)
{
	struct airvf_mod_config *old = rtnl_dereference(vf->mod_config), *new;
	u32 unthrottled = airvf_mod_unthrottled(config), was = airvf_mod_unthrottled(old), i;

	*restart = false;
	if (!airvf_mod_available(config->mode))
		return -EOPNOTSUPP;
	new = kmemdup(config, sizeof(*config), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->generation = old->generation + 1;
	if (new->mode != AIRVF_FIR)
		new->adaptive = new->mode;
	rcu_assign_pointer(vf->mod_config, new);
	kfree_rcu(old, rcu);
	if (!vf->up)
		return 0;
	/* Without a throttle write-backs must not wait: other Tx thresholds. */
	*restart = unthrottled != was;
	for (i = 0; i < vf->vectors_used; i++)
		airvf_irq_kick(vf->vector[i]);
	return 0;
}

int airvf_mod_init(struct airvf *vf)
{
	struct airvf_mod_config *config = kzalloc(sizeof(*config), GFP_KERNEL);

	if (!config)
		return -ENOMEM;
	*config = (struct airvf_mod_config){
		.generation = 1,
		.mode = AIRVF_AIR,
		.adaptive = AIRVF_AIR,
		.fir_steps = airvf_rate_to_steps(8000),
		.cgr_us = AIRVF_CGR_US,
		.air_us = AIRVF_AIR_US,
		.air_fast = true,
		.air = {
			.k = AIRVF_AIR_K,
			.offset = AIRVF_AIR_OFFSET,
			.threshold = AIRVF_AIR_THRESHOLD,
			.latency_us = AIRVF_AIR_LATENCY_US,
		},
	};
	airvf_cgr_defaults(&config->cgr);
	rcu_assign_pointer(vf->mod_config, config);
	return 0;
}

void airvf_mod_free(struct airvf *vf)
{
	kfree(rcu_dereference_protected(vf->mod_config, true));
}
