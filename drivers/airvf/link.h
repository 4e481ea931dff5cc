/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_LINK_H
#define AIRVF_LINK_H

#include "airvf.h"

void airvf_link_down(struct airvf *vf);
/* @speed: in Mb/s, or SPEED_UNKNOWN. Also when it is up already, with another speed. */
void airvf_link_up(struct airvf *vf, u32 speed);

#endif
