/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_HW_H
#define AIRVF_HW_H

#include "airvf.h"

/**
 * airvf_rd() - reads a register
 * @vf: the VF
 * @reg: offset in BAR 0
 *
 * Any context. Return: its value; all ones from a device that is gone, which is
 * remembered (AIRVF_F_GONE) and told to the service work.
 */
u32 airvf_rd(struct airvf *vf, u32 reg);

/**
 * airvf_wr() - writes a register, unless the device is gone
 * @vf: the VF
 * @reg: offset in BAR 0
 * @value: what to write; posted
 *
 * Any context.
 */
static inline void airvf_wr(struct airvf *vf, u32 reg, u32 value)
{
	if (likely(!test_bit(AIRVF_F_GONE, &vf->flags)))
		writel(value, vf->base + reg);
}

/**
 * airvf_gone() - does the device read all ones?
 * @vf: the VF
 *
 * Asks VFSTATUS, which never does, so a device that came back is noticed; the
 * flag is then the caller's to clear. Any context.
 */
bool airvf_gone(struct airvf *vf);

/* Masks all vectors and clears what is pending. */
void airvf_hw_mask(struct airvf *vf);

/* Ring registers of all granted queues as after a power-up; the queues are stopped. */
void airvf_hw_queue_defaults(struct airvf *vf);

/**
 * airvf_hw_link() - the port's link
 * @vf: the VF
 * @speed: in Mb/s, or SPEED_UNKNOWN; set if there is a link
 *
 * Sleeps up to a millisecond. Return: there is a link, and it does not flicker.
 */
bool airvf_hw_link(struct airvf *vf, u32 *speed);

/**
 * airvf_itr_write() - sets a vector's interval between interrupts
 * @vector: the vector
 * @steps: of 2.048 us each, 1 to 511; 0 turns the throttle off
 *
 * The vector's poll, or whoever has stopped that.
 */
void airvf_itr_write(struct airvf_vector *vector, u32 steps);

/* An interrupt of our own, in case that one was lost. Any context. */
void airvf_irq_kick(struct airvf_vector *vector);

#endif
