// SPDX-License-Identifier: GPL-2.0-only
/* What the algorithms of moderation share: intervals, costs, the register. */
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/percpu.h>

#include "airvf.h"
#include "algorithm.h"
#include "hw.h"
#include "moderate.h"
#include "trace.h"

/*
 * Cycles that polls of all our vectors and workers spent on a CPU. One that
 * shares its CPU must not take the whole of it for its own.
 */
static DEFINE_PER_CPU(u64, airvf_spent);

void airvf_mod_spend(u64 cycles)
{
	this_cpu_add(airvf_spent, cycles);
}

u64 airvf_us_to_cycles(u32 us)
{
	return mul_u64_u64_div_u64(us, airvf_cycles_per_second(), USEC_PER_SEC);
}

/* Everything that went through the vector, as its polls count it. */
static struct airvf_load airvf_interval_counters(const struct airvf_vector *vector)
{
	const struct airvf_vector_stats *stats = &vector->stats;

	return (struct airvf_load){
		.packets = stats->packets,
		.sent = stats->sent,
		.bytes = stats->bytes,
		.events = stats->polls - stats->exhausted,
		.dry = stats->dry,
	};
}

u32 airvf_interval_events(const struct airvf_vector *vector)
{
	return airvf_interval_counters(vector).events - vector->mod.before.events;
}

void airvf_interval_end(struct airvf_vector *vector, u64 elapsed)
{
	const struct airvf_load now = airvf_interval_counters(vector);
	const struct airvf_load *before = &vector->mod.before;

	vector->mod.load = (struct airvf_load){
		.ns = mul_u64_u64_div_u64(elapsed, NSEC_PER_SEC, airvf_cycles_per_second()),
		.packets = now.packets - before->packets,
		.sent = now.sent - before->sent,
		.bytes = now.bytes - before->bytes,
		.events = now.events - before->events,
		.dry = now.dry - before->dry,
	};
}

void airvf_interval_begin(struct airvf_vector *vector, u64 now)
{
	struct airvf_mod *mod = &vector->mod;

	mod->before = airvf_interval_counters(vector);
	mod->last = now;
	mod->helped = 0;
}

static u64 airvf_cost_steal(u32 cpu)
{
	return kcpustat_cpu(cpu).cpustat[CPUTIME_STEAL];
}

void airvf_cost_watch(struct airvf_mod *mod)
{
	mod->cpu = smp_processor_id();
	mod->spent = this_cpu_read(airvf_spent);
	mod->steal = airvf_cost_steal(mod->cpu);
	mod->own = 0;
}

/* C: what the hypervisor and our other polls left of this CPU in the last interval. */
static u64 airvf_cost_cycles(const struct airvf_mod *mod, u64 elapsed)
{
	u64 per_second = airvf_cycles_per_second(), steal, others;

	/* On another CPU than at the last decision nothing is known. */
	if (!elapsed || mod->cpu != smp_processor_id())
		return per_second;
	steal = mul_u64_u64_div_u64(airvf_cost_steal(mod->cpu) - mod->steal, per_second,
				    NSEC_PER_SEC);
	others = this_cpu_read(airvf_spent) - mod->spent;
	others -= min(others, mod->own);
	return airvf_cost_left(per_second, elapsed, steal + others);
}

struct airvf_cost airvf_cost_now(const struct airvf_mod *mod, u64 elapsed)
{
	const struct airvf_load *load = &mod->load;
	u32 received = load->packets - load->sent;
	u32 cpkt = airvf_fit_mix(&mod->fit, received, load->sent);

	cpkt = airvf_cost_shared(cpkt, mod->helped, received);
	return (struct airvf_cost){
		.c = airvf_cost_cycles(mod, elapsed),
		.cpkt = cpkt ? cpkt : AIRVF_CPKT_GUESS,
		.cint = mod->fit.cint ? mod->fit.cint : AIRVF_CINT_GUESS,
	};
}

void airvf_decided(struct airvf_vector *vector, const struct airvf_mod_config *config,
		   const struct airvf_decision *decision)
{
	struct airvf_vector_stats *stats = &vector->stats;
	bool write = vector->steps != decision->new_steps;

	trace_airvf_moderate(vector->vf->netdev, vector->index,
			     airvf_mod_mode(config, vector->index), &vector->mod.load,
			     decision, &vector->mod.air);
	if (write)
		airvf_itr_write(vector, decision->new_steps);
	u64_stats_update_begin(&stats->sync);
	stats->decisions++;
	stats->writes += write;
	u64_stats_update_end(&stats->sync);
}

void airvf_decided_steps(struct airvf_vector *vector, const struct airvf_mod_config *config,
			 u32 steps, enum airvf_reason reason)
{
	const struct airvf_decision decision = {
		.old_steps = vector->steps,
		.new_steps = steps,
		.rate = steps ? airvf_steps_to_rate(steps) : 0,
		.reason = reason,
	};

	airvf_decided(vector, config, &decision);
}
