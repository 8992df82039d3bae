/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/capabilities_host.h - the <host> part of the capabilities: processor, NUMA cells, pages, what migration can use. */
#pragma once
#include <systemd/sd-id128.h>
#include "util/strbuf.h"

/* vendor, microcode, signature and topology, inside <cpu>, as /proc tells. */
void capabilities_add_host_cpu(StrBuf *xml);
/* cpu: the text inside <cpu> after <arch>, or NULL: only what /proc tells. */
void capabilities_add_host(StrBuf *xml, sd_id128_t host_uuid, const char *cpu);
