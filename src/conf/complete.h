/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete.h - what a definition does not say is filled in, as libvirt 9.0 does: defaults, controllers, addresses.
 *
 * Named passes over a parsed DomainDef, in the order of the table in complete.c. What the passes must know of the
 * emulator is handed in, so that this room knows no QEMU. A completed definition completes to itself. */
#pragma once
#include <stdbool.h>
#include "util/error.h"

typedef struct DomainDef DomainDef;

typedef struct CompletionMachine {
        const char *name;               /* canonical: "pc-q35-7.2" */
        const char *default_cpu;        /* model name, "qemu64"; NULL: the machine has none */
        unsigned max_cpus;              /* 0: not known */
} CompletionMachine;

/* Of the emulator that runs the definition: def->emulator, or the default one for its arch and virt type. All borrowed. */
typedef struct CompletionFacts {
        const char *arch;               /* libvirt's name: "x86_64", "s390x", "ppc64" */
        const char *emulator;           /* path for a definition that names none */
        const char *default_machine;    /* name or alias for a definition that names none */
        const char *nvram_dir;          /* where a guest's own UEFI variables are kept; NULL: their path stays open */
        /* By name or alias; false: no such machine. *ret is borrowed strings. */
        bool (*find_machine)(void *userdata, const char *name_or_alias, CompletionMachine *ret);
        /* Has the emulator this device type ("qemu-xhci")? NULL: yes, all. */
        bool (*has_device)(void *userdata, const char *type);
        /* Told of each thing that a pass adds, in order: pass "pci-addresses", what "disk 'vda': pci 0000:04:00.0", why "the next
         * free root port". NULL: nobody asks. */
        void (*note)(void *userdata, const char *pass, const char *what, const char *why);
        void (*passed)(void *userdata, const char *pass);       /* a pass has ended. NULL: nobody asks */
        void *userdata;
} CompletionFacts;

/* < 0 when the definition cannot be completed (no such machine, an address taken twice, no free slot ...): codes and words are
 * libvirt's where its clients could match on them. def is then half-completed and good for nothing but freeing. */
int domain_def_complete(DomainDef *def, const CompletionFacts *facts, Error **err);

/* Names all devices for the live definition ("virtio-disk0", "net0", ...), at start as libvirt does; a user's alias ("ua-...")
 * stays. */
void domain_def_assign_aliases(DomainDef *def);
