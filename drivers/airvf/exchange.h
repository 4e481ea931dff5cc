/* SPDX-License-Identifier: GPL-2.0-only */
/* For mailbox.c, which holds the mailbox's mutex except where something else is said. */
#ifndef AIRVF_EXCHANGE_H
#define AIRVF_EXCHANGE_H

#include "airvf.h"

#define AIRVF_MBX_POLL_US	500

/**
 * airvf_mbx_bits() - what VFMAILBOX says, and has said
 * @vf: the VF
 * @taken: bits to be forgotten then, of VFMAILBOX_R2C
 *
 * Without the mutex, too. Return: the bits; none of a device that is gone.
 */
u32 airvf_mbx_bits(struct airvf *vf, u32 taken);

/* The same, forgetting nothing. */
u32 airvf_mbx_control(struct airvf *vf);
/* True once for each time that the bit was set. */
bool airvf_mbx_take(struct airvf *vf, u32 bit);

/* The polls that all waiting may take until this is called again. */
void airvf_mbx_wait_at_most(struct airvf *vf, u32 polls);

/* 0, -ENODEV or -ETIMEDOUT. */
int airvf_mbx_lock_memory(struct airvf *vf);
void airvf_mbx_unlock_memory(struct airvf *vf);

/* Waits for a message, at most @polls, and takes it. 0 or an error. */
int airvf_mbx_get(struct airvf *vf, u32 *msg, u32 words, int polls);

/**
 * airvf_mbx_exchange() - a request and what comes back
 * @vf: the VF
 * @msg: request
 * @words: its length
 * @reply: what came back
 * @reply_words: how many words of that are wanted
 * @polls: how long to wait for it, in polls of AIRVF_MBX_POLL_US or more
 *
 * Return: 0; -ETIMEDOUT, -ENODEV; -ENETRESET if the PF began a reset; -EPROTO if its
 * pings drowned every try.
 */
int airvf_mbx_exchange(struct airvf *vf, const u32 *msg, u32 words, u32 *reply,
		       u32 reply_words, u32 polls);

#endif
