// SPDX-License-Identifier: GPL-2.0-only
/* Rates, intervals and the register's steps. */
#include "moderation.h"

#define NS_PER_S 1000000000ull

u32 airvf_rate_to_steps(u32 rate)
{
	u64 step_rate = (u64)max_t(u32, rate, 1) * AIRVF_STEP_NS;

	return (u32)clamp_t(u64, div64_u64(NS_PER_S + step_rate / 2, step_rate),
			    AIRVF_STEPS_MIN, AIRVF_STEPS_MAX);
}

u32 airvf_steps_to_rate(u32 steps)
{
	steps = clamp_t(u32, steps, AIRVF_STEPS_MIN, AIRVF_STEPS_MAX);
	return (u32)div64_u64(NS_PER_S + steps * (AIRVF_STEP_NS / 2), (u64)steps * AIRVF_STEP_NS);
}

u64 airvf_per_second(u64 count, u64 ns)
{
	/* count * 1e9 must fit in 64 bits; beyond, both lose low bits alike. */
	while (count >> 34) {
		count >>= 1;
		ns >>= 1;
	}
	return div64_u64(count * NS_PER_S, max_t(u64, ns, 1));
}

bool airvf_moved(u64 in_force, u64 now)
{
	u64 diff = in_force > now ? in_force - now : now - in_force;

	return !in_force || diff > in_force / 8;
}
