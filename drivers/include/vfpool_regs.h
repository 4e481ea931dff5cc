/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Generated from tools/regs/bridge.toml: management registers of the bridge. Do not edit. */
#ifndef VFPOOL_REGS_H
#define VFPOOL_REGS_H

/* 0x56465031, "VFP1" (ro, all) */
#define VFPOOL_ID 0x000

/* Who reads: the port that the access came in by. (ro, all) */
#define VFPOOL_ROLE 0x004
#define VFPOOL_ROLE_PORT_SHIFT 0
#define VFPOOL_ROLE_PORT_MASK 0xffu
#define VFPOOL_ROLE_OWNER_SHIFT 8
#define VFPOOL_ROLE_OWNER_MASK 0x1u

/* What this bridge was built for. (ro, all) */
#define VFPOOL_GEOMETRY 0x008
#define VFPOOL_GEOMETRY_USERS_SHIFT 0
#define VFPOOL_GEOMETRY_USERS_MASK 0xffu
#define VFPOOL_GEOMETRY_SLOTS_SHIFT 8
#define VFPOOL_GEOMETRY_SLOTS_MASK 0xffu
#define VFPOOL_GEOMETRY_SLOT_FNS_SHIFT 16
#define VFPOOL_GEOMETRY_SLOT_FNS_MASK 0xffu
#define VFPOOL_GEOMETRY_DEVICES_SHIFT 24
#define VFPOOL_GEOMETRY_DEVICES_MASK 0xffu

/* Kept, without meaning; one a port. (rw, all) */
#define VFPOOL_SCRATCH 0x00c

/* State of the pool. (ro, all) */
#define VFPOOL_STATUS 0x010
#define VFPOOL_STATUS_SRIOV_SHIFT 0
#define VFPOOL_STATUS_SRIOV_MASK 0x1u
#define VFPOOL_STATUS_FROZEN_SHIFT 1
#define VFPOOL_STATUS_FROZEN_MASK 0x1u
#define VFPOOL_STATUS_NUM_VFS_SHIFT 8
#define VFPOOL_STATUS_NUM_VFS_MASK 0xffu

/*
 * How long a request may stay unanswered before the bridge answers it with
 * Unsupported Request; a port that takes nothing for a quarter of it is stuck,
 * and what is meant for it is discarded. Milliseconds, 1..65535; reset value
 * 30. (rw, owner)
 */
#define VFPOOL_CPL_TIMEOUT_MS 0x014

/*
 * 0: no watch on the owner (reset value). Else the pool freezes when HEARTBEAT
 * was not written for this long. Milliseconds, up to 65535. (rw, owner)
 */
#define VFPOOL_HEARTBEAT_MS 0x018

/* Any write: the owner lives. Thaws a frozen pool. (wo, owner) */
#define VFPOOL_HEARTBEAT 0x01c

/*
 * Carried out when written; COMMAND_RESULT then tells how it went. A user's
 * server may give RELEASE and BUTTON for its own slots; the USER field is then
 * not looked at. (wo, all)
 */
#define VFPOOL_COMMAND 0x020
#define VFPOOL_COMMAND_OP_SHIFT 0
#define VFPOOL_COMMAND_OP_MASK 0xfu
#define VFPOOL_COMMAND_VF_SHIFT 8
#define VFPOOL_COMMAND_VF_MASK 0xffu
#define VFPOOL_COMMAND_USER_SHIFT 16
#define VFPOOL_COMMAND_USER_MASK 0xfu
#define VFPOOL_COMMAND_SLOT_SHIFT 20
#define VFPOOL_COMMAND_SLOT_MASK 0xfu
#define VFPOOL_COMMAND_FN_SHIFT 24
#define VFPOOL_COMMAND_FN_MASK 0xfu

/* Of the last COMMAND of this port. (ro, all) */
#define VFPOOL_COMMAND_RESULT 0x024
#define VFPOOL_COMMAND_RESULT_CODE_SHIFT 0
#define VFPOOL_COMMAND_RESULT_CODE_MASK 0xfu

/* Packets dropped or answered with an error since reset. (ro, owner) */
#define VFPOOL_LOG_COUNT 0x030

/* The last one. (ro, owner) */
#define VFPOOL_LOG_LAST 0x034
#define VFPOOL_LOG_LAST_REASON_SHIFT 0
#define VFPOOL_LOG_LAST_REASON_MASK 0xfu
#define VFPOOL_LOG_LAST_PORT_SHIFT 4
#define VFPOOL_LOG_LAST_PORT_MASK 0xfu

/* Its header, DW 0 first. (ro, owner) */
#define VFPOOL_LOG_HEADER(n) (0x040 + 4 * (n))
#define VFPOOL_LOG_HEADER_COUNT 4

/*
 * Packets by reason: 1 malformed, 2 unsupported, 3 no target, 4 not assigned, 5
 * bus master off, 6 unexpected completion, 7 (unused), 8 poisoned, 9 blocked.
 * (ro, owner)
 */
#define VFPOOL_DROPS(n) (0x080 + 4 * (n))
#define VFPOOL_DROPS_COUNT 16

/*
 * Share of host n toward the device, packets a round, 1..255; reset value 1.
 * (rw, owner)
 */
#define VFPOOL_WEIGHT(n) (0x0c0 + 4 * (n))
#define VFPOOL_WEIGHT_COUNT 16

/* Each VF. (ro, owner) */
#define VFPOOL_VF(n) (0x100 + 4 * (n))
#define VFPOOL_VF_COUNT 64
#define VFPOOL_VF_ASSIGNED_SHIFT 0
#define VFPOOL_VF_ASSIGNED_MASK 0x1u
#define VFPOOL_VF_STATE_SHIFT 1
#define VFPOOL_VF_STATE_MASK 0x3u
#define VFPOOL_VF_BUSY_SHIFT 3
#define VFPOOL_VF_BUSY_MASK 0x1u
#define VFPOOL_VF_USER_SHIFT 4
#define VFPOOL_VF_USER_MASK 0xfu
#define VFPOOL_VF_SLOT_SHIFT 8
#define VFPOOL_VF_SLOT_MASK 0xfu
#define VFPOOL_VF_FN_SHIFT 12
#define VFPOOL_VF_FN_MASK 0xfu

/*
 * Each slot, index (user - 1) * SLOTS + slot; a user's server finds its own
 * from index 0 on. (ro, all)
 */
#define VFPOOL_SLOT(n) (0x200 + 4 * (n))
#define VFPOOL_SLOT_COUNT 64
#define VFPOOL_SLOT_PRESENT_SHIFT 0
#define VFPOOL_SLOT_PRESENT_MASK 0x1u
#define VFPOOL_SLOT_LINK_SHIFT 1
#define VFPOOL_SLOT_LINK_MASK 0x1u
#define VFPOOL_SLOT_POWERED_SHIFT 2
#define VFPOOL_SLOT_POWERED_MASK 0x1u
#define VFPOOL_SLOT_USABLE_SHIFT 3
#define VFPOOL_SLOT_USABLE_MASK 0x1u
#define VFPOOL_SLOT_POWER_LED_SHIFT 4
#define VFPOOL_SLOT_POWER_LED_MASK 0x3u
#define VFPOOL_SLOT_ATTENTION_LED_SHIFT 6
#define VFPOOL_SLOT_ATTENTION_LED_MASK 0x3u
#define VFPOOL_SLOT_RELEASING_SHIFT 8
#define VFPOOL_SLOT_RELEASING_MASK 0x1u

/*
 * Packets that came in: port * 4 + class (0 posted, 1 non-posted, 2
 * completion). The device is the last port. (ro, owner)
 */
#define VFPOOL_RX(n) (0x400 + 4 * (n))
#define VFPOOL_RX_COUNT 64

/* Packets that went out: port * 4 + class. (ro, owner) */
#define VFPOOL_TX(n) (0x500 + 4 * (n))
#define VFPOOL_TX_COUNT 64

#endif
