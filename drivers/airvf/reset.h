/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_RESET_H
#define AIRVF_RESET_H

#include "airvf.h"

/**
 * airvf_reset() - resets the VF and registers it with the PF
 * @vf: the VF; its queues are stopped as far as we know
 *
 * RTNL; sleeps, up to three seconds if no PF answers. Return: 0; -ENODEV if the
 * device is gone, -EBUSY if the PF remains in reset, -EIO if a former owner's
 * queues do not stop, and the errors of airvf_msg_register().
 */
int airvf_reset(struct airvf *vf);

#endif
