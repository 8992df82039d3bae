/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/facts.h - PolicyHost of this machine: what qemu_caps probed, plus the host's own files.
 *
 * The VMM's part is made once per QemuCaps and kept; the host's files (sysfs and device nodes only, never a user's path)
 * are read again for every verdict that needs them: a module can be loaded or a parameter changed at any time. */
#pragma once
#include "policy/policy_host.h"

typedef struct QemuCaps QemuCaps;               /* drivers/qemu/qemu_caps.h */

typedef struct FactsStore FactsStore;
FactsStore *facts_store_new(const char *sysfs_root);            /* NULL: "/"; tests give another */
FactsStore *facts_store_free(FactsStore *store);
DEFINE_CLEANUP(FactsStore, facts_store_free)

#define FACTS_ALL_TECHNOLOGIES "*"      /* for a report */

/* Borrowed until the next call. technology ("sev", NULL: none) says which host files matter: none is read for an ordinary
 * guest. caps is referenced as long as its facts are kept. */
const PolicyHost *facts_for(FactsStore *store, QemuCaps *caps, const char *technology);
