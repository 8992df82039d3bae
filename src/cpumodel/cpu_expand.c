/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_expand.c - from the CPU that was asked for to the one that runs. */
#include "cpumodel/cpu_expand.h"

#include "conf/domain_def.h"
#include "cpumodel/cpu_features.h"
#include "util/strbuf.h"
#include "util/table.h"

typedef struct Expand {
        const CpuDef *def;
        const char *arch;
        const CpuArchTable *table;
        const CpuHost *host;
        const CpuExpandOptions *options;
        CpuFeatureSet base; /* on before the definition's own features: the host's or the named model's */
        CpuFeatureSet on;   /* on in the CPU that runs */
        CpuFeatureSet off;  /* named as off in the frozen CPU */
        CpuExpansion *out;
} Expand;

CpuExpansion *cpu_expansion_free(CpuExpansion *expansion) {
        if (!expansion)
                return NULL;
        cpu_def_free(expansion->cpu);
        for (size_t i = 0; i < expansion->n_changes; i++)
                free(expansion->changes[i].feature);
        for (size_t i = 0; i < expansion->n_problems; i++) {
                cpu_feature_set_done(&expansion->problems[i].names);
                free(expansion->problems[i].nearest);
        }
        free(expansion->changes);
        free(expansion->problems);
        cpu_feature_set_done(&expansion->deprecated);
        free(expansion);
        return NULL;
}

static void add_change(CpuExpansion *out, CpuChangeKind kind, const char *feature) {
        *ARRAY_APPEND(out->changes, out->n_changes) = (CpuChange){ kind, xstrdup(feature) };
}

/* One problem per kind collects all names. */
static CpuProblem *add_problem(CpuExpansion *out, CpuProblemKind kind, const char *name) {
        CpuProblem *problem = NULL;

        for (size_t i = 0; i < out->n_problems; i++)
                if (out->problems[i].kind == kind)
                        problem = &out->problems[i];
        if (!problem) {
                problem = ARRAY_APPEND(out->problems, out->n_problems);
                problem->kind = kind;
        }
        if (name)
                cpu_feature_set_add(&problem->names, name);
        return problem;
}

static void add_nearest(CpuProblem *problem, const char *word, const char *const *names, size_t n) {
        if (!problem->nearest)
                problem->nearest = xstrdup(nearest_name(word, names, n));
}

static bool is_s390x(const Expand *e) {
        return e->table == &cpu_arch_s390x;
}

static bool is_ppc64(const Expand *e) {
        return e->table == &cpu_arch_ppc64;
}

static bool offered(const Expand *e, const char *feature) {
        return !e->host || e->host->host_full.n == 0 || cpu_feature_set_has(&e->host->host_full, feature);
}

static bool known(const Expand *e, const char *feature) {
        return !e->host || e->host->known.n == 0 || cpu_feature_set_has(&e->host->known, feature) ||
               cpu_feature_set_has(&e->host->host_full, feature);
}

static void switch_on(Expand *e, const char *feature) {
        cpu_feature_set_add(&e->on, feature);
        cpu_feature_set_remove(&e->off, feature);
}

static void switch_off(Expand *e, const char *feature) {
        cpu_feature_set_remove(&e->on, feature);
        cpu_feature_set_add(&e->off, feature);
}

/* ---- The definition's own features ---- */

static void apply_require(Expand *e, const char *name) {
        if (offered(e, name))
                switch_on(e, name);
        else
                add_problem(e->out, CPU_PROBLEM_MISSING, name);
}

static void apply_force(Expand *e, const char *name) {
        switch_on(e, name);
}

static void apply_optional(Expand *e, const char *name) {
        if (offered(e, name)) {
                switch_on(e, name);
                return;
        }
        switch_off(e, name);
        add_change(e->out, CPU_CHANGE_OPTIONAL_OFF, name);
}

static void apply_disable(Expand *e, const char *name) {
        switch_off(e, name);
}

static void apply_forbid(Expand *e, const char *name) {
        if (e->host && e->host->host_full.n && cpu_feature_set_has(&e->host->host_full, name))
                add_problem(e->out, CPU_PROBLEM_FORBIDDEN, name);
        switch_off(e, name);
}

static void (*const apply[CPU_POLICY_TYPE_MAX])(Expand *e, const char *name) = {
        [CPU_POLICY_UNSET] = apply_require,     [CPU_POLICY_FORCE] = apply_force,     [CPU_POLICY_REQUIRE] = apply_require,
        [CPU_POLICY_OPTIONAL] = apply_optional, [CPU_POLICY_DISABLE] = apply_disable, [CPU_POLICY_FORBID] = apply_forbid,
};

static bool wants_off(CpuPolicy policy) {
        return policy == CPU_POLICY_DISABLE || policy == CPU_POLICY_FORBID || policy == CPU_POLICY_OPTIONAL;
}

static void unknown_feature(Expand *e, const CpuFeature *feature) {
        const CpuFeatureRow *row = cpu_feature_find(e->arch, feature->name);
        const CpuFeatureSet *all = &e->host->known;

        if (row && row->not_a_property) {
                if (!wants_off(feature->policy))
                        add_problem(e->out, CPU_PROBLEM_MISSING, feature->name);
                return;
        }
        add_nearest(add_problem(e->out, CPU_PROBLEM_UNKNOWN_FEATURE, feature->name), feature->name,
                    (const char *const *) all->names, all->n);
}

static void apply_feature(Expand *e, const CpuFeature *feature) {
        bool plain = feature->policy == CPU_POLICY_UNSET || feature->policy == CPU_POLICY_REQUIRE ||
                     feature->policy == CPU_POLICY_DISABLE;

        if (is_s390x(e) && !plain)
                add_problem(e->out, CPU_PROBLEM_POLICY, feature->name);
        else if (!known(e, feature->name))
                unknown_feature(e, feature);
        else
                apply[feature->policy](e, feature->name);
}

static void apply_features(Expand *e) {
        if (e->def)
                LIST_FOR(feature, &e->def->features)
        apply_feature(e, feature);
}

/* ---- The confidential facility ---- */

static bool asked_on(const Expand *e, const char *name) {
        const CpuFeature *feature = cpu_def_find_feature(e->def, name);

        return feature && !wants_off(feature->policy);
}

static bool strip_wanted(const CpuExpandOptions *options) {
        if (options->keep_secure || options->vmm_can_migrate_secure || options->strip == CPU_STRIP_NEVER)
                return false;
        return options->strip == CPU_STRIP_ALWAYS || options->migratable_required;
}

static void strip_feature(Expand *e, const CpuFeatureRow *row) {
        if (!cpu_feature_set_has(&e->on, row->name) || asked_on(e, row->name))
                return;
        switch_off(e, row->name);
        add_change(e->out, CPU_CHANGE_STRIPPED, row->name);
}

/* What is on only because the host has it goes; also what cannot be without a feature that is off. Rows stand in the order in
 * which they need each other. */
static void strip_secure(Expand *e) {
        bool all = strip_wanted(e->options);

        for (size_t i = 0; e->table && i < e->table->n_rows; i++) {
                const CpuFeatureRow *row = &e->table->rows[i];

                if (row->confidential && (all || (row->needs && !cpu_feature_set_has(&e->on, row->needs))))
                        strip_feature(e, row);
        }
}

static void note_secure(Expand *e) {
        for (size_t i = 0; e->table && i < e->table->n_rows; i++) {
                const CpuFeatureRow *row = &e->table->rows[i];
                const CpuFeature *feature = cpu_def_find_feature(e->def, row->name);

                if (cpu_feature_set_has(&e->on, row->name) && row->deprecated)
                        cpu_feature_set_add(&e->out->deprecated, row->name);
                if (!row->confidential || row->needs)
                        continue;
                e->out->has_secure = cpu_feature_set_has(&e->on, row->name);
                e->out->secure_explicit = e->out->has_secure && asked_on(e, row->name);
                e->out->secure_disabled = feature && wants_off(feature->policy) && !e->out->has_secure;
        }
        for (size_t i = 0; e->host && i < e->host->deprecated.n; i++)
                if (cpu_feature_set_has(&e->on, e->host->deprecated.names[i]))
                        cpu_feature_set_add(&e->out->deprecated, e->host->deprecated.names[i]);
}

/* ---- The frozen CPU ---- */

static void freeze_feature(CpuDef *cpu, CpuPolicy policy, const char *name) {
        CpuFeature *feature = xnew(CpuFeature);

        feature->policy = policy;
        feature->name = xstrdup(name);
        LIST_APPEND(&cpu->features, feature);
}

static void drop_features(CpuDef *cpu) {
        for (size_t i = 0; i < cpu->features.n; i++) {
                free(cpu->features.items[i]->name);
                free(cpu->features.items[i]);
        }
        free(cpu->features.items);
        cpu->features.items = NULL;
        cpu->features.n = 0;
}

static bool is_forced(const Expand *e, const char *name) {
        const CpuFeature *feature = cpu_def_find_feature(e->def, name);

        return feature && feature->policy == CPU_POLICY_FORCE;
}

/* Both sets by name, each feature once: what differs from the base, and what the definition names. */
static void freeze_features(Expand *e, CpuDef *cpu) {
        size_t i = 0, j = 0;

        drop_features(cpu);
        while (i < e->on.n || j < e->off.n) {
                bool take_on = j == e->off.n || (i < e->on.n && strcmp(e->on.names[i], e->off.names[j]) < 0);
                const char *name = take_on ? e->on.names[i++] : e->off.names[j++];

                if (!take_on)
                        freeze_feature(cpu, CPU_POLICY_DISABLE, name);
                else if (!cpu_feature_set_has(&e->base, name) || cpu_def_find_feature(e->def, name))
                        freeze_feature(cpu, is_forced(e, name) ? CPU_POLICY_FORCE : CPU_POLICY_REQUIRE, name);
        }
}

static CpuDef *freeze(Expand *e) {
        CpuDef *cpu = e->def ? cpu_def_copy(e->def) : xnew(CpuDef);

        freeze_features(e, cpu);
        return cpu;
}

static void freeze_named(Expand *e, const char *model, const char *vendor) {
        CpuDef *cpu = freeze(e);

        cpu->mode = CPU_MODE_CUSTOM;
        cpu->match = CPU_MATCH_EXACT;
        cpu->check = CPU_CHECK_FULL;
        cpu->fallback = CPU_FALLBACK_FORBID;
        free(cpu->model);
        cpu->model = xstrdup(model);
        if (vendor && !cpu->vendor)
                cpu->vendor = xstrdup(vendor);
        e->out->cpu = cpu;
}

/* ---- The modes ---- */

static const CpuFeatureSet *host_set(const Expand *e) {
        bool full = e->def && e->def->migratable == TRISTATE_NO;

        return full ? &e->host->host_full : &e->host->host_migratable;
}

/* Nothing is stripped and nothing is promised (R41); the definition's own features are obeyed (R37). */
static void expand_passthrough(Expand *e) {
        if (e->host && e->def->mode == CPU_MODE_HOST_PASSTHROUGH && !e->host->kvm) {
                add_problem(e->out, CPU_PROBLEM_MODE, NULL);
                return;
        }
        if (e->host)
                cpu_feature_set_copy(&e->base, host_set(e));
        cpu_feature_set_copy(&e->on, &e->base);
        apply_features(e);
        e->out->cpu = freeze(e);
}

/* No <cpu> at all: QEMU's default, which for KVM on s390x is the host's own CPU, with the facility that nobody asked for. */
static void expand_default(Expand *e) {
        e->out->implicit = true;
        e->out->cpu = e->def ? cpu_def_copy(e->def) : NULL; /* perhaps only a <topology> */
        if (!e->host || !is_s390x(e) || !e->host->kvm)
                return;
        cpu_feature_set_copy(&e->base, &e->host->host_full);
        cpu_feature_set_copy(&e->on, &e->base);
        strip_secure(e);
        if (e->out->n_changes == 0)
                return;
        cpu_def_free(e->out->cpu);
        e->out->cpu = freeze(e);
        e->out->cpu->mode = CPU_MODE_HOST_PASSTHROUGH;
        e->out->cpu->check = CPU_CHECK_NONE;
}

static void note_left_out(Expand *e) {
        for (size_t i = 0; i < e->host->host_full.n; i++) {
                const char *name = e->host->host_full.names[i];

                if (!cpu_feature_set_has(&e->host->host_migratable, name) && !cpu_def_find_feature(e->def, name))
                        add_change(e->out, CPU_CHANGE_NON_MIGRATABLE, name);
        }
}

/* What the named model has and the host does not; on s390x everything that the host lacks, as QEMU's static expansion
 * says it. */
static void note_base_off(Expand *e, const CpuFeatureSet *from) {
        for (size_t i = 0; i < from->n; i++)
                if (!cpu_feature_set_has(&e->on, from->names[i]))
                        cpu_feature_set_add(&e->off, from->names[i]);
}

static void expand_host_model_named(Expand *e) {
        const CpuModelFacts *nearest = e->host->nearest_migratable >= 0 ? &e->host->models[e->host->nearest_migratable] : NULL;
        const char *model = is_s390x(e) ? e->host->host_model : nearest ? nearest->name : NULL;

        if (!e->host->can_expand || !model || e->host->host_full.n == 0) {
                add_problem(e->out, CPU_PROBLEM_NO_EXPANSION, NULL);
                return;
        }
        cpu_feature_set_copy(&e->on, &e->host->host_migratable);
        if (nearest && !is_s390x(e))
                cpu_feature_set_copy(&e->base, &nearest->features);
        note_base_off(e, is_s390x(e) ? &e->host->known : &e->base);
        note_left_out(e);
        apply_features(e);
        strip_secure(e);
        freeze_named(e, model, e->host->vendor);
}

/* POWER has no expansion: QEMU's "host", with the compatibility level that the definition names, else the host's. */
static void expand_host_model_ppc64(Expand *e) {
        if (e->host && !e->host->kvm)
                add_problem(e->out, CPU_PROBLEM_MODE, NULL);
        apply_features(e);
        e->out->cpu = freeze(e);
        if (e->host && !e->out->cpu->model)
                e->out->cpu->model = xstrdup(e->host->host_model);
}

static void expand_host_model(Expand *e) {
        e->out->implicit = true;
        if (is_ppc64(e)) {
                expand_host_model_ppc64(e);
        } else if (e->host) {
                expand_host_model_named(e);
        } else {
                apply_features(e);
                e->out->cpu = freeze(e);
        }
}

static const CpuModelFacts *find_model_any_case(const CpuHost *host, const char *name) {
        for (size_t i = 0; i < host->n_models; i++)
                if (strcasecmp(host->models[i].name, name) == 0)
                        return &host->models[i];
        return NULL;
}

static void unknown_model(Expand *e) {
        const char **names = xnew_n(const char *, e->host->n_models + 1);

        for (size_t i = 0; i < e->host->n_models; i++)
                names[i] = e->host->models[i].name;
        add_nearest(add_problem(e->out, CPU_PROBLEM_MODEL, NULL), e->def->model, names, e->host->n_models);
        free(names);
}

/* libvirt compares a named model with the host unless check='none', which is TCG's default; s390x's QEMU always does. */
static bool is_checked(const Expand *e) {
        if (is_s390x(e) || e->def->check == CPU_CHECK_PARTIAL || e->def->check == CPU_CHECK_FULL)
                return true;
        return e->def->check == CPU_CHECK_UNSET && e->host && e->host->kvm;
}

static void check_model(Expand *e, const CpuModelFacts *model) {
        for (size_t i = 0; i < model->unavailable.n; i++) {
                const char *name = model->unavailable.names[i];

                if (cpu_def_find_feature(e->def, name))
                        continue; /* its own policy decides */
                if (is_checked(e)) {
                        add_problem(e->out, CPU_PROBLEM_MODEL_UNUSABLE, name);
                } else if (known(e, name)) {
                        switch_off(e, name);
                        add_change(e->out, CPU_CHANGE_MISSING_OFF, name);
                }
        }
}

static void expand_custom(Expand *e) {
        const CpuModelFacts *model = NULL;

        if (e->host && e->host->n_models && e->def->model) {
                model = is_ppc64(e) ? find_model_any_case(e->host, e->def->model) : cpu_host_find_model(e->host, e->def->model);
                if (!model) {
                        unknown_model(e);
                        return;
                }
        }
        if (model) {
                cpu_feature_set_copy(&e->base, &model->features);
                cpu_feature_set_copy(&e->on, &model->features);
                e->out->model_deprecated = model->deprecated;
                check_model(e, model);
        }
        apply_features(e);
        e->out->cpu = freeze(e);
}

static void (*const expand[CPU_MODE_TYPE_MAX])(Expand *e) = {
        [CPU_MODE_UNSET] = expand_custom,          [CPU_MODE_CUSTOM] = expand_custom,
        [CPU_MODE_HOST_MODEL] = expand_host_model, [CPU_MODE_HOST_PASSTHROUGH] = expand_passthrough,
        [CPU_MODE_MAXIMUM] = expand_passthrough,
};

static int by_feature(const void *a, const void *b) {
        const CpuChange *x = a, *y = b;
        int order = strcmp(x->feature, y->feature);

        return order ? order : (int) x->kind - (int) y->kind;
}

CpuExpansion *cpu_expand(const CpuDef *cpu, const char *arch, const CpuHost *host, const CpuExpandOptions *options) {
        Expand e = { .def = cpu, .arch = arch, .table = cpu_arch_find(arch), .host = host, .options = options };

        e.out = xnew(CpuExpansion);
        if (cpu && (cpu->mode != CPU_MODE_UNSET || cpu->model))
                expand[cpu->mode](&e);
        else
                expand_default(&e);
        note_secure(&e);
        if (e.out->n_changes)
                qsort(e.out->changes, e.out->n_changes, sizeof(CpuChange), by_feature);
        if (e.out->n_problems) {
                cpu_def_free(e.out->cpu);
                e.out->cpu = NULL;
        }
        cpu_feature_set_done(&e.base);
        cpu_feature_set_done(&e.on);
        cpu_feature_set_done(&e.off);
        return e.out;
}

static const char *const change_texts[] = {
        [CPU_CHANGE_STRIPPED] = "CPU feature '%s' was taken out of host-model: a guest that uses it cannot be migrated",
        [CPU_CHANGE_NON_MIGRATABLE] = "CPU feature '%s' of the host was left out of host-model: it does not migrate",
        [CPU_CHANGE_OPTIONAL_OFF] = "CPU feature '%s' is optional and not offered by the host: it is off",
        [CPU_CHANGE_MISSING_OFF] = "CPU feature '%s' of the model is not offered by the host: it is off",
};

char *cpu_change_text(const CpuChange *change) {
        CLEANUP(strbuf_done) StrBuf text = {};
        const char *format = change_texts[change->kind], *mark = strchr(format, '%');

        strbuf_add_n(&text, format, (size_t) (mark - format));
        strbuf_add(&text, change->feature);
        strbuf_add(&text, mark + 2);
        return strbuf_steal(&text);
}
