/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/explain_blocked.h - what a running guest's VMM says against migration, just now, or an error soon. */
#pragma once
#include <systemd/sd-event.h>
#include "drivers/qemu/domain.h"

typedef struct BlockedReasons {
        char **reasons;                 /* verbatim */
        size_t n;
} BlockedReasons;

/* Told once, from the loop: blocked (borrowed) or err. A VMM that does not answer within 2 s is an error, so nobody waits for a
 * hung one. */
typedef void (*BlockedDone)(const BlockedReasons *blocked, const Error *err, void *userdata);
int blocked_reasons_ask(sd_event *loop, Domain *domain, BlockedDone done, void *userdata, Error **err);
