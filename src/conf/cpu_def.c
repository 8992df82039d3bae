/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

#include "util/xml.h"

NAMES(cpu_mode_table, CPU_MODE_TYPE_MAX, "CPU mode", "", "custom", "host-model", "host-passthrough", "maximum");
NAMES(cpu_match_table, CPU_MATCH_TYPE_MAX, "CPU match", "", "minimum", "exact", "strict");
NAMES(cpu_check_table, CPU_CHECK_TYPE_MAX, "CPU check", "", "none", "partial", "full");
NAMES(cpu_fallback_table, CPU_FALLBACK_TYPE_MAX, "CPU model fallback", "", "allow", "forbid");
NAMES(cpu_policy_table, CPU_POLICY_TYPE_MAX, "CPU feature policy", "", "force", "require", "optional", "disable", "forbid");
WORDS_OF(cache_words, "CPU cache mode", "emulate", "passthrough", "disable");
WORDS_OF(phys_bits_words, "maxphysaddr mode", "emulate", "passthrough");
WORDS_OF(access_words, "memAccess", "shared", "private");

static const Row feature_rows[] = {
        ENUM("@policy", CpuFeature, policy, cpu_policy_table, .fallback = CPU_POLICY_REQUIRE),
        STRING("@name", CpuFeature, name, .flags = ROW_REQUIRED),
        {}
};
static const Element feature_element = { sizeof(CpuFeature), feature_rows };

static const Row distance_rows[] = {
        DEC("@id", NumaDistance, id, .flags = ROW_REQUIRED),
        UINT("@value", NumaDistance, value, .flags = ROW_REQUIRED),
        {}
};
static const Element distance_element = { sizeof(NumaDistance), distance_rows };

static const Row cell_rows[] = {
        OPTUINT("@id", NumaCell, id),
        CPUSET("@cpus", NumaCell, cpus),
        KIB("@memory", NumaCell, memory_kib, .flags = ROW_REQUIRED),
        WORD("@memAccess", NumaCell, mem_access, access_words, .flags = ROW_HOST),
        YESNO("@discard", NumaCell, discard, .flags = ROW_HOST),
        LIST("distances/sibling", NumaCell, distances, distance_element),
        UNSUPPORTED("cache"),
        {}
};
static const Element cell_element = { sizeof(NumaCell), cell_rows };

static const Row cpu_rows[] = {
        ENUM("@mode", CpuDef, mode, cpu_mode_table),
        ENUM("@match", CpuDef, match, cpu_match_table),
        ENUM("@check", CpuDef, check, cpu_check_table),
        ONOFF("@migratable", CpuDef, migratable),
        ONOFF("@deprecated_features", CpuDef, deprecated_features, .since = 11000000),
        ENUM("model@fallback", CpuDef, fallback, cpu_fallback_table),
        STRING("model@vendor_id", CpuDef, vendor_id),
        STRING("model", CpuDef, model),
        STRING("vendor", CpuDef, vendor),
        UINT("topology@sockets", CpuDef, sockets, .flags = ROW_REQUIRED),
        UINT("topology@dies", CpuDef, dies),
        UINT("topology@clusters", CpuDef, clusters, .since = 10001000),
        UINT("topology@cores", CpuDef, cores, .flags = ROW_REQUIRED),
        UINT("topology@threads", CpuDef, threads, .flags = ROW_REQUIRED),
        OPTUINT("cache@level", CpuDef, cache_level),
        WORD("cache@mode", CpuDef, cache_mode, cache_words, .flags = ROW_REQUIRED),
        WORD("maxphysaddr@mode", CpuDef, phys_bits_mode, phys_bits_words, .flags = ROW_REQUIRED),
        UINT("maxphysaddr@bits", CpuDef, phys_bits),
        UINT("maxphysaddr@limit", CpuDef, phys_bits_limit, .since = 9003000),
        LIST("feature", CpuDef, features, feature_element),
        LIST("numa/cell", CpuDef, cells, cell_element),
        UNSUPPORTED("numa/interconnects"),
        {}
};

static int check_mode(const Parser *parser, const xmlNode *node, const CpuDef *cpu, Error **err) {
        bool has_model = cpu->model && *cpu->model;
        const xmlNode *model = element_child(node, "model");

        if (cpu->migratable && cpu->mode != CPU_MODE_HOST_PASSTHROUGH && cpu->mode != CPU_MODE_MAXIMUM)
                return element_refuse(parser, node, "migratable", ERROR_XML, "attribute 'migratable' of <cpu>", err,
                                      "it is only allowed for 'host-passthrough' / 'maximum' CPU mode");
        if (has_model && strpbrk(cpu->model, ",/\n"))
                return element_refuse(parser, model, NULL, ERROR_XML, "CPU model name", err,
                                      "it must have no comma, slash or line end");
        if (cpu->features.n > 0 && cpu->mode == CPU_MODE_UNSET && !has_model)
                return element_refuse(parser, node, NULL, ERROR_XML, "<cpu>", err,
                                      "non-empty feature list specified without CPU model");
        if (cpu->mode == CPU_MODE_CUSTOM && !has_model && (cpu->features.n > 0 || model))
                return element_refuse(parser, node, NULL, ERROR_XML, "<cpu mode='custom'>", err, "its <model> is missing");
        if (cpu->vendor && !has_model)
                return element_refuse(parser, node, NULL, ERROR_XML, "<vendor> of <cpu>", err,
                                      "CPU vendor specified without CPU model");
        if (cpu->vendor_id && (strlen(cpu->vendor_id) != 12 || strchr(cpu->vendor_id, ',')))
                return element_refuse(parser, model, "vendor_id", ERROR_XML, "CPU vendor_id", err,
                                      "it must be exactly 12 characters without a comma");
        return 0;
}

/* Sorting would lose the order of the definition; a pairwise search of a long list would be a trap. */
static int check_features(const Parser *parser, const xmlNode *node, const CpuDef *cpu, Error **err) {
        if (cpu->features.n > 2048)
                return element_refuse(parser, node, NULL, ERROR_XML, "<cpu>", err, "more than 2048 features");
        for (size_t i = 0; i < cpu->features.n; i++)
                for (size_t j = 0; j < i; j++)
                        if (streq(cpu->features.items[i]->name, cpu->features.items[j]->name)) {
                                CLEANUP(free) char *subject = xasprintf("CPU feature '%s'", cpu->features.items[i]->name);

                                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "specified more than once");
                        }
        return 0;
}

static int check_cpu(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        CpuDef *cpu = object;
        const xmlNode *topology = element_child(node, "topology");

        if (topology && (!cpu->sockets || !cpu->cores || !cpu->threads))
                return element_refuse(parser, topology, NULL, ERROR_XML, "CPU topology", err,
                                      "sockets, cores and threads must be 1 or more");
        if (topology && !cpu->dies)
                cpu->dies = 1;
        if (check_mode(parser, node, cpu, err) < 0)
                return -1;
        return check_features(parser, node, cpu, err);
}

const Element cpu_element = { sizeof(CpuDef), cpu_rows, check_cpu };

const CpuFeature *cpu_def_find_feature(const CpuDef *cpu, const char *name) {
        for (size_t i = 0; cpu && i < cpu->features.n; i++)
                if (streq(cpu->features.items[i]->name, name))
                        return cpu->features.items[i];
        return NULL;
}

void cpu_def_free(CpuDef *cpu) {
        element_free(&cpu_element, cpu);
}

CpuDef *cpu_def_copy(const CpuDef *cpu) {
        CpuDef *copy;

        if (!cpu)
                return NULL;
        copy = xnew(CpuDef);
        element_copy(&cpu_element, copy, cpu);
        return copy;
}

DEFINE_CLEANUP(CpuDef, cpu_def_free)

int cpu_def_parse(const char *xml, size_t len, CpuDef **ret, Error **err) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        CLEANUP(cpu_def_free) CpuDef *cpu = NULL;
        const Parser parser = { .text = xml, .len = len };
        xmlNode *root;

        if (xml_parse(xml, len, "(cpu_definition)", &doc, err) < 0 || xml_root(doc, "cpu", &root, err) < 0)
                return -1;
        cpu = xnew(CpuDef);
        if (element_parse(&parser, &cpu_element, root, cpu, err) < 0)
                return -1;
        *ret = STEAL(cpu);
        return 0;
}

char *cpu_def_format(const CpuDef *cpu) {
        Printer printer = {};

        element_print(&printer, "cpu", &cpu_element, cpu);
        strbuf_done(&printer.scratch);
        return strbuf_steal(&printer.buf);
}
