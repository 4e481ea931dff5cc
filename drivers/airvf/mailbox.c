// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who asks the PF, for how long, and what follows when it does not answer.
 *
 * Most callers hold RTNL, for which the whole machine waits. So they wait for the
 * PF only as long as it uses to need; the service work, without RTNL, then finds
 * out whether there is one (airvf_mbx_alive()). All functions sleep but
 * airvf_mbx_pf_reset() and airvf_mbx_pf_was_reset().
 */
#include <linux/delay.h>

#include "airvf.h"
#include "exchange.h"
#include "hw.h"
#include "later.h"
#include "mailbox.h"

#define POLLS		2000	/* one second, as PF drivers wait */
#define POLLS_LEAST	200	/* a tenth of a second */
#define POLLS_RESET	500	/* a reset: the PF has to set the VF up again */
#define PATIENCE	8

void airvf_mbx_init(struct airvf *vf)
{
	mutex_init(&vf->mbx.lock);
	spin_lock_init(&vf->mbx.bits);
	/* Until answers have shown what is usual. */
	vf->mbx.slowest = POLLS / PATIENCE;
}

/* PF in reset now (result); @done: it finished one since the last call. */
bool airvf_mbx_pf_reset(struct airvf *vf, bool *done)
{
	u32 value = airvf_mbx_bits(vf, VFMAILBOX_RSTD);

	*done = value & VFMAILBOX_RSTD;
	return value & VFMAILBOX_RSTI;
}

/* Since our last reset, however long ago. */
bool airvf_mbx_pf_was_reset(struct airvf *vf)
{
	airvf_mbx_control(vf);
	return READ_ONCE(vf->mbx.pf_was_reset);
}

/*
 * How many polls a caller with RTNL spends: much more than answers have needed of
 * late. Counted in polls, since each of them shows that the device is alive.
 */
static u32 airvf_mbx_patience(const struct airvf *vf)
{
	return clamp_t(u32, PATIENCE * READ_ONCE(vf->mbx.slowest), POLLS_LEAST, POLLS);
}

/*
 * The service work, which may be waiting for a PF that is silent, gives way once it
 * has waited for as long as we will: perhaps the PF is back, and never got its request.
 */
static void airvf_mbx_enter(struct airvf *vf)
{
	while (!mutex_trylock(&vf->mbx.lock)) {
		if (READ_ONCE(vf->mbx.waited) > airvf_mbx_patience(vf))
			WRITE_ONCE(vf->mbx.limit, 0);
		usleep_range(AIRVF_MBX_POLL_US, AIRVF_MBX_POLL_US + 50);
	}
}

/* The protocol that every PF speaks; what a VF has after its reset. */
void airvf_mbx_legacy(struct airvf *vf)
{
	airvf_mbx_enter(vf);
	vf->mbx.esx = false;
	vf->mbx.dead = false;
	vf->mbx.late = false;
	vf->api = AIRVF_API_10;
	vf->caps = 0;
	airvf_mbx_take(vf, VFMAILBOX_R2C);
	mutex_unlock(&vf->mbx.lock);
}

/* The service work finds out what is wrong, and resets if need be. */
static void airvf_mbx_doubt(struct airvf *vf)
{
	if (!vf->registered)
		return;
	set_bit(AIRVF_F_LINK, &vf->flags);
	airvf_service_kick(vf);
}

/*
 * One message a failure: whoever calls again fails without waiting. But a PF that has
 * become slower than it was must not fail for ever: the next wait is twice as long.
 */
static void airvf_mbx_failed(struct airvf *vf, u32 opcode, int err)
{
	if (err == -ETIMEDOUT) {
		vf->mbx.timeouts++;
		vf->mbx.late = true;
		WRITE_ONCE(vf->mbx.slowest,
			   max(vf->mbx.slowest, 2 * READ_ONCE(vf->mbx.limit) / PATIENCE));
		netif_warn(vf, drv, vf->netdev,
			   "PF does not answer mailbox request %#x in time\n", opcode);
	}
	/* -EPROTO: too many pings, which have said so already. */
	if (err != -ENODEV && err != -EPROTO)
		airvf_mbx_doubt(vf);
}

/**
 * airvf_mbx_call() - one request and its answer
 * @vf: the VF
 * @msg: request; overwritten with the answer
 * @words: length of the request
 * @reply_words: length of the answer that the caller wants to see
 *
 * Return: 0; -EACCES if the PF refused; -ENETRESET if it does not know us (any
 * more); -EPROTO for an answer to something else; -ETIMEDOUT if there was none in the
 * time that answers use to need: if it comes later, the service work says again all
 * that holds; -ENODEV.
 */
int airvf_mbx_call(struct airvf *vf, u32 *msg, u32 words, u32 reply_words)
{
	u32 opcode = msg[0] & MBX_OPCODE;
	u32 reply[VFMBMEM_WORDS];
	int err;

	if (READ_ONCE(vf->mbx.dead) || READ_ONCE(vf->mbx.late))
		return -ETIMEDOUT;
	airvf_mbx_enter(vf);
	err = airvf_mbx_exchange(vf, msg, words, reply, reply_words, airvf_mbx_patience(vf));
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

/* Nobody answers. */
static void airvf_mbx_lost(struct airvf *vf)
{
	if (vf->mbx.dead)
		return;
	vf->mbx.timeouts++;
	vf->mbx.dead = true;
	netif_warn(vf, drv, vf->netdev, "PF does not answer\n");
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
	if (!(airvf_mbx_control(vf) & VFMAILBOX_RSTI))
		err = airvf_mbx_exchange(vf, msg, ARRAY_SIZE(msg), reply, 1, POLLS);
	if (err == -ETIMEDOUT) {
		/* Unless it gave way (airvf_mbx_enter()). */
		if (vf->mbx.limit)
			airvf_mbx_lost(vf);
	} else if (err != -EBUSY && vf->mbx.late) {
		/* If this answers what was given up, ours comes behind it. */
		if (!err && (reply[0] & MBX_OPCODE) != MBX_GET_QUEUES)
			airvf_mbx_get(vf, reply, 1, INT_MAX);
		vf->mbx.late = false;
		set_bit(AIRVF_F_UNHEARD, &vf->flags);
	}
	mutex_unlock(&vf->mbx.lock);
	return err != -ETIMEDOUT && err != -EBUSY;
}

/* RESET is special: four words come back, without CTS, FAILURE being fine. */
int airvf_mbx_reset(struct airvf *vf, u32 *reply)
{
	u32 msg = MBX_RESET;
	int err;

	airvf_mbx_enter(vf);
	err = airvf_mbx_exchange(vf, &msg, 1, reply, 4,
				 max_t(u32, airvf_mbx_patience(vf), POLLS_RESET));
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
 * PF resets, -ETIMEDOUT if the PF is silent, -ENODEV.
 */
int airvf_mbx_peek(struct airvf *vf)
{
	bool done, now;
	u32 word;
	int err;

	mutex_lock(&vf->mbx.lock);
	now = airvf_mbx_pf_reset(vf, &done);
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
	airvf_mbx_wait_at_most(vf, airvf_mbx_patience(vf));
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
