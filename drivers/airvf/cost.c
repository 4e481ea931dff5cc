// SPDX-License-Identifier: GPL-2.0-only
/* On-line calibration of the cycles per packet and per interrupt. */
#include "moderation.h"

/* Smoothed by a quarter: a burst of odd polls moves the estimate a little. */
static u32 airvf_cost_smooth(u32 old, u64 sample, u32 low, u32 high)
{
	sample = clamp_t(u64, sample, low, high);
	if (!old)
		return (u32)sample;
	return (u32)(((u64)old * 3 + sample) / 4);
}

void airvf_fit_poll(struct airvf_fit *fit, u32 packets, u64 cycles)
{
	/*
	 * Preempted polls would count somebody else's work. The bounds also
	 * keep every product of airvf_fit_update() within 63 bits.
	 */
	if (cycles >= AIRVF_FIT_CYCLES || packets > AIRVF_FIT_PACKETS ||
	    fit->polls >= AIRVF_FIT_POLLS)
		return;

	fit->polls++;
	fit->n += packets;
	fit->c += cycles;
	fit->nn += (u64)packets * packets;
	fit->nc += (u64)packets * cycles;
	if (packets <= 1) {
		fit->light_polls++;
		fit->light_n += packets;
		fit->light_c += cycles;
	}
}

void airvf_fit_sent(struct airvf_fit *fit, u32 packets, u64 cycles)
{
	/* The same bounds; half of all are forgotten before the sums grow too large. */
	if (cycles >= AIRVF_FIT_CYCLES || packets > AIRVF_FIT_PACKETS)
		return;
	if (fit->sent_c >= (u64)AIRVF_FIT_CYCLES * AIRVF_FIT_POLLS) {
		fit->sent_n /= 2;
		fit->sent_c /= 2;
	}
	fit->sent_n += packets;
	fit->sent_c += cycles;
}

u32 airvf_fit_mix(const struct airvf_fit *fit, u64 received, u64 sent)
{
	if (!received && !sent)
		return fit->cpkt;
	/* What is not known costs like the other. */
	if (!fit->csent || !fit->cpkt)
		return fit->cpkt ? fit->cpkt : fit->csent;
	while ((received | sent) >> 32) {
		received >>= 1;
		sent >>= 1;
	}
	return (u32)div64_u64(received * fit->cpkt + sent * fit->csent, received + sent);
}

u32 airvf_cost_shared(u32 cpkt, u64 helped, u32 received)
{
	u64 each = received ? div64_u64(helped, received) : 0;

	return each > cpkt ? (u32)min_t(u64, each, U32_MAX) : cpkt;
}

u64 airvf_cost_left(u64 per_second, u64 elapsed, u64 taken)
{
	u64 part;

	/* Two 64 bit numbers cannot be multiplied: in 1024ths it is exact enough. */
	while (elapsed >> 53 || taken >> 53) {
		elapsed >>= 1;
		taken >>= 1;
	}
	if (!elapsed)
		return per_second;
	part = div64_u64(min_t(u64, taken, elapsed) * 1024, elapsed);
	part = min_t(u64, part, 1024 - 1024 / 8);
	return per_second - div64_u64(per_second, 1024) * part;
}

/* Polls that sent are rarer than polls: as few as hold a few packets will do. */
static void airvf_cost_update_sent(struct airvf_fit *fit)
{
	if (fit->sent_n < AIRVF_FIT_LEAST)
		return;
	fit->csent = airvf_cost_smooth(fit->csent, div64_u64(fit->sent_c, fit->sent_n),
				       AIRVF_CPKT_LOW, AIRVF_CPKT_HIGH);
	fit->sent_n = 0;
	fit->sent_c = 0;
}

void airvf_fit_update(struct airvf_fit *fit)
{
	u64 polls = fit->polls;
	u64 var = polls * fit->nn - fit->n * fit->n;
	u64 up = polls * fit->nc;
	u64 down = fit->n * fit->c;

	airvf_cost_update_sent(fit);
	/* Too few to say anything: wait for more. */
	if (polls < AIRVF_FIT_LEAST)
		return;
	/*
	 * The slope needs polls that differ: a variance of at least a quarter
	 * packet squared, and a rising line (a falling one is noise).
	 */
	if (var >= polls * polls / 4 && up > down)
		fit->cpkt = airvf_cost_smooth(fit->cpkt, div64_u64(up - down, var), AIRVF_CPKT_LOW,
					      AIRVF_CPKT_HIGH);
	else if (!fit->cpkt && fit->n)
		/* All polls alike, nothing known: put all cost on the packets. */
		fit->cpkt = airvf_cost_smooth(0, div64_u64(fit->c, fit->n), AIRVF_CPKT_LOW,
					      AIRVF_CPKT_HIGH);

	if (fit->light_polls >= 8) {
		u64 packets = fit->light_n * fit->cpkt;
		u64 cycles = fit->light_c > packets ? fit->light_c - packets : 0;

		if (cycles)
			fit->cint = airvf_cost_smooth(fit->cint,
						      div64_u64(cycles, fit->light_polls),
						      AIRVF_CINT_LOW, AIRVF_CINT_HIGH);
	} else if (fit->cpkt && !fit->cint) {
		u64 packets = fit->n * fit->cpkt;

		if (fit->c > packets)
			fit->cint = airvf_cost_smooth(0, div64_u64(fit->c - packets, polls),
						      AIRVF_CINT_LOW, AIRVF_CINT_HIGH);
	}

	fit->polls = 0;
	fit->n = 0;
	fit->c = 0;
	fit->nn = 0;
	fit->nc = 0;
	fit->light_polls = 0;
	fit->light_n = 0;
	fit->light_c = 0;
}
