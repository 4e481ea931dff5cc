/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_SYSFS_H
#define AIRVF_SYSFS_H

extern const struct attribute_group airvf_sysfs_group;

#endif
