// SPDX-License-Identifier: GPL-2.0-only
/* FIR: the interval that a person set (ethtool -C rx-usecs, fir_rate). */
#include "airvf.h"
#include "algorithm.h"

static u32 airvf_fir_begin(struct airvf_vector *vector, const struct airvf_mod_config *config)
{
	return airvf_mod_fir_steps(config, vector->index);
}

const struct airvf_algorithm airvf_fir = {
	.name = "fir",
	.available = true,
	.reason = AIRVF_FIXED,
	.begin = airvf_fir_begin,
};
