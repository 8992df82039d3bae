/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_job.h - the ends of a domain's queue that only domain.c and domain_stop.c need; the rest is in domain.h. */
#pragma once
#include "drivers/qemu/domain.h"

/* Answers all who wait for their turn with err and frees them. */
void domain_jobs_refuse(Domain *domain, const Error *err);

/* The daemon ends: steps are dropped where they are (the status file names them), all replies are answered with err. */
void domain_jobs_abandon(Domain *domain, const Error *err);

/* The next one gets the domain, if nobody holds it and no QEMU is just ending; one that is neither stored nor active is dropped. */
void domain_jobs_next(Domain *domain);

/* QEMU has gone or is being made to go: the job that holds the domain fails with why. */
void domain_job_lose(Domain *domain, const Error *why);
