/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AIRVF_SERVICE_H
#define AIRVF_SERVICE_H

#include "airvf.h"

/* The service work itself; to make it run is in later.h. */
void airvf_service(struct work_struct *work);

#endif
