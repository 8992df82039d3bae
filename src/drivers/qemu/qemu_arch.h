/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_arch.h - guest architectures: QEMU's word for each, libvirt's word, and which host runs them with KVM. */
#pragma once
#include <stdbool.h>

typedef struct QemuArch {
        const char *target;             /* QEMU's, and the end of qemu-system-TARGET: "i386" */
        const char *arch;               /* libvirt's: "i686" */
        unsigned wordsize;
        const char *kvm_host;           /* host (as uname -m says it) that can run it with KVM; NULL: none */
} QemuArch;

const QemuArch *qemu_arch_by_target(const char *target);        /* NULL: unknown */
const QemuArch *qemu_arch_by_name(const char *arch);
const char *qemu_arch_of_host(void);                            /* libvirt's name of this machine's */
bool qemu_arch_can_kvm(const QemuArch *arch);                   /* on this machine, as far as the architectures go */
