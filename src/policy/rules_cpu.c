/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/rules_cpu.c - rules about the CPU: the confidential facility, what does not migrate, what the host does not offer. */
#include "cpumodel/cpu_features.h"
#include "policy/policy_rule.h"
#include "util/strbuf.h"

#define CPU "/domain/cpu"

static const CpuExpansion *expansion(const PolicyCheck *check) {
        return check->facts->cpu;
}

static char *feature_path(const PolicyCheck *check, const char *feature) {
        if (cpu_def_find_feature(check->def->cpu, feature))
                return xasprintf(CPU "/feature[@name='%s']/@policy", feature);
        return xstrdup(CPU);
}

static char *join(const CpuFeatureSet *set) {
        CLEANUP(strbuf_done) StrBuf text = {};

        for (size_t i = 0; i < set->n; i++)
                strbuf_addf(&text, "%s%s", i ? "," : "", set->names[i]);
        return strbuf_steal(&text);
}

/* ---- The confidential facility ---- */

/* The facility itself ("unpack"); NULL where the architecture has none. */
static const char *facility(const PolicyCheck *check) {
        const CpuArchTable *table = cpu_arch_find(check->def->os.arch);

        for (size_t i = 0; table && i < table->n_rows; i++)
                if (table->rows[i].confidential && !table->rows[i].needs)
                        return table->rows[i].name;
        return NULL;
}

static bool facility_migrates(const PolicyCheck *check) {
        const CpuArchTable *table = cpu_arch_find(check->def->os.arch);

        return table && table->technology && policy_host_migrates(check->facts->host, table->technology);
}

static bool is_passthrough(const PolicyCheck *check) {
        return check->def->cpu &&
               (check->def->cpu->mode == CPU_MODE_HOST_PASSTHROUGH || check->def->cpu->mode == CPU_MODE_MAXIMUM);
}

static void find_secure_explicit(PolicyCheck *check, const PolicyRule *rule) {
        const CpuFeature *feature = facility(check) ? cpu_def_find_feature(check->def->cpu, facility(check)) : NULL;
        bool on = feature && feature->policy != CPU_POLICY_DISABLE && feature->policy != CPU_POLICY_FORBID &&
                  feature->policy != CPU_POLICY_OPTIONAL;

        if (on && check->verdict->intent.required && !facility_migrates(check))
                policy_found(check, rule, feature_path(check, feature->name), feature->name, NULL, NULL);
}

static void find_secure_passthrough(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        if (!cpu || !is_passthrough(check) || !cpu->has_secure || cpu->secure_explicit || facility_migrates(check))
                return;
        if (check->verdict->intent.required)
                policy_found(check, rule, xstrdup(CPU "/@mode"), facility(check),
                             table_name(&cpu_mode_table, (int) check->def->cpu->mode), NULL);
}

static void find_secure_kept(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        if (cpu && cpu->implicit && cpu->has_secure && !cpu->secure_explicit && check->verdict->intent.required && !check->tech &&
            !facility_migrates(check))
                policy_found(check, rule, xstrdup(CPU), facility(check), NULL, NULL);
}

static const char *strip_reason(const PolicyCheck *check, const CpuExpansion *cpu) {
        if (cpu->secure_disabled)
                return "it needs the facility that the definition takes out";
        return check->verdict->intent.required ? "migratability is required" : "policy.conf says strip_secure_cpu = always";
}

static void find_stripped(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        for (size_t i = 0; cpu && i < cpu->n_changes; i++)
                if (cpu->changes[i].kind == CPU_CHANGE_STRIPPED)
                        policy_found(check, rule, xstrdup(CPU), cpu->changes[i].feature, strip_reason(check, cpu), NULL);
}

static void find_securable_cpu(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        if (cpu && cpu->has_secure && !check->tech && !facility_migrates(check) && !check->facts->running)
                policy_found(check, rule, feature_path(check, facility(check)), facility(check), NULL, NULL);
}

/* A definition that asks for the facility keeps it in every mode, so only an implicit one can flip. */
static void find_pin(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        if (!cpu || !cpu->implicit || check->facts->pin == CPU_PIN_NONE || cpu->n_problems)
                return;
        if (check->facts->pin == CPU_PIN_WITH_SECURE && !cpu->has_secure && cpu->n_changes)
                policy_found(check, rule, xstrdup(CPU), "with", facility(check), "without");
        if (check->facts->pin == CPU_PIN_WITHOUT_SECURE && cpu->has_secure)
                policy_found(check, rule, xstrdup(CPU), "without", facility(check), "with");
}

/* ---- What does not migrate, or promises nothing ---- */

static void find_no_promise(PolicyCheck *check, const PolicyRule *rule) {
        if (is_passthrough(check) && !check->facts->running)
                policy_found(check, rule, xstrdup(CPU "/@mode"), table_name(&cpu_mode_table, (int) check->def->cpu->mode), NULL,
                             NULL);
}

static bool has_tsc_frequency(const DomainDef *def) {
        for (size_t i = 0; i < def->clock.timers.n; i++)
                if (def->clock.timers.items[i]->name == TIMER_TSC && def->clock.timers.items[i]->frequency)
                        return true;
        return false;
}

static bool unmigratable_switch(const PolicyCheck *check, const char *feature) {
        return is_passthrough(check) && check->def->cpu->migratable == TRISTATE_NO && check->cpu_host &&
               cpu_feature_set_has(&check->cpu_host->host_full, feature);
}

static void find_non_migratable(PolicyCheck *check, const PolicyRule *rule) {
        const CpuArchTable *table = cpu_arch_find(check->def->os.arch);

        if (!check->kvm || has_tsc_frequency(check->def))
                return;
        for (size_t i = 0; table && i < table->n_rows; i++) {
                const CpuFeatureRow *row = &table->rows[i];
                const CpuFeature *feature = cpu_def_find_feature(check->def->cpu, row->name);
                bool on = feature && feature->policy != CPU_POLICY_DISABLE && feature->policy != CPU_POLICY_FORBID;

                if (row->non_migratable && (on || (!feature && unmigratable_switch(check, row->name))))
                        policy_found(check, rule, feature ? feature_path(check, row->name) : xstrdup(CPU "/@migratable"),
                                     row->name, NULL, NULL);
        }
}

/* ---- What the host does not offer ---- */

static void find_problem(PolicyCheck *check, const PolicyRule *rule, CpuProblemKind kind, const char *path) {
        const CpuExpansion *cpu = expansion(check);

        for (size_t i = 0; cpu && i < cpu->n_problems; i++) {
                CLEANUP(free) char *names = NULL;

                if (cpu->problems[i].kind != kind)
                        continue;
                names = join(&cpu->problems[i].names);
                policy_found(check, rule,
                             cpu->problems[i].names.n == 1 && !path ? feature_path(check, names) : xstrdup(path ? path : CPU),
                             names, check->def->cpu && check->def->cpu->model ? check->def->cpu->model : "",
                             check->kvm ? "KVM" : "TCG");
        }
}

static void find_mode(PolicyCheck *check, const PolicyRule *rule) {
        const char *arch = check->def->os.arch, *host_arch = check->facts->host->host_arch;
        const CpuExpansion *cpu = expansion(check);

        for (size_t i = 0; cpu && i < cpu->n_problems; i++) {
                CLEANUP(free)
                char *where = xasprintf("%s %s domain on %s host", arch,
                                        table_name(&virt_type_table, (int) check->def->virt_type), host_arch ? host_arch : arch);

                if (cpu->problems[i].kind == CPU_PROBLEM_MODE)
                        policy_found(check, rule, xstrdup(CPU "/@mode"), table_name(&cpu_mode_table, (int) check->def->cpu->mode),
                                     where, NULL);
        }
}

static char *hint(const CpuProblem *problem) {
        return problem->nearest ? xasprintf("; did you mean '%s'?", problem->nearest) : xstrdup("");
}

static void find_model(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        for (size_t i = 0; cpu && i < cpu->n_problems; i++) {
                CLEANUP(free) char *meant = hint(&cpu->problems[i]);

                if (cpu->problems[i].kind == CPU_PROBLEM_MODEL)
                        policy_found(check, rule, xstrdup(CPU "/model"), check->def->cpu->model, meant, NULL);
        }
}

static void find_unknown_feature(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        for (size_t i = 0; cpu && i < cpu->n_problems; i++) {
                CLEANUP(free) char *meant = hint(&cpu->problems[i]);
                const CpuFeatureSet *names = &cpu->problems[i].names;

                for (size_t j = 0; cpu->problems[i].kind == CPU_PROBLEM_UNKNOWN_FEATURE && j < names->n; j++)
                        policy_found(check, rule, feature_path(check, names->names[j]), names->names[j],
                                     names->n == 1 ? meant : "", NULL);
        }
}

static void find_unusable(PolicyCheck *check, const PolicyRule *rule) {
        find_problem(check, rule, CPU_PROBLEM_MODEL_UNUSABLE, CPU "/model");
}
static void find_missing(PolicyCheck *check, const PolicyRule *rule) {
        find_problem(check, rule, CPU_PROBLEM_MISSING, NULL);
}
static void find_forbidden_feature(PolicyCheck *check, const PolicyRule *rule) {
        find_problem(check, rule, CPU_PROBLEM_FORBIDDEN, NULL);
}
static void find_policy(PolicyCheck *check, const PolicyRule *rule) {
        find_problem(check, rule, CPU_PROBLEM_POLICY, NULL);
}
static void find_no_expansion(PolicyCheck *check, const PolicyRule *rule) {
        find_problem(check, rule, CPU_PROBLEM_NO_EXPANSION, CPU "/@mode");
}

static void find_changes(PolicyCheck *check, const PolicyRule *rule, CpuChangeKind kind) {
        const CpuExpansion *cpu = expansion(check);
        CpuFeatureSet names = {};
        CLEANUP(free) char *text = NULL;

        for (size_t i = 0; cpu && i < cpu->n_changes; i++)
                if (cpu->changes[i].kind == kind)
                        cpu_feature_set_add(&names, cpu->changes[i].feature);
        text = join(&names);
        if (names.n)
                policy_found(check, rule, xstrdup(CPU), text, check->def->cpu->model, NULL);
        cpu_feature_set_done(&names);
}

static void find_left_out(PolicyCheck *check, const PolicyRule *rule) {
        find_changes(check, rule, CPU_CHANGE_NON_MIGRATABLE);
}
static void find_optional_off(PolicyCheck *check, const PolicyRule *rule) {
        find_changes(check, rule, CPU_CHANGE_OPTIONAL_OFF);
}
static void find_model_reduced(PolicyCheck *check, const PolicyRule *rule) {
        find_changes(check, rule, CPU_CHANGE_MISSING_OFF);
}

static void find_deprecated(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = expansion(check);

        if (!cpu)
                return;
        if (cpu->model_deprecated)
                policy_found(check, rule, xstrdup(CPU "/model"), "model", check->def->cpu->model, NULL);
        for (size_t i = 0; i < cpu->deprecated.n; i++)
                if (cpu_def_find_feature(check->def->cpu, cpu->deprecated.names[i]))
                        policy_found(check, rule, feature_path(check, cpu->deprecated.names[i]), "feature",
                                     cpu->deprecated.names[i], NULL);
}

#define BOTH(say) .start = (say), .required = (say)
#define QEMU_UNPACK "QEMU 6.0+: the unpack facility is not compatible with the --only-migratable option"

const PolicyRule policy_rules_cpu[] = {
        { .code = "WARD-CPU-SECURE",
          .required = SAY_REFUSE,
          .move = SAY_NOTHING,
          .effect = EFFECT_BLOCKS,
          .find = find_secure_explicit,
          .what = "the definition requires the CPU facility '{1}', whose use makes a guest unmigratable{demand}",
          .want = "either <feature policy='require' name='{1}'/> or required migratability, not both",
          .remedy = "disable '{1}' (policy='disable'), or start it without requiring migratability",
          .requirements = "R9 R12 R13 R23",
          .evidence = QEMU_UNPACK,
          .lifted_by = "vmm.migrates: the technology of the facility" },
        { .code = "WARD-CPU-PASSTHROUGH",
          .required = SAY_REFUSE,
          .effect = EFFECT_BLOCKS,
          .find = find_secure_passthrough,
          .what = "<cpu mode='{2}'> hands the host's facility '{1}' to the guest, whose use makes it unmigratable{demand}",
          .want = "'{1}' disabled explicitly, or another CPU mode",
          .remedy = "add <feature policy='disable' name='{1}'/>, use mode='host-model', or start it without requiring "
                    "migratability",
          .requirements = "R9 R37 R41 R51 R52",
          .evidence = QEMU_UNPACK,
          .lifted_by = "vmm.migrates: the technology of the facility" },
        { .code = "WARD-CPU-STRIP-NEVER",
          .required = SAY_REFUSE,
          .effect = EFFECT_BLOCKS,
          .find = find_secure_kept,
          .what = "host-model would offer the facility '{1}' to the guest, because policy.conf says strip_secure_cpu = "
                  "never{demand}",
          .want = "'{1}' out of the CPU",
          .remedy = "disable '{1}' in the definition, or set strip_secure_cpu = when-migratable",
          .requirements = "R9 R23 R38",
          .evidence = QEMU_UNPACK,
          .lifted_by = "vmm.migrates: the technology of the facility" },
        { .code = "WARD-CPU-STRIPPED",
          BOTH(SAY_NOTE),
          .find = find_stripped,
          .what = "the host's facility '{1}' is taken out of the CPU: {2}",
          .want = "nothing: the live XML shows it as disabled",
          .remedy = "to keep it, ask for it by name (<feature policy='require' name='{1}'/>) and do not require migratability",
          .requirements = "R11 R33 R34 R38 R40 R44 R49",
          .lifted_by = "vmm.migrates: the technology of the facility" },
        { .code = "WARD-CPU-SECURABLE",
          .start = SAY_NOTE,
          .effect = EFFECT_UNKNOWN,
          .find = find_securable_cpu,
          .what = "the CPU offers the facility '{1}': the guest can become secure by itself, and unmigratable with that",
          .want = "nothing: it migrates as long as the VMM says so",
          .remedy = "to be sure of migration, require it, or disable '{1}'",
          .requirements = "R4 R5 R7 R17 R20 R24 R43 R104",
          .evidence = "QEMU 7.2 source: DIAG 308 subcode 10" },
        { .code = "WARD-CPU-PIN",
          BOTH(SAY_REFUSE),
          .find = find_pin,
          .what = "this guest first ran {1} the CPU facility '{2}' and would now run {3} it: its CPU would change",
          .want = "the CPU that it had",
          .remedy = "start it as it was started before, or say in <cpu> by name what it shall have",
          .requirements = "R35 R36 R45 R47" },
        { .code = "WARD-CPU-NO-PROMISE",
          BOTH(SAY_NOTE),
          .effect = EFFECT_UNKNOWN,
          .find = find_no_promise,
          .what = "<cpu mode='{1}'> gives the guest what this host has: whether another host has the same nobody promises",
          .want = "<cpu mode='host-model'> or a named model",
          .remedy = "use one of those where migration matters",
          .requirements = "R41",
          .evidence = "libvirt: no guarantee for host-passthrough" },
        { .code = "WARD-CPU-NON-MIGRATABLE",
          .start = SAY_WARN,
          .required = SAY_REFUSE,
          .move = SAY_REFUSE,
          .effect = EFFECT_BLOCKS,
          .find = find_non_migratable,
          .what = "a VMM does not migrate a CPU that has '{1}'{demand}",
          .want = "a CPU without '{1}', or an explicit TSC frequency",
          .remedy = "disable '{1}', or give <timer name='tsc' frequency=''/>, which fixes what it depends on",
          .requirements = "R10 R23",
          .evidence = "QEMU 7.2 source: State blocked by non-migratable CPU device (invtsc flag)",
          .lifted_by = "query-migrate" },

        { .code = "WARD-CPU-MODE",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_VMM,
          .find = find_mode,
          .what = "CPU mode '{1}' for {2} is not supported by hypervisor",
          .want = "a mode that it has",
          .remedy = "use a named model, or host-model, or <domain type='kvm'>",
          .requirements = "R23 R121",
          .evidence = "libvirt 9.0" },
        { .code = "WARD-CPU-MODEL",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_VMM,
          .find = find_model,
          .what = "CPU model '{1}' is not known to this QEMU{2}",
          .want = "a model of `virsh domcapabilities`",
          .remedy = "choose one of them, or mode='host-model'",
          .requirements = "R23",
          .evidence = "query-cpu-definitions" },
        { .code = "WARD-CPU-MODEL-UNUSABLE",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_HOST,
          .error = ERROR_CPU_INCOMPATIBLE,
          .find = find_unusable,
          .what = "Host CPU does not provide required features: {1} (of CPU model '{2}' with {3})",
          .want = "a model that this host can run",
          .remedy = "disable those features, choose another model, or use mode='host-model'",
          .requirements = "R23 R84 R121",
          .evidence = "query-cpu-definitions: unavailable-features" },
        { .code = "WARD-CPU-MISSING",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_HOST,
          .error = ERROR_CPU_INCOMPATIBLE,
          .find = find_missing,
          .what = "Host CPU does not provide required features: {1}",
          .want = "features that this host and {3} offer",
          .remedy = "remove them, make them policy='optional', or 'force' them if QEMU can emulate them",
          .requirements = "R23 R84 R121",
          .evidence = "query-cpu-model-expansion" },
        { .code = "WARD-CPU-FORBIDDEN",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_HOST,
          .error = ERROR_CPU_INCOMPATIBLE,
          .find = find_forbidden_feature,
          .what = "Host CPU provides forbidden features: {1}",
          .want = "a host without them",
          .remedy = "use policy='disable' to hide them from the guest instead",
          .requirements = "R23",
          .evidence = "libvirt 9.0" },
        { .code = "WARD-CPU-UNKNOWN-FEATURE",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_VMM,
          .find = find_unknown_feature,
          .what = "unknown CPU feature: {1}{2}",
          .want = "a feature that exists",
          .remedy = "correct the name, or remove the <feature>",
          .requirements = "R23",
          .evidence = "query-cpu-model-expansion" },
        { .code = "WARD-CPU-POLICY",
          BOTH(SAY_REFUSE),
          .find = find_policy,
          .what = "only cpu feature policies 'require' and 'disable' are supported for {1}",
          .want = "policy='require' or 'disable'",
          .remedy = "change the policy of the feature",
          .requirements = "R6 R23",
          .evidence = "libvirt 9.0" },
        { .code = "WARD-CPU-NO-EXPANSION",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_VMM,
          .find = find_no_expansion,
          .what = "this QEMU with {3} told no host CPU, so host-model has nothing to become",
          .want = "a named model",
          .remedy = "use mode='custom' with a model, or mode='maximum'",
          .requirements = "R23 R105",
          .evidence = "query-cpu-model-expansion" },
        { .code = "WARD-CPU-LEFT-OUT",
          BOTH(SAY_NOTE),
          .find = find_left_out,
          .what = "host-model leaves out what does not migrate: {1}",
          .want = "nothing",
          .remedy = "ask for it by name if you need it",
          .requirements = "R33 R40",
          .evidence = "expansion with and without migratable" },
        { .code = "WARD-CPU-OPTIONAL-OFF",
          BOTH(SAY_NOTE),
          .find = find_optional_off,
          .what = "optional features that this host does not offer are off: {1}",
          .want = "nothing",
          .remedy = "nothing to do",
          .requirements = "R33" },
        { .code = "WARD-CPU-REDUCED",
          BOTH(SAY_WARN),
          .source = POLICY_FROM_HOST,
          .find = find_model_reduced,
          .what = "CPU model '{2}' runs here without: {1}",
          .want = "a model that this host can run",
          .remedy = "use mode='host-model', or check='partial' to have such a start refused",
          .requirements = "R33 R84",
          .evidence = "query-cpu-definitions: unavailable-features" },
        { .code = "WARD-CPU-DEPRECATED",
          BOTH(SAY_WARN),
          .source = POLICY_FROM_VMM,
          .find = find_deprecated,
          .what = "CPU {1} '{2}' is deprecated",
          .want = "a CPU without it",
          .remedy = "replace it before an upgrade makes it disappear",
          .requirements = "R46 R47",
          .evidence = "query-cpu-definitions, deprecated-props" },
        {}
};
