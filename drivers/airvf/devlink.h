/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_DEVLINK_H
#define AIRVF_DEVLINK_H

#include "airvf.h"

/**
 * airvf_devlink_init() - makes and registers the VF's devlink instance
 * @vf: the VF, before its netdev is registered
 *
 * Return: 0, or a negative error; nothing is left then.
 */
int airvf_devlink_init(struct airvf *vf);
void airvf_devlink_free(struct airvf *vf);

/**
 * airvf_devlink_tell() - reports the ills that were found, which are cured there
 * @vf: the VF
 *
 * Without RTNL, since devlink's lock comes before it.
 */
void airvf_devlink_tell(struct airvf *vf);

#endif
