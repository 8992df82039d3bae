/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/live_ports.h - what a definition leaves to the start and the live definition shows: ports, addresses, paths, numbers. */
#pragma once
#include <stdbool.h>
#include "conf/domain_def.h"
#include "util/json.h"

typedef struct QemuDriver QemuDriver;

#define VNC_PORT_MIN 5900

/* Picks a free port for each VNC or spice display that has none. */
int live_ports_choose(QemuDriver *driver, DomainDef *def, Error **err);
/* Those of a guest that was found again. */
void live_ports_claim(QemuDriver *driver, const DomainDef *def);
void live_ports_release(QemuDriver *driver, const DomainDef *def);

/* What else only a running guest has: numbers of disks, whether anybody listens at a channel, all memory until the balloon
 * says less (incoming: what the source said). */
void live_ports_begin(DomainDef *def, bool incoming);
/* Out of a copy of a live definition again what another start, perhaps elsewhere, chooses anew. */
void live_ports_forget(const QemuDriver *driver, DomainDef *def);

bool live_ports_has_pty(const DomainDef *def);
/* From the answer of query-chardev: the paths of ptys go into the definition. */
int live_ports_take_chardevs(DomainDef *def, json_object *chardevs, Error **err);
