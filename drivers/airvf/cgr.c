// SPDX-License-Identifier: GPL-2.0-only
/*
 * CGR, coarse grained rate control: the average packet size of a time slice
 * (100 ms in the paper) gives a class, the class gives a rate.
 */
#include "moderation.h"

void airvf_cgr_defaults(struct airvf_cgr_param *param)
{
	*param = (struct airvf_cgr_param){
		.rate = {
			[AIRVF_CGR_BULK] = 4000,
			[AIRVF_CGR_INTERMEDIATE] = 8000,
			[AIRVF_CGR_SENSITIVE] = 20000,
			[AIRVF_CGR_CRITICAL] = 100000,
		},
		.bulk_size = 1200,
		.small_size = 300,
		.occasional = 2000,
	};
}

enum airvf_cgr_class airvf_cgr_classify(const struct airvf_cgr_param *param,
					const struct airvf_load *load)
{
	u64 size;

	/* Nothing came: the next packet is an occasional one. */
	if (!load->packets)
		return AIRVF_CGR_CRITICAL;
	size = div64_u64(load->bytes, load->packets);
	if (size >= param->bulk_size)
		return AIRVF_CGR_BULK;
	if (size >= param->small_size)
		return AIRVF_CGR_INTERMEDIATE;
	if (airvf_per_second(load->packets, load->ns) <= param->occasional)
		return AIRVF_CGR_CRITICAL;
	return AIRVF_CGR_SENSITIVE;
}

bool airvf_cgr_decide(const struct airvf_cgr_param *param, u32 steps,
		      const struct airvf_load *load, struct airvf_decision *decision)
{
	u32 rate = param->rate[airvf_cgr_classify(param, load)];

	*decision = (struct airvf_decision){
		.old_steps = steps,
		.new_steps = airvf_rate_to_steps(rate),
		.rate = rate,
		.bandwidth = airvf_per_second(load->bytes, load->ns),
		.reason = AIRVF_CLASS,
	};
	if (load->packets)
		decision->size = (u32)min_t(u64, div64_u64(load->bytes, load->packets), U32_MAX);
	if (decision->new_steps == steps)
		decision->reason = AIRVF_KEEP;
	return decision->new_steps != steps;
}
