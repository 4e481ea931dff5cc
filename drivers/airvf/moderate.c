// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt rate controller: feeds the algorithms (air.c, cgr.c, lib/dim)
 * from the polls and writes what they decide to VTEITR. A vector's state and
 * register belong to its poll; configuration reaches it by RCU, and an
 * interrupt of our own makes an idle vector look.
 */
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/rtnetlink.h>

#include "airvf.h"
#include "moderate.h"
#include "trace.h"

#define CGR_US		100000
#define AIR_US		4000
#define AIR_EVENTS	16	/* interrupts that a decision should rest on */
#define AIR_LATE_US	100000	/* after this it rests on fewer */

/* Usual for a server; for the ceiling, until the calibration knows better. */
#define CPKT_GUESS	1000
#define CINT_GUESS	5000

static const char * const mode_names[AIRVF_MODES] = {
	[AIRVF_FIR] = "fir", [AIRVF_CGR] = "cgr", [AIRVF_AIR] = "air", [AIRVF_DIM_MODE] = "dim",
};

/*
 * DIM walks along these intervals (us). The hardware has no packet count that
 * would end an interval early, so the steps begin higher than DIM's own.
 */
static const u16 dim_us[] = { 10, 16, 32, 96, 128 };

const char *airvf_mode_name(enum airvf_mode mode)
{
	return mode_names[mode];
}

bool airvf_mod_available(enum airvf_mode mode)
{
	return mode != AIRVF_DIM_MODE || IS_REACHABLE(CONFIG_DIMLIB);
}

static void dim_work(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct airvf_mod *mod = container_of(dim, struct airvf_mod, dim);
	u32 us = dim_us[min_t(u32, dim->profile_ix, ARRAY_SIZE(dim_us) - 1)];

	/* The poll writes it: the register is the poll's. */
	WRITE_ONCE(mod->dim_steps, airvf_rate_to_steps(USEC_PER_SEC / us));
	dim->state = DIM_START_MEASURE;
}

void airvf_mod_vector_init(struct airvf_vector *vector)
{
	INIT_WORK(&vector->mod.dim.work, dim_work);
}

void airvf_mod_vector_free(struct airvf_vector *vector)
{
	cancel_work_sync(&vector->mod.dim.work);
}

static u64 us_to_cycles(u32 us)
{
	return mul_u64_u64_div_u64(us, airvf_cycles_per_second(), USEC_PER_SEC);
}

/*
 * Cycles that polls of all our vectors and workers spent on a CPU. One that
 * shares its CPU must not take the whole of it for its own.
 */
static DEFINE_PER_CPU(u64, airvf_spent);

void airvf_mod_spend(u64 cycles)
{
	this_cpu_add(airvf_spent, cycles);
}

static u64 airvf_mod_steal(u32 cpu)
{
	return kcpustat_cpu(cpu).cpustat[CPUTIME_STEAL];
}

/* From now on. */
static void airvf_mod_watch_cpu(struct airvf_mod *mod)
{
	mod->cpu = smp_processor_id();
	mod->spent = this_cpu_read(airvf_spent);
	mod->steal = airvf_mod_steal(mod->cpu);
	mod->own = 0;
}

/* C: what the hypervisor and our other polls left of this CPU in the last interval. */
static u64 airvf_mod_left(const struct airvf_mod *mod, u64 elapsed)
{
	u64 per_second = airvf_cycles_per_second(), steal, others;

	/* On another CPU than at the last decision nothing is known. */
	if (!elapsed || mod->cpu != smp_processor_id())
		return per_second;
	steal = mul_u64_u64_div_u64(airvf_mod_steal(mod->cpu) - mod->steal, per_second,
				    NSEC_PER_SEC);
	others = this_cpu_read(airvf_spent) - mod->spent;
	others -= min(others, mod->own);
	return airvf_cost_left(per_second, elapsed, steal + others);
}

static struct airvf_cost cost(const struct airvf_mod *mod, u64 elapsed)
{
	const struct airvf_load *load = &mod->load;
	u32 cpkt = airvf_fit_mix(&mod->fit, load->packets - load->sent, load->sent);

	return (struct airvf_cost){
		.c = airvf_mod_left(mod, elapsed),
		.cpkt = cpkt ? cpkt : CPKT_GUESS,
		.cint = mod->fit.cint ? mod->fit.cint : CINT_GUESS,
	};
}

/* Forgets what the former configuration led to. */
static u32 begin(struct airvf_vector *vector, const struct airvf_mod_config *config)
{
	struct airvf_mod *mod = &vector->mod;
	u32 steps = vector->steps ? vector->steps : airvf_rate_to_steps(AIRVF_RATE_START);
	struct airvf_cost calibrated = {
		.c = airvf_cycles_per_second(),
		.cpkt = mod->fit.cpkt ? mod->fit.cpkt : CPKT_GUESS,
		.cint = mod->fit.cint ? mod->fit.cint : CINT_GUESS,
	};

	mod->generation = config->generation;
	mod->load = (struct airvf_load){};
	mod->last = airvf_cycles();
	/* Of no CPU: C is a whole one until the first decision. */
	mod->cpu = U32_MAX;
	switch (config->mode) {
	case AIRVF_FIR:
		return config->fir_steps;
	case AIRVF_CGR:
		mod->due = us_to_cycles(config->cgr_us);
		break;
	case AIRVF_AIR:
		mod->due = us_to_cycles(config->air_us);
		mod->late = max(mod->due, us_to_cycles(AIR_LATE_US));
		mod->air.param = config->air;
		mod->air.param.fast = config->air_fast;
		mod->air.param.k = min_t(u32, config->air.k, vector->vf->param.rx_count);
		airvf_air_init(&mod->air, &calibrated, steps);
		steps = mod->air.steps;
		break;
	case AIRVF_DIM_MODE:
		mod->dim.state = DIM_START_MEASURE;
		mod->dim.tune_state = DIM_PARKING_ON_TOP;
		mod->dim.mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE;
		mod->dim.profile_ix = 1;
		mod->dim.prev_stats = (struct dim_stats){};
		steps = airvf_rate_to_steps(USEC_PER_SEC / dim_us[1]);
		WRITE_ONCE(mod->dim_steps, steps);
		break;
	default:
		break;
	}
	return steps;
}

static void write_steps(struct airvf_vector *vector, u32 steps)
{
	struct airvf_vector_stats *stats = &vector->stats;
	bool write = vector->steps != steps;

	if (write)
		airvf_itr_write(vector, steps);
	u64_stats_update_begin(&stats->sync);
	stats->decisions++;
	stats->writes += write;
	u64_stats_update_end(&stats->sync);
}

static void decided(struct airvf_vector *vector, enum airvf_mode mode,
		    const struct airvf_load *load, const struct airvf_decision *decision)
{
	trace_airvf_moderate(vector->vf->netdev, vector->index, mode, load, decision,
			     &vector->mod.air);
	write_steps(vector, decision->new_steps);
}

static void fixed(struct airvf_vector *vector, const struct airvf_mod_config *config, u32 steps)
{
	struct airvf_decision decision = {
		.old_steps = vector->steps,
		.new_steps = steps,
		.rate = steps ? airvf_steps_to_rate(steps) : 0,
		.reason = config->mode == AIRVF_DIM_MODE ? AIRVF_DIM : AIRVF_FIXED,
	};

	decided(vector, config->mode, &vector->mod.load, &decision);
}

static void restart(struct airvf_mod *mod, u64 now)
{
	mod->load = (struct airvf_load){};
	mod->last = now;
}

/* Only when a decision is due: the division is not for every poll. */
static void measure_time(struct airvf_mod *mod, u64 elapsed)
{
	mod->load.ns = mul_u64_u64_div_u64(elapsed, NSEC_PER_SEC, airvf_cycles_per_second());
}

static void run_cgr(struct airvf_vector *vector, const struct airvf_mod_config *config,
		    u64 elapsed, u64 now)
{
	struct airvf_mod *mod = &vector->mod;
	struct airvf_decision decision;

	if (elapsed < mod->due)
		return;
	measure_time(mod, elapsed);
	airvf_cgr_decide(&config->cgr, vector->steps, &mod->load, &decision);
	decided(vector, config->mode, &mod->load, &decision);
	restart(mod, now);
}

static void run_air(struct airvf_vector *vector, const struct airvf_mod_config *config,
		    u32 packets, u64 elapsed, u64 now)
{
	struct airvf_mod *mod = &vector->mod;
	struct airvf_decision decision;
	struct airvf_cost calibrated;
	bool due;

	due = airvf_air_poll(&mod->air, packets);
	due |= elapsed >= mod->due && (mod->load.events >= AIR_EVENTS || elapsed >= mod->late);
	if (!due)
		return;
	measure_time(mod, elapsed);
	airvf_fit_update(&mod->fit);
	calibrated = cost(mod, elapsed);
	airvf_air_set_cost(&mod->air, &calibrated);
	airvf_air_decide(&mod->air, &mod->load, &decision);
	decided(vector, config->mode, &mod->load, &decision);
	airvf_mod_watch_cpu(mod);
	restart(mod, now);
}

static void run_dim(struct airvf_vector *vector, const struct airvf_mod_config *config,
		    u32 packets, u32 bytes)
{
	struct airvf_mod *mod = &vector->mod;
	u32 steps = READ_ONCE(mod->dim_steps);
	struct dim_sample sample = {};

	if (steps != vector->steps)
		fixed(vector, config, steps);
	mod->dim_packets += packets;
	mod->dim_bytes += bytes;
	dim_update_sample(++mod->dim_events, mod->dim_packets, mod->dim_bytes, &sample);
	airvf_net_dim(&mod->dim, &sample);
}

/* The last poll, whose end is known now. */
static void calibrate(struct airvf_mod *mod, const struct airvf_poll *poll)
{
	if (mod->held)
		airvf_fit_poll(&mod->fit, mod->held_packets,
			       mod->held_cycles + READ_ONCE(mod->tail));
	mod->held = true;
	mod->held_packets = poll->received;
	mod->held_cycles = poll->cycles - poll->clean_cycles;
	WRITE_ONCE(mod->tail, 0);
	if (poll->sent)
		airvf_fit_sent(&mod->fit, poll->sent, poll->clean_cycles);
	/* In every mode: what is known shall not depend on who asks. */
	if (mod->fit.polls >= AIRVF_FIT_POLLS)
		airvf_fit_update(&mod->fit);
}

/* Cycles since the last decision. */
static u64 elapsed_since(struct airvf_mod *mod, u64 now)
{
	s64 elapsed = now - mod->last;

	if (likely(elapsed >= 0))
		return elapsed;
	/* Counters of two CPUs may differ a little; much is a counter set anew. */
	if (elapsed < -(s64)airvf_cycles_per_second())
		restart(mod, now);
	return 0;
}

void airvf_mod_poll(struct airvf_vector *vector, const struct airvf_poll *poll)
{
	const struct airvf_mod_config *config = rcu_dereference_bh(vector->vf->mod_config);
	u32 packets = poll->received + poll->sent;
	struct airvf_mod *mod = &vector->mod;
	u64 elapsed, now = poll->now;

	mod->own += poll->cycles;
	airvf_mod_spend(poll->cycles);
	if (unlikely(config->generation != mod->generation))
		fixed(vector, config, begin(vector, config));

	calibrate(mod, poll);
	mod->load.packets += packets;
	mod->load.sent += poll->sent;
	mod->load.bytes += poll->bytes;
	/* No interrupt will come before the poll is finished: nothing to set. */
	if (!poll->finished)
		return;
	mod->load.events++;

	elapsed = elapsed_since(mod, now);
	switch (config->mode) {
	case AIRVF_CGR:
		run_cgr(vector, config, elapsed, now);
		break;
	case AIRVF_AIR:
		run_air(vector, config, packets, elapsed, now);
		break;
	case AIRVF_DIM_MODE:
		run_dim(vector, config, packets, poll->bytes);
		break;
	default:
		break;
	}
}

void airvf_mod_start(struct airvf_vector *vector)
{
	const struct airvf_mod_config *config = rtnl_dereference(vector->vf->mod_config);

	vector->steps = begin(vector, config);
}

void airvf_mod_get(struct airvf *vf, struct airvf_mod_config *config)
{
	*config = *rtnl_dereference(vf->mod_config);
}

int airvf_mod_set(struct airvf *vf, const struct airvf_mod_config *config)
{
	struct airvf_mod_config *old = rtnl_dereference(vf->mod_config), *new;
	bool unthrottled = config->mode == AIRVF_FIR && !config->fir_steps;
	bool was = old->mode == AIRVF_FIR && !old->fir_steps;
	u32 i;

	if (!airvf_mod_available(config->mode))
		return -EOPNOTSUPP;
	new = kmemdup(config, sizeof(*config), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->generation = old->generation + 1;
	if (new->mode != AIRVF_FIR)
		new->adaptive = new->mode;
	rcu_assign_pointer(vf->mod_config, new);
	kfree_rcu(old, rcu);
	if (!vf->up)
		return 0;
	/* Without a throttle write-backs must not wait: other Tx thresholds. */
	if (unthrottled != was) {
		/* In force in any case; should it fail, it is repeated. */
		airvf_restart(vf);
		return 0;
	}
	for (i = 0; i < vf->vectors_used; i++)
		airvf_irq_kick(vf->vector[i]);
	return 0;
}

int airvf_mod_init(struct airvf *vf)
{
	struct airvf_mod_config *config = kzalloc(sizeof(*config), GFP_KERNEL);

	if (!config)
		return -ENOMEM;
	*config = (struct airvf_mod_config){
		.generation = 1,
		.mode = AIRVF_AIR,
		.adaptive = AIRVF_AIR,
		.fir_steps = airvf_rate_to_steps(8000),
		.cgr_us = CGR_US,
		.air_us = AIR_US,
		.air_fast = true,
		.air = {
			.k = AIRVF_AIR_K,
			.offset = AIRVF_AIR_OFFSET,
			.threshold = AIRVF_AIR_THRESHOLD,
		},
	};
	airvf_cgr_defaults(&config->cgr);
	rcu_assign_pointer(vf->mod_config, config);
	return 0;
}

void airvf_mod_free(struct airvf *vf)
{
	kfree(rcu_dereference_protected(vf->mod_config, true));
}
