/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure code (air.c, air_learn.c, cgr.c, cost.c, rate.c, spread.c, spsc.h)
 * needs from its surroundings, in the kernel and in user space. Those files include nothing
 * else, so the tests and the paper model run the very source that the driver
 * runs.
 */
#ifndef AIRVF_PURE_H
#define AIRVF_PURE_H

#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/cache.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>
#else
#include "pure_user.h"	/* the including program's: the same names in user space */
#endif /* __KERNEL__ */

#endif
