/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy.h - may this guest start, be saved, migrate? PolicyFacts in, PolicyVerdict out.
 *
 * Pure: no file, no clock, no QMP, so the verdict of the dry run and of the real call cannot differ, and a verdict can be
 * asked for a host that is elsewhere. R# are the numbered requirements of docs/policy.md. */
#pragma once
#include "cpumodel/cpu_expand.h"
#include "policy/policy_host.h"
#include "policy/policy_settings.h"
#include "util/error.h"
#include "util/json.h"

typedef enum PolicyOperation {
        POLICY_START,
        POLICY_RESTORE,                 /* from save, managed save or a snapshot with memory */
        POLICY_HOTPLUG,
        POLICY_MIGRATE_OUT,
        POLICY_MIGRATE_IN,
        POLICY_SAVE,
        POLICY_MANAGED_SAVE,
        POLICY_SNAPSHOT_MEMORY,
        POLICY_DUMP,
        POLICY_PEEK,                    /* memory peek, screenshot */
        POLICY_REBOOT,
        POLICY_BALLOON,
        POLICY_MEMORY_HOTPLUG,
        POLICY_CPU_HOTPLUG,
        POLICY_PAUSE,
        POLICY_OPERATION_MAX,
} PolicyOperation;
extern const EnumTable policy_operation_table;          /* "start", "migrate", ... */

/* Who asked for it: the first that speaks, and never weaker than what the host demands (R57). */
typedef struct PolicyIntent {
        bool required;                  /* -only-migratable; the guarantee lasts the guest's whole life (R54) */
        bool forbidden;                 /* migration out is refused: somebody said 'no' */
        const char *required_by;        /* "the start flag 'migratable'", ...; NULL when not required */
        const char *forbidden_by;       /* NULL when not forbidden */
        const char *required_path, *forbidden_path;     /* place in the XML, or "policy.conf: migratable", "start: migratable" */
        DomainIntent value;             /* for display: required, preferred or no */
} PolicyIntent;

typedef struct PolicyFacts {
        PolicyOperation operation;
        const DomainDef *def;                   /* completed; for a running guest the live one */
        const PolicyHost *host;                 /* VMM and host, probed; of the destination for MIGRATE_IN */
        const PolicySettings *settings;         /* policy.conf; NULL: the defaults */
        const CpuExpansion *cpu;                /* policy_expand_cpu(); NULL for operations on a running guest: def is expanded */
        DomainIntent start_flag;                /* of the start call, or as recorded for the running guest */
        CpuPin pin;
        bool running;                           /* a VMM exists: blocked is what it says */
        bool guaranteed;                        /* that VMM runs with -only-migratable (R32) */
        const char *const *blocked;             /* query-migrate's blocked-reasons just now, verbatim (R1, R111) */
        size_t n_blocked;
} PolicyFacts;

typedef enum PolicySeverity { POLICY_NOTE, POLICY_WARN, POLICY_REFUSE } PolicySeverity;
typedef enum PolicySource { POLICY_FROM_POLICY, POLICY_FROM_VMM, POLICY_FROM_HOST } PolicySource;
typedef enum PolicyAnswer { POLICY_NO, POLICY_YES, POLICY_UNKNOWN } PolicyAnswer;

typedef struct PolicyFinding {
        const char *code;               /* "WARD-...", stable; the rule's, not owned */
        PolicySeverity severity;
        PolicySource source;
        ErrorCode error;                /* what a libvirt client is told when this alone refuses: 67, 91, 55 */
        char *path;                     /* XPath of the culprit */
        char *what, *want, *remedy;
        const char *requirements;       /* "R13 R23", the rule's */
} PolicyFinding;

typedef struct PolicyVerdict {
        PolicyOperation operation;
        bool allowed;                   /* no finding of severity refuse */
        PolicyAnswer migratable;        /* could the guest be migrated if it ran as asked? Independent of allowed */
        bool simulated;                 /* the facts are of a simulated host or VMM: said wherever this is shown */
        bool only_migratable;           /* the VMM gets -only-migratable (R8, R44) */
        PolicyIntent intent;
        PolicyFinding *findings;        /* refusals first; then by path and code; no doubles */
        size_t n_findings;
} PolicyVerdict;

PolicyIntent policy_intent(const DomainDef *def, const PolicySettings *settings, DomainIntent start_flag);

/* The CPU that this guest gets under that intent, on that host. */
CpuExpansion *policy_expand_cpu(const DomainDef *def, const PolicyHost *host, const PolicySettings *settings,
                                const PolicyIntent *intent);

PolicyVerdict *policy_check(const PolicyFacts *facts);
PolicyVerdict *policy_verdict_free(PolicyVerdict *verdict);
DEFINE_CLEANUP(PolicyVerdict, policy_verdict_free)

/* The report (DESIGN.md): {"operation","domain","verdict","migratable","simulated","findings":[...]}. */
json_object *policy_verdict_to_json(const PolicyVerdict *verdict, const char *domain_name);

/* A refused verdict as an error, all reasons in one message with the remedy of each; always returns -1. MIGRATE_OUT: 55
 * "cannot migrate domain: R1; R2", as libvirt says it; CPU findings alone: 91; else 67. */
int policy_verdict_error(const PolicyVerdict *verdict, const char *domain_name, Error **err);

/* All rules, fences and devices as `wardsh policy show` prints them. */
json_object *policy_rules_to_json(void);

/* A technology of <launchSecurity>, by name: "sev", "sev-es", "sev-snp", "tdx", "s390-pv", "pef"; def's own, or NULL. */
const char *policy_technology(const DomainDef *def);

/* The links of the host's chain that it needs (PolicyLink.name): the i-th, or NULL after the last. */
const char *policy_technology_link(const char *technology, size_t i);
/* All technologies, by index; NULL after the last. arch (may be NULL) gets the guest architecture that it exists on. */
const char *policy_technology_name(size_t i, const char **arch);

/* A guest that was permitted to turn secure is "securable"; "secure" only once that was observed (R15, R20, R104). Technologies
 * decided at launch are secure when they run. "no", "securable", "secure". */
const char *policy_secure_state(const DomainDef *def, bool running, bool observed_blocker);
