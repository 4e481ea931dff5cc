/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_PAUSE_H
#define AIRVF_PAUSE_H

#include "airvf.h"

/**
 * airvf_pause_tx() - the stack's packets wait, and all before them have left
 * @vf: the VF, up or down
 *
 * For requests during which the PF would drop what we send. RTNL; may sleep for
 * 20 ms. airvf_resume_tx() ends it.
 * Return: 0, or -EBUSY: what was to be sent does not leave, nothing waits.
 */
int airvf_pause_tx(struct airvf *vf);
void airvf_resume_tx(struct airvf *vf);

#endif
