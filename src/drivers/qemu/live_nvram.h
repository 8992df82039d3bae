/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/live_nvram.h - a guest's own UEFI variables: a copy of its firmware's template, made when it is first started. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "conf/domain_def.h"

/* Nothing to do without <nvram> or when the file is there already. *ret_made: it was made now. uid, gid: whose it shall be; -1: ours. */
int live_nvram_make(const DomainDef *def, uid_t uid, gid_t gid, bool *ret_made, Error **err);

/* Is there a file that an undefine would leave behind? */
bool live_nvram_exists(const DomainDef *def);
