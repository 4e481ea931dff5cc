// SPDX-License-Identifier: GPL-2.0-only
/* The parts of a transmit ring that are not in every packet's way. */
#include "tx_ring.h"

/* Context 0 is another one: which packets need nothing but that? */
static void airvf_tx_learn_usual(struct airvf_tx_ring *ring, const struct airvf_tx_plan *plan)
{
	memset(&ring->usual, 0xff, sizeof(ring->usual));
	if (!ring->small || !(plan->olinfo & TXD_TXSM) || plan->cmd & TXD_VLE ||
	    plan->type & TXC_L4T_SCTP)
		return;
	ring->usual.mac = plan->lens >> TXC_MACLEN_SHIFT;
	ring->usual.csum.start = plan->lens & TXC_IPLEN_MAX;
	ring->usual.csum.offset = plan->type & TXC_L4T_TCP ? offsetof(struct tcphdr, check) :
							     offsetof(struct udphdr, check);
}

void airvf_tx_put_context(struct airvf_tx_ring *ring, u16 i, const struct airvf_tx_plan *plan)
{
	struct airvf_tx_ctx *ctx = (struct airvf_tx_ctx *)&ring->desc[i];

	if (!(plan->mss & 1 << TXC_IDX_SHIFT))
		airvf_tx_learn_usual(ring, plan);
	ctx->vlan_maclen_iplen = cpu_to_le32(plan->lens);
	ctx->sa_index = 0;
	ctx->type = cpu_to_le32(plan->type | TXD_DTYP_CTXT | TXD_DEXT);
	ctx->mss_l4len_idx = cpu_to_le32(plan->mss);
	ring->context[!!(plan->mss & 1 << TXC_IDX_SHIFT)] = (struct airvf_tx_context){
		.lens = plan->lens,
		.type = plan->type,
		.mss = plan->mss,
		.known = true,
	};
}

/* Takes back what was mapped for several slots. */
void airvf_tx_unwind(struct airvf_tx_ring *ring, u32 first, u32 end)
{
	u32 i;

	for (i = first; i != end; i = airvf_tx_next(ring, i))
		airvf_tx_unmap(ring, &ring->buf[i]);
}
