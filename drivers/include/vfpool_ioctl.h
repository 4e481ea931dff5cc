/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR Apache-2.0 */
/*
 * What user space says to the driver of the bridge's management function
 * (10ee:8086), through /dev/vfpoolN.
 *
 * Structures may grow at their end. The size that a program was built with is
 * part of the ioctl's number: the driver takes shorter ones, fills what is
 * missing with zeros, and refuses a longer one unless the rest is zero
 * (-E2BIG). Reserved members and unknown flags must be zero (-EINVAL).
 *
 * Users are counted from 1, as the bridge's ports are; slots, functions and
 * cards from 0. In a structure of a user's server, user 0 means itself; it can
 * name no other (-EPERM).
 *
 * A VF is named in the whole pool: card * VFPOOL_CARD_VFS + its number on that
 * card, both from 0, so that those of the first card have their own numbers.
 * VFPOOL_ANY, the name that VF 63 of card 3 would have, names none or any; that
 * VF stays the owner's. A card that the bridge does not have is -EINVAL.
 *
 * read() gives struct vfpool_event, as many as fit, oldest first, starting
 * with those that come after the file was opened; poll() tells when there are
 * some. A reader that is too slow gets an event of kind VFPOOL_EVENT_LOST.
 */
#ifndef VFPOOL_IOCTL_H
#define VFPOOL_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VFPOOL_INTERFACE	1	/* version; changes when meaning does */
#define VFPOOL_ANY		0xff
#define VFPOOL_CARDS		4	/* that a bridge has at most */
#define VFPOOL_CARD_VFS		64	/* names of VFs that each card has */
#define VFPOOL_SLOT_FUNCTIONS	8
#define VFPOOL_MOST_WEIGHT	31	/* that the bridge can hold */

enum vfpool_side {
	VFPOOL_OWNER = 1,
	VFPOOL_USER = 2,
};

struct vfpool_info {
	__u32 interface;	/* VFPOOL_INTERFACE */
	__u8 role;		/* enum vfpool_side */
	__u8 port;		/* of the bridge: 0 owner, 1.. users */
	__u8 users;		/* of the bridge */
	__u8 slots;		/* of each user */
	__u8 functions;		/* of each slot */
	__u8 sriov;		/* 1: the owner has enabled VFs of the first card */
	__u8 frozen;		/* 1: the owner is not heard of */
	__u8 vfs;		/* that the first card offers now */
	__u32 sequence;		/* of the latest event */
	__u8 cards;		/* of the bridge; 0: a driver that knows the first only */
	__u8 reserved[3];
};

/* In: card. Owner only. */
struct vfpool_card_info {
	__u8 card;
	__u8 port;		/* of the bridge, as in struct vfpool_port_counters */
	__u8 link;		/* 1: there is a card */
	__u8 sriov;		/* 1: the owner has enabled its VFs */
	__u8 vfs;		/* that it offers now */
	__u8 no_vfs;		/* why it offers none: NO_VFS of the bridge's registers */
	__u16 payload;		/* bytes that a packet carries at most, as the owner has set */
	__u64 address;		/* owner's, of its PF, as that of a VF; 0: the kernel has none */
};

/* In: user, slot. */
struct vfpool_slot_info {
	__u8 user;
	__u8 slot;
	__u8 present;
	__u8 link;
	__u8 powered;
	__u8 releasing;		/* back to the pool once it is switched off */
	__u8 requested;		/* waits for the owner's answer */
	__u8 power_led;		/* Slot Control: 1 on, 2 blinking, 3 off */
	__u8 attention_led;
	__u8 physical;		/* slot number of the server's tree */
	__u8 reserved[6];
};

/* What becomes of a VF, struct vfpool_vf_info.use. */
enum vfpool_vf_use {
	VFPOOL_USE_FREE,		/* reset since its last user, or never used */
	VFPOOL_USE_ASSIGNED,
	VFPOOL_USE_DRAINING,	/* taken back: requests under way are waited for */
	VFPOOL_USE_RESETTING,	/* function-level reset */
	VFPOOL_USE_OWNED,	/* bound to a driver of the owner */
	VFPOOL_USE_BROKEN,	/* its function-level reset failed */
};

/* What a VF has when its server gets it; owner only. */
struct vfpool_profile {
	__u8 vf;
	__u8 mac[6];		/* zero: the PF's driver chooses */
	__u8 qos;		/* 0..7 */
	__u16 vlan;		/* 0: none, else 1..4094 */
	__u8 trust;		/* 0, 1 */
	__u8 spoof_check;	/* 0, 1 */
	__u32 min_rate;		/* Mbit/s, 0: none */
	__u32 max_rate;		/* Mbit/s, 0: none */
	__u32 mtu;		/* that the PF must carry, 0: any. The VF's server sets its own */
	__u32 reserved[2];
};

/* In: vf. Owner only. */
struct vfpool_vf_info {
	__u8 vf;
	__u8 use;		/* enum vfpool_vf_use */
	__u8 user;		/* in whose slot it is; 0: in none */
	__u8 slot;
	__u8 function;
	__u8 reserved_for;	/* user that alone may get it; 0: any */
	__u8 busy;		/* requests under way */
	__u8 bound;		/* a driver of the owner's has it */
	__u64 address;		/* owner's: domain << 16 | bus << 8 | devfn */
	__u64 clean_since;	/* ns since 1970 of the last reset, 0: none seen */
};

/* A VF for a slot of this user's server. */
struct vfpool_request {
	__u8 slot;
	__u8 vf;		/* VFPOOL_ANY: the owner chooses */
	__u8 reserved[2];
	__u32 flags;		/* VFPOOL_BUTTON */
};

/* With a press of the attention button (5 s), instead of link and presence. */
#define VFPOOL_BUTTON	0x1
/* Release: no press; the server switches the slot off by itself. */
#define VFPOOL_QUIET	0x2
/*
 * Owner only. Release: at once, a surprise removal. Assign: although the server
 * has another payload size than the card, and so reaches nothing until it has
 * set the same; one that boots later may.
 */
#define VFPOOL_FORCE	0x4

struct vfpool_release {
	__u8 user;
	__u8 slot;
	__u8 reserved[2];
	__u32 flags;		/* VFPOOL_QUIET or VFPOOL_FORCE */
};

/* Owner only; -EPROTO: the server's payload size is not the card's. */
struct vfpool_assign {
	__u8 vf;
	__u8 user;
	__u8 slot;
	__u8 function;
	__u32 flags;		/* VFPOOL_BUTTON, VFPOOL_FORCE */
};

/* Owner only; what is 0xff, 0xffff is left as it is. */
struct vfpool_user_info {
	__u8 user;
	__u8 quota;		/* most VFs of all cards, 0..64 for each card, 254 at most */
	__u8 weight;		/* share toward each card, 1..VFPOOL_MOST_WEIGHT */
	__u8 held;		/* out: VFs that it has now */
	__u16 payload;		/* out: bytes of a packet, at most, that its server has set */
	__u8 reserved[2];
};

/* Owner only: only this user may get the VF; 0: any. */
struct vfpool_reserve {
	__u8 vf;
	__u8 user;
	__u8 reserved[6];
};

/* Owner only: a broken VF (-EALREADY: it is not) is reset once more. */
struct vfpool_reset {
	__u8 vf;
	__u8 reserved[7];
};

/* Transactions of PCIe: posted (0), non-posted (1), completions (2). */
#define VFPOOL_PACKET_KINDS	3
#define VFPOOL_DROP_KINDS	16

/*
 * In: port (0 owner, 1.. users, then the cards). Owner only. Packets that came
 * in by and left through that port since the bridge's reset.
 */
struct vfpool_port_counters {
	__u8 port;
	__u8 reserved[7];
	__u64 time;		/* of these, ns since 1970 */
	__u64 rx[VFPOOL_PACKET_KINDS];
	__u64 tx[VFPOOL_PACKET_KINDS];
};

/*
 * In: vf. Owner only. Frames that the VF got and sent, as the PF's driver counts
 * them; -EOPNOTSUPP if it does not.
 */
struct vfpool_vf_counters {
	__u8 vf;
	__u8 reserved[7];
	__u64 time;		/* when the PF's driver was asked, ns since 1970 */
	__u64 rx_packets;
	__u64 tx_packets;
	__u64 rx_bytes;
	__u64 tx_bytes;
	__u64 rx_multicast;
	__u64 rx_dropped;
	__u64 tx_dropped;
};

/* Owner only. Packets that were not forwarded, by enum vfpool_drop of the bridge's registers. */
struct vfpool_drops {
	__u64 time;		/* ns since 1970 */
	__u64 packets[VFPOOL_DROP_KINDS];
};

enum vfpool_event_type {
	VFPOOL_EVENT_LOST = 0,		/* events are missing before this one */
	VFPOOL_EVENT_REQUEST = 1,	/* a user asks for a VF */
	VFPOOL_EVENT_DENIED = 2,	/* reason: enum vfpool_reason */
	VFPOOL_EVENT_ASSIGNED = 3,
	VFPOOL_EVENT_RELEASED = 4,	/* reset, and free again */
	VFPOOL_EVENT_POWER = 5,		/* of a slot; reason: 1 on, 0 off */
	VFPOOL_EVENT_FROZEN = 6,	/* reason: 1 frozen, 0 thawed */
	VFPOOL_EVENT_LINK = 7,		/* of a user's server; reason: 1 up, 0 down */
	VFPOOL_EVENT_GONE = 15,		/* the bridge does not answer any more */
};

/* Why the owner says no. */
enum vfpool_reason {
	VFPOOL_REASON_NONE = 0,
	VFPOOL_REASON_NO_VF = 1,	/* all are in use */
	VFPOOL_REASON_QUOTA = 2,
	VFPOOL_REASON_BUSY = 3,		/* that VF is in use, or being reset */
	VFPOOL_REASON_RESERVED = 4,	/* that VF is another user's */
	VFPOOL_REASON_SLOT = 5,		/* the slot is taken or busy */
	VFPOOL_REASON_CARD = 6,		/* the card has no VFs enabled */
	VFPOOL_REASON_PROFILE = 7,	/* the PF's driver refused the profile */
	VFPOOL_REASON_POLICY = 8,	/* the administrator has to assign */
	VFPOOL_REASON_PAYLOAD = 9,	/* the user's payload size is not the card's */
	VFPOOL_REASON_AGAIN = 10,	/* the owner has missed it: ask again */
};

struct vfpool_event {
	__u64 time;		/* ns since 1970 */
	__u32 sequence;
	__u8 kind;		/* enum vfpool_event_type */
	__u8 reason;
	__u8 user;
	__u8 slot;
	__u8 vf;		/* 0xff: none */
	__u8 function;
	__u8 reserved[6];
};

#define VFPOOL_IOC_INFO		_IOR('V', 0x40, struct vfpool_info)
#define VFPOOL_IOC_SLOT		_IOWR('V', 0x41, struct vfpool_slot_info)
#define VFPOOL_IOC_VF		_IOWR('V', 0x42, struct vfpool_vf_info)
#define VFPOOL_IOC_REQUEST	_IOW('V', 0x43, struct vfpool_request)
#define VFPOOL_IOC_RELEASE	_IOW('V', 0x44, struct vfpool_release)
#define VFPOOL_IOC_ASSIGN	_IOW('V', 0x45, struct vfpool_assign)
#define VFPOOL_IOC_USER		_IOWR('V', 0x46, struct vfpool_user_info)
#define VFPOOL_IOC_RESERVE	_IOW('V', 0x47, struct vfpool_reserve)
#define VFPOOL_IOC_GET_PROFILE	_IOWR('V', 0x48, struct vfpool_profile)
#define VFPOOL_IOC_SET_PROFILE	_IOW('V', 0x49, struct vfpool_profile)
#define VFPOOL_IOC_PORT_COUNTERS	_IOWR('V', 0x4a, struct vfpool_port_counters)
#define VFPOOL_IOC_VF_COUNTERS	_IOWR('V', 0x4b, struct vfpool_vf_counters)
#define VFPOOL_IOC_DROPS	_IOR('V', 0x4c, struct vfpool_drops)
#define VFPOOL_IOC_RESET	_IOW('V', 0x4d, struct vfpool_reset)
#define VFPOOL_IOC_CARD		_IOWR('V', 0x4e, struct vfpool_card_info)

#endif
