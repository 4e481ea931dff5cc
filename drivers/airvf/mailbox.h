/* SPDX-License-Identifier: GPL-2.0-only */
/* Documented in mailbox.c. */
#ifndef AIRVF_MAILBOX_H
#define AIRVF_MAILBOX_H

#include "airvf.h"

void airvf_mbx_init(struct airvf *vf);
void airvf_mbx_legacy(struct airvf *vf);
/* PF in reset now (result); @done: it finished one since the last call. */
bool airvf_mbx_pf_reset(struct airvf *vf, bool *done);
bool airvf_mbx_pf_was_reset(struct airvf *vf);
bool airvf_mbx_alive(struct airvf *vf);
int airvf_mbx_call(struct airvf *vf, u32 *msg, u32 words, u32 reply_words);
int airvf_mbx_reset(struct airvf *vf, u32 *reply);
int airvf_mbx_peek(struct airvf *vf);
bool airvf_mbx_news(struct airvf *vf);

#endif
