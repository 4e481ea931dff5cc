// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/net/<interface>/airvf/: what ethtool has no words for. The format
 * is in docs/ABI/sysfs-class-net-airvf. Values out of range are refused with
 * -ERANGE, nonsense with -EINVAL, and a range is never silently clamped.
 */
#include <linux/kstrtox.h>
#include <linux/rtnetlink.h>
#include <linux/sysfs.h>

#include "airvf.h"
#include "moderate.h"
#include "sysfs.h"
#include "updown.h"

static struct airvf *airvf_sysfs_vf_of(struct device *dev)
{
	return netdev_priv(to_net_dev(dev));
}

/* RTNL without waiting for it: a removal waits for us under it. */
static int airvf_sysfs_lock(void)
{
	return rtnl_trylock() ? 0 : restart_syscall();
}

static ssize_t moderation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct airvf_mod_config config;
	int err = airvf_sysfs_lock(), len = 0, i;

	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	for (i = 0; i < AIRVF_MODES; i++) {
		if (!airvf_mod_available(i))
			continue;
		len += sysfs_emit_at(buf, len, i == config.mode ? "%s[%s]" : "%s%s",
				     len ? " " : "", airvf_mode_name(i));
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t moderation_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct airvf_mod_config config;
	int err, mode;

	for (mode = 0; mode < AIRVF_MODES; mode++)
		if (sysfs_streq(buf, airvf_mode_name(mode)))
			break;
	if (mode == AIRVF_MODES)
		return -EINVAL;
	err = airvf_sysfs_lock();
	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	config.mode = mode;
	err = airvf_set_moderation(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return err ? err : count;
}
static DEVICE_ATTR_RW(moderation);

/* Shown and set as a rate; 0: no throttle. */
static ssize_t fir_rate_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct airvf_mod_config config;
	int err = airvf_sysfs_lock();

	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return sysfs_emit(buf, "%u\n",
			  config.fir_steps ? airvf_steps_to_rate(config.fir_steps) : 0);
}

static ssize_t fir_rate_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct airvf_mod_config config;
	u32 rate;
	int err;

	err = kstrtou32(buf, 0, &rate);
	if (err)
		return err;
	if (rate && (rate < AIRVF_RATE_MIN || rate > AIRVF_RATE_MAX))
		return -ERANGE;
	err = airvf_sysfs_lock();
	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	config.fir_steps = rate ? airvf_rate_to_steps(rate) : 0;
	err = airvf_set_moderation(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return err ? err : count;
}
static DEVICE_ATTR_RW(fir_rate);

static ssize_t air_c_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct airvf_mod_config config;
	int err = airvf_sysfs_lock();

	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return sysfs_emit(buf, "%llu\n", config.air.cost.c);
}

static ssize_t air_c_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct airvf_mod_config config;
	u64 c;
	int err;

	err = kstrtou64(buf, 0, &c);
	if (err)
		return err;
	/* More than a thousand CPUs of 10 GHz. */
	if (c > 10000000000000ull)
		return -ERANGE;
	err = airvf_sysfs_lock();
	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	config.air.cost.c = c;
	err = airvf_set_moderation(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return err ? err : count;
}
static DEVICE_ATTR_RW(air_c);

/* An u32 of the configuration, with its range. */
struct number {
	struct device_attribute attr;
	size_t offset;
	u32 min;
	u32 max;
};

static u32 *airvf_sysfs_field(struct airvf_mod_config *config, const struct number *number)
{
	return (void *)config + number->offset;
}

static ssize_t number_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct number *number = container_of(attr, struct number, attr);
	struct airvf_mod_config config;
	int err = airvf_sysfs_lock();

	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return sysfs_emit(buf, "%u\n", *airvf_sysfs_field(&config, number));
}

static ssize_t number_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct number *number = container_of(attr, struct number, attr);
	struct airvf_mod_config config;
	u32 value;
	int err;

	err = kstrtou32(buf, 0, &value);
	if (err)
		return err;
	if (value < number->min || value > number->max)
		return -ERANGE;
	err = airvf_sysfs_lock();
	if (err)
		return err;
	airvf_mod_get(airvf_sysfs_vf_of(dev), &config);
	*airvf_sysfs_field(&config, number) = value;
	/* The classes would have a hole. */
	if (config.cgr.small_size > config.cgr.bulk_size)
		err = -EINVAL;
	else
		err = airvf_set_moderation(airvf_sysfs_vf_of(dev), &config);
	rtnl_unlock();
	return err ? err : count;
}

#define NUMBER(name, field, low, high)						\
	static struct number number_##name = {					\
		.attr = __ATTR(name, 0644, number_show, number_store),		\
		.offset = offsetof(struct airvf_mod_config, field),		\
		.min = low,							\
		.max = high,							\
	}

NUMBER(cgr_interval_us, cgr_us, 1000, 10000000);
NUMBER(cgr_rate_bulk, cgr.rate[AIRVF_CGR_BULK], AIRVF_RATE_MIN, AIRVF_RATE_MAX);
NUMBER(cgr_rate_intermediate, cgr.rate[AIRVF_CGR_INTERMEDIATE], AIRVF_RATE_MIN, AIRVF_RATE_MAX);
NUMBER(cgr_rate_sensitive, cgr.rate[AIRVF_CGR_SENSITIVE], AIRVF_RATE_MIN, AIRVF_RATE_MAX);
NUMBER(cgr_rate_critical, cgr.rate[AIRVF_CGR_CRITICAL], AIRVF_RATE_MIN, AIRVF_RATE_MAX);
NUMBER(cgr_bulk_size, cgr.bulk_size, 60, 65535);
NUMBER(cgr_small_size, cgr.small_size, 60, 65535);
NUMBER(cgr_occasional, cgr.occasional, 0, 1000000);
NUMBER(air_interval_us, air_us, 1000, 10000000);
NUMBER(air_k, air.k, 1, AIRVF_AIR_K_MAX);
NUMBER(air_offset, air.offset, 0, AIRVF_RATE_MAX);
NUMBER(air_threshold, air.threshold, 0, AIRVF_RATE_MAX);
NUMBER(air_latency_us, air.latency_us, 0, 1000000);
NUMBER(air_fast, air_fast, 0, 1);
NUMBER(air_cpkt, air.cost.cpkt, 0, 100000000);
NUMBER(air_cint, air.cost.cint, 0, 1000000000);

static struct attribute *attributes[] = {
	&dev_attr_moderation.attr,
	&dev_attr_fir_rate.attr,
	&number_cgr_interval_us.attr.attr,
	&number_cgr_rate_bulk.attr.attr,
	&number_cgr_rate_intermediate.attr.attr,
	&number_cgr_rate_sensitive.attr.attr,
	&number_cgr_rate_critical.attr.attr,
	&number_cgr_bulk_size.attr.attr,
	&number_cgr_small_size.attr.attr,
	&number_cgr_occasional.attr.attr,
	&number_air_interval_us.attr.attr,
	&number_air_k.attr.attr,
	&number_air_offset.attr.attr,
	&number_air_threshold.attr.attr,
	&number_air_latency_us.attr.attr,
	&number_air_fast.attr.attr,
	&dev_attr_air_c.attr,
	&number_air_cpkt.attr.attr,
	&number_air_cint.attr.attr,
	&dev_attr_mtvd_workers.attr,
	&dev_attr_mtvd_policy.attr,
	&dev_attr_mtvd_batch.attr,
	&dev_attr_mtvd_cpus.attr,
	NULL
};

const struct attribute_group airvf_sysfs_group = {
	.name = "airvf",
	.attrs = attributes,
};
