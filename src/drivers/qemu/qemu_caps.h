/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_caps.h - what a QEMU binary can do on this host: probed over QMP, kept on disk, never assumed from a version.
 *
 * A QemuCaps is read-only and shared by reference; qemu_caps_cache.h says where they come from. */
#pragma once
#include "cpumodel/cpu_host.h"

typedef struct QemuCaps QemuCaps;

typedef enum QemuAccel { QEMU_ACCEL_TCG, QEMU_ACCEL_KVM, QEMU_ACCEL_MAX } QemuAccel;

typedef struct QemuMachine {
        const char *name;               /* "pc-q35-7.2" */
        const char *alias;              /* "q35"; NULL: none */
        const char *default_cpu;        /* a model: "qemu64"; NULL: none */
        const char *default_ram_id;     /* "pc.ram"; NULL: the machine makes its own memory */
        unsigned max_cpus;
        bool is_default, deprecated, hotpluggable_cpus;
} QemuMachine;

typedef struct QemuAccelCaps {
        bool usable;
        const char *reason;             /* why it is not usable: "/dev/kvm: Permission denied"; NULL when usable */
        const CpuHost *cpu_host;        /* CPU models and what the host's CPU offers under it; NULL when not usable */
} QemuAccelCaps;

QemuCaps *qemu_caps_ref(QemuCaps *caps);
QemuCaps *qemu_caps_unref(QemuCaps *caps);      /* NULL is fine; returns NULL */
DEFINE_CLEANUP(QemuCaps, qemu_caps_unref)
unsigned qemu_caps_n_refs(const QemuCaps *caps);

const char *qemu_caps_binary(const QemuCaps *caps);     /* absolute path */
unsigned qemu_caps_version(const QemuCaps *caps);       /* major * 1000000 + minor * 1000 + micro */
const char *qemu_caps_package(const QemuCaps *caps);    /* "Debian 1:7.2+dfsg-7+deb12u16"; "" when not told */
const char *qemu_caps_arch(const QemuCaps *caps);       /* as libvirt names it: "x86_64", "i686", "s390x", "ppc64" */
const char *qemu_caps_target(const QemuCaps *caps);     /* as QEMU names it: "i386" */

bool qemu_caps_has_command(const QemuCaps *caps, const char *command);          /* QMP */
bool qemu_caps_has_device(const QemuCaps *caps, const char *type);              /* -device */
bool qemu_caps_has_object(const QemuCaps *caps, const char *type);              /* -object; says nothing for confidential ones */
bool qemu_caps_has_confidential_object(const QemuCaps *caps, const char *type); /* "sev-guest": really implemented here (R118) */
bool qemu_caps_has_migration_capability(const QemuCaps *caps, const char *name);
bool qemu_caps_has_machine_property(const QemuCaps *caps, const char *name);    /* of every machine: "confidential-guest-support" */
/* All of them, NULL-terminated; for reports. */
const char *const *qemu_caps_commands(const QemuCaps *caps);
const char *const *qemu_caps_devices(const QemuCaps *caps);
const char *const *qemu_caps_confidential_objects(const QemuCaps *caps);
const char *const *qemu_caps_migration_capabilities(const QemuCaps *caps);
const char *const *qemu_caps_tpm_backends(const QemuCaps *caps);        /* "passthrough", "emulator" */

/* query-sev-capabilities: its answer (an object: pdh, cert-chain, cbitpos, reduced-phys-bits), else NULL and the error text
 * in *ret_error (NULL there too: the command does not exist). ret_error may be NULL. */
json_object *qemu_caps_sev(const QemuCaps *caps, const char **ret_error);

const QemuMachine *qemu_caps_machines(const QemuCaps *caps, size_t *ret_n);     /* as QEMU lists them, without "none" */
const QemuMachine *qemu_caps_find_machine(const QemuCaps *caps, const char *name_or_alias);     /* NULL: no such machine */
/* What an <os> without machine= gets: QEMU's default, or libvirt's choice where QEMU has none ("s390-ccw-virtio", "pseries"). */
const QemuMachine *qemu_caps_default_machine(const QemuCaps *caps);

const QemuAccelCaps *qemu_caps_accel(const QemuCaps *caps, QemuAccel accel);
QemuAccel qemu_caps_best_accel(const QemuCaps *caps);                   /* KVM when usable, else TCG */
/* The whole as JSON, the form of the cache files; the caller puts it. For facts files, tests and simulated hosts. */
json_object *qemu_caps_to_json(const QemuCaps *caps);
/* Takes the form of qemu_caps_to_json(), of a real or a simulated host; json is taken over, also on failure. what names the source in errors. */
int qemu_caps_from_json(json_object *json, const char *what, QemuCaps **ret, Error **err);
