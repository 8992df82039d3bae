/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/explain.h - the one function that decides a start, asked by `explain` and by the start itself.
 *
 * domain_start's step "check-policy" and migrate_in call verdict_for_start() with the definition they are about to run; what
 * it returns holds everything the later steps need: the frozen CPU for the command line and the live XML, and whether
 * -only-migratable is passed. */
#pragma once
#include "drivers/driver.h"
#include "policy/policy.h"

typedef struct StartQuestion {
        PolicyOperation operation;              /* START, RESTORE, MIGRATE_IN */
        const DomainDef *def;                   /* completed */
        const PolicyHost *host;                 /* facts_for(), or from a facts file */
        const PolicySettings *settings;
        DomainIntent start_flag;
        CpuPin pin;
} StartQuestion;

typedef struct StartVerdict {
        PolicyVerdict *policy;                  /* ->allowed, ->only_migratable, ->intent */
        CpuExpansion *cpu;                      /* ->cpu: the frozen CPU; may be NULL when there is none */
} StartVerdict;

/* Never fails: a refusal is policy->allowed == false; word it with policy_verdict_error(). */
StartVerdict *verdict_for_start(const StartQuestion *question);
StartVerdict *start_verdict_free(StartVerdict *verdict);
DEFINE_CLEANUP(StartVerdict, start_verdict_free)

/* Source of a migration, save, snapshot, ...: def is the live definition, blocked what query-migrate said just now (R111). */
typedef struct RunningQuestion {
        PolicyOperation operation;
        const DomainDef *def;
        const PolicyHost *host;
        const PolicySettings *settings;
        DomainIntent start_flag;            /* as recorded when it was started */
        bool guaranteed;                        /* runs with -only-migratable */
        const char *const *blocked;
        size_t n_blocked;
} RunningQuestion;
PolicyVerdict *verdict_for_running(const RunningQuestion *question);

/* The verbs of driver.h. */
void qemu_explain(Driver *driver, const char *request, Reply *reply);
void qemu_policy_show(Driver *driver, const char *request, Reply *reply);
void qemu_host_facts(Driver *driver, const char *request, Reply *reply);

/* The driver ends: who waits for facts is told err. */
typedef struct FactsAsk FactsAsk;
typedef struct QemuDriver QemuDriver;
void facts_abandon(QemuDriver *driver, const Error *err);
