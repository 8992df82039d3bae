/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* integration/would-migrate.c - reads domain XML files and prints for each a line of JSON: what the policy says of it when
 * migratability is required, and the command line that a start would use with -only-migratable, refused or not:
 * {"file","verdict","migratable","codes":[...],"argv":[...]}, or {"file","error"} when there is no command line.
 * The first argument is the emulator, which is really probed. */
#include <fcntl.h>
#include <stdio.h>

#include "drivers/qemu/command_line.h"
#include "drivers/qemu/definition.h"
#include "drivers/qemu/explain.h"
#include "drivers/qemu/facts.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "util/fs.h"

typedef struct Tool {
        sd_event *loop;
        QemuCaps *caps;
        FactsStore *facts;
} Tool;

static void on_caps(QemuCaps *caps, const Error *err, void *userdata) {
        Tool *tool = userdata;

        if (err)
                fprintf(stderr, "%s\n", err->message);
        else
                tool->caps = qemu_caps_ref(caps);
        sd_event_exit(tool->loop, 0);
}

static void add_verdict(json_object *line, const PolicyVerdict *verdict) {
        json_object *report = policy_verdict_to_json(verdict, "guest"), *codes = json_object_new_array();

        for (size_t i = 0; i < verdict->n_findings; i++)
                json_append_string(codes, verdict->findings[i].code);
        json_add_string(line, "verdict", json_get_string(report, "verdict"));
        json_add_string(line, "migratable", json_get_string(report, "migratable"));
        json_add(line, "codes", codes);
        json_object_put(report);
}

static int add_argv(json_object *line, const Tool *tool, const DomainDef *def, const CpuDef *cpu, Error **err) {
        CommandLineParams params = { .monitor_fd = 0, .only_migratable = true, .cpu = cpu };
        CLEANUP(command_line_free) CommandLine *command = NULL;
        json_object *argv;

        if (command_line_build(def, tool->caps, &params, &command, err) < 0)
                return -1;
        argv = json_object_new_array();
        for (size_t i = 0; i < command->n_argv; i++)
                json_append_string(argv, command->argv[i]);
        json_add(line, "argv", argv);
        return 0;
}

static int judge(Tool *tool, const char *path, json_object *line, Error **err) {
        CompletionFacts completion = definition_facts(tool->caps, NULL);
        StartQuestion question = { .operation = POLICY_START, .start_flag = INTENT_REQUIRED };
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(start_verdict_free) StartVerdict *verdict = NULL;
        CLEANUP(free) char *xml = NULL;
        size_t len;

        if (fs_read_at(AT_FDCWD, path, 1024 * 1024, &xml, &len) < 0)
                return error_set(err, ERROR_INTERNAL, "cannot read '%s'", path);
        if (domain_def_parse(xml, len, DOMAIN_PARSE_INACTIVE, &def, err) < 0 || domain_def_complete(def, &completion, err) < 0)
                return -1;
        question.def = def;
        question.host = facts_for(tool->facts, tool->caps, policy_technology(def));
        verdict = verdict_for_start(&question);
        add_verdict(line, verdict->policy);
        domain_def_assign_aliases(def);
        if (command_line_choose_paths(def, "/tmp", err) < 0)
                return -1;
        return add_argv(line, tool, def, verdict->cpu ? verdict->cpu->cpu : NULL, err);
}

static void print_line(Tool *tool, const char *path) {
        json_object *line = json_object_new_object();
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;

        json_add_string(line, "file", path);
        if (judge(tool, path, line, &err) < 0)
                json_add_string(line, "error", err->message);
        text = json_text(line);
        puts(text);
        json_object_put(line);
}

int main(int argc, char **argv) {
        QemuCapsCache *cache;
        Tool tool = {};

        if (argc < 2 || sd_event_new(&tool.loop) < 0)
                return 2;
        tool.facts = facts_store_new(NULL);
        cache = qemu_caps_cache_new(tool.loop, -1, NULL);
        qemu_caps_cache_get(cache, argv[1], on_caps, &tool);
        if (!tool.caps)
                sd_event_loop(tool.loop);
        for (int i = 2; tool.caps && i < argc; i++)
                print_line(&tool, argv[i]);
        facts_store_free(tool.facts);
        qemu_caps_cache_free(cache);
        qemu_caps_unref(tool.caps);
        sd_event_unref(tool.loop);
        return tool.caps ? 0 : 1;
}
