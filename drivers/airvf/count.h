/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_COUNT_H
#define AIRVF_COUNT_H

#include "airvf.h"

/**
 * airvf_hw_count() - adds what the device's counters gained
 * @vf: the VF
 *
 * To be called more often than the octets wrap (55 s at line rate). RTNL; sleeps.
 */
void airvf_hw_count(struct airvf *vf);

/* Counts from now on: what there is already is somebody else's, or counted. RTNL. */
void airvf_hw_count_base(struct airvf *vf);

#endif
