/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_rule.h - how a rule is written: a row of data, and a function that finds what it is about. Inside policy only.
 *
 * A row says what is reported at which kind of operation. Its texts may hold {1} {2} {3}, which the finder fills, {tech}, and
 * {demand}: ", but migratability is required by ..." when it is, nothing otherwise. To add a rule: a row in one of the
 * rules_*.c, a finder if none fits, a case in tests/data/verdicts, a line in docs/policy.md. */
#pragma once
#include "conf/domain_def.h"
#include "policy/policy.h"

#define OP(name) (1u << POLICY_##name)
#define OPS_ARRIVE (OP(START) | OP(RESTORE) | OP(MIGRATE_IN))
#define OPS_MOVE (OP(MIGRATE_OUT) | OP(SAVE) | OP(MANAGED_SAVE) | OP(SNAPSHOT_MEMORY))

typedef enum Say { SAY_NOTHING, SAY_NOTE, SAY_WARN, SAY_REFUSE } Say;
typedef enum Effect { EFFECT_NONE, EFFECT_UNKNOWN, EFFECT_BLOCKS } Effect;      /* on `migratable` */

/* ---- Technologies ---- */

typedef enum PolicyTech {
        TECH_SEV = 1 << 0,
        TECH_SEV_ES = 1 << 1,
        TECH_SEV_SNP = 1 << 2,
        TECH_TDX = 1 << 3,
        TECH_S390_PV = 1 << 4,
        TECH_PEF = 1 << 5,
} PolicyTech;
#define TECH_NOT_AFTER_LAUNCH (TECH_SEV_ES | TECH_SEV_SNP | TECH_TDX)   /* the VMM cannot touch CPU state after the launch */

typedef struct PolicyTechLink {         /* one link of the chain on the host (R97) */
        const char *name;               /* file or parameter, as in PolicyLink */
        const char *remedy;
} PolicyTechLink;

typedef struct PolicyTechnology {
        PolicyTech tech;
        const char *name;               /* "sev-es" */
        const char *title;              /* "AMD SEV-ES" */
        const char *arch, *object;
        const char *decided_by;         /* "vmm" at launch, or "guest" later (R3) */
        bool securable;                 /* no blocker until the guest turns secure (R4, R15) */
        const char *machines[4];        /* prefixes of machine types that can run it */
        const char *machine_words;      /* the same for a sentence */
        const char *blocker;            /* the VMM's words (R1) */
        const char *mechanism;          /* how it migrates: none for all of them today (R68) */
        const char *since, *until, *evidence;
        PolicyTechLink links[4];
} PolicyTechnology;

extern const PolicyTechnology policy_technologies[];
extern const size_t policy_n_technologies;
const PolicyTechnology *policy_technology_of(const DomainDef *def);             /* NULL: an ordinary guest */

/* ---- Rules ---- */

typedef struct PolicyRule PolicyRule;

typedef struct PolicyCheck {            /* one verdict being made */
        const PolicyFacts *facts;
        const DomainDef *def;
        const PolicyTechnology *tech;   /* NULL: none */
        const CpuHost *cpu_host;        /* of the accelerator that def uses; may be NULL */
        bool kvm;
        bool tech_migrates;             /* the fence is lifted for this VMM (R19) */
        PolicyVerdict *verdict;
        Effect effect;                  /* the worst so far */
} PolicyCheck;

struct PolicyRule {
        const char *code;
        Say start;                      /* arrival when migratability is not required */
        Say required;                   /* arrival when it is */
        Say move;                       /* operations of move_ops */
        unsigned move_ops;              /* 0: OPS_MOVE */
        bool hotplug;                   /* also says at HOTPLUG what it says at arrival */
        PolicySource source;
        ErrorCode error;                /* 0: ERROR_CONFIG_UNSUPPORTED */
        Effect effect;
        void (*find)(PolicyCheck *check, const PolicyRule *rule);
        const char *what, *want, *remedy;
        const char *remedy_required;    /* instead of remedy when migratability is required; NULL: the same */
        const char *requirements;       /* "R13 R23" */
        const char *since, *until;      /* VMM versions; NULL: any */
        const char *evidence, *lifted_by;
};

/* Each ends with {}. */
extern const PolicyRule policy_rules_intent[], policy_rules_secure[], policy_rules_cpu[], policy_rules_device[];
extern const PolicyRule *const policy_rule_sets[];      /* the four, NULL-terminated */

/* A finder has found one: path is taken over; a, b, c (may be NULL) stand for {1} {2} {3}. */
void policy_found(PolicyCheck *check, const PolicyRule *rule, char *path, const char *a, const char *b, const char *c);
/* The same with another effect than the row's. */
void policy_found_effect(PolicyCheck *check, const PolicyRule *rule, Effect effect, char *path, const char *a, const char *b,
                         const char *c);

/* ---- Fences: technology x operation ---- */

typedef struct PolicyFence {
        const char *code;
        unsigned techs, operations;
        Say say;
        unsigned until;                 /* VMM version from which it is gone; 0: none known */
        const char *what, *want, *remedy, *requirements, *evidence;
} PolicyFence;
extern const PolicyFence policy_fences[];               /* ends with {} */

/* ---- Devices that a VMM does not migrate ---- */

typedef struct PolicyDeviceRow {
        DeviceKind kind;
        bool (*match)(const PolicyCheck *check, const void *device);
        const char *name;               /* "NVMe disk passed through", for sentences */
        const char *model;              /* QEMU's device, whose probed fact overrides the row; NULL: cannot be asked */
        const char *attribute;          /* appended to the device's path: "/driver/@type" */
        Effect effect;                  /* BLOCKS, UNKNOWN, or NONE for a mere note */
        bool vmm_tells;                 /* a running VMM lists it among its blocked-reasons */
        const char *why;
        unsigned until;                 /* VMM version from which it is different; 0: none known */
        const char *evidence;
} PolicyDeviceRow;
extern const PolicyDeviceRow policy_device_rows[];
extern const size_t policy_n_device_rows;

/* ---- Text ---- */

/* template with {1} {2} {3} {demand} {tech} replaced; the caller frees. */
char *policy_text(const PolicyCheck *check, const char *template, const char *a, const char *b, const char *c);
