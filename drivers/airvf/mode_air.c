// SPDX-License-Identifier: GPL-2.0-only
/* AIR: when an interval says enough, Algorithm 1 decides (air.c). */
#include "airvf.h"
#include "algorithm.h"

static u32 airvf_air_begin(struct airvf_vector *vector, const struct airvf_mod_config *config)
{
	u32 steps = vector->steps ? vector->steps : airvf_rate_to_steps(AIRVF_RATE_START);
	struct airvf_mod *mod = &vector->mod;
	struct airvf_cost cost;

	/* Of no CPU: C is a whole one until the first decision. */
	mod->cpu = U32_MAX;
	cost = airvf_cost_now(mod, 0);
	mod->due = airvf_us_to_cycles(config->air_us);
	mod->late = max(mod->due, airvf_us_to_cycles(AIRVF_AIR_LATE_US));
	mod->air.param = config->air;
	mod->air.param.fast = config->air_fast;
	mod->air.param.k = min_t(u32, config->air.k, vector->vf->param.rx_count);
	airvf_air_init(&mod->air, &cost, steps);
	return mod->air.steps;
}

static bool airvf_air_due(struct airvf_vector *vector, u64 elapsed)
{
	struct airvf_mod *mod = &vector->mod;

	if (airvf_air_poll(&mod->air, vector->work.received + vector->work.sent))
		return true;
	return elapsed >= mod->due &&
	       (airvf_interval_events(vector) >= AIRVF_AIR_EVENTS || elapsed >= mod->late);
}

static void airvf_air_run(struct airvf_vector *vector, const struct airvf_mod_config *config,
			  u64 now, u64 elapsed)
{
	struct airvf_mod *mod = &vector->mod;
	struct airvf_decision decision;
	struct airvf_cost cost;

	airvf_interval_end(vector, elapsed);
	airvf_fit_update(&mod->fit);
	cost = airvf_cost_now(mod, elapsed);
	airvf_air_set_cost(&mod->air, &cost);
	airvf_air_decide(&mod->air, &mod->load, &decision);
	airvf_decided(vector, config, &decision);
	airvf_cost_watch(mod);
	airvf_interval_begin(vector, now);
	mod->enough = vector->stats.polls + AIRVF_AIR_EVENTS;
}

static void airvf_air_end_of_poll(struct airvf_vector *vector,
				  const struct airvf_mod_config *config,
				  u64 now, u64 elapsed)
{
	struct airvf_mod *mod = &vector->mod;

	if (airvf_air_due(vector, elapsed))
		airvf_air_run(vector, config, now, elapsed);
	/* Until load counts as light every poll is to be looked at. */
	if (mod->air.param.fast && !mod->air.light)
		mod->row = 0;
}

const struct airvf_algorithm airvf_air = {
	.name = "air",
	.available = true,
	.reason = AIRVF_FIXED,
	.begin = airvf_air_begin,
	.poll = airvf_air_end_of_poll,
};
