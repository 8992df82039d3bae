/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qemu_arch.h"

#include <sys/utsname.h>

#include "util/cleanup.h"

static const QemuArch arches[] = {
        { "aarch64", "aarch64", 64, "aarch64" },
        { "alpha", "alpha", 64, NULL },
        { "arm", "armv7l", 32, NULL },
        { "cris", "cris", 32, NULL },
        { "hppa", "parisc", 32, NULL },
        { "i386", "i686", 32, "x86_64" },
        { "loongarch64", "loongarch64", 64, "loongarch64" },
        { "m68k", "m68k", 32, NULL },
        { "microblaze", "microblaze", 32, NULL },
        { "microblazeel", "microblazeel", 32, NULL },
        { "mips", "mips", 32, "mips" },
        { "mips64", "mips64", 64, "mips64" },
        { "mips64el", "mips64el", 64, "mips64" },
        { "mipsel", "mipsel", 32, "mips" },
        { "or1k", "or32", 32, NULL },
        { "ppc", "ppc", 32, "ppc" },
        { "ppc64", "ppc64", 64, "ppc64" },
        { "ppc64le", "ppc64le", 64, "ppc64le" },
        { "riscv32", "riscv32", 32, NULL },
        { "riscv64", "riscv64", 64, "riscv64" },
        { "s390x", "s390x", 64, "s390x" },
        { "sh4", "sh4", 32, NULL },
        { "sh4eb", "sh4eb", 64, NULL },
        { "sparc", "sparc", 32, NULL },
        { "sparc64", "sparc64", 64, NULL },
        { "x86_64", "x86_64", 64, "x86_64" },
        { "xtensa", "xtensa", 32, NULL },
        { "xtensaeb", "xtensaeb", 32, NULL },
};

const QemuArch *qemu_arch_by_target(const char *target) {
        for (size_t i = 0; target && i < N_ELEMENTS(arches); i++)
                if (streq(arches[i].target, target))
                        return &arches[i];
        return NULL;
}

const QemuArch *qemu_arch_by_name(const char *arch) {
        for (size_t i = 0; arch && i < N_ELEMENTS(arches); i++)
                if (streq(arches[i].arch, arch))
                        return &arches[i];
        return NULL;
}

static const char *host_machine(struct utsname *host) {
        return uname(host) < 0 ? "" : host->machine;
}

const char *qemu_arch_of_host(void) {
        struct utsname host;
        const char *machine = host_machine(&host);
        const QemuArch *found = machine[0] == 'i' && streq(machine + 2, "86") ? qemu_arch_by_name("i686") : qemu_arch_by_name(machine);

        return found ? found->arch : "x86_64";
}

bool qemu_arch_can_kvm(const QemuArch *arch) {
        struct utsname host;
        const char *machine = host_machine(&host);

        /* One binary serves both byte orders of POWER. */
        return arch->kvm_host && (streq(arch->kvm_host, machine) || (streq(arch->target, "ppc64") && streq(machine, "ppc64le")));
}
