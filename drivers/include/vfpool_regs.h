/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Generated from tools/regs/bridge.toml: management registers of the bridge. Do not edit. */
#ifndef VFPOOL_REGS_H
#define VFPOOL_REGS_H

#include <linux/types.h>

/*
 * A field of a struct that is wider than its bits in the word is cut off when it is packed.
 */

/* Who reads. */
enum vfpool_port_role {
	/* a user's server: sees its own slots */
	VFPOOL_PORT_ROLE_USER = 0,
	/* the owner's server: sees and commands everything */
	VFPOOL_PORT_ROLE_OWNER = 1,
	/* the service bus: owner's view without a server */
	VFPOOL_PORT_ROLE_SERVICE = 2,
};

/* What COMMAND asks for. */
enum vfpool_op {
	/* VF becomes function FN of the slot */
	VFPOOL_OP_ASSIGN = 1,
	/*
	 * as the button, and back to the pool once the server has powered the slot
	 * off; a second press takes it back
	 */
	VFPOOL_OP_RELEASE = 2,
	/* back to the pool now, a surprise removal */
	VFPOOL_OP_FORCE = 3,
	/* press the attention button */
	VFPOOL_OP_BUTTON = 4,
	/*
	 * a user asks the owner for a VF in SLOT: the one that VF names, or any if
	 * VF is 0xff
	 */
	VFPOOL_OP_REQUEST = 5,
	/*
	 * the owner refuses the request of a slot; VF is the reason that the user is
	 * told, 1..15
	 */
	VFPOOL_OP_DENY = 6,
	/*
	 * as RELEASE, but nobody presses: the server switches the slot off by itself
	 */
	VFPOOL_OP_DETACH = 7,
	/* a BROKEN VF is tried again */
	VFPOOL_OP_RESET = 8,
};

/* How a COMMAND went. */
enum vfpool_result {
	/* done */
	VFPOOL_RESULT_DONE = 0,
	/* unknown operation */
	VFPOOL_RESULT_UNKNOWN_OP = 1,
	/* no such VF, user, slot or function; RESET: the VF is not broken */
	VFPOOL_RESULT_NO_SUCH = 2,
	/* the VF is in use, or still being reset */
	VFPOOL_RESULT_VF_IN_USE = 3,
	/* the function is in use */
	VFPOOL_RESULT_FN_IN_USE = 4,
	/* the slot is busy: powered, blinking or being released */
	VFPOOL_RESULT_SLOT_BUSY = 5,
	/* the slot is empty */
	VFPOOL_RESULT_SLOT_EMPTY = 6,
	/* not allowed from here */
	VFPOOL_RESULT_NOT_ALLOWED = 7,
	/* this slot has no request */
	VFPOOL_RESULT_NO_REQUEST = 8,
	/* the VF was not reset: see RESET */
	VFPOOL_RESULT_VF_BROKEN = 9,
	/* the slot has functions of another card */
	VFPOOL_RESULT_OTHER_CARD = 10,
};

/* What a VF goes through before another server may have it. */
enum vfpool_vf_state {
	/* usable, or free */
	VFPOOL_VF_STATE_IDLE = 0,
	/* its outstanding requests end or time out */
	VFPOOL_VF_STATE_DRAINING = 1,
	/* rests after its function-level reset */
	VFPOOL_VF_STATE_RESET = 2,
	/*
	 * its reset failed 8 times: nobody gets it until RESET, or VF Enable, has
	 * reset it
	 */
	VFPOOL_VF_STATE_BROKEN = 3,
};

/* Why the pool has no VFs. */
enum vfpool_no_vfs {
	/* it has */
	VFPOOL_NO_VFS_NONE = 0,
	/*
	 * the device was not read yet, or does not answer: it is read again, and
	 * users' requests are refused until then
	 */
	VFPOOL_NO_VFS_UNKNOWN = 1,
	/* VF Enable is off, or there are 0 VFs */
	VFPOOL_NO_VFS_DISABLED = 2,
	/* the device has no SR-IOV capability */
	VFPOOL_NO_VFS_NO_CAPABILITY = 3,
	/* VF BARs 0 and 3 are not 64-bit memory of at least 16 KiB */
	VFPOOL_NO_VFS_BARS = 4,
	/* System Page Size is none of 4 KiB to 2 MiB */
	VFPOOL_NO_VFS_PAGE_SIZE = 5,
	/* First VF Offset is 0, or VF Stride is no power of two up to 128 */
	VFPOOL_NO_VFS_STRIDE = 6,
	/*
	 * VF BARs 0 and 3 are not 16 KiB or one System Page, or had VF Enable on
	 * before they could be sized
	 */
	VFPOOL_NO_VFS_SIZE = 7,
};

/* What happened. */
enum vfpool_event_kind {
	/* nothing yet */
	VFPOOL_EVENT_KIND_NONE = 0,
	/*
	 * a user asks for a VF (0xff: any); REASON bit 0: by the attention button.
	 * Owner only
	 */
	VFPOOL_EVENT_KIND_REQUEST = 1,
	/* the owner refuses, for REASON */
	VFPOOL_EVENT_KIND_DENIED = 2,
	/* VF is function FN of the slot */
	VFPOOL_EVENT_KIND_ASSIGNED = 3,
	/* VF has left the slot, is reset, and is free again */
	VFPOOL_EVENT_KIND_RELEASED = 4,
	/* the server has switched the slot on (REASON 1) or off (0) */
	VFPOOL_EVENT_KIND_POWER = 5,
	/* the owner is not heard of (REASON 1), or again (0) */
	VFPOOL_EVENT_KIND_FROZEN = 6,
	/* the link of host USER is up (REASON 1) or down (0). Owner only */
	VFPOOL_EVENT_KIND_LINK = 7,
};

/*
 * Indicators of a slot, coded as in Slot Control (PCIe Base Spec 2.1,
 * 7.8.10).
 */
enum vfpool_led {
	/* on */
	VFPOOL_LED_ON = 1,
	/* blinking */
	VFPOOL_LED_BLINKING = 2,
	/* off */
	VFPOOL_LED_OFF = 3,
};

/* Why a packet was not forwarded, or a request was answered by the bridge. */
enum vfpool_drop {
	/* it was forwarded */
	VFPOOL_DROP_NONE = 0,
	/* format, length, byte enables, 4 KiB crossing, number of beats */
	VFPOOL_DROP_MALFORMED = 1,
	/* a type that the bridge does not carry */
	VFPOOL_DROP_UNSUPPORTED = 2,
	/* address or ID that leads nowhere */
	VFPOOL_DROP_NO_TARGET = 3,
	/* the VF is not assigned to this user, or its slot is off */
	VFPOOL_DROP_NOT_ASSIGNED = 4,
	/* request of a function whose bus master enable is off */
	VFPOOL_DROP_BUS_MASTER = 5,
	/* completion that matches no outstanding request */
	VFPOOL_DROP_UNEXPECTED = 6,
	/* request without an answer for CPL_TIMEOUT_MS */
	VFPOOL_DROP_TIMEOUT = 7,
	/* poisoned configuration or register write */
	VFPOOL_DROP_POISONED = 8,
	/*
	 * the pool is frozen, the card is not known, or the port is stuck, answers
	 * nothing, or its link is down
	 */
	VFPOOL_DROP_BLOCKED = 9,
	/*
	 * completion that does not fit its request: kind, bytes left, lower address;
	 * the request ends with Completer Abort
	 */
	VFPOOL_DROP_MISMATCH = 10,
	/*
	 * completion of a request that the bridge has ended before: its asker has
	 * lost its link, or its VF has changed hands
	 */
	VFPOOL_DROP_STALE = 11,
};

/* 0x56465032, "VFP2": second layout of these registers. (ro, all) */
#define VFPOOL_ID 0x000
#define VFPOOL_ID_VALUE 0x56465032u

/* Who reads. (ro, all) */
#define VFPOOL_ROLE 0x004

struct vfpool_role {
	/*
	 * port that the access came in by: 0 owner, 1.. users; service bus: one more
	 * than the last user (8 bits)
	 */
	__u32 port;
	/* and what it is (2 bits, enum vfpool_port_role) */
	__u32 kind;
};

static inline struct vfpool_role vfpool_role_unpack(__u32 word)
{
	struct vfpool_role r;

	r.port = word & 0xffu;
	r.kind = (word >> 8) & 0x3u;
	return r;
}

/* What this bridge was built for. (ro, all) */
#define VFPOOL_GEOMETRY 0x008

struct vfpool_geometry {
	/* user ports (8 bits) */
	__u32 users;
	/* slots of each user (8 bits) */
	__u32 slots;
	/* functions of each slot (8 bits) */
	__u32 slot_fns;
	/* device ports (8 bits) */
	__u32 devices;
};

static inline struct vfpool_geometry vfpool_geometry_unpack(__u32 word)
{
	struct vfpool_geometry r;

	r.users = word & 0xffu;
	r.slots = (word >> 8) & 0xffu;
	r.slot_fns = (word >> 16) & 0xffu;
	r.devices = (word >> 24) & 0xffu;
	return r;
}

/* Kept, without meaning; one a port. (rw, all) */
#define VFPOOL_SCRATCH 0x00c
#define VFPOOL_SCRATCH_RESET 0x00000000u

/* State of the pool and of device 0; DEVICE has that of each. (ro, all) */
#define VFPOOL_STATUS 0x010

struct vfpool_status {
	/*
	 * the owner has enabled VFs, and the bridge has read the device's SR-IOV
	 * capability (1 bit)
	 */
	__u32 sriov;
	/*
	 * the owner's heartbeat ran out: users' requests are answered, not forwarded
	 * (1 bit)
	 */
	__u32 frozen;
	/*
	 * if not SRIOV: why not; UNKNOWN beside SRIOV: for the moment (3 bits, enum
	 * vfpool_no_vfs)
	 */
	__u32 no_vfs;
	/* VFs that the device offers now (8 bits) */
	__u32 num_vfs;
};

static inline struct vfpool_status vfpool_status_unpack(__u32 word)
{
	struct vfpool_status r;

	r.sriov = word & 0x1u;
	r.frozen = (word >> 1) & 0x1u;
	r.no_vfs = (word >> 4) & 0x7u;
	r.num_vfs = (word >> 8) & 0xffu;
	return r;
}

/*
 * How long a request may stay unanswered before the bridge answers it with
 * Unsupported Request; a port that takes nothing for a quarter of it is
 * stuck, and what is meant for it is discarded. (rw, owner)
 */
#define VFPOOL_CPL_TIMEOUT_MS 0x014
#define VFPOOL_CPL_TIMEOUT_MS_RESET 0x0000001eu

struct vfpool_cpl_timeout_ms {
	/* milliseconds (16 bits) */
	__u32 ms;
};

static inline __u32 vfpool_cpl_timeout_ms_pack(const struct vfpool_cpl_timeout_ms *r)
{
	return (r->ms & 0xffffu);
}

static inline struct vfpool_cpl_timeout_ms vfpool_cpl_timeout_ms_unpack(__u32 word)
{
	struct vfpool_cpl_timeout_ms r;

	r.ms = word & 0xffffu;
	return r;
}

/*
 * The pool freezes when HEARTBEAT was not written for this long. (rw, owner)
 */
#define VFPOOL_HEARTBEAT_MS 0x018
#define VFPOOL_HEARTBEAT_MS_RESET 0x00000000u

struct vfpool_heartbeat_ms {
	/* milliseconds; 0: no watch on the owner (16 bits) */
	__u32 ms;
};

static inline __u32 vfpool_heartbeat_ms_pack(const struct vfpool_heartbeat_ms *r)
{
	return (r->ms & 0xffffu);
}

static inline struct vfpool_heartbeat_ms vfpool_heartbeat_ms_unpack(__u32 word)
{
	struct vfpool_heartbeat_ms r;

	r.ms = word & 0xffffu;
	return r;
}

/* Any write: the owner lives. Thaws a frozen pool. (wo, owner) */
#define VFPOOL_HEARTBEAT 0x01c

/*
 * Carried out when written; COMMAND_RESULT then tells how it went. A user's
 * server may give RELEASE, DETACH, BUTTON and REQUEST for its own slots;
 * RELEASE of an empty slot takes a REQUEST back; the USER field is then not
 * looked at. (wo, all)
 */
#define VFPOOL_COMMAND 0x020

struct vfpool_command {
	/* operation (4 bits, enum vfpool_op) */
	__u32 op;
	/*
	 * ASSIGN to an empty slot, REQUEST: the attention button announces the VF (5
	 * s), not link and presence (1 bit)
	 */
	__u32 button;
	/* device * 64 + VF of the device, both from 0 (8 bits) */
	__u32 vf;
	/* user port, from 1 (8 bits) */
	__u32 user;
	/* slot of that user, from 0 (4 bits) */
	__u32 slot;
	/* function of that slot, from 0 (4 bits) */
	__u32 fn;
};

static inline __u32 vfpool_command_pack(const struct vfpool_command *r)
{
	return (r->op & 0xfu) |
	       (r->button & 0x1u) << 4 |
	       (r->vf & 0xffu) << 8 |
	       (r->user & 0xffu) << 16 |
	       (r->slot & 0xfu) << 24 |
	       (r->fn & 0xfu) << 28;
}

/* Of the last COMMAND of this port. (ro, all) */
#define VFPOOL_COMMAND_RESULT 0x024

struct vfpool_command_result {
	/* how it went (4 bits, enum vfpool_result) */
	__u32 code;
};

static inline struct vfpool_command_result vfpool_command_result_unpack(__u32 word)
{
	struct vfpool_command_result r;

	r.code = word & 0xfu;
	return r;
}

/*
 * Events of this port's log so far. The service bus sees the owner's. (ro,
 * all)
 */
#define VFPOOL_EVENT_COUNT 0x028

/*
 * The count up to which this port has read its log. The next event after it
 * sends one message-signalled interrupt; if there is one already, at once.
 * (wo, all)
 */
#define VFPOOL_EVENT_ACK 0x02c

/*
 * Packets dropped or answered with an error since reset: the sum of DROPS.
 * (ro, owner)
 */
#define VFPOOL_LOG_COUNT 0x030

/*
 * The last packet that was dropped or refused. (A time-out has no packet: it
 * is counted only.) (ro, owner)
 */
#define VFPOOL_LOG_LAST 0x034

struct vfpool_log_last {
	/* why (4 bits, enum vfpool_drop) */
	__u32 reason;
	/* port it came from, or could not leave by (8 bits) */
	__u32 port;
};

static inline struct vfpool_log_last vfpool_log_last_unpack(__u32 word)
{
	struct vfpool_log_last r;

	r.reason = word & 0xfu;
	r.port = (word >> 8) & 0xffu;
	return r;
}

/* Its header, DW 0 first. (ro, owner) */
#define VFPOOL_LOG_HEADER(n) (0x040 + 4 * (n))
#define VFPOOL_LOG_HEADER_COUNT 4

/* Packets by reason. (ro, owner) */
#define VFPOOL_DROPS(n) (0x080 + 4 * (n))
#define VFPOOL_DROPS_COUNT 16

/*
 * The last events of this port; event number n, counted from 0, stands at n
 * mod 16. (ro, all)
 */
#define VFPOOL_EVENT_LOG(n) (0x0c0 + 4 * (n))
#define VFPOOL_EVENT_LOG_COUNT 16

struct vfpool_event_log {
	/* what happened (4 bits, enum vfpool_event_kind) */
	__u32 kind;
	/* see there (4 bits) */
	__u32 reason;
	/* device * 64 + VF, 0xff: none (8 bits) */
	__u32 vf;
	/* user port (8 bits) */
	__u32 user;
	/* slot of that user (4 bits) */
	__u32 slot;
	/* function of that slot (4 bits) */
	__u32 fn;
};

static inline struct vfpool_event_log vfpool_event_log_unpack(__u32 word)
{
	struct vfpool_event_log r;

	r.kind = word & 0xfu;
	r.reason = (word >> 4) & 0xfu;
	r.vf = (word >> 8) & 0xffu;
	r.user = (word >> 16) & 0xffu;
	r.slot = (word >> 24) & 0xfu;
	r.fn = (word >> 28) & 0xfu;
	return r;
}

/* Share of host n toward the device. (rw, owner) */
#define VFPOOL_WEIGHT(n) (0x100 + 4 * (n))
#define VFPOOL_WEIGHT_COUNT 32
#define VFPOOL_WEIGHT_RESET 0x00000001u

struct vfpool_weight {
	/*
	 * its bytes under saturation to those of another host are as their shares (5
	 * bits)
	 */
	__u32 share;
};

static inline __u32 vfpool_weight_pack(const struct vfpool_weight *r)
{
	return (r->share & 0x1fu);
}

static inline struct vfpool_weight vfpool_weight_unpack(__u32 word)
{
	struct vfpool_weight r;

	r.share = word & 0x1fu;
	return r;
}

/*
 * Each device port: what STATUS says of device 0, and where the owner has the
 * card. (ro, owner)
 */
#define VFPOOL_DEVICE(n) (0x180 + 4 * (n))
#define VFPOOL_DEVICE_COUNT 4

struct vfpool_device {
	/*
	 * the owner has enabled its VFs, and the bridge has read its SR-IOV
	 * capability (1 bit)
	 */
	__u32 sriov;
	/* its link is up (1 bit) */
	__u32 link;
	/*
	 * it takes nothing: what is meant for it is discarded until it does (1 bit)
	 */
	__u32 stuck;
	/*
	 * since its link came up something was dropped that it sent as no function
	 * known here, a second PF's VF say (1 bit)
	 */
	__u32 stranger;
	/*
	 * if not SRIOV: why not; UNKNOWN beside SRIOV: for the moment (3 bits, enum
	 * vfpool_no_vfs)
	 */
	__u32 no_vfs;
	/* VFs that it offers now (8 bits) */
	__u32 num_vfs;
	/* the owner's number of the bus that the card is on; 0: none yet (8 bits) */
	__u32 bus;
};

static inline struct vfpool_device vfpool_device_unpack(__u32 word)
{
	struct vfpool_device r;

	r.sriov = word & 0x1u;
	r.link = (word >> 1) & 0x1u;
	r.stuck = (word >> 2) & 0x1u;
	r.stranger = (word >> 3) & 0x1u;
	r.no_vfs = (word >> 4) & 0x7u;
	r.num_vfs = (word >> 8) & 0xffu;
	r.bus = (word >> 16) & 0xffu;
	return r;
}

/*
 * Largest payload at each port, hosts first, then the devices: as set in
 * Device Control of a host's upstream port, of the owner's port above a
 * device. A user's functions of a card are closed while SIZE of the user and
 * of the card differ. (ro, owner)
 */
#define VFPOOL_PAYLOAD(n) (0x200 + 4 * (n))
#define VFPOOL_PAYLOAD_COUNT 32

struct vfpool_payload {
	/* 128 bytes << SIZE; larger packets are malformed (2 bits) */
	__u32 size;
	/* 128 bytes << MOST: what this bridge was built for (2 bits) */
	__u32 most;
};

static inline struct vfpool_payload vfpool_payload_unpack(__u32 word)
{
	struct vfpool_payload r;

	r.size = word & 0x3u;
	r.most = (word >> 4) & 0x3u;
	return r;
}

/*
 * Each slot, index (user - 1) * SLOTS + slot; a user's server finds its own
 * from index 0 on. (ro, all)
 */
#define VFPOOL_SLOT(n) (0x400 + 4 * (n))
#define VFPOOL_SLOT_COUNT 256

struct vfpool_slot {
	/* presence detect state (1 bit) */
	__u32 present;
	/* data link layer active (1 bit) */
	__u32 link;
	/* the server has switched it on (1 bit) */
	__u32 powered;
	/* requests pass (1 bit) */
	__u32 usable;
	/* power indicator (2 bits, enum vfpool_led) */
	__u32 power_led;
	/* attention indicator (2 bits, enum vfpool_led) */
	__u32 attention_led;
	/* goes back to the pool when the server has switched it off (1 bit) */
	__u32 releasing;
	/* waits for the owner's answer to a REQUEST (1 bit) */
	__u32 requested;
};

static inline struct vfpool_slot vfpool_slot_unpack(__u32 word)
{
	struct vfpool_slot r;

	r.present = word & 0x1u;
	r.link = (word >> 1) & 0x1u;
	r.powered = (word >> 2) & 0x1u;
	r.usable = (word >> 3) & 0x1u;
	r.power_led = (word >> 4) & 0x3u;
	r.attention_led = (word >> 6) & 0x3u;
	r.releasing = (word >> 8) & 0x1u;
	r.requested = (word >> 9) & 0x1u;
	return r;
}

/*
 * Packets that came in: port * 4 + class (0 posted, 1 non-posted, 2
 * completion). Hosts come first, then the devices. (ro, owner)
 */
#define VFPOOL_RX(n) (0x800 + 4 * (n))
#define VFPOOL_RX_COUNT 128

/* Packets that went out: port * 4 + class. (ro, owner) */
#define VFPOOL_TX(n) (0xa00 + 4 * (n))
#define VFPOOL_TX_COUNT 128

/* Each VF that the devices offer, index device * 64 + VF. (ro, owner) */
#define VFPOOL_VF(n) (0xc00 + 4 * (n))
#define VFPOOL_VF_COUNT 256

struct vfpool_vf {
	/* belongs to a slot function (1 bit) */
	__u32 assigned;
	/* where it is between two servers (3 bits, enum vfpool_vf_state) */
	__u32 state;
	/* requests outstanding (1 bit) */
	__u32 busy;
	/* slot, if assigned (4 bits) */
	__u32 slot;
	/* function, if assigned (4 bits) */
	__u32 fn;
	/* user port, if assigned (8 bits) */
	__u32 user;
};

static inline struct vfpool_vf vfpool_vf_unpack(__u32 word)
{
	struct vfpool_vf r;

	r.assigned = word & 0x1u;
	r.state = (word >> 1) & 0x7u;
	r.busy = (word >> 4) & 0x1u;
	r.slot = (word >> 8) & 0xfu;
	r.fn = (word >> 12) & 0xfu;
	r.user = (word >> 16) & 0xffu;
	return r;
}

#endif
