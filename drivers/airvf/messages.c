// SPDX-License-Identifier: GPL-2.0-only
/* The requests of the mailbox protocol, and what the PF grants. */
#include <linux/etherdevice.h>

#include "airvf.h"
#include "mailbox.h"
#include "messages.h"

static const char * const api_names[AIRVF_APIS] = {
	[AIRVF_API_10] = "1.0", [AIRVF_API_20] = "2.0", [AIRVF_API_11] = "1.1",
	[AIRVF_API_12] = "1.2", [AIRVF_API_13] = "1.3", [AIRVF_API_14] = "1.4",
	[AIRVF_API_15] = "1.5", [AIRVF_API_16] = "1.6", [AIRVF_API_17] = "1.7",
};

const char *airvf_api_name(enum airvf_api api)
{
	return api < AIRVF_APIS ? api_names[api] : "unknown";
}

/* Newest first. 1.5 stands behind 1.4: only ESX hosts accept it. */
static const enum airvf_api offers[] = {
	AIRVF_API_17, AIRVF_API_16, AIRVF_API_15, AIRVF_API_14, AIRVF_API_13,
	AIRVF_API_12, AIRVF_API_11, AIRVF_API_10,
};

static u32 airvf_msg_api_caps(enum airvf_api api)
{
	static const u32 added[AIRVF_APIS] = {
		[AIRVF_API_11] = AIRVF_CAP_QUEUES | AIRVF_CAP_JUMBO,
		[AIRVF_API_12] = AIRVF_CAP_RSS_QUERY | AIRVF_CAP_XCAST | AIRVF_CAP_LINK_STATE,
		[AIRVF_API_13] = AIRVF_CAP_PROMISC,
	};
	u32 caps = 0, i;

	for (i = 0; i <= api; i++)
		caps |= added[i];
	/* Not inherited: 1.6 and 1.7 negotiate it as a feature. */
	if (api == AIRVF_API_15)
		caps |= AIRVF_CAP_ESX;
	return caps;
}

static int airvf_msg_negotiate(struct airvf *vf)
{
	int err = -EACCES;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(offers); i++) {
		u32 msg[VFMBMEM_WORDS] = { MBX_API_NEGOTIATE, offers[i] };

		err = airvf_mbx_call(vf, msg, 3, 1);
		if (!err) {
			vf->api = offers[i];
			break;
		}
		if (err != -EACCES)
			break;
	}
	/* A PF from before the negotiation refuses all of it: that is 1.0. */
	if (err && err != -EACCES)
		return err;
	vf->caps = airvf_msg_api_caps(vf->api);

	if (vf->api == AIRVF_API_17) {
		u32 msg[VFMBMEM_WORDS] = { MBX_FEATURES, MBX_FEATURE_ESX };

		err = airvf_mbx_call(vf, msg, 2, 2);
		if (!err && (msg[1] & MBX_FEATURE_ESX))
			vf->caps |= AIRVF_CAP_ESX;
		else if (err && err != -EACCES)
			return err;
	}
	vf->mbx.esx = vf->caps & AIRVF_CAP_ESX;
	return 0;
}

static int airvf_msg_get_queues(struct airvf *vf)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_GET_QUEUES };
	int err;

	vf->granted = 1;
	vf->tcs = 0;
	vf->default_queue = 0;
	if (!(vf->caps & AIRVF_CAP_QUEUES))
		return 0;

	err = airvf_mbx_call(vf, msg, 5, 5);
	if (err == -EACCES)
		return 0;
	if (err)
		return err;
	/* Words from outside: what makes no sense becomes the minimum. */
	vf->granted = clamp(min(msg[1], msg[2]), 1u, (u32)AIRVF_QUEUES_MAX);
	/* 1 stands for a port VLAN, which the PF keeps to itself. */
	if (msg[3] > 1)
		vf->tcs = min_t(u32, msg[3], vf->granted);
	vf->default_queue = msg[4] < vf->granted ? msg[4] : 0;
	return 0;
}

/* RESET and everything that a VF asks before it can be used. */
int airvf_msg_register(struct airvf *vf)
{
	u32 reply[4];
	u8 mac[ETH_ALEN];
	int err;

	err = airvf_mbx_reset(vf, reply);
	if (err)
		return err;

	memcpy(mac, &reply[1], ETH_ALEN);
	vf->host_mac = (reply[0] & MBX_SUCCESS) && is_valid_ether_addr(mac);
	if (vf->host_mac)
		ether_addr_copy(vf->perm_addr, mac);
	vf->filter_type = reply[3] & 3;

	err = airvf_msg_negotiate(vf);
	if (!err)
		err = airvf_msg_get_queues(vf);
	if (!err)
		vf->registered = true;
	return err;
}

int airvf_msg_lpe(struct airvf *vf, u32 frame)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_SET_LPE, frame };

	return airvf_mbx_call(vf, msg, 2, 1);
}

int airvf_msg_mac(struct airvf *vf, const u8 *mac)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_SET_MAC };

	memcpy(&msg[1], mac, ETH_ALEN);
	return airvf_mbx_call(vf, msg, 3, 1);
}

int airvf_msg_vlan(struct airvf *vf, u16 vid, bool add)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_SET_VLAN | (u32)add << MBX_INFO_SHIFT, vid };

	return airvf_mbx_call(vf, msg, 2, 1);
}

/* Index 0 empties the list, 1 starts a new one, above appends. */
int airvf_msg_macvlan(struct airvf *vf, u32 index, const u8 *mac)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_SET_MACVLAN | min(index, 255u) << MBX_INFO_SHIFT };

	if (mac)
		memcpy(&msg[1], mac, ETH_ALEN);
	return airvf_mbx_call(vf, msg, 3, 1);
}

/* Twelve bits of the group address; which, the PF said in its RESET answer. */
static u16 airvf_msg_group_hash(u32 filter_type, const u8 *addr)
{
	u32 high = addr[4] | addr[5] << 8;

	return (high >> (4 - filter_type - (filter_type == 3))) & 0xfff;
}

int airvf_msg_multicast(struct airvf *vf, const u8 *groups, u32 count)
{
	u32 msg[VFMBMEM_WORDS] = {};
	u32 i;

	count = min_t(u32, count, MBX_MULTICAST_MAX);
	msg[0] = MBX_SET_MULTICAST | count << MBX_INFO_SHIFT;
	for (i = 0; i < count; i++)
		msg[1 + i / 2] |= (u32)airvf_msg_group_hash(vf->filter_type, groups + i * ETH_ALEN)
				  << (16 * (i & 1));
	return airvf_mbx_call(vf, msg, VFMBMEM_WORDS, 1);
}

/* @mode: wanted; then what the PF really set. */
int airvf_msg_xcast(struct airvf *vf, u32 *mode)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_UPDATE_XCAST, *mode };
	int err = airvf_mbx_call(vf, msg, 2, 2);

	if (!err)
		*mode = min_t(u32, msg[1], AIRVF_XCAST_PROMISC);
	return err;
}

int airvf_msg_link_state(struct airvf *vf, bool *enabled)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_GET_LINK_STATE };
	int err = airvf_mbx_call(vf, msg, 2, 2);

	if (!err)
		*enabled = msg[1];
	return err;
}

/* The table is the port's; two bits an entry, sixteen entries a word. */
int airvf_msg_reta(struct airvf *vf, u32 *table)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_GET_RETA };
	int err = airvf_mbx_call(vf, msg, 1, 9);
	u32 i;

	if (err)
		return err;
	for (i = 0; i < AIRVF_RETA_SIZE; i++)
		table[i] = (msg[1 + i / 16] >> (2 * (i % 16))) & 3;
	return 0;
}

int airvf_msg_rss_key(struct airvf *vf, u8 *key)
{
	u32 msg[VFMBMEM_WORDS] = { MBX_GET_RSS_KEY };
	int err = airvf_mbx_call(vf, msg, 1, 11);

	if (!err)
		memcpy(key, &msg[1], AIRVF_RSS_KEY_SIZE);
	return err;
}
