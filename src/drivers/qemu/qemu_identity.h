/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_identity.h - text that changes whenever what was probed of a QEMU binary may no longer hold. */
#pragma once
#include "util/error.h"

/* Kernel, processor, microcode, KVM's module parameters. The caller frees. */
char *qemu_identity_of_host(void);

/* host, /dev/kvm as it is now, and the file; ERROR_SYSTEM when it is not there or no program. */
int qemu_identity(const char *host, const char *binary, char **ret, Error **err);
