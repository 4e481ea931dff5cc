/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_MTVD_CONFIG_H
#define AIRVF_MTVD_CONFIG_H

#include <linux/cpumask.h>

#include "spread.h"

#define AIRVF_WORKERS_MAX	16
#define AIRVF_WORKER_RING	1024
#define AIRVF_BATCH		32
#define AIRVF_BATCH_MAX		256

struct airvf_mtvd_config {
	u32 workers;		/* 0: off */
	enum airvf_policy policy;
	u32 batch;
	struct cpumask cpus;	/* empty: all that are online */
};

#endif
