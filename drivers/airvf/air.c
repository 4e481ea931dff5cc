// SPDX-License-Identifier: GPL-2.0-only
/*
 * AIR, adaptive interrupt rate control. The equations and Algorithm 1 are those
 * of "Efficiency and scalability enhancement for SR-IOV" (IEEE Trans. Cloud
 * Computing, 2017); numbers in brackets are the paper's.
 */
#include "moderation.h"

u32 airvf_air_ceiling(const struct airvf_cost *cost, u32 k)
{
	u64 per_interrupt = (u64)cost->cpkt * k + cost->cint;

	/* Free work has no limit but the hardware's. */
	if (!per_interrupt)
		return AIRVF_RATE_MAX;
	return (u32)min_t(u64, div64_u64(cost->c, per_interrupt), AIRVF_RATE_MAX);
}

u32 airvf_air_needed(u64 bandwidth, u32 k, u32 size)
{
	u64 per_interrupt = (u64)max_t(u32, k, 1) * max_t(u32, size, 1);

	return (u32)min_t(u64, div64_u64(bandwidth, per_interrupt), U32_MAX);
}

u64 airvf_air_cycles(const struct airvf_cost *cost, u32 k, u32 size, u64 throughput)
{
	u64 pps = div64_u64(throughput, max_t(u32, size, 1));
	u64 per_interrupt = (u64)cost->cpkt * k + cost->cint;

	if (!k || !per_interrupt || !pps)
		return 0;
	if (pps > div64_u64(U64_MAX, per_interrupt))
		return U64_MAX;
	return div64_u64(per_interrupt * pps, k);
}

/*
 * Algorithm 1, lines up to the clamp; reason is where the clamp came from. Beyond
 * the algorithm: enough interrupts for the latency wanted are enough.
 */
static u32 airvf_air_wanted(const struct airvf_air_param *param, u32 ceiling, u32 enough,
			    u32 needed, enum airvf_reason *reason)
{
	u64 rate = (u64)needed + param->offset;

	*reason = AIRVF_NEEDED;
	if (rate > enough) {
		rate = enough;
		*reason = AIRVF_ENOUGH;
	}
	if (rate > ceiling) {
		rate = ceiling;
		*reason = AIRVF_CEILING;
	}
	/* The hardware's floor has the last word, even over a lower ceiling. */
	if (rate < AIRVF_RATE_MIN) {
		rate = AIRVF_RATE_MIN;
		*reason = AIRVF_FLOOR;
	}
	return (u32)rate;
}

u32 airvf_air_rate(const struct airvf_air_param *param, const struct airvf_cost *cost,
		   u64 bandwidth, u32 size)
{
	enum airvf_reason reason;

	return airvf_air_wanted(param, airvf_air_ceiling(cost, param->k), U32_MAX,
				airvf_air_needed(bandwidth, param->k, size), &reason);
}

void airvf_air_set_cost(struct airvf_air *air, const struct airvf_cost *calibrated)
{
	const struct airvf_cost *over = &air->param.cost;
	u64 c = over->c ? over->c : calibrated->c;
	u32 cpkt = over->cpkt ? over->cpkt : calibrated->cpkt;
	u32 cint = over->cint ? over->cint : calibrated->cint;

	if (over->c || airvf_moved(air->cost.c, c))
		air->cost.c = c;
	if (over->cpkt || airvf_moved(air->cost.cpkt, cpkt))
		air->cost.cpkt = cpkt;
	if (over->cint || airvf_moved(air->cost.cint, cint))
		air->cost.cint = cint;
}

/* Fewest steps that do not exceed a rate. */
static u32 airvf_air_steps_below(u32 rate)
{
	u32 steps = airvf_rate_to_steps(rate);

	if (steps < AIRVF_STEPS_MAX && airvf_steps_to_rate(steps) > rate)
		steps++;
	return steps;
}

void airvf_air_init(struct airvf_air *air, const struct airvf_cost *calibrated, u32 steps)
{
	struct airvf_air_param param = air->param;
	u32 lowest;

	*air = (struct airvf_air){ .param = param, .k = param.k };
	airvf_air_set_cost(air, calibrated);
	lowest = airvf_air_steps_below(airvf_air_ceiling(&air->cost, param.k));
	air->steps = clamp_t(u32, steps, lowest, AIRVF_STEPS_MAX);
}

/* Packets per interrupt that count as "next to nothing"; none if k is tiny. */
static u32 airvf_air_few(const struct airvf_air *air)
{
	return min_t(u32, 2, air->param.k / 4);
}

bool airvf_air_poll(struct airvf_air *air, u32 packets)
{
	u32 limit = air->param.fast ? airvf_air_few(air) : 0;

	/* A trial finds few because it wants to. */
	if (packets > limit || !limit || air->light || air->trial) {
		air->light_polls = 0;
		return false;
	}
	if (++air->light_polls < AIRVF_FAST_POLLS)
		return false;
	air->light_polls = 0;
	air->light = true;
	return true;
}

/*
 * Averages over about two intervals, so that one odd interval is no step.
 * Algorithm 1 knows the last interval only. Packets and bytes are averaged, and
 * S is their quotient: sizes averaged by themselves would count an interval of a
 * few large packets as much as one of a million small ones.
 */
static void airvf_air_measure(struct airvf_air *air, const struct airvf_load *load)
{
	u64 bandwidth = airvf_per_second(load->bytes, load->ns);
	u64 pps = airvf_per_second(load->packets, load->ns);

	if (!load->ns)
		return;
	if (air->param.fast && air->primed) {
		bandwidth = air->bandwidth / 2 + bandwidth / 2;
		pps = air->pps / 2 + pps / 2;
	}
	air->bandwidth = bandwidth;
	air->pps = pps;
	air->primed |= !!load->packets;
	if (pps)
		air->size = (u32)clamp_t(u64, div64_u64(bandwidth, pps), 1, 65535);
}

/*
 * Light load stays light until the rate that Algorithm 1 asks for would find
 * clearly more packets per interrupt than "few". Twice as many, so that a steady
 * load lies on one side.
 *
 * A flow that waits for each answer looks like more than that, and is not: it
 * slows down with the rate, nothing is merged, and load is light again at once.
 * Then the next try waits for four times as many decisions, unless load is twice
 * what was tried.
 */
static bool airvf_air_leave_light(struct airvf_air *air, u32 rate)
{
	u64 pps = air->pps;

	if (pps <= 2ull * airvf_air_few(air) * rate) {
		air->waits /= 2;
		air->wait = min_t(u32, air->wait, air->waits);
		return false;
	}
	if (air->wait && pps / 2 <= air->tried) {
		air->wait--;
		return false;
	}
	air->tried = pps;
	air->waits = clamp_t(u32, air->waits * 4, 4, AIRVF_FAST_WAITS);
	air->wait = air->waits;
	return true;
}

/* Away from light load interrupts did find more: it was right to leave. */
static void airvf_air_note_merged(struct airvf_air *air, const struct airvf_load *load)
{
	if (!air->light && load->packets > (u64)airvf_air_few(air) * load->events)
		air->waits = 0;
}

/*
 * Algorithm 1's threshold, where it has an effect: between the rates of the
 * two register values. Beyond the algorithm, below three quarters of a step
 * nothing would be gained but trembling between two values.
 */
static bool airvf_air_worth_it(const struct airvf_air_param *param, u32 from, u32 to, u32 rate)
{
	u32 now = airvf_steps_to_rate(from), then = airvf_steps_to_rate(to);
	u64 wanted_ns = div64_u64(1000000000ull, max_t(u32, rate, 1));
	u64 now_ns = (u64)from * AIRVF_STEP_NS;
	u64 apart = wanted_ns > now_ns ? wanted_ns - now_ns : now_ns - wanted_ns;

	if (from == to)
		return false;
	return (now > then ? now - then : then - now) >= param->threshold &&
	       (!param->fast || apart >= AIRVF_STEP_NS * 3 / 4);
}

bool airvf_air_decide(struct airvf_air *air, const struct airvf_load *load,
		      struct airvf_decision *decision)
{
	enum airvf_reason reason;
	u32 lowest, steps;

	airvf_air_measure(air, load);
	airvf_air_note_merged(air, load);
	if (!air->param.fast || air->light)
		airvf_air_forget(air);
	else
		airvf_air_learn(air, load);
	air->was = air->steps;
	decision->ceiling = airvf_air_ceiling(&air->cost, air->k);
	/* With S = B/P, B/(k S) is P/k: the quotient need not be rounded twice. */
	decision->needed = airvf_air_needed(air->pps, air->k, 1);
	decision->rate = airvf_air_wanted(&air->param, decision->ceiling, airvf_air_enough(air),
					  decision->needed, &reason);
	if (air->light && airvf_air_leave_light(air, decision->rate))
		air->light = false;
	if (air->light || air->at_once) {
		decision->ceiling = airvf_air_ceiling(&air->cost, 1);
		decision->rate = max_t(u32, decision->ceiling, AIRVF_RATE_MIN);
		reason = air->light ? AIRVF_LIGHT : AIRVF_BURSTS;
	}

	lowest = airvf_air_steps_below(decision->ceiling);
	steps = clamp_t(u32, airvf_rate_to_steps(decision->rate), lowest, AIRVF_STEPS_MAX);

	decision->old_steps = air->steps;
	decision->bandwidth = air->bandwidth;
	decision->size = air->size;
	/* A value outside the limits is left at once, however near. */
	if (air->steps >= lowest && air->steps <= AIRVF_STEPS_MAX &&
	    !airvf_air_worth_it(&air->param, air->steps, steps, decision->rate)) {
		decision->new_steps = air->steps;
		decision->reason = AIRVF_KEEP;
		return false;
	}
	decision->new_steps = steps;
	decision->reason = reason;
	air->steps = steps;
	return decision->old_steps != steps;
}
