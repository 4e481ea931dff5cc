// SPDX-License-Identifier: GPL-2.0-only
/* On-line calibration of the cycles per packet and per interrupt. */
#include "moderation.h"

/* Smoothed by a quarter: a burst of odd polls moves the estimate a little. */
static u32 smooth(u32 old, u64 sample, u32 low, u32 high)
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

void airvf_fit_update(struct airvf_fit *fit)
{
	u64 polls = fit->polls;
	u64 var = polls * fit->nn - fit->n * fit->n;
	u64 up = polls * fit->nc;
	u64 down = fit->n * fit->c;

	/* Too few to say anything: wait for more. */
	if (polls < AIRVF_FIT_LEAST)
		return;
	/*
	 * The slope needs polls that differ: a variance of at least a quarter
	 * packet squared, and a rising line (a falling one is noise).
	 */
	if (var >= polls * polls / 4 && up > down)
		fit->cpkt = smooth(fit->cpkt, div64_u64(up - down, var),
				   AIRVF_CPKT_LOW, AIRVF_CPKT_HIGH);
	else if (!fit->cpkt && fit->n)
		/* All polls alike, nothing known: put all cost on the packets. */
		fit->cpkt = smooth(0, div64_u64(fit->c, fit->n),
				   AIRVF_CPKT_LOW, AIRVF_CPKT_HIGH);

	if (fit->light_polls >= 8) {
		u64 packets = fit->light_n * fit->cpkt;

		if (fit->light_c > packets)
			fit->cint = smooth(fit->cint,
					   div64_u64(fit->light_c - packets, fit->light_polls),
					   AIRVF_CINT_LOW, AIRVF_CINT_HIGH);
	} else if (fit->cpkt && !fit->cint) {
		u64 packets = fit->n * fit->cpkt;

		if (fit->c > packets)
			fit->cint = smooth(0, div64_u64(fit->c - packets, polls),
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
