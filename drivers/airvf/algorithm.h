/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an algorithm of interrupt moderation is to the controller (moderate.c):
 * one of these structures, in a file of its own (mode_*.c), and its place in
 * enum airvf_mode. decide.c helps all of them.
 */
#ifndef AIRVF_ALGORITHM_H
#define AIRVF_ALGORITHM_H

#include "airvf.h"

/**
 * struct airvf_algorithm - an algorithm's operations
 * @name: as in sysfs
 * @available: this kernel can do it
 * @reason: of what @begin sets
 * @begin: forgets what was; returns the steps to begin with, 0 for no throttle
 * @poll: after each timed poll that ends with an interrupt to come; may be NULL.
 *	@now: airvf_cycles() at its end; @elapsed: of these since the last decision
 * @init: once, before the vector polls; may be NULL
 * @end: once, after its last poll; may be NULL
 *
 * @begin and @poll run in the vector's poll, or with that stopped.
 */
struct airvf_algorithm {
	const char *name;
	bool available;
	enum airvf_reason reason;
	u32 (*begin)(struct airvf_vector *vector, const struct airvf_mod_config *config);
	void (*poll)(struct airvf_vector *vector, const struct airvf_mod_config *config,
		     u64 now, u64 elapsed);
	void (*init)(struct airvf_vector *vector);
	void (*end)(struct airvf_vector *vector);
};

extern const struct airvf_algorithm airvf_fir;
extern const struct airvf_algorithm airvf_cgr;
extern const struct airvf_algorithm airvf_air;
extern const struct airvf_algorithm airvf_dim;

/* Cycles of so many microseconds. */
u64 airvf_us_to_cycles(u32 us);

/* Interrupts of the interval so far. */
u32 airvf_interval_events(const struct airvf_vector *vector);
/* It ends and had this length; only when a decision is due. */
void airvf_interval_end(struct airvf_vector *vector, u64 elapsed);
/* A new one begins. @now: airvf_cycles() */
void airvf_interval_begin(struct airvf_vector *vector, u64 now);

/* Traces a decision and puts it into the register. */
void airvf_decided(struct airvf_vector *vector, const struct airvf_mod_config *config,
		   const struct airvf_decision *decision);
/* The same for a decision that is only a number of steps. */
void airvf_decided_steps(struct airvf_vector *vector, const struct airvf_mod_config *config,
			 u32 steps, enum airvf_reason reason);

/* C, Cpkt and Cint as they are known. @elapsed: cycles that C is to be about */
struct airvf_cost airvf_cost_now(const struct airvf_mod *mod, u64 elapsed);
/* From now on what others take of this CPU is counted. */
void airvf_cost_watch(struct airvf_mod *mod);

#endif
