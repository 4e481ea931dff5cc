// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words to the PF and back: the mailbox's memory, its lock, and the bits of
 * VFMAILBOX, some of which are cleared by reading (data sheet 8.3.5.1.5). Who asks
 * what, and what it means that nobody answers, is mailbox.c's.
 */
#include <linux/delay.h>

#include "airvf.h"
#include "exchange.h"
#include "hw.h"

#define GRACE_POLLS	40	/* ten to twenty milliseconds: the PF is at it already */
#define SEND_TRIES	3

/* What VFMAILBOX says, and has said; @taken is then forgotten. */
u32 airvf_mbx_bits(struct airvf *vf, u32 taken)
{
	u32 value;

	spin_lock(&vf->mbx.bits);
	value = airvf_rd(vf, VFMAILBOX);
	if (value == U32_MAX) {
		/* All ones would look like every event at once. */
		value = 0;
	} else {
		value |= vf->mbx.seen;
		vf->mbx.seen = value & VFMAILBOX_R2C & ~taken;
		if (value & (VFMAILBOX_RSTI | VFMAILBOX_RSTD))
			vf->mbx.pf_was_reset = true;
	}
	spin_unlock(&vf->mbx.bits);
	return value;
}

u32 airvf_mbx_control(struct airvf *vf)
{
	return airvf_mbx_bits(vf, 0);
}

/* True once for each time that the bit was set. */
bool airvf_mbx_take(struct airvf *vf, u32 bit)
{
	return airvf_mbx_bits(vf, bit) & bit;
}

void airvf_mbx_wait_at_most(struct airvf *vf, u32 polls)
{
	WRITE_ONCE(vf->mbx.waited, 0);
	WRITE_ONCE(vf->mbx.limit, polls);
}

/* Between the @i th poll for something and the next. False: it has been long enough. */
static bool airvf_mbx_sleep(struct airvf *vf, int i)
{
	if (vf->mbx.waited >= READ_ONCE(vf->mbx.limit))
		return false;
	WRITE_ONCE(vf->mbx.waited, vf->mbx.waited + 1);
	if (i < 20)
		usleep_range(10, 20);
	else
		usleep_range(AIRVF_MBX_POLL_US, AIRVF_MBX_POLL_US + 50);
	return true;
}

int airvf_mbx_lock_memory(struct airvf *vf)
{
	int i = 0;

	do {
		airvf_wr(vf, VFMAILBOX, VFMAILBOX_VFU);
		/* The write is granted only while the PF does not hold it. */
		if (airvf_mbx_control(vf) & VFMAILBOX_VFU)
			return 0;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return -ENODEV;
	} while (airvf_mbx_sleep(vf, i++));
	return -ETIMEDOUT;
}

void airvf_mbx_unlock_memory(struct airvf *vf)
{
	airvf_wr(vf, VFMAILBOX, 0);
}

static int airvf_mbx_wait_for(struct airvf *vf, u32 bit, int polls)
{
	int i, late = 0;

	for (i = 0; i < polls; i++) {
		u32 seen = airvf_mbx_bits(vf, bit);

		if (seen & bit)
			return 0;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return -ENODEV;
		/* A PF that resets now will never answer. */
		if (seen & VFMAILBOX_RSTD)
			return -ENETRESET;
		/* A message before our request was taken: a ping overwrote it. */
		if (bit == VFMAILBOX_PFACK && (seen & VFMAILBOX_PFSTS) &&
		    ++late > GRACE_POLLS)
			return -EAGAIN;
		if (!airvf_mbx_sleep(vf, i))
			break;
	}
	return -ETIMEDOUT;
}

static int airvf_mbx_put(struct airvf *vf, const u32 *msg, u32 words)
{
	u32 keep = vf->mbx.esx ? VFMAILBOX_VFU : 0;
	int err;
	u32 i;

	err = airvf_mbx_lock_memory(vf);
	if (err)
		return err;
	/*
	 * What is there already must not be taken for the answer: it is a ping,
	 * which says that the link is to be looked at.
	 */
	if (airvf_mbx_bits(vf, VFMAILBOX_PFSTS | VFMAILBOX_PFACK) & VFMAILBOX_PFSTS)
		set_bit(AIRVF_F_LINK, &vf->flags);

	for (i = 0; i < words; i++)
		airvf_wr(vf, VFMBMEM(i), msg[i]);
	/* A write without VFU gives the lock back with the same stroke. */
	airvf_wr(vf, VFMAILBOX, VFMAILBOX_REQ | keep);
	vf->mbx.sent++;

	err = airvf_mbx_wait_for(vf, VFMAILBOX_PFACK, INT_MAX);
	if (keep)
		airvf_mbx_unlock_memory(vf);
	return err;
}

int airvf_mbx_get(struct airvf *vf, u32 *msg, u32 words, int polls)
{
	u32 keep = vf->mbx.esx ? VFMAILBOX_VFU : 0;
	int err;
	u32 i;

	err = airvf_mbx_wait_for(vf, VFMAILBOX_PFSTS, polls);
	if (err)
		return err;
	err = airvf_mbx_lock_memory(vf);
	if (err)
		return err;
	for (i = 0; i < words; i++)
		msg[i] = airvf_rd(vf, VFMBMEM(i));
	airvf_wr(vf, VFMAILBOX, VFMAILBOX_ACK | keep);
	if (keep)
		airvf_mbx_unlock_memory(vf);
	return test_bit(AIRVF_F_GONE, &vf->flags) ? -ENODEV : 0;
}

/*
 * The answer, or -EAGAIN if a ping took the place of it or of the request. The
 * PF that read its own ping as our request says that it failed.
 */
static int airvf_mbx_answer(struct airvf *vf, u32 *reply, u32 words)
{
	int err = airvf_mbx_get(vf, reply, words, INT_MAX);

	if (err || (reply[0] & MBX_OPCODE) != MBX_PF_CONTROL)
		return err;
	if (reply[0] & MBX_FAILURE)
		return -EAGAIN;
	/* Perhaps the ping was first and the answer is yet to come. */
	err = airvf_mbx_get(vf, reply, words, GRACE_POLLS);
	if (err == -ETIMEDOUT || (!err && (reply[0] & MBX_OPCODE) == MBX_PF_CONTROL))
		return -EAGAIN;
	return err;
}

/*
 * PFs ping when they like, and the memory is one. What was lost is sent again. An
 * answer that takes longer than before counts at once, a faster one by and by.
 */
int airvf_mbx_exchange(struct airvf *vf, const u32 *msg, u32 words, u32 *reply,
		       u32 reply_words, u32 polls)
{
	u32 slowest = vf->mbx.slowest;
	int err, tries;

	for (tries = 0; tries < SEND_TRIES; tries++) {
		airvf_mbx_wait_at_most(vf, polls);
		err = airvf_mbx_put(vf, msg, words);
		if (!err)
			err = airvf_mbx_answer(vf, reply, reply_words);
		if (!err)
			WRITE_ONCE(vf->mbx.slowest, max(vf->mbx.waited, slowest - slowest / 8));
		if (err != -EAGAIN)
			return err;
		/* A ping also says that the link is to be looked at. */
		vf->mbx.pings++;
		set_bit(AIRVF_F_LINK, &vf->flags);
	}
	return -EPROTO;
}
