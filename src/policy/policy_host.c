/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_host.c - the facts of a host: small lists, asked by name. */
#include "policy/policy_host.h"

DEFINE_ENUM_TABLE(fact_table, "fact", "unknown", "no", "yes");

PolicyHost *policy_host_new(const char *arch) {
        PolicyHost *host = xnew(PolicyHost);

        host->arch = xstrdup(arch);
        return host;
}

static void free_texts(char **texts, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(texts[i]);
        free(texts);
}

PolicyHost *policy_host_free(PolicyHost *host) {
        if (!host)
                return NULL;
        free_texts(host->objects, host->n_objects);
        free_texts(host->migrates, host->n_migrates);
        for (size_t i = 0; i < host->n_links; i++)
                free(host->links[i].name);
        for (size_t i = 0; i < host->n_devices; i++)
                free(host->devices[i].model);
        free(host->links);
        free(host->devices);
        cpu_host_free(host->owned_cpus[0]);
        cpu_host_free(host->owned_cpus[1]);
        free(host->name);
        free(host->arch);
        free(host->host_arch);
        free(host->emulator);
        free(host);
        return NULL;
}

void policy_host_add_object(PolicyHost *host, const char *type) {
        if (!policy_host_has_object(host, type))
                *ARRAY_APPEND(host->objects, host->n_objects) = xstrdup(type);
}

void policy_host_add_migrates(PolicyHost *host, const char *technology) {
        if (!policy_host_migrates(host, technology))
                *ARRAY_APPEND(host->migrates, host->n_migrates) = xstrdup(technology);
}

static PolicyLink *find_link(const PolicyHost *host, const char *name) {
        for (size_t i = 0; i < host->n_links; i++)
                if (streq(host->links[i].name, name))
                        return &host->links[i];
        return NULL;
}

void policy_host_add_link(PolicyHost *host, const char *name, Fact state) {
        PolicyLink *link = find_link(host, name);

        if (!link) {
                link = ARRAY_APPEND(host->links, host->n_links);
                link->name = xstrdup(name);
        }
        link->state = state;
}

void policy_host_add_device(PolicyHost *host, const char *model, Fact migratable) {
        *ARRAY_APPEND(host->devices, host->n_devices) = (PolicyDeviceFact) { xstrdup(model), migratable };
}

static bool has_text(char *const *texts, size_t n, const char *text) {
        for (size_t i = 0; i < n; i++)
                if (streq(texts[i], text))
                        return true;
        return false;
}

bool policy_host_has_object(const PolicyHost *host, const char *type) {
        return has_text(host->objects, host->n_objects, type);
}

bool policy_host_migrates(const PolicyHost *host, const char *technology) {
        return has_text(host->migrates, host->n_migrates, technology);
}

Fact policy_host_link(const PolicyHost *host, const char *name) {
        const PolicyLink *link = find_link(host, name);

        return link ? link->state : FACT_UNKNOWN;
}

Fact policy_host_device(const PolicyHost *host, const char *model) {
        for (size_t i = 0; i < host->n_devices; i++)
                if (streq(host->devices[i].model, model))
                        return host->devices[i].migratable;
        return FACT_UNKNOWN;
}

const CpuHost *policy_host_cpu(const PolicyHost *host, bool kvm) {
        return kvm ? host->cpu_kvm : host->cpu_tcg;
}
