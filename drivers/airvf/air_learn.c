// SPDX-License-Identifier: GPL-2.0-only
/*
 * What AIR finds out about a load. Algorithm 1 has P/k interrupts per second, and k
 * is a guess: packets per interrupt are what one knows least. So a load that is
 * new, at rest and not too small to be judged gets a trial, the first of these that
 * fits:
 *
 *  - Packets come in bursts: the interval spares no interrupt, as the next burst is
 *    far, and holds back what comes behind a burst's first packet. Without one,
 *    polls meet the rest on its way, and a sleep is spared. Kept if interrupts are
 *    not half as many again.
 *  - P/k is more than latency_us asks for: it grows with packets without an end,
 *    while what more interrupts save is time only. Fewer are kept if as much moves.
 *  - Interrupts come late: the CPU is full with work that calibration does not see
 *    (exits, the application). More packets an interrupt are kept if that moves more.
 *  - Else, fewer packets an interrupt: a flow that waits for its acknowledgements
 *    follows the rate, so Algorithm 1 asks for no more than the flow already has.
 *
 * The last two go on while they gain. All is forgotten when the load is another, or
 * after a while. A ring that is used up ends what made interrupts fewer at once.
 */
#include "moderation.h"

/*
 * Interrupts per second with which packets wait latency_us at most, and one finds no
 * more than a poll's budget: sockets and rings hold little more.
 */
static u32 airvf_air_bound(const struct airvf_air *air)
{
	u64 rate = 1000000 / max_t(u32, air->param.latency_us, 1);

	return (u32)clamp_t(u64, air->pps / AIRVF_LEARN_MOST, rate, U32_MAX);
}

u32 airvf_air_enough(const struct airvf_air *air)
{
	return air->enough ? airvf_air_bound(air) : U32_MAX;
}

static void airvf_air_try(struct airvf_air *air, enum airvf_trial trial)
{
	air->trial = trial;
	air->again = false;
	air->age = 0;
	air->weighed = 0;
	air->without = (struct airvf_load){};
	air->with = (struct airvf_load){};
}

static void airvf_air_begin_trial(struct airvf_air *air)
{
	u32 k = air->param.k;
	u32 least = k / 8 ?: min_t(u32, k, 1);
	u32 most = max_t(u32, k, min_t(u64, k * 4ull, AIRVF_LEARN_MOST));

	air->last_k = air->k;
	switch (air->trial) {
	case AIRVF_TRIAL_AT_ONCE:
		air->at_once = true;
		return;
	case AIRVF_TRIAL_ENOUGH:
		air->enough = true;
		return;
	case AIRVF_TRIAL_FEWER:
		air->k = max_t(u32, air->k / 2, least);
		break;
	default:
		air->k = (u32)min_t(u64, (air->k * 3ull + 1) / 2, most);
	}
	if (air->k == air->last_k)
		air->trial = AIRVF_TRIAL_NONE;
}

/* The same step once more; it is compared with what this one moves. */
static void airvf_air_go_on(struct airvf_air *air)
{
	struct airvf_load with = air->with;

	airvf_air_try(air, air->trial);
	air->without = with;
	air->weighed = AIRVF_LEARN_BEFORE;
	air->judged = air->pps;
	airvf_air_begin_trial(air);
}

static void airvf_air_undo(struct airvf_air *air)
{
	air->k = air->last_k;
	air->at_once = false;
	air->enough = false;
}

void airvf_air_forget(struct airvf_air *air)
{
	air->k = air->param.k;
	air->at_once = false;
	air->enough = false;
	air->again = false;
	air->trial = AIRVF_TRIAL_NONE;
	air->judged = 0;
	air->age = 0;
}

/* Twice or half of what was judged. */
static bool airvf_air_new_load(const struct airvf_air *air)
{
	return air->pps / 2 > air->judged || air->pps < air->judged / 2;
}

/* The register allows more interrupts than come, and the CPU has half of its time left. */
static bool airvf_air_bursts(const struct airvf_air *air, u64 pps, u64 interrupts)
{
	u64 spent = (u64)air->cost.cint * min_t(u64, interrupts, AIRVF_RATE_MAX);
	u64 half = air->cost.c / 2;

	return interrupts + interrupts / 3 < airvf_steps_to_rate(air->steps) && spent < half &&
	       pps < div64_u64(half - spent, max_t(u32, air->cost.cpkt, 1));
}

/* Interrupts find more than they should, though the register allows more of them. */
static bool airvf_air_late(const struct airvf_air *air, const struct airvf_load *load,
			   u64 interrupts)
{
	return load->packets > (u64)load->events * air->k &&
	       interrupts + interrupts / 8 < airvf_steps_to_rate(air->steps);
}

static void airvf_air_sum(struct airvf_load *sum, const struct airvf_load *load)
{
	sum->packets += load->packets;
	sum->events += load->events;
	sum->ns += load->ns;
}

/* Of one that is clearly better or worse, by a quarter, no more need be seen. */
static bool airvf_air_clear(const struct airvf_air *air)
{
	u64 before = airvf_per_second(air->without.packets, air->without.ns);
	u64 now = airvf_per_second(air->with.packets, air->with.ns);

	return now < before - before / 4 || now > before + before / 4;
}

/*
 * One interval says little: a window is a large part of it, or the time for which
 * another VM has the core. True when there are enough of them, without what is
 * tried and, after one for the flows to find their pace, with it. Bursts are
 * judged by interrupts, which do not tremble so.
 */
static bool airvf_air_weigh(struct airvf_air *air, const struct airvf_load *load)
{
	bool bursts = air->trial == AIRVF_TRIAL_AT_ONCE;
	u32 before = bursts ? 1 : AIRVF_LEARN_BEFORE;
	u32 after = bursts ? 1 : AIRVF_LEARN_AFTER;

	if (++air->weighed <= before)
		airvf_air_sum(&air->without, load);
	if (air->weighed == before)
		airvf_air_begin_trial(air);
	if (air->weighed <= before + 1)
		return false;
	airvf_air_sum(&air->with, load);
	return air->weighed > before + after || airvf_air_clear(air);
}

static bool airvf_air_worked(const struct airvf_air *air)
{
	const struct airvf_load *with = &air->with, *without = &air->without;
	u64 moved = airvf_per_second(without->packets, without->ns);
	u64 moves = airvf_per_second(with->packets, with->ns);
	u64 came, come;

	switch (air->trial) {
	case AIRVF_TRIAL_AT_ONCE:
		came = airvf_per_second(without->events, without->ns);
		come = airvf_per_second(with->events, with->ns);
		return come <= came + came / 2;
	case AIRVF_TRIAL_ENOUGH:
		return moves >= moved - moved / 32;
	default:
		return moves > moved + moved / 32;
	}
}

static enum airvf_trial airvf_air_choose(const struct airvf_air *air,
					 const struct airvf_load *load, u64 pps, u64 interrupts)
{
	if (airvf_air_bursts(air, pps, interrupts))
		return AIRVF_TRIAL_AT_ONCE;
	if (!air->again && air->param.latency_us &&
	    airvf_steps_to_rate(air->steps) > airvf_air_bound(air))
		return AIRVF_TRIAL_ENOUGH;
	return airvf_air_late(air, load, interrupts) ? AIRVF_TRIAL_MORE : AIRVF_TRIAL_FEWER;
}

static void airvf_air_end_trial(struct airvf_air *air)
{
	bool worked = airvf_air_worked(air);

	/* What more interrupts move, even more may move. */
	air->again = air->trial == AIRVF_TRIAL_ENOUGH && !worked;
	if (!worked)
		airvf_air_undo(air);
	if (worked && (air->trial == AIRVF_TRIAL_FEWER || air->trial == AIRVF_TRIAL_MORE))
		airvf_air_go_on(air);
	else
		air->trial = AIRVF_TRIAL_NONE;
}

/*
 * The ring was used up before its interrupt came, not for want of CPU: whatever
 * made interrupts fewer is undone, and not tried again with this load.
 */
static bool airvf_air_dry(const struct airvf_air *air, const struct airvf_load *load,
			  u64 interrupts)
{
	return load->dry && !airvf_air_late(air, load, interrupts) &&
	       (air->enough || air->k > air->param.k);
}

/* Bursts that have run together: what was judged by interrupts no longer holds. */
static bool airvf_air_run_together(const struct airvf_air *air, u64 interrupts)
{
	u64 judged = airvf_per_second(air->with.events, air->with.ns);

	return air->at_once && !air->trial && interrupts / 2 > judged;
}

void airvf_air_learn(struct airvf_air *air, const struct airvf_load *load)
{
	u64 interrupts = airvf_per_second(load->events, load->ns);
	u64 pps = airvf_per_second(load->packets, load->ns);

	if (air->judged &&
	    (airvf_air_new_load(air) || airvf_air_run_together(air, interrupts))) {
		airvf_air_forget(air);
	} else if (airvf_air_dry(air, load, interrupts)) {
		airvf_air_forget(air);
		air->judged = air->pps;
	} else if (air->trial) {
		if (airvf_air_weigh(air, load))
			airvf_air_end_trial(air);
	} else if (++air->age >= AIRVF_LEARN_WAITS) {
		airvf_air_forget(air);
	} else if (load->packets >= AIRVF_LEARN_PACKETS &&
		   (air->again || !air->judged) &&
		   !airvf_moved(air->was, air->steps)) {
		air->judged = air->pps;
		airvf_air_try(air, airvf_air_choose(air, load, pps, interrupts));
	}
}
