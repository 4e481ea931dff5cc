/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_IRQ_H
#define AIRVF_IRQ_H

#include "airvf.h"

/* Vectors with their NAPI instances; after suspend as many as before. RTNL. */
int airvf_vectors_alloc(struct airvf *vf);
void airvf_vectors_free(struct airvf *vf);
int airvf_irq_request(struct airvf *vf);
void airvf_irq_free(struct airvf *vf);
/* Opens the mask of all vectors in use. */
void airvf_irq_arm(struct airvf *vf);
/* Interrupts so far, in one piece on 32-bit machines, too. */
u64 airvf_irq_count(const struct airvf_vector *vector);
/* No handler runs any more. */
void airvf_irq_synchronize(struct airvf *vf);
/*
 * No poll runs from the first on, and none does anything after the second as
 * long as AIRVF_F_DOWN is set: that is when rings may change. RTNL.
 */
void airvf_polls_stop(struct airvf *vf);
void airvf_polls_go(struct airvf *vf);

#endif
