/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_RING_H
#define AIRVF_RING_H

#include "airvf.h"

/* How many rings @queues pairs are: traffic classes have their own rule. */
void airvf_rings_count(const struct airvf *vf, u16 queues, u16 *n_rx, u16 *n_tx);

/**
 * airvf_rings_alloc() - memory for a set of rings
 * @vf: the VF
 * @param: what they are made from
 * @rings: filled in; the caller's, until airvf_rings_free()
 *
 * RTNL. Return: 0 or -ENOMEM, and then nothing is held.
 */
int airvf_rings_alloc(struct airvf *vf, const struct airvf_ring_param *param,
		      struct airvf_rings *rings);
void airvf_rings_free(struct airvf *vf, struct airvf_rings *rings);
/* Deals vf->rings out to the vectors. RTNL, down. */
void airvf_rings_attach(struct airvf *vf);
/* 0, -EIO or -ENODEV; on failure some may run: airvf_rings_stop() is the caller's. */
int airvf_rings_start(struct airvf *vf);
/* 0: the device owns no buffer any more. -EBUSY: it may. */
int airvf_rings_stop(struct airvf *vf);
/* Takes packets and buffers back from rings that are stopped, as are polls. */
void airvf_rings_clean(struct airvf *vf);

#endif
