/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_caps.h - what a QEMU binary can do on this host: probed over QMP, kept on disk, never assumed from a version.
 *
 * A QemuCaps is read-only and shared by reference. It belongs to one identity: the binary (path, size, mtime, inode), the
 * kernel, the processor with its microcode, KVM's module parameters and /dev/kvm. When any of them changes, the next
 * question probes again; whoever still holds the older QemuCaps keeps it. */
#pragma once
#include <systemd/sd-event.h>
#include "util/json.h"

typedef struct QemuCaps QemuCaps;
typedef struct QemuCapsCache QemuCapsCache;
typedef struct QemuCapsRequest QemuCapsRequest;

/* ---- What is known about a binary ---- */

typedef enum QemuAccel { QEMU_ACCEL_TCG, QEMU_ACCEL_KVM, QEMU_ACCEL_MAX } QemuAccel;

typedef struct QemuMachine {
        const char *name;               /* "pc-q35-7.2" */
        const char *alias;              /* "q35"; NULL: none */
        const char *default_cpu;        /* a QOM type: "qemu64-x86_64-cpu"; NULL: none */
        const char *default_ram_id;     /* "pc.ram"; NULL: the machine makes its own memory */
        unsigned max_cpus;
        bool is_default, deprecated, hotpluggable_cpus;
} QemuMachine;

typedef struct QemuCpuDef {
        const char *name;               /* "Haswell-noTSX" */
        const char *alias_of;           /* "Haswell-v2"; NULL: none */
        const char *type;               /* the QOM type */
        bool is_static, deprecated, migration_safe;
        bool usable_known;              /* QEMU says which features are missing */
        const char *const *unavailable; /* features that the host (or TCG) lacks for it; NULL-terminated; empty: usable as it is */
} QemuCpuDef;

/* How QEMU expands the host's CPU ("host" under KVM, "max" under TCG). props of an expansion is the object that
 * query-cpu-model-expansion returns as model.props: {"sse3": true, "family": 6, ...}. NULL: not known for this target. */
typedef struct QemuHostCpu {
        const char *model;              /* that was expanded: "host", "max" */
        const char *static_model;       /* name that the static expansion chose: "base", "gen15a-base" */
        json_object *static_props;
        json_object *full_props;                /* x86: with migratable=on (the default) */
        json_object *full_unmigratable_props;   /* x86: with migratable=off */
} QemuHostCpu;

typedef struct QemuAccelCaps {
        bool usable;
        const char *reason;             /* why it is not usable: "/dev/kvm: Permission denied"; NULL when usable */
        const QemuCpuDef *cpus;
        size_t n_cpus;
        QemuHostCpu host_cpu;
} QemuAccelCaps;

QemuCaps *qemu_caps_ref(QemuCaps *caps);
QemuCaps *qemu_caps_unref(QemuCaps *caps);      /* NULL is fine; returns NULL */
DEFINE_CLEANUP(QemuCaps, qemu_caps_unref)

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
const QemuCpuDef *qemu_caps_find_cpu(const QemuCaps *caps, QemuAccel accel, const char *name);  /* NULL: no such model */

/* x86: for every named model (unversioned names) the features that it has, an object {"Haswell": ["sse", "sse2", ...], ...} in QEMU's
 * spelling without aliases of a feature; NULL elsewhere. For finding the named model that is nearest to a host. */
json_object *qemu_caps_named_models(const QemuCaps *caps);

/* The whole as JSON, the form of the cache files; borrowed. For facts files, tests and simulated hosts. */
json_object *qemu_caps_json(const QemuCaps *caps);
/* Takes the form of qemu_caps_json(), of a real or a simulated host. what names the source in errors. */
int qemu_caps_from_json(json_object *json, const char *what, QemuCaps **ret, Error **err);

/* ---- Where they come from ---- */

/* Probed data are kept in dir_fd (duplicated; -1: only in memory), one file per binary; a file that is broken, of another
 * identity or of another version of virtward is ignored and written anew. search_path: directories to look for qemu-system-* in, separated
 * by ':'; NULL: /usr/bin, /usr/libexec and $PATH. Costs nothing: neither a file is read nor a program started before a question. */
QemuCapsCache *qemu_caps_cache_new(sd_event *loop, int dir_fd, const char *search_path);
/* Running probes end; their callbacks are not called. */
QemuCapsCache *qemu_caps_cache_free(QemuCapsCache *cache);
DEFINE_CLEANUP(QemuCapsCache, qemu_caps_cache_free)

/* What is known now, from memory or from the cache file, without starting anything; borrowed (ref it to keep it). NULL: get() would probe. */
QemuCaps *qemu_caps_cache_peek(QemuCapsCache *cache, const char *binary);

/* Told once: caps (borrowed: ref it to keep it), or NULL and err, which names the binary and carries what it printed. */
typedef void (*QemuCapsCallback)(QemuCaps *caps, const Error *err, void *userdata);

/* Answers before it returns when peek() would have (then NULL is returned), else later from the loop. All who ask for one binary share a probe.
 * In a step of an Op: peek first, then get and op_hold(op, request, qemu_caps_request_cancel). */
QemuCapsRequest *qemu_caps_cache_get(QemuCapsCache *cache, const char *binary, QemuCapsCallback callback, void *userdata);
/* The callback is not called any more. Not after it was called. void * so that it fits op_hold(). */
void qemu_caps_request_cancel(void *request);

/* The installed binaries: absolute paths, sorted, NULL-terminated, each once (by file, not by name); borrowed until the next call.
 * Directories are read again when they change. */
const char *const *qemu_caps_cache_binaries(QemuCapsCache *cache);
/* The binary for an architecture in libvirt's name ("x86_64", "i686", "s390x", "ppc64"); NULL arch: the host's; NULL: not installed. */
const char *qemu_caps_cache_default_binary(QemuCapsCache *cache, const char *arch);
/* The architecture that a binary's name tells ("/usr/bin/qemu-system-i386": "i686"), without probing; NULL: it does not. */
const char *qemu_caps_binary_arch(const char *binary);
