// SPDX-License-Identifier: GPL-2.0-only
/* The attributes of MTVD; see sysfs.c for the rules. */
#include <linux/kstrtox.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "airvf.h"
#include "mtvd.h"
#include "sysfs.h"

static struct airvf *airvf_sysfs_mtvd_vf_of(struct device *dev)
{
	return netdev_priv(to_net_dev(dev));
}

/* RTNL. A copy to change: with its CPU mask too large for the stack. */
static struct airvf_mtvd_config *airvf_sysfs_mtvd_get(struct device *dev)
{
	return kmemdup(&airvf_sysfs_mtvd_vf_of(dev)->mtvd_config, sizeof(struct airvf_mtvd_config),
		       GFP_KERNEL);
}

static ssize_t airvf_sysfs_mtvd_put(struct device *dev, struct airvf_mtvd_config *config,
				    size_t count)
{
	int err = config ? airvf_mtvd_set(airvf_sysfs_mtvd_vf_of(dev), config) : -ENOMEM;

	rtnl_unlock();
	kfree(config);
	return err ? err : count;
}

static ssize_t mtvd_workers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(airvf_sysfs_mtvd_vf_of(dev)->mtvd_config.workers));
}

static ssize_t mtvd_workers_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	struct airvf_mtvd_config *config;
	u32 workers;
	int err;

	err = kstrtou32(buf, 0, &workers);
	if (err)
		return err;
	if (workers > AIRVF_WORKERS_MAX)
		return -ERANGE;
	if (!rtnl_trylock())
		return restart_syscall();
	config = airvf_sysfs_mtvd_get(dev);
	if (config)
		config->workers = workers;
	return airvf_sysfs_mtvd_put(dev, config, count);
}
DEVICE_ATTR_RW(mtvd_workers);

static ssize_t mtvd_batch_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(airvf_sysfs_mtvd_vf_of(dev)->mtvd_config.batch));
}

static ssize_t mtvd_batch_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct airvf_mtvd_config *config;
	u32 batch;
	int err;

	err = kstrtou32(buf, 0, &batch);
	if (err)
		return err;
	if (!batch || batch > AIRVF_BATCH_MAX)
		return -ERANGE;
	if (!rtnl_trylock())
		return restart_syscall();
	config = airvf_sysfs_mtvd_get(dev);
	if (config)
		config->batch = batch;
	return airvf_sysfs_mtvd_put(dev, config, count);
}
DEVICE_ATTR_RW(mtvd_batch);

static ssize_t mtvd_policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	enum airvf_policy now = READ_ONCE(airvf_sysfs_mtvd_vf_of(dev)->mtvd_config.policy);
	int len = 0, i;

	for (i = 0; i < AIRVF_POLICIES; i++)
		len += sysfs_emit_at(buf, len, i == now ? "%s[%s]" : "%s%s", i ? " " : "",
				     airvf_policy_name(i));
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t mtvd_policy_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t count)
{
	struct airvf_mtvd_config *config;
	int policy;

	for (policy = 0; policy < AIRVF_POLICIES; policy++)
		if (sysfs_streq(buf, airvf_policy_name(policy)))
			break;
	if (policy == AIRVF_POLICIES)
		return -EINVAL;
	if (!rtnl_trylock())
		return restart_syscall();
	config = airvf_sysfs_mtvd_get(dev);
	if (config)
		config->policy = policy;
	return airvf_sysfs_mtvd_put(dev, config, count);
}
DEVICE_ATTR_RW(mtvd_policy);

static ssize_t mtvd_cpus_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct airvf *vf = airvf_sysfs_mtvd_vf_of(dev);
	ssize_t len;

	mutex_lock(&vf->mtvd_lock);
	len = sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(&vf->mtvd_config.cpus));
	mutex_unlock(&vf->mtvd_lock);
	return len;
}

static ssize_t mtvd_cpus_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct airvf_mtvd_config *config;
	cpumask_var_t cpus;
	ssize_t ret;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	/* An empty list means all CPUs. */
	ret = cpulist_parse(buf, cpus);
	if (!ret && !cpumask_empty(cpus) && !cpumask_intersects(cpus, cpu_online_mask))
		ret = -EINVAL;
	if (ret)
		goto out;
	if (!rtnl_trylock()) {
		ret = restart_syscall();
		goto out;
	}
	config = airvf_sysfs_mtvd_get(dev);
	if (config)
		cpumask_copy(&config->cpus, cpus);
	ret = airvf_sysfs_mtvd_put(dev, config, count);
out:
	free_cpumask_var(cpus);
	return ret;
}
DEVICE_ATTR_RW(mtvd_cpus);
