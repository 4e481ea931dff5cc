/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_SYSFS_H
#define AIRVF_SYSFS_H

extern struct device_attribute dev_attr_mtvd_workers, dev_attr_mtvd_policy;
extern struct device_attribute dev_attr_mtvd_batch, dev_attr_mtvd_cpus;
extern const struct attribute_group airvf_sysfs_group;

#endif
