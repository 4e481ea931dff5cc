// SPDX-License-Identifier: GPL-2.0-only
/* CGR: at the end of each time slice the class decides (cgr.c). */
#include "airvf.h"
#include "algorithm.h"

static u32 airvf_cgr_begin(struct airvf_vector *vector, const struct airvf_mod_config *config)
{
	vector->mod.due = airvf_us_to_cycles(config->cgr_us);
	return vector->steps ? vector->steps : airvf_rate_to_steps(AIRVF_RATE_START);
}

static void airvf_cgr_poll(struct airvf_vector *vector, const struct airvf_mod_config *config,
			   u64 now, u64 elapsed)
{
	struct airvf_mod *mod = &vector->mod;
	struct airvf_decision decision;

	if (elapsed < mod->due)
		return;
	airvf_interval_end(vector, elapsed);
	airvf_cgr_decide(&config->cgr, vector->steps, &mod->load, &decision);
	airvf_decided(vector, config, &decision);
	airvf_interval_begin(vector, now);
}

const struct airvf_algorithm airvf_cgr = {
	.name = "cgr",
	.available = true,
	.reason = AIRVF_FIXED,
	.begin = airvf_cgr_begin,
	.poll = airvf_cgr_poll,
};
