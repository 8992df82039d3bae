/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_host.h - what one host and one VMM binary were probed to support: the facts a verdict rests on.
 *
 * Collected by drivers/qemu/facts.c, or read from a file (`wardsh host facts > a.json`; `explain --host a.json`). What nobody
 * could ask is UNKNOWN and never read as yes. */
#pragma once
#include "cpumodel/cpu_host.h"
#include "util/error.h"
#include "util/json.h"
#include "util/table.h"

typedef enum Fact { FACT_UNKNOWN, FACT_NO, FACT_YES } Fact;
extern const EnumTable fact_table;              /* "unknown", "no", "yes" */

/* One link of the chain that a technology needs on the host (R97, R98), named as the administrator would look for it. */
typedef struct PolicyLink {
        char *name;                     /* "/sys/module/kvm_amd/parameters/sev", "kvm-cap:ppc-secure-guest" */
        Fact state;
} PolicyLink;

typedef struct PolicyDeviceFact {       /* as asked of this binary under -only-migratable */
        char *model;                    /* QEMU's: "nvme", "ich9-ahci" */
        Fact migratable;
} PolicyDeviceFact;

typedef struct PolicyHost {
        bool simulated;
        char *name;                     /* host name, for matrices; may be NULL */
        char *arch;                     /* the guest architecture this binary runs: "x86_64" */
        char *host_arch;                /* the host's own; NULL: not known */
        Fact kvm;                       /* /dev/kvm usable by the user QEMU runs as, and this binary has it */
        char *emulator;                 /* path of the binary */
        unsigned version;               /* major * 1000000 + minor * 1000 + micro */
        bool objects_known;             /* objects is the whole list, even when empty */
        char **objects;                 /* qom-list-types implements=confidential-guest-support (R118) */
        size_t n_objects;
        char **migrates;                /* technologies this VMM is known to migrate: their fences go (R19, R29) */
        size_t n_migrates;
        PolicyLink *links;
        size_t n_links;
        PolicyDeviceFact *devices;
        size_t n_devices;
        unsigned sev_cbitpos, sev_reduced_phys_bits;    /* 0: not known */
        const CpuHost *cpu_kvm, *cpu_tcg;       /* borrowed, perhaps from owned_cpus; either may be NULL: not probed */
        CpuHost *owned_cpus[2];
} PolicyHost;

PolicyHost *policy_host_new(const char *arch);
PolicyHost *policy_host_free(PolicyHost *host);
DEFINE_CLEANUP(PolicyHost, policy_host_free)

void policy_host_add_object(PolicyHost *host, const char *type);
void policy_host_add_migrates(PolicyHost *host, const char *technology);
void policy_host_add_link(PolicyHost *host, const char *name, Fact state);
void policy_host_add_device(PolicyHost *host, const char *model, Fact migratable);

bool policy_host_has_object(const PolicyHost *host, const char *type);
bool policy_host_migrates(const PolicyHost *host, const char *technology);
Fact policy_host_link(const PolicyHost *host, const char *name);                /* UNKNOWN when it was not asked */
Fact policy_host_device(const PolicyHost *host, const char *model);
const CpuHost *policy_host_cpu(const PolicyHost *host, bool kvm);

/* Strictly typed; an unknown key is refused with its place and the nearest known one. where names the document in errors. */
json_object *policy_host_to_json(const PolicyHost *host);
int policy_host_from_json(json_object *object, const char *where, PolicyHost **ret, Error **err);
