// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mailbox between VF and PF: sixteen words, one lock, and bits in VFMAILBOX
 * of which some are cleared by reading (data sheet 8.3.5.1.5). All functions
 * sleep; all but airvf_mbx_legacy() take the mailbox's mutex.
 */
#include <linux/delay.h>

#include "airvf.h"
#include "hw.h"
#include "later.h"
#include "mailbox.h"

#define POLL_US		500
#define POLLS		2000	/* one second, as PF drivers wait */
#define GRACE_POLLS	40	/* ten to twenty milliseconds: the PF is at it already */
#define SEND_TRIES	3

static u32 airvf_mbx_control(struct airvf *vf)
{
	u32 value = airvf_rd(vf, VFMAILBOX);

	/* All ones would look like every event at once. */
	if (value == U32_MAX)
		return 0;
	value |= vf->mbx.seen;
	vf->mbx.seen |= value & VFMAILBOX_R2C;
	if (value & (VFMAILBOX_RSTI | VFMAILBOX_RSTD))
		vf->mbx.pf_was_reset = true;
	return value;
}

/* True once for each time that the bit was set. */
static bool airvf_mbx_take(struct airvf *vf, u32 bit)
{
	bool set = airvf_mbx_control(vf) & bit;

	vf->mbx.seen &= ~bit;
	return set;
}

/* PF in reset now (result); @done: it finished one since the last call. */
static bool airvf_mbx_take_reset(struct airvf *vf, bool *done)
{
	u32 value = airvf_mbx_control(vf);

	*done = value & VFMAILBOX_RSTD;
	vf->mbx.seen &= ~VFMAILBOX_RSTD;
	return value & VFMAILBOX_RSTI;
}

bool airvf_mbx_pf_reset(struct airvf *vf, bool *done)
{
	bool now;

	mutex_lock(&vf->mbx.lock);
	now = airvf_mbx_take_reset(vf, done);
	mutex_unlock(&vf->mbx.lock);
	return now;
}

/* Since our last reset, however long ago. */
bool airvf_mbx_pf_was_reset(struct airvf *vf)
{
	bool was;

	mutex_lock(&vf->mbx.lock);
	airvf_mbx_control(vf);
	was = vf->mbx.pf_was_reset;
	mutex_unlock(&vf->mbx.lock);
	return was;
}

/* The protocol that every PF speaks; what a VF has after its reset. */
void airvf_mbx_legacy(struct airvf *vf)
{
	mutex_lock(&vf->mbx.lock);
	vf->mbx.esx = false;
	vf->mbx.dead = false;
	vf->mbx.seen = 0;
	vf->api = AIRVF_API_10;
	vf->caps = 0;
	mutex_unlock(&vf->mbx.lock);
}

static int airvf_mbx_lock_memory(struct airvf *vf)
{
	int i;

	for (i = 0; i < POLLS; i++) {
		airvf_wr(vf, VFMAILBOX, VFMAILBOX_VFU);
		/* The write is granted only while the PF does not hold it. */
		if (airvf_mbx_control(vf) & VFMAILBOX_VFU)
			return 0;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return -ENODEV;
		if (i < 20)
			udelay(5);
		else
			usleep_range(POLL_US, POLL_US + 50);
	}
	return -ETIMEDOUT;
}

static void airvf_mbx_unlock_memory(struct airvf *vf)
{
	airvf_wr(vf, VFMAILBOX, 0);
}

static int airvf_mbx_wait_for(struct airvf *vf, u32 bit, int polls)
{
	int i, late = 0;

	for (i = 0; i < polls; i++) {
		if (airvf_mbx_take(vf, bit))
			return 0;
		if (test_bit(AIRVF_F_GONE, &vf->flags))
			return -ENODEV;
		/* A PF that resets now will never answer. */
		if (vf->mbx.seen & VFMAILBOX_RSTD)
			return -ENETRESET;
		/* A message before our request was taken: a ping overwrote it. */
		if (bit == VFMAILBOX_PFACK && (vf->mbx.seen & VFMAILBOX_PFSTS) &&
		    ++late > GRACE_POLLS)
			return -EAGAIN;
		if (i < 20)
			usleep_range(10, 20);
		else
			usleep_range(POLL_US, POLL_US + 50);
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
	if (airvf_mbx_control(vf) & VFMAILBOX_PFSTS)
		set_bit(AIRVF_F_LINK, &vf->flags);
	vf->mbx.seen &= ~(VFMAILBOX_PFSTS | VFMAILBOX_PFACK);

	for (i = 0; i < words; i++)
		airvf_wr(vf, VFMBMEM(i), msg[i]);
	/* A write without VFU gives the lock back with the same stroke. */
	airvf_wr(vf, VFMAILBOX, VFMAILBOX_REQ | keep);
	vf->mbx.sent++;

	err = airvf_mbx_wait_for(vf, VFMAILBOX_PFACK, POLLS);
	if (keep)
		airvf_mbx_unlock_memory(vf);
	return err;
}

static int airvf_mbx_get(struct airvf *vf, u32 *msg, u32 words, int polls)
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
	int err = airvf_mbx_get(vf, reply, words, POLLS);

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

/* PFs ping when they like, and the memory is one. What was lost is sent again. */
static int airvf_mbx_exchange(struct airvf *vf, const u32 *msg, u32 words, u32 *reply,
			      u32 reply_words)
{
	int err, tries;

	for (tries = 0; tries < SEND_TRIES; tries++) {
		err = airvf_mbx_put(vf, msg, words);
		if (!err)
			err = airvf_mbx_answer(vf, reply, reply_words);
		if (err != -EAGAIN)
			return err;
		/* A ping also says that the link is to be looked at. */
		vf->mbx.pings++;
		set_bit(AIRVF_F_LINK, &vf->flags);
	}
	return -EPROTO;
}

/* The service work finds out what is wrong, and resets if need be. */
static void airvf_mbx_doubt(struct airvf *vf)
{
	if (!vf->registered)
		return;
	set_bit(AIRVF_F_LINK, &vf->flags);
	airvf_service_kick(vf);
}

/* One message a failure: whoever calls again fails without waiting. */
static int airvf_mbx_failed(struct airvf *vf, u32 opcode, int err)
{
	if (err == -ETIMEDOUT) {
		vf->mbx.timeouts++;
		vf->mbx.dead = true;
		netif_warn(vf, drv, vf->netdev,
			   "PF does not answer mailbox request %#x\n", opcode);
	}
	/* -EPROTO: too many pings, which have said so already. */
	if (err != -ENODEV && err != -EPROTO)
		airvf_mbx_doubt(vf);
	return err;
}

/**
 * airvf_mbx_call() - one request and its answer
 * @vf: the VF
 * @msg: request; overwritten with the answer
 * @words: length of the request
 * @reply_words: length of the answer that the caller wants to see
 *
 * Return: 0; -EACCES if the PF refused; -ENETRESET if it does not know us (any
 * more); -EPROTO for an answer to something else; -ETIMEDOUT, -ENODEV.
 */
int airvf_mbx_call(struct airvf *vf, u32 *msg, u32 words, u32 reply_words)
{
	u32 opcode = msg[0] & MBX_OPCODE;
	u32 reply[VFMBMEM_WORDS];
	int err;

	mutex_lock(&vf->mbx.lock);
	if (vf->mbx.dead) {
		err = -ETIMEDOUT;
		goto out;
	}
	err = airvf_mbx_exchange(vf, msg, words, reply, reply_words);
	if (err) {
		airvf_mbx_failed(vf, opcode, err);
		goto out;
	}

	if ((reply[0] & MBX_OPCODE) != opcode) {
		netif_warn(vf, drv, vf->netdev,
			   "PF answers request %#x with %#010x\n", opcode, reply[0]);
		err = -EPROTO;
	} else if (reply[0] & MBX_FAILURE) {
		vf->mbx.refused++;
		/* Refused without CTS: the PF has lost our registration. */
		err = reply[0] & MBX_CTS ? -EACCES : -ENETRESET;
		if (err == -ENETRESET)
			airvf_mbx_doubt(vf);
	} else if (!(reply[0] & MBX_SUCCESS)) {
		err = -EPROTO;
	} else {
		memcpy(msg, reply, reply_words * sizeof(u32));
	}
out:
	mutex_unlock(&vf->mbx.lock);
	return err;
}

/**
 * airvf_mbx_alive() - is there a PF that answers?
 * @vf: the VF
 *
 * Without RTNL, which the whole machine would wait for while nobody answers. Any
 * answer will do, also that of a PF that does not know us.
 *
 * Return: false if there was none, or the PF is in reset.
 */
bool airvf_mbx_alive(struct airvf *vf)
{
	/* A request that changes nothing; a PF that does not know it refuses it. */
	u32 msg[] = { MBX_GET_QUEUES };
	u32 reply[VFMBMEM_WORDS];
	int err = -EBUSY;

	mutex_lock(&vf->mbx.lock);
	if (!(airvf_mbx_control(vf) & VFMAILBOX_RSTI)) {
		err = airvf_mbx_exchange(vf, msg, ARRAY_SIZE(msg), reply, 1);
		if (err == -ETIMEDOUT && !vf->mbx.dead)
			airvf_mbx_failed(vf, MBX_GET_QUEUES, err);
	}
	mutex_unlock(&vf->mbx.lock);
	return err != -ETIMEDOUT && err != -EBUSY;
}

/* RESET is special: four words come back, without CTS, FAILURE being fine. */
int airvf_mbx_reset(struct airvf *vf, u32 *reply)
{
	u32 msg = MBX_RESET;
	int err;

	mutex_lock(&vf->mbx.lock);
	err = airvf_mbx_exchange(vf, &msg, 1, reply, 4);
	if (err)
		airvf_mbx_failed(vf, MBX_RESET, err);
	else if ((reply[0] & MBX_OPCODE) != MBX_RESET ||
		 !(reply[0] & (MBX_SUCCESS | MBX_FAILURE)))
		err = -EPROTO;
	mutex_unlock(&vf->mbx.lock);
	return err;
}

/*
 * Every answer raises the mailbox's interrupt, too. News is only what no request
 * waits for: otherwise each answer would make the service ask for the link again.
 */
bool airvf_mbx_news(struct airvf *vf)
{
	bool news;

	mutex_lock(&vf->mbx.lock);
	news = airvf_mbx_control(vf) & (VFMAILBOX_PFSTS | VFMAILBOX_RSTI | VFMAILBOX_RSTD);
	mutex_unlock(&vf->mbx.lock);
	return news;
}

/**
 * airvf_mbx_peek() - does the PF still know us?
 * @vf: the VF
 *
 * Whatever the PF wrote last, answer or ping, stays in the memory and carries
 * CTS as long as the PF considers this VF registered.
 *
 * Return: 0 if so, -ENETRESET if the VF must register again, -EAGAIN while the
 * PF resets, -ETIMEDOUT if the mailbox is dead, -ENODEV.
 */
int airvf_mbx_peek(struct airvf *vf)
{
	bool done, now;
	u32 word;
	int err;

	mutex_lock(&vf->mbx.lock);
	now = airvf_mbx_take_reset(vf, &done);
	if (now || done) {
		err = now ? -EAGAIN : -ENETRESET;
		goto out;
	}
	if (vf->mbx.dead) {
		err = -ETIMEDOUT;
		goto out;
	}
	/* With the newer handling only a message that is there may be read. */
	if (vf->mbx.esx && !(airvf_mbx_control(vf) & VFMAILBOX_PFSTS)) {
		err = 0;
		goto out;
	}
	err = airvf_mbx_lock_memory(vf);
	if (err) {
		airvf_mbx_failed(vf, MBX_PF_CONTROL, err);
		goto out;
	}
	word = airvf_rd(vf, VFMBMEM(0));
	if (airvf_mbx_take(vf, VFMAILBOX_PFSTS)) {
		if ((word & MBX_OPCODE) == MBX_PF_CONTROL)
			vf->mbx.pings++;
		airvf_wr(vf, VFMAILBOX, VFMAILBOX_ACK);
	} else {
		airvf_mbx_unlock_memory(vf);
	}
	if (test_bit(AIRVF_F_GONE, &vf->flags))
		err = -ENODEV;
	else
		err = word & MBX_CTS ? 0 : -ENETRESET;
out:
	mutex_unlock(&vf->mbx.lock);
	return err;
}
