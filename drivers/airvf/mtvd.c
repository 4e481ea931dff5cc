// SPDX-License-Identifier: GPL-2.0-only
/* MTVD's control side: making, binding, changing and ending workers. */
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "airvf.h"
#include "dispatch.h"
#include "mtvd.h"

static enum cpuhp_state hotplug_state;

static const char * const policy_names[AIRVF_POLICIES] = {
	[AIRVF_RR] = "rr", [AIRVF_FLOW] = "flow", [AIRVF_RR_ORDERED] = "rr-ordered",
};

const char *airvf_policy_name(enum airvf_policy policy)
{
	return policy_names[policy];
}

/* The i-th usable CPU, round and round; not the first, where vector 0 likes to be. */
static u32 airvf_mtvd_cpu_for(const struct cpumask *usable, u32 worker)
{
	u32 weight = cpumask_weight(usable), nth = (worker + 1) % weight, cpu;

	for_each_cpu(cpu, usable)
		if (!nth--)
			return cpu;
	return cpumask_first(usable);
}

/* @leaving: a CPU that is about to go, or nr_cpu_ids. mtvd_lock. */
static void airvf_mtvd_bind_workers(struct airvf *vf, u32 leaving)
{
	struct airvf_mtvd *mtvd = rcu_dereference_protected(vf->mtvd,
							     lockdep_is_held(&vf->mtvd_lock));
	cpumask_var_t usable;
	u32 i;

	if (!mtvd || !zalloc_cpumask_var(&usable, GFP_KERNEL))
		return;
	cpumask_copy(usable, cpu_online_mask);
	if (leaving < nr_cpu_ids)
		cpumask_clear_cpu(leaving, usable);
	/* Better on any CPU than on none. */
	if (cpumask_intersects(usable, &vf->mtvd_config.cpus))
		cpumask_and(usable, usable, &vf->mtvd_config.cpus);
	for (i = 0; i < mtvd->workers && !cpumask_empty(usable); i++) {
		struct airvf_worker *worker = mtvd->worker[i];

		worker->cpu = airvf_mtvd_cpu_for(usable, i);
		set_cpus_allowed_ptr(worker->napi.thread, cpumask_of(worker->cpu));
	}
	free_cpumask_var(usable);
}

static int airvf_mtvd_cpu_online(unsigned int cpu, struct hlist_node *node)
{
	struct airvf *vf = hlist_entry(node, struct airvf, cpu_node);

	/* Not RTNL: others take the hot-plug lock inside it. */
	mutex_lock(&vf->mtvd_lock);
	airvf_mtvd_bind_workers(vf, nr_cpu_ids);
	mutex_unlock(&vf->mtvd_lock);
	return 0;
}

static int airvf_mtvd_cpu_offline(unsigned int cpu, struct hlist_node *node)
{
	struct airvf *vf = hlist_entry(node, struct airvf, cpu_node);

	mutex_lock(&vf->mtvd_lock);
	airvf_mtvd_bind_workers(vf, cpu);
	mutex_unlock(&vf->mtvd_lock);
	return 0;
}

/* Pages that workers left. The dispatcher is stopped; slots in use keep theirs. */
static void airvf_mtvd_free_pages(struct airvf_queue *queue)
{
	u32 i, left = airvf_spsc_room(&queue->ring);

	for (i = queue->ring.next; left; i++, left--) {
		struct airvf_task *task = &queue->task[i & queue->ring.mask];

		if (task->buf.data)
			airvf_page_put(virt_to_page(task->buf.data), false);
		task->buf.data = NULL;
	}
}

static void airvf_mtvd_free_queue(struct airvf_queue *queue)
{
	if (!queue)
		return;
	airvf_mtvd_free_pages(queue);
	kvfree(queue->task);
	kfree(queue);
}

static struct airvf_queue *airvf_mtvd_make_queue(void)
{
	struct airvf_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL);

	if (!queue)
		return NULL;
	airvf_spsc_init(&queue->ring, AIRVF_WORKER_RING);
	queue->task = kvcalloc(AIRVF_WORKER_RING, sizeof(*queue->task), GFP_KERNEL);
	if (queue->task)
		return queue;
	kfree(queue);
	return NULL;
}

static void airvf_mtvd_stop_workers(struct airvf_mtvd *mtvd)
{
	u32 i;

	if (!mtvd->enabled)
		return;
	for (i = 0; i < mtvd->workers; i++)
		napi_disable(&mtvd->worker[i]->napi);
	for (i = 0; i < AIRVF_VECTORS_MAX; i++)
		if (mtvd->policy == AIRVF_RR_ORDERED)
			napi_disable(&mtvd->lane[i].release);
	mtvd->enabled = false;
}

/* Workers are stopped and no dispatcher knows the instance. */
static void airvf_mtvd_free_mtvd(struct airvf_mtvd *mtvd)
{
	u32 i, j;

	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		struct airvf_lane *lane = &mtvd->lane[i];

		if (lane->release.poll)
			netif_napi_del(&lane->release);
		for (j = 0; j < AIRVF_WORKERS_MAX; j++)
			airvf_mtvd_free_queue(lane->queue[j]);
		kvfree(lane->place);
	}
	for (i = 0; i < AIRVF_WORKERS_MAX; i++) {
		if (!mtvd->worker[i])
			continue;
		netif_napi_del(&mtvd->worker[i]->napi);
		kfree(mtvd->worker[i]);
	}
	airvf_dummy_free(mtvd->dummy);
	airvf_dummy_free(mtvd->unthreaded);
	kfree(mtvd);
}

static int airvf_mtvd_make_lane(struct airvf_mtvd *mtvd, struct airvf_lane *lane, u32 batch)
{
	u32 places = roundup_pow_of_two(mtvd->workers * AIRVF_WORKER_RING), i;

	lane->mtvd = mtvd;
	lane->spread = (struct airvf_spread){
		.policy = mtvd->policy,
		.workers = mtvd->workers,
		.batch = batch,
		.busy = mtvd->workers,
	};
	for (i = 0; i < mtvd->workers; i++) {
		lane->queue[i] = airvf_mtvd_make_queue();
		if (!lane->queue[i])
			return -ENOMEM;
	}
	if (mtvd->policy != AIRVF_RR_ORDERED)
		return 0;
	lane->place = kvcalloc(places, sizeof(*lane->place), GFP_KERNEL);
	if (!lane->place)
		return -ENOMEM;
	airvf_spsc_init(&lane->order, places);
	netif_napi_add(mtvd->unthreaded, &lane->release, airvf_release_poll);
	return 0;
}

/* Threads for NAPIs that are enabled: some kernels number these only then. */
static int airvf_mtvd_make_threads(struct airvf_mtvd *mtvd)
{
	int err = airvf_set_threaded(mtvd->dummy);
	u32 i;

	if (err)
		return err;
	/* Some kernels tell nobody that a thread could not be made. */
	for (i = 0; i < mtvd->workers; i++)
		if (!mtvd->worker[i]->napi.thread)
			return -ENOMEM;
	return 0;
}

static struct airvf_mtvd *airvf_mtvd_make_mtvd(struct airvf *vf,
					       const struct airvf_mtvd_config *config)
{
	struct airvf_mtvd *mtvd = kzalloc(sizeof(*mtvd), GFP_KERNEL);
	int err = -ENOMEM;
	u32 i;

	if (!mtvd)
		return ERR_PTR(-ENOMEM);
	mtvd->vf = vf;
	/* One has nothing to choose from, and nothing to put in order. */
	mtvd->policy = config->workers > 1 ? config->policy : AIRVF_RR;
	mtvd->workers = config->workers;
	mtvd->dummy = airvf_dummy_alloc();
	mtvd->unthreaded = airvf_dummy_alloc();
	if (!mtvd->dummy || !mtvd->unthreaded)
		goto fail;
	/* The threads are called napi/<interface>-<number>. */
	strscpy(mtvd->dummy->name, vf->netdev->name, IFNAMSIZ);
	for (i = 0; i < mtvd->workers; i++) {
		struct airvf_worker *worker = kzalloc(sizeof(*worker), GFP_KERNEL);

		if (!worker)
			goto fail;
		worker->mtvd = mtvd;
		worker->index = i;
		u64_stats_init(&worker->stats.sync);
		netif_napi_add(mtvd->dummy, &worker->napi, airvf_worker_poll);
		mtvd->worker[i] = worker;
	}
	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		err = airvf_mtvd_make_lane(mtvd, &mtvd->lane[i], config->batch);
		if (err)
			goto fail;
	}
	for (i = 0; i < mtvd->workers; i++)
		napi_enable(&mtvd->worker[i]->napi);
	for (i = 0; i < AIRVF_VECTORS_MAX; i++)
		if (mtvd->policy == AIRVF_RR_ORDERED)
			napi_enable(&mtvd->lane[i].release);
	mtvd->enabled = true;
	err = airvf_mtvd_make_threads(mtvd);
	if (!err)
		return mtvd;
fail:
	airvf_mtvd_stop_workers(mtvd);
	airvf_mtvd_free_mtvd(mtvd);
	return ERR_PTR(err);
}

/* The poll does the switch; it runs without help of the device. */
static void airvf_mtvd_switch_running(struct airvf_vector *vector, struct airvf_mtvd *new)
{
	vector->mtvd_next = new;
	/* Pairs with airvf_mtvd_hold(), in both directions. */
	smp_store_release(&vector->mtvd_switch, AIRVF_SWITCH_WANTED);
	/* The poll writes NONE after its last use of the old instance. */
	while (smp_load_acquire(&vector->mtvd_switch) != AIRVF_SWITCH_NONE) {
		local_bh_disable();
		napi_schedule(&vector->napi);
		local_bh_enable();
		usleep_range(100, 200);
	}
}

/* Nothing of it stands in the workers: these come and go. */
void airvf_mtvd_sum(const struct airvf *vf, struct airvf_mtvd_sum *sum)
{
	u64 dispatched, in_place, full;
	u32 i, start;

	*sum = (struct airvf_mtvd_sum){};
	for (i = 0; i < vf->vectors; i++) {
		const struct airvf_vector_stats *stats = &vf->vector[i]->stats;

		do {
			start = u64_stats_fetch_begin(&stats->sync);
			dispatched = stats->dispatched;
			in_place = stats->in_place;
			full = stats->full;
		} while (u64_stats_fetch_retry(&stats->sync, start));
		sum->dispatched += dispatched;
		sum->in_place += in_place;
		sum->full += full;
	}
	for (i = 0; i < AIRVF_QUEUES_MAX; i++) {
		sum->csum_bad += atomic64_read(&vf->made[i].csum_bad);
		sum->failed += atomic64_read(&vf->made[i].failed);
	}
}

static void airvf_mtvd_replace(struct airvf *vf, struct airvf_mtvd *new)
{
	struct airvf_mtvd *old = rtnl_dereference(vf->mtvd);
	u32 i;

	if (old)
		airvf_mtvd_stop_workers(old);
	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		struct airvf_vector *vector = vf->vector[i];

		if (vector && vf->up && i < vf->vectors_used) {
			airvf_mtvd_switch_running(vector, new);
			continue;
		}
		if (old)
			airvf_lane_drop(&old->lane[i]);
		if (vector)
			vector->mtvd = new;
	}
	mutex_lock(&vf->mtvd_lock);
	rcu_assign_pointer(vf->mtvd, new);
	airvf_mtvd_bind_workers(vf, nr_cpu_ids);
	mutex_unlock(&vf->mtvd_lock);
	if (old)
		airvf_mtvd_free_mtvd(old);
}

/* RTNL. On failure everything stays as it was. */
int airvf_mtvd_set(struct airvf *vf, const struct airvf_mtvd_config *config)
{
	const struct airvf_mtvd_config *now = &vf->mtvd_config;
	bool same = config->workers == now->workers &&
		    (!config->workers ||
		     (config->policy == now->policy && config->batch == now->batch));
	struct airvf_mtvd *new = NULL;

	if (test_bit(AIRVF_F_REMOVING, &vf->flags))
		return -ENODEV;
	if (config->workers && !same) {
		new = airvf_mtvd_make_mtvd(vf, config);
		if (IS_ERR(new))
			return PTR_ERR(new);
	}
	mutex_lock(&vf->mtvd_lock);
	vf->mtvd_config = *config;
	if (same)
		airvf_mtvd_bind_workers(vf, nr_cpu_ids);
	mutex_unlock(&vf->mtvd_lock);
	if (!same)
		airvf_mtvd_replace(vf, new);
	return 0;
}

static bool airvf_mtvd_empty(struct airvf_mtvd *mtvd)
{
	u32 i, j;

	for (i = 0; i < AIRVF_VECTORS_MAX; i++) {
		struct airvf_lane *lane = &mtvd->lane[i];

		if (mtvd->policy == AIRVF_RR_ORDERED && airvf_spsc_depth(&lane->order))
			return false;
		for (j = 0; j < mtvd->workers; j++)
			if (airvf_spsc_depth(&lane->queue[j]->ring))
				return false;
	}
	return true;
}

/* The dispatchers are stopped: let the workers finish what they have. */
void airvf_mtvd_drain(struct airvf *vf)
{
	struct airvf_mtvd *mtvd = rtnl_dereference(vf->mtvd);
	u32 i, j;

	if (!mtvd)
		return;
	/* Frames hold their pages by themselves, so a late one does no harm. */
	for (i = 0; i < 1000 && !airvf_mtvd_empty(mtvd); i++)
		usleep_range(1000, 2000);
	/* The rings that the pages are of may end. */
	for (i = 0; i < AIRVF_VECTORS_MAX; i++)
		for (j = 0; j < mtvd->workers; j++)
			airvf_mtvd_free_pages(mtvd->lane[i].queue[j]);
}

void airvf_mtvd_init(struct airvf *vf)
{
	mutex_init(&vf->mtvd_lock);
	vf->mtvd_config = (struct airvf_mtvd_config){
		.policy = AIRVF_FLOW,
		.batch = AIRVF_BATCH,
	};
}

/* Before unregister_netdev(): afterwards nothing may reach the stack. */
void airvf_mtvd_free(struct airvf *vf)
{
	rtnl_lock();
	if (rtnl_dereference(vf->mtvd))
		airvf_mtvd_replace(vf, NULL);
	rtnl_unlock();
}

int airvf_mtvd_register(struct airvf *vf)
{
	return cpuhp_state_add_instance_nocalls(hotplug_state, &vf->cpu_node);
}

void airvf_mtvd_unregister(struct airvf *vf)
{
	cpuhp_state_remove_instance_nocalls(hotplug_state, &vf->cpu_node);
}

int airvf_mtvd_module_init(void)
{
	int state = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "net/airvf:online",
					    airvf_mtvd_cpu_online, airvf_mtvd_cpu_offline);

	if (state < 0)
		return state;
	hotplug_state = state;
	return 0;
}

void airvf_mtvd_module_exit(void)
{
	cpuhp_remove_multi_state(hotplug_state);
}
