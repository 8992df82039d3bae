/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_start_private.h - where a start and an end meet: for domain_start.c, domain_stop.c and domain_adopt.c. */
#pragma once
#include "drivers/qemu/domain.h"

/* QEMU has ended while domain->start owned it. */
void domain_start_lost(Domain *domain, const Error *why);

/* After the process has gone: files, id and live object removed, state shutoff, STOPPED told, waiters told. May drop the domain. */
void domain_ended(Domain *domain);
void domain_tell_gone(Domain *domain);

/* The driver's end in the middle of a start. */
DomainStart *domain_start_free(DomainStart *start);
