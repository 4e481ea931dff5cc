// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors, their NAPI polls, and the mailbox's interrupt. The device masks a
 * vector when it fires (VTEIAM, VTEIAC); the end of the poll opens it again.
 */
#include <linux/interrupt.h>

#include "airvf.h"
#include "dispatch.h"
#include "hw.h"
#include "irq.h"
#include "later.h"
#include "mtvd.h"
#include "rx.h"
#include "tx.h"
#include "xsk.h"

/*
 * 0 only to measure what the statistics unit costs: tests/airvf/bench compares
 * with a driver that was made so.
 */
#ifndef AIRVF_STATISTICS
#define AIRVF_STATISTICS 1
#endif

static irqreturn_t airvf_irq_queue_interrupt(int irq, void *data)
{
	struct airvf_vector *vector = data;

	u64_stats_update_begin(&vector->irq_sync);
	WRITE_ONCE(vector->interrupts, vector->interrupts + 1);
	u64_stats_update_end(&vector->irq_sync);
	napi_schedule_irqoff(&vector->napi);
	return IRQ_HANDLED;
}

u64 airvf_irq_count(const struct airvf_vector *vector)
{
	u64 interrupts;
	u32 start;

	do {
		start = u64_stats_fetch_begin(&vector->irq_sync);
		interrupts = READ_ONCE(vector->interrupts);
	} while (u64_stats_fetch_retry(&vector->irq_sync, start));
	return interrupts;
}

static irqreturn_t airvf_irq_mailbox_interrupt(int irq, void *data)
{
	struct airvf *vf = data;

	vf->mbx_interrupts++;
	airvf_service_kick(vf);
	if (!test_bit(AIRVF_F_DOWN, &vf->flags))
		airvf_wr(vf, VTEIMS, BIT(vf->vectors));
	return IRQ_HANDLED;
}

static u32 airvf_irq_bucket(u32 packets)
{
	return min_t(u32, fls(packets), AIRVF_HIST - 1);
}

static bool airvf_irq_due(const struct airvf_mod *mod)
{
	return (s64)(airvf_cycles() - mod->last) >= (s64)mod->due;
}

/*
 * Is the poll that begins to be timed? Those that come after many light ones seldom
 * are (moderation.h), but a change of the configuration is seen at once.
 */
static bool airvf_irq_timed(const struct airvf_vector *vector)
{
	const struct airvf_mod_config *config = rcu_dereference_bh(vector->vf->mod_config);
	const struct airvf_mod *mod = &vector->mod;
	u64 poll = vector->stats.polls + 1;

	return AIRVF_STATISTICS && (airvf_poll_is_timed(mod->row, poll) ||
				    (poll >= mod->enough && airvf_irq_due(mod)) ||
				    unlikely(config->generation != mod->generation));
}

static void airvf_irq_begin(struct airvf_vector *vector)
{
	struct airvf_work *work = &vector->work;

	work->received = 0;
	work->sent = 0;
	work->bytes = 0;
	work->dry = false;
	work->start = 0;
	if (!airvf_irq_timed(vector))
		return;
	work->start = airvf_cycles();
	work->cleaned = work->start;
}

static void airvf_irq_account(struct airvf_vector *vector, bool finished)
{
	const struct airvf_work *work = &vector->work;
	struct airvf_vector_stats *stats = &vector->stats;
	u32 packets = work->received + work->sent, since_irq = vector->since_irq + packets;

	if (packets > AIRVF_LIGHT_PACKETS)
		vector->mod.row = 0;
	u64_stats_update_begin(&stats->sync);
	stats->polls++;
	stats->packets += packets;
	stats->bytes += work->bytes;
	stats->sent += work->sent;
	if (unlikely(!packets))
		stats->empty++;
	if (unlikely(work->dry))
		stats->dry++;
	if (likely(finished)) {
		stats->hist[airvf_irq_bucket(since_irq)]++;
		since_irq = 0;
	} else {
		stats->exhausted++;
	}
	u64_stats_update_end(&stats->sync);
	vector->since_irq = since_irq;
}

static bool airvf_irq_send(struct airvf_tx_ring *ring, int budget, struct airvf_work *work)
{
	bool finished = airvf_tx_clean(ring, budget, work);

	if (unlikely(ring->xsk) && budget)
		finished &= airvf_xsk_send(ring);
	return finished;
}

static bool airvf_irq_receive(struct airvf_rx_ring *rx, struct napi_struct *napi, int budget,
			      struct airvf_work *work)
{
	if (unlikely(rx->xsk))
		return airvf_xsk_poll(rx, napi, budget, work);
	return airvf_rx_poll(rx, napi, budget, work);
}

static int airvf_irq_poll(struct napi_struct *napi, int budget)
{
	struct airvf_vector *vector = container_of(napi, struct airvf_vector, napi);
	struct airvf_work *work = &vector->work;
	struct airvf *vf = vector->vf;
	bool finished = true, full = false, sent;
	int share = budget;
	u64 end = 0;
	u32 i;

	/* Whoever had it polled: nothing is there. */
	if (unlikely(test_bit(AIRVF_F_DOWN, &vf->flags))) {
		if (budget)
			napi_complete_done(napi, 0);
		return 0;
	}
	airvf_irq_begin(vector);
	for (i = 0; i < vector->n_tx; i++)
		if (!airvf_tx_idle(vector->tx[i]))
			finished &= airvf_irq_send(vector->tx[i], budget, work);
	sent = finished;
	if (work->sent && work->start)
		work->cleaned = airvf_cycles();
	/* netpoll wants the transmit side only. */
	if (!budget)
		return 0;

	if (airvf_mtvd_hold(vector, napi, budget))
		return budget;
	if (vector->n_rx > 1)
		share = max(budget / vector->n_rx, 1);
	for (i = 0; i < vector->n_rx; i++)
		finished &= airvf_irq_receive(vector->rx[i], napi, share, work);
	if (vector->mtvd) {
		full = sent && !finished && airvf_mtvd_wait(vector);
		airvf_mtvd_account(vector, full);
		if (work->start)
			vector->mod.helped += airvf_mtvd_helped(vector);
	}
	if (AIRVF_STATISTICS)
		airvf_irq_account(vector, finished);
	if (work->start)
		end = airvf_mod_poll(vector, finished);
	if (!finished && !full)
		return budget;

	/* budget itself would mean "poll me again". */
	budget = min_t(int, work->received, budget - 1);
	if (napi_complete_done(napi, budget)) {
		/* GRO has delivered there. No next poll before the mask opens. */
		if (end)
			airvf_mod_tail(&vector->mod, airvf_cycles() - end);
		if (!full && !test_bit(AIRVF_F_DOWN, &vf->flags))
			airvf_wr(vf, VTEIMS, BIT(vector->index));
	}
	return budget;
}

/* Buffers were missing when the ring ran empty. */
static void airvf_irq_retry(struct work_struct *work)
{
	struct airvf_vector *vector = container_of(to_delayed_work(work), struct airvf_vector,
						   retry);

	local_bh_disable();
	napi_schedule(&vector->napi);
	local_bh_enable();
}

void airvf_irq_arm(struct airvf *vf)
{
	u32 mask = GENMASK(vf->vectors_used - 1, 0) | BIT(vf->vectors);
	u32 i;

	airvf_wr(vf, VTEIAM, mask);
	airvf_wr(vf, VTEIAC, mask);
	/* Its handler opens the mask again, so only this limits a wild mailbox. */
	airvf_wr(vf, VTEITR(vf->vectors), AIRVF_STEPS_MAX << 3);
	airvf_wr(vf, VTEIMS, mask);
	/* What came before the mask was opened. */
	for (i = 0; i < vf->vectors_used; i++)
		airvf_irq_kick(vf->vector[i]);
}

void airvf_irq_synchronize(struct airvf *vf)
{
	u32 i;

	for (i = 0; i <= vf->vectors; i++)
		synchronize_irq(pci_irq_vector(vf->pdev, i));
}

/* All of them, also those without a queue: see airvf_napi_lock(). */
void airvf_polls_stop(struct airvf *vf)
{
	u32 i;

	airvf_napi_lock(vf->netdev);
	for (i = 0; i < vf->vectors; i++) {
		airvf_napi_disable(&vf->vector[i]->napi);
		/* Only polls start it. */
		cancel_delayed_work_sync(&vf->vector[i]->retry);
	}
}

void airvf_polls_go(struct airvf *vf)
{
	u32 i;

	for (i = 0; i < vf->vectors; i++)
		airvf_napi_enable(&vf->vector[i]->napi);
	airvf_napi_unlock(vf->netdev);
}

void airvf_irq_free(struct airvf *vf)
{
	u32 i;

	for (i = 0; i < vf->vectors; i++) {
		struct airvf_vector *vector = vf->vector[i];

		if (!vector->requested)
			continue;
		irq_update_affinity_hint(vector->irq, NULL);
		netif_napi_set_irq(&vector->napi, -1);
		free_irq(vector->irq, vector);
		vector->requested = false;
	}
	free_irq(pci_irq_vector(vf->pdev, vf->vectors), vf);
	vf->irqs = false;
}

int airvf_irq_request(struct airvf *vf)
{
	int err, irq = pci_irq_vector(vf->pdev, vf->vectors);
	unsigned int cpu;
	u32 i;

	snprintf(vf->mbx_name, sizeof(vf->mbx_name), "%s-mbx", vf->netdev->name);
	err = request_irq(irq, airvf_irq_mailbox_interrupt, 0, vf->mbx_name, vf);
	if (err)
		return err;
	vf->irqs = true;
	/* All vectors, also those without a queue now: queues come and go. */
	for (i = 0; i < vf->vectors; i++) {
		struct airvf_vector *vector = vf->vector[i];

		vector->irq = pci_irq_vector(vf->pdev, i);
		snprintf(vector->name, sizeof(vector->name), "%s-queue-%u",
			 vf->netdev->name, i);
		err = request_irq(vector->irq, airvf_irq_queue_interrupt, 0, vector->name, vector);
		if (err) {
			airvf_irq_free(vf);
			return err;
		}
		vector->requested = true;
		netif_napi_set_irq(&vector->napi, vector->irq);
		cpu = cpumask_local_spread(i, dev_to_node(&vf->pdev->dev));
		irq_update_affinity_hint(vector->irq, cpumask_of(cpu));
	}
	return 0;
}

/* The last vector is the mailbox's, the others are the queues'. */
int airvf_vectors_alloc(struct airvf *vf)
{
	/*
	 * After suspend as many as before, whatever became of the CPUs: rings,
	 * pools and workers are tied to their vectors.
	 */
	int max = vf->vectors ? vf->vectors + 1 :
				min_t(int, AIRVF_VECTORS_MAX, num_online_cpus()) + 1;
	int least = vf->vectors ? max : 2;
	int count = pci_alloc_irq_vectors(vf->pdev, least, max, PCI_IRQ_MSIX);
	int i;

	if (count < 0) {
		dev_err(&vf->pdev->dev, "needs %d MSI-X vectors: %d\n", least, count);
		return count;
	}
	vf->vectors = count - 1;
	/* After suspend the objects are still there. */
	for (i = 0; i < vf->vectors; i++) {
		struct airvf_vector *vector = vf->vector[i];

		if (vector)
			continue;
		vector = kzalloc_node(sizeof(*vector), GFP_KERNEL, dev_to_node(&vf->pdev->dev));
		if (!vector) {
			airvf_vectors_free(vf);
			return -ENOMEM;
		}
		vector->vf = vf;
		vector->index = i;
		vector->steps = airvf_rate_to_steps(AIRVF_RATE_START);
		u64_stats_init(&vector->stats.sync);
		u64_stats_init(&vector->irq_sync);
		INIT_DELAYED_WORK(&vector->retry, airvf_irq_retry);
		airvf_mod_vector_init(vector);
		airvf_napi_add(vf->netdev, &vector->napi, airvf_irq_poll, i);
		napi_enable(&vector->napi);
		vf->vector[i] = vector;
	}
	return 0;
}

void airvf_vectors_free(struct airvf *vf)
{
	int i;

	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		if (!vf->vector[i])
			continue;
		airvf_mod_vector_free(vf->vector[i]);
		napi_disable(&vf->vector[i]->napi);
		netif_napi_del(&vf->vector[i]->napi);
		kfree(vf->vector[i]);
		vf->vector[i] = NULL;
	}
	pci_free_irq_vectors(vf->pdev);
}
