// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge's management registers. The only file that knows them; their
 * description is tools/regs/bridge.toml. Each function is called with the
 * pool's lock held: a command and its result are two accesses.
 */
#include <linux/io.h>

#include "vfpool.h"
#include "vfpool_regs.h"

static u32 bridge_read(struct vfpool *pool, u32 offset)
{
	return ioread32(pool->regs + offset);
}

static void bridge_write(struct vfpool *pool, u32 offset, u32 value)
{
	iowrite32(value, pool->regs + offset);
}

/* Not removed, not reset, not another layout. */
bool vfpool_bridge_alive(struct vfpool *pool)
{
	return bridge_read(pool, VFPOOL_ID) == VFPOOL_ID_VALUE;
}

int vfpool_bridge_identify(struct vfpool *pool)
{
	struct vfpool_geometry geometry;
	struct vfpool_role role;
	u32 id = bridge_read(pool, VFPOOL_ID);

	if (id != VFPOOL_ID_VALUE) {
		pci_err(pool->pdev, "identifies itself as %#010x, not %#010x: no bridge, or one of another version\n",
			id, VFPOOL_ID_VALUE);
		return -ENODEV;
	}
	geometry = vfpool_geometry_unpack(bridge_read(pool, VFPOOL_GEOMETRY));
	role = vfpool_role_unpack(bridge_read(pool, VFPOOL_ROLE));
	pool->role = role.kind == VFPOOL_PORT_ROLE_OWNER ? VFPOOL_OWNER : VFPOOL_USER;
	pool->port = role.port;
	pool->users = geometry.users;
	pool->slots = geometry.slots;
	pool->functions = geometry.slot_fns;
	pool->cards = geometry.devices;
	if (!pool->users || pool->users > VFPOOL_MOST_USERS || !pool->slots ||
	    !pool->cards || pool->cards > VFPOOL_CARDS ||
	    pool->port > pool->users || pool->role != (pool->port ? VFPOOL_USER : VFPOOL_OWNER)) {
		pci_err(pool->pdev, "port %u of %u users with %u slots, %u cards makes no sense\n",
			pool->port, pool->users, pool->slots, pool->cards);
		return -ENODEV;
	}
	return 0;
}

void vfpool_bridge_info(struct vfpool *pool, struct vfpool_info *info)
{
	struct vfpool_status status = vfpool_status_unpack(bridge_read(pool, VFPOOL_STATUS));

	*info = (struct vfpool_info) {
		.interface = VFPOOL_INTERFACE,
		.role = pool->role,
		.port = pool->port,
		.users = pool->users,
		.slots = pool->slots,
		.functions = pool->functions,
		.sriov = status.sriov,
		.frozen = status.frozen,
		.vfs = min_t(u32, status.num_vfs, VFPOOL_CARD_VFS),
		.cards = pool->cards,
	};
}

/* Bytes that a packet of this port carries at most: what its server has set. */
u16 vfpool_bridge_payload(struct vfpool *pool, unsigned int port)
{
	return 128 << vfpool_payload_unpack(bridge_read(pool, VFPOOL_PAYLOAD(port))).size;
}

void vfpool_bridge_card(struct vfpool *pool, struct vfpool_card_info *card)
{
	struct vfpool_device r = vfpool_device_unpack(bridge_read(pool, VFPOOL_DEVICE(card->card)));
	/* The last name of the last card is none: VFPOOL_ANY. */
	int names = min(VFPOOL_CARD_VFS, VFPOOL_MOST_VFS - card->card * VFPOOL_CARD_VFS);

	card->port = vfpool_card_port(pool, card->card);
	card->link = r.link;
	card->sriov = r.sriov;
	card->no_vfs = r.no_vfs;
	card->vfs = min_t(u32, r.num_vfs, names);
	card->payload = vfpool_bridge_payload(pool, card->port);
}

/* A user finds its own slots from index 0 on, the owner all of them. */
void vfpool_bridge_slot(struct vfpool *pool, u8 user, struct vfpool_slot_info *slot)
{
	unsigned int first = pool->role == VFPOOL_OWNER ? (user - 1) * pool->slots : 0;
	struct vfpool_slot r =
		vfpool_slot_unpack(bridge_read(pool, VFPOOL_SLOT(first + slot->slot)));

	slot->present = r.present;
	slot->link = r.link;
	slot->powered = r.powered;
	slot->releasing = r.releasing;
	slot->requested = r.requested;
	slot->power_led = r.power_led;
	slot->attention_led = r.attention_led;
	slot->physical = slot->slot + 1;	/* as each user's ports count them */
}

void vfpool_bridge_vf(struct vfpool *pool, struct vfpool_vf_info *vf)
{
	struct vfpool_vf r = vfpool_vf_unpack(bridge_read(pool, VFPOOL_VF(vf->vf)));

	vf->busy = r.busy;
	switch (r.state) {
	case VFPOOL_VF_STATE_IDLE:
		vf->use = r.assigned ? VFPOOL_USE_ASSIGNED : VFPOOL_USE_FREE;
		break;
	case VFPOOL_VF_STATE_DRAINING:
		vf->use = r.assigned ? VFPOOL_USE_ASSIGNED : VFPOOL_USE_DRAINING;
		break;
	case VFPOOL_VF_STATE_BROKEN:
		vf->use = VFPOOL_USE_BROKEN;
		break;
	default:
		vf->use = r.assigned ? VFPOOL_USE_ASSIGNED : VFPOOL_USE_RESETTING;
		break;
	}
	if (r.assigned) {
		vf->user = r.user;
		vf->slot = r.slot;
		vf->function = r.fn;
	}
}

static int bridge_command(struct vfpool *pool, const struct vfpool_command *command)
{
	struct vfpool_command_result result;

	bridge_write(pool, VFPOOL_COMMAND, vfpool_command_pack(command));
	result = vfpool_command_result_unpack(bridge_read(pool, VFPOOL_COMMAND_RESULT));
	switch (result.code) {
	case VFPOOL_RESULT_DONE:
		return 0;
	case VFPOOL_RESULT_NO_SUCH:
		return -EINVAL;
	case VFPOOL_RESULT_VF_IN_USE:
	case VFPOOL_RESULT_VF_BROKEN:
	case VFPOOL_RESULT_FN_IN_USE:
	case VFPOOL_RESULT_SLOT_BUSY:
		return -EBUSY;
	case VFPOOL_RESULT_OTHER_CARD:
		return -EXDEV;
	case VFPOOL_RESULT_SLOT_EMPTY:
	case VFPOOL_RESULT_NO_REQUEST:
		return -ENOENT;
	case VFPOOL_RESULT_NOT_ALLOWED:
		return -EPERM;
	default:
		return -EIO;
	}
}

int vfpool_bridge_request(struct vfpool *pool, const struct vfpool_request *request)
{
	const struct vfpool_command command = {
		.op = VFPOOL_OP_REQUEST,
		.vf = request->vf,
		.slot = request->slot,
		.button = !!(request->flags & VFPOOL_BUTTON),
	};

	return bridge_command(pool, &command);
}

int vfpool_bridge_deny(struct vfpool *pool, u8 user, u8 slot, enum vfpool_reason reason)
{
	const struct vfpool_command command = {
		.op = VFPOOL_OP_DENY,
		.vf = reason,
		.user = user,
		.slot = slot,
	};

	return bridge_command(pool, &command);
}

int vfpool_bridge_assign(struct vfpool *pool, const struct vfpool_assign *assign)
{
	const struct vfpool_command command = {
		.op = VFPOOL_OP_ASSIGN,
		.vf = assign->vf,
		.user = assign->user,
		.slot = assign->slot,
		.fn = assign->function,
		.button = !!(assign->flags & VFPOOL_BUTTON),
	};

	return bridge_command(pool, &command);
}

int vfpool_bridge_release(struct vfpool *pool, const struct vfpool_release *release)
{
	const struct vfpool_command command = {
		.op = release->flags & VFPOOL_FORCE ? VFPOOL_OP_FORCE :
		      release->flags & VFPOOL_QUIET ? VFPOOL_OP_DETACH : VFPOOL_OP_RELEASE,
		.user = release->user,
		.slot = release->slot,
	};

	return bridge_command(pool, &command);
}

int vfpool_bridge_reset(struct vfpool *pool, u8 vf)
{
	const struct vfpool_command command = { .op = VFPOOL_OP_RESET, .vf = vf };

	return bridge_command(pool, &command);
}

u8 vfpool_bridge_weight(struct vfpool *pool, u8 user)
{
	return vfpool_weight_unpack(bridge_read(pool, VFPOOL_WEIGHT(user))).share;
}

void vfpool_bridge_set_weight(struct vfpool *pool, u8 user, u8 weight)
{
	const struct vfpool_weight r = { .share = weight };

	bridge_write(pool, VFPOOL_WEIGHT(user), vfpool_weight_pack(&r));
}

u32 vfpool_bridge_received(struct vfpool *pool, u8 port, unsigned int kind)
{
	return bridge_read(pool, VFPOOL_RX(port * 4 + kind));
}

u32 vfpool_bridge_sent(struct vfpool *pool, u8 port, unsigned int kind)
{
	return bridge_read(pool, VFPOOL_TX(port * 4 + kind));
}

u32 vfpool_bridge_drops(struct vfpool *pool, unsigned int reason)
{
	return bridge_read(pool, VFPOOL_DROPS(reason));
}

/* The pool freezes when it has not heard of us for `ms`; 0: it does not watch. */
void vfpool_bridge_watch(struct vfpool *pool, unsigned int ms)
{
	const struct vfpool_heartbeat_ms r = { .ms = ms };

	vfpool_bridge_beat(pool);
	bridge_write(pool, VFPOOL_HEARTBEAT_MS, vfpool_heartbeat_ms_pack(&r));
}

void vfpool_bridge_beat(struct vfpool *pool)
{
	bridge_write(pool, VFPOOL_HEARTBEAT, 0);
}

u32 vfpool_bridge_event_count(struct vfpool *pool)
{
	return bridge_read(pool, VFPOOL_EVENT_COUNT);
}

/* False when the bridge does not have this event any more. */
bool vfpool_bridge_event(struct vfpool *pool, u32 index, struct vfpool_event *event)
{
	u32 word = bridge_read(pool, VFPOOL_EVENT_LOG(index % VFPOOL_EVENT_LOG_COUNT));
	struct vfpool_event_log r = vfpool_event_log_unpack(word);

	/* Looked at last: it may have been written over meanwhile. */
	if (vfpool_bridge_event_count(pool) - index > VFPOOL_EVENT_LOG_COUNT)
		return false;
	*event = (struct vfpool_event) {
		.kind = r.kind,
		.reason = r.reason,
		.user = r.user,
		.slot = r.slot,
		.vf = r.vf,
		.function = r.fn,
	};
	return true;
}

/* The newest request for a slot that the bridge's log still has; false: none. */
bool vfpool_bridge_logged_request(struct vfpool *pool, u8 user, u8 slot,
				  struct vfpool_event *request)
{
	u32 count = vfpool_bridge_event_count(pool), back;

	for (back = 1; back <= min_t(u32, count, VFPOOL_EVENT_LOG_COUNT); back++)
		if (vfpool_bridge_event(pool, count - back, request) &&
		    request->kind == VFPOOL_EVENT_REQUEST && request->user == user &&
		    request->slot == slot)
			return true;
	return false;
}

void vfpool_bridge_event_ack(struct vfpool *pool, u32 count)
{
	bridge_write(pool, VFPOOL_EVENT_ACK, count);
}
