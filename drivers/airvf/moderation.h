/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt moderation as pure integer arithmetic: no clock, no register, no
 * allocation. Every object belongs to one interrupt vector and is touched only
 * from that vector's NAPI poll (or with the poll stopped).
 *
 * Rates are interrupts per second. What the hardware takes is an interval:
 * bits 11:3 of VTEITR count 2.048 us. "Steps" is that count, 1 to 511, so the
 * rates the card can do lie between 956 and 488281 per second. Decisions are
 * compared as steps, the unit in which they have an effect.
 */
#ifndef AIRVF_MODERATION_H
#define AIRVF_MODERATION_H

#include "pure.h"

#define AIRVF_STEP_NS		2048
#define AIRVF_STEPS_MIN		1
#define AIRVF_STEPS_MAX		511
#define AIRVF_RATE_MIN		956	/* 511 steps */
#define AIRVF_RATE_MAX		488281	/* 1 step */

/* Nearest number of steps for a rate; 0 is taken as the slowest. */
u32 airvf_rate_to_steps(u32 rate);
/* The rate that so many steps really give; steps are clamped to the range. */
u32 airvf_steps_to_rate(u32 steps);

#define AIRVF_RATE_START	20000	/* interrupts per second until something is decided */

/**
 * struct airvf_load - what went through one vector since the last decision
 * @ns: length of the interval
 * @packets: packets received and sent; what the device cuts into segments is one
 * @sent: those of @packets that were sent
 * @bytes: bytes received and sent
 * @events: interrupts (polls that one started)
 * @dry: polls that found a receive ring used up: the device has dropped, or is about to
 */
struct airvf_load {
	u64 ns;
	u64 packets;
	u64 sent;
	u64 bytes;
	u32 events;
	u32 dry;
};

/* Cost of the work, in cycles of whatever clock @c counts per second. */
struct airvf_cost {
	u64 c;		/* C: cycles per second the driver may use */
	u32 cpkt;	/* Cpkt: cycles per packet */
	u32 cint;	/* Cint: cycles per interrupt */
};

/*
 * On-line calibration of Cpkt and Cint. The line cycles = Cint + Cpkt * packets
 * is fitted through the receive part of the polls of an interval; sums, because
 * they cost four additions and two multiplications a poll. What was sent has a
 * cost of its own: its clean-up is timed apart, so it is a quotient.
 */
#define AIRVF_CPKT_GUESS	1000		/* usual for a server; for the ceiling, ... */
#define AIRVF_CINT_GUESS	5000		/* ... until there are estimates */
#define AIRVF_FIT_POLLS		4096		/* polls after which they must be folded */
#define AIRVF_FIT_LEAST		16		/* before, they are not */
#define AIRVF_FIT_CYCLES	16777216	/* a longer poll was interrupted */
#define AIRVF_FIT_PACKETS	4096
#define AIRVF_CPKT_LOW		20
#define AIRVF_CPKT_HIGH		1000000
#define AIRVF_CINT_LOW		100
#define AIRVF_CINT_HIGH		10000000

struct airvf_fit {
	u64 polls;
	u64 n;			/* sum of packets */
	u64 c;			/* sum of cycles */
	u64 nn;			/* sum of packets squared */
	u64 nc;			/* sum of packets * cycles */
	u64 light_polls;	/* those with at most one packet ... */
	u64 light_n;
	u64 light_c;
	u64 sent_n;		/* packets sent that were cleaned up, ... */
	u64 sent_c;		/* ... and cycles of that */
	u32 cpkt;		/* smoothed estimates; 0: none yet */
	u32 cint;
	u32 csent;		/* of a packet that was sent */
};

/* A poll's receive part: packets received, cycles without those of the clean-up. */
void airvf_fit_poll(struct airvf_fit *fit, u32 packets, u64 cycles);
/* A poll's clean-up of packets that were sent. */
void airvf_fit_sent(struct airvf_fit *fit, u32 packets, u64 cycles);
/* Folds the polls into the estimates and forgets their sums, if there are enough. */
void airvf_fit_update(struct airvf_fit *fit);
/* Cpkt of a mixture of received and sent packets, by their numbers; 0: not known. */
u32 airvf_fit_mix(const struct airvf_fit *fit, u64 received, u64 sent);
/*
 * Cpkt if other CPUs have a part in received packets: @helped is what each of them
 * spent on @received. The busiest CPU is what limits, it may be this one (@cpkt).
 */
u32 airvf_cost_shared(u32 cpkt, u64 helped, u32 received);
/*
 * C: of @per_second cycles those that are left, if of the last @elapsed cycles
 * @taken were somebody else's. At least an eighth, as a guess may be wrong.
 */
u64 airvf_cost_left(u64 per_second, u64 elapsed, u64 taken);

/**
 * struct airvf_air_param - what a person can set
 * @cost: overrides; a field of 0 means "as calibrated"
 * @k: packets per interrupt to aim at; the caller keeps it within the ring
 * @offset: added to the rate, so that throughput can grow when the load rises
 * @threshold: smallest change of rate worth a register write
 * @latency_us: so long packets may wait for their interrupt, however many they
 *	are; 0: no such bound. Only if @fast
 * @fast: return to the highest rate at once when interrupts find next to
 *	nothing (I^ for one packet instead of k) or packets come in bursts,
 *	average over two intervals, do not tremble between two steps, and
 *	aim at another number of packets than @k where that moves more; off
 *	is Algorithm 1 and nothing else
 */
struct airvf_air_param {
	struct airvf_cost cost;
	u32 k;
	u32 offset;
	u32 threshold;
	u32 latency_us;
	bool fast;
};

#define AIRVF_AIR_K		16
#define AIRVF_AIR_K_MAX		4096
#define AIRVF_AIR_OFFSET	2000
#define AIRVF_AIR_THRESHOLD	500
#define AIRVF_AIR_LATENCY_US	150
#define AIRVF_FAST_POLLS	8	/* this many light polls in a row */
#define AIRVF_FAST_WAITS	1024	/* most decisions between two tries to leave light load */
#define AIRVF_LEARN_WAITS	1024	/* decisions after which a learnt k is forgotten */
#define AIRVF_LEARN_PACKETS	64	/* least of an interval that judges a trial */
#define AIRVF_LEARN_BEFORE	4	/* intervals before a trial ... */
#define AIRVF_LEARN_AFTER	8	/* ... and in it, at most, that judge it */
#define AIRVF_LEARN_MOST	64	/* largest k that is learnt: a poll's budget */

/* What is tried: another number of packets per interrupt, ... */
enum airvf_trial {
	AIRVF_TRIAL_NONE,
	AIRVF_TRIAL_FEWER,
	AIRVF_TRIAL_MORE,
	AIRVF_TRIAL_ENOUGH,	/* ... no more interrupts than latency_us wants, ... */
	AIRVF_TRIAL_AT_ONCE,	/* ... or no interval to speak of */
};

struct airvf_air {
	struct airvf_air_param param;
	struct airvf_cost cost;		/* in force */
	u64 bandwidth;			/* B, bytes per second; fast: smoothed */
	u64 pps;			/* P, packets per second; fast: smoothed */
	u64 tried;			/* packets per second as light load was left last */
	u64 judged;			/* packets per second of the last trial; 0: none */
	u32 size;			/* S, bytes per packet: B/P */
	u32 steps;			/* in the register */
	u32 was;			/* steps before the last decision */
	enum airvf_trial trial;		/* under way */
	u32 k;				/* in force */
	u32 last_k;			/* in force before the trial */
	u32 age;			/* decisions since a trial began */
	u32 light_polls;
	u32 waits;			/* decisions to wait before the next try, */
	u32 wait;			/* and how many of them are left */
	bool light;			/* held at the highest rate */
	bool at_once;			/* the same for bursts */
	bool enough;			/* held to latency_us */
	bool again;			/* this load wants another trial */
	u32 weighed;			/* intervals that judge the trial so far, ... */
	struct airvf_load without;	/* ... sums of those before it ... */
	struct airvf_load with;		/* ... and of those in it */
	bool primed;
};

/*
 * When there is a decision. AIR's rests on AIRVF_AIR_EVENTS interrupts and waits for
 * them up to AIRVF_AIR_LATE_US.
 */
#define AIRVF_CGR_US		100000	/* between two of CGR, unless set otherwise */
#define AIRVF_AIR_US		4000	/* between two of AIR, at least, unless set otherwise */
#define AIRVF_AIR_LATE_US	100000
#define AIRVF_AIR_EVENTS	16

/*
 * A poll that takes its time costs more than it finds out where each packet has a
 * poll of its own. So of light polls in a row that is long enough only one in
 * AIRVF_POLLS_SAMPLE is timed, and what ends an interval; it stands for the others,
 * and moderation looks at nothing but what is counted anyway.
 */
#define AIRVF_POLLS_SAMPLE	8	/* one poll in so many is also for the calibration */
#define AIRVF_POLLS_ROW		8
#define AIRVF_LIGHT_PACKETS	2	/* of a light poll, at most */

static inline bool airvf_poll_is_sample(u64 poll)
{
	return !(poll % AIRVF_POLLS_SAMPLE);
}

/* Is the @poll-th poll timed, after so many light ones in a row? */
static inline bool airvf_poll_is_timed(u32 row, u64 poll)
{
	return row < AIRVF_POLLS_ROW || airvf_poll_is_sample(poll);
}

/* Why the register has the value it has. */
enum airvf_reason {
	AIRVF_KEEP,		/* change below the threshold */
	AIRVF_NEEDED,		/* B/(kS) + offset */
	AIRVF_ENOUGH,		/* limited: latency_us is kept with fewer */
	AIRVF_CEILING,		/* limited by what the CPU affords */
	AIRVF_FLOOR,		/* limited by what the hardware can do */
	AIRVF_LIGHT,		/* next to no packets: lowest latency */
	AIRVF_BURSTS,		/* an interval would only hold back the rest of each burst */
	AIRVF_CLASS,		/* CGR's class */
	AIRVF_FIXED,		/* set by hand */
	AIRVF_DIM,		/* lib/dim's profile */
};

/* One decision, as traced and as tested. */
struct airvf_decision {
	u32 old_steps;
	u32 new_steps;
	u32 rate;		/* wanted, before it became steps */
	u32 ceiling;		/* I^ */
	u32 needed;		/* I' */
	u64 bandwidth;
	u32 size;
	enum airvf_reason reason;
};

/* (5): I^ = C / (Cpkt k + Cint), the rate at which throughput is greatest. */
u32 airvf_air_ceiling(const struct airvf_cost *cost, u32 k);
/* (8): I' = B / (k S) */
u32 airvf_air_needed(u64 bandwidth, u32 k, u32 size);
/* (10): Cmin = (Cpkt k + Cint) / k * T / S, cycles per second for T bytes/s. */
u64 airvf_air_cycles(const struct airvf_cost *cost, u32 k, u32 size, u64 throughput);
/* Algorithm 1 up to the clamp: the rate for a bandwidth, in [Imin, I^]. */
u32 airvf_air_rate(const struct airvf_air_param *param, const struct airvf_cost *cost,
		   u64 bandwidth, u32 size);

/* Begins with so many steps, or with more: never above I^. air->param is set. */
void airvf_air_init(struct airvf_air *air, const struct airvf_cost *calibrated, u32 steps);
/* Costs in force: calibrated, unless overridden. Small movements are ignored. */
void airvf_air_set_cost(struct airvf_air *air, const struct airvf_cost *calibrated);
/* End of an interval. True: the register is to be written with new_steps. */
bool airvf_air_decide(struct airvf_air *air, const struct airvf_load *load,
		      struct airvf_decision *decision);
/* After each poll. True: load became light, decide now. */
bool airvf_air_poll(struct airvf_air *air, u32 packets);

/* Within AIR: end of an interval at rest or not, before its decision (air_learn.c). */
void airvf_air_learn(struct airvf_air *air, const struct airvf_load *load);
/* Within AIR: the load is to be judged anew. */
void airvf_air_forget(struct airvf_air *air);
/* Within AIR: interrupts per second beyond which this load gains nothing; U32_MAX: none. */
u32 airvf_air_enough(const struct airvf_air *air);

/* CGR: four classes by average packet size. */
enum airvf_cgr_class {
	AIRVF_CGR_BULK,		/* 1200 - 1500 bytes */
	AIRVF_CGR_INTERMEDIATE,	/* 300 - 1200 bytes */
	AIRVF_CGR_SENSITIVE,	/* 64 - 300 bytes */
	AIRVF_CGR_CRITICAL,	/* occasional small packets */
	AIRVF_CGR_CLASSES,
};

/**
 * struct airvf_cgr_param - CGR's classes
 * @rate: interrupts per second of each class
 * @bulk_size: average size from which traffic is bulk
 * @small_size: average size below which packets are small
 * @occasional: packets per second up to which small packets are occasional
 */
struct airvf_cgr_param {
	u32 rate[AIRVF_CGR_CLASSES];
	u32 bulk_size;
	u32 small_size;
	u32 occasional;
};

void airvf_cgr_defaults(struct airvf_cgr_param *param);
enum airvf_cgr_class airvf_cgr_classify(const struct airvf_cgr_param *param,
					const struct airvf_load *load);
bool airvf_cgr_decide(const struct airvf_cgr_param *param, u32 steps,
		      const struct airvf_load *load, struct airvf_decision *decision);

/* By more than an eighth, or nothing in force yet: what follows this does not tremble. */
bool airvf_moved(u64 in_force, u64 now);

/* Units per second of a count in an interval, saturating, for any input. */
u64 airvf_per_second(u64 count, u64 ns);

#endif
