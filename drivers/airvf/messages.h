/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_MESSAGES_H
#define AIRVF_MESSAGES_H

#include "airvf.h"

/*
 * Each returns 0, or an error of airvf_mbx_call(): -EACCES if the PF refused.
 * All sleep.
 */

/* RESET and everything that a VF asks before it can be used. */
int airvf_msg_register(struct airvf *vf);
/* @frame: longest frame with FCS, up to AIRVF_FRAME_MAX */
int airvf_msg_lpe(struct airvf *vf, u32 frame);
int airvf_msg_mac(struct airvf *vf, const u8 *mac);
/* @vid: 1 to 4095 */
int airvf_msg_vlan(struct airvf *vf, u16 vid, bool add);
/* @index: 0 empties the list (@mac NULL), 1 starts a new one, above appends */
int airvf_msg_macvlan(struct airvf *vf, u32 index, const u8 *mac);
/* @groups: @count addresses one behind the other; beyond 30 they are left out */
int airvf_msg_multicast(struct airvf *vf, const u8 *groups, u32 count);
/* @mode: enum airvf_xcast that is wanted; then what the PF really set */
int airvf_msg_xcast(struct airvf *vf, u32 *mode);
/* @enabled: the host's administrator left this VF's link on */
int airvf_msg_link_state(struct airvf *vf, bool *enabled);
/* @table: AIRVF_RETA_SIZE entries of 0 to 3 */
int airvf_msg_reta(struct airvf *vf, u32 *table);
/* @key: AIRVF_RSS_KEY_SIZE bytes */
int airvf_msg_rss_key(struct airvf *vf, u8 *key);
const char *airvf_api_name(enum airvf_api api);

#endif
