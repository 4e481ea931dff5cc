// SPDX-License-Identifier: GPL-2.0-only
/* DIM: the kernel's own (lib/dim), which walks along a profile of intervals. */
#include "airvf.h"
#include "algorithm.h"

/*
 * In microseconds. The hardware has no packet count that would end an interval
 * early, so the steps begin higher than DIM's own.
 */
static const u16 airvf_dim_us[] = { 10, 16, 32, 96, 128 };

static void airvf_dim_work(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct airvf_mod *mod = container_of(dim, struct airvf_mod, dim);
	u32 us = airvf_dim_us[min_t(u32, dim->profile_ix, ARRAY_SIZE(airvf_dim_us) - 1)];

	/* The poll writes it: the register is the poll's. */
	WRITE_ONCE(mod->dim_steps, airvf_rate_to_steps(USEC_PER_SEC / us));
	dim->state = DIM_START_MEASURE;
}

static void airvf_dim_init(struct airvf_vector *vector)
{
	INIT_WORK(&vector->mod.dim.work, airvf_dim_work);
}

static void airvf_dim_end(struct airvf_vector *vector)
{
	cancel_work_sync(&vector->mod.dim.work);
}

static u32 airvf_dim_begin(struct airvf_vector *vector, const struct airvf_mod_config *config)
{
	u32 steps = airvf_rate_to_steps(USEC_PER_SEC / airvf_dim_us[1]);
	struct airvf_mod *mod = &vector->mod;

	mod->dim.state = DIM_START_MEASURE;
	mod->dim.tune_state = DIM_PARKING_ON_TOP;
	mod->dim.mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE;
	mod->dim.profile_ix = 1;
	mod->dim.prev_stats = (struct dim_stats){};
	WRITE_ONCE(mod->dim_steps, steps);
	return steps;
}

static void airvf_dim_poll(struct airvf_vector *vector, const struct airvf_mod_config *config,
			   u64 now, u64 elapsed)
{
	const struct airvf_vector_stats *stats = &vector->stats;
	struct airvf_mod *mod = &vector->mod;
	u32 steps = READ_ONCE(mod->dim_steps);
	struct dim_sample sample = {};

	if (steps != vector->steps) {
		airvf_interval_end(vector, elapsed);
		airvf_decided_steps(vector, config, steps, AIRVF_DIM);
		airvf_interval_begin(vector, now);
	}
	/* It takes differences, and has as many events as it wants or some more. */
	dim_update_sample(stats->polls - stats->exhausted, stats->packets, stats->bytes, &sample);
	airvf_net_dim(&mod->dim, &sample);
}

const struct airvf_algorithm airvf_dim = {
	.name = "dim",
	.available = IS_REACHABLE(CONFIG_DIMLIB),
	.reason = AIRVF_DIM,
	.init = airvf_dim_init,
	.end = airvf_dim_end,
	.begin = airvf_dim_begin,
	.poll = airvf_dim_poll,
};
