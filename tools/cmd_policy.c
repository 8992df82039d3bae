/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_policy.c - what libvirt lacks: may it start or be migrated, why did it end, which rules are in force. */
#include <stdio.h>
#include "commands.h"
#include "report.h"

/* A path, an XML file's name or standard input; else it is a domain. */
static bool is_file(const char *word) {
        size_t len = strlen(word);

        return strchr(word, '/') || strcmp(word, "-") == 0 || (len > 4 && strcmp(word + len - 4, ".xml") == 0);
}

static bool add_subject(Shell *shell, const char *word, json_object *request) {
        CLEANUP(free) char *xml = NULL;

        if (!is_file(word)) {
                json_add_string(request, "domain", word);
                return true;
        }
        xml = shell_read_file(shell, word);
        json_add_string(request, "xml", xml);
        return xml;
}

static bool add_facts(Shell *shell, const char *path, json_object *request) {
        CLEANUP(free) char *text = path ? shell_read_file(shell, path) : NULL;
        CLEANUP(error_free) Error *err = NULL;
        json_object *facts = NULL;

        if (!path || !text)
                return !path;
        if (json_parse(text, strlen(text), path, &facts, &err) < 0) {
                shell_fail(shell, "`wardsh host facts' on that host writes such a file", "%s", err->message);
                return false;
        }
        json_add(request, "facts", facts);
        return true;
}

ExitCode cmd_explain(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *report = NULL;
        CLEANUP(strbuf_done) StrBuf out = {};
        const char *domain = is_file(args->words[0]) ? NULL : args->words[0];
        bool refused;

        json_add_string(request, "operation", strchr(shell->command->name, ' ') + 1);
        json_add_string(request, "migratable", args_get(args, "migratable"));
        if (!add_subject(shell, args->words[0], request) || !add_facts(shell, args_get(args, "host"), request) ||
            !shell_call(shell, WARD_PROC_EXPLAIN, request, domain, &report))
                return SHELL_FAILED;
        refused = report_refused(report);
        if (shell->json)
                shell_put_json(STEAL(report));
        else {
                report_add_verdict(report, shell->color_out, shell->width, &out);
                shell_put_text(out.text);
        }
        return refused ? SHELL_REFUSED : SHELL_OK;
}

ExitCode cmd_why(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *answer = NULL;
        CLEANUP(strbuf_done) StrBuf out = {};

        json_add_string(request, "domain", args->words[0]);
        if (!shell_call(shell, WARD_PROC_WHY, request, args->words[0], &answer))
                return SHELL_FAILED;
        if (shell->json)
                return shell_put_json(STEAL(answer));
        report_add_outline(answer, 0, &out);
        return shell_put_text(out.text ? out.text : "nothing is known: it has neither ended nor failed to start\n");
}

static json_object *rules_of(json_object *answer, const char *tech) {
        json_object *rules = json_get_array(answer, "rules"), *kept = json_object_new_array();

        for (size_t i = 0; rules && i < json_object_array_length(rules); i++) {
                json_object *rule = json_object_array_get_idx(rules, i);

                if (!tech || streq(json_get_string(rule, "technology"), tech))
                        json_object_array_add(kept, json_object_get(rule));
        }
        return kept;
}

ExitCode cmd_policy_show(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *answer = NULL;
        CLEANUP(strbuf_done) StrBuf out = {};

        if (!shell_call(shell, WARD_PROC_POLICY_SHOW, request, NULL, &answer))
                return SHELL_FAILED;
        json_add(answer, "rules", rules_of(answer, args_get(args, "tech")));
        if (shell->json)
                return shell_put_json(STEAL(answer));
        report_add_outline(answer, 0, &out);
        return shell_put_text(out.text);
}
