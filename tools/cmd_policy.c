/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_policy.c - what libvirt lacks: may it start or be migrated, why did it end, which rules are in force. */
#include <stdio.h>
#include "commands.h"
#include "output.h"
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

/* "guest.xml:12:5: unknown element <dsik> in <devices>: did you mean 'disk'?", as compilers do. */
static void add_finding(json_object *finding, const char *file, StrBuf *out) {
        json_object *line = json_object_object_get(finding, "line"), *column = json_object_object_get(finding, "column");

        strbuf_addf(out, "%s:", strcmp(file, "-") == 0 ? "(standard input)" : file);
        if (line)
                strbuf_addf(out, "%lld:", (long long) json_object_get_int64(line));
        if (line && json_object_get_int64(column) > 0)
                strbuf_addf(out, "%lld:", (long long) json_object_get_int64(column));
        strbuf_addf(out, " %s\n", json_get_string(finding, "what"));
}

ExitCode cmd_lint(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *report = NULL;
        CLEANUP(free) char *xml = shell_read_file(shell, args->words[0]);
        CLEANUP(strbuf_done) StrBuf out = {};
        json_object *findings;
        size_t n;

        json_add_string(request, "xml", xml);
        if (!xml || !shell_call(shell, WARD_PROC_LINT, request, NULL, &report))
                return SHELL_FAILED;
        findings = json_get_array(report, "findings");
        n = findings ? json_object_array_length(findings) : 0;
        if (shell->json)
                shell_put_json(STEAL(report));
        else {
                for (size_t i = 0; i < n; i++)
                        add_finding(json_object_array_get_idx(findings, i), args->words[0], &out);
                shell_put_text(n > 0 ? out.text : "nothing is wrong with it\n");
        }
        return n > 0 ? SHELL_REFUSED : SHELL_OK;
}

/* "  + /domain/uuid: ..." for what is new, "-" for what is gone, "~" for what is another. */
static void add_change(json_object *change, StrBuf *out) {
        const char *from = json_get_string(change, "from"), *to = json_get_string(change, "to");

        strbuf_addf(out, "  %c %s: %s%s%s\n", !from ? '+' : !to ? '-' : '~', json_get_string(change, "path"), from ? from : "",
                    from && to ? " -> " : "", to ? to : "");
}

static void add_pass(json_object *pass, StrBuf *out) {
        json_object *changes = json_get_array(pass, "changes"), *notes = json_get_array(pass, "notes");

        strbuf_addf(out, "%s\n", json_get_string(pass, "pass"));
        for (size_t i = 0; changes && i < json_object_array_length(changes); i++)
                add_change(json_object_array_get_idx(changes, i), out);
        for (size_t i = 0; notes && i < json_object_array_length(notes); i++) {
                json_object *note = json_object_array_get_idx(notes, i);

                strbuf_addf(out, "  (%s: %s)\n", json_get_string(note, "what"), json_get_string(note, "why"));
        }
}

ExitCode cmd_diff(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *report = NULL;
        const char *domain = is_file(args->words[0]) ? NULL : args->words[0];
        CLEANUP(strbuf_done) StrBuf out = {};
        json_object *passes;

        if (!add_subject(shell, args->words[0], request) || !shell_call(shell, WARD_PROC_DIFF, request, domain, &report))
                return SHELL_FAILED;
        if (shell->json)
                return shell_put_json(STEAL(report));
        passes = json_get_array(report, "passes");
        for (size_t i = 0; passes && i < json_object_array_length(passes); i++)
                add_pass(json_object_array_get_idx(passes, i), &out);
        return shell_put_text(out.len > 0 ? out.text : "nothing was added\n");
}

ExitCode cmd_why(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *answer = NULL;
        CLEANUP(strbuf_done) StrBuf out = {};

        json_add_string(request, "domain", args->words[0]);
        if (!shell_call(shell, WARD_PROC_WHY, request, args->words[0], &answer))
                return SHELL_FAILED;
        if (shell->json)
                return shell_put_json(STEAL(answer));
        report_add_story(answer, shell->color_out, shell->width, &out);
        return shell_put_text(out.text);
}

/* What the answer of POLICY_SHOW consists of, and which members of each make a table. */
static const struct {
        const char *member, *title;
        const char *columns[TABLE_MAX_COLUMNS];
        const char *by_tech;            /* the member that names a technology or several; NULL: these are about none */
} sections[] = {
        { "technologies", "Technologies", { "name", "title", "arch", "decided_by", "mechanism", "since", "until" }, "name" },
        { "fences",
          "Fences: what a technology keeps from being done",
          { "code", "technologies", "operations", "severity", "until", "requirements" },
          "technologies" },
        { "rules", "Rules", { "code", "migratable", "source", "requirements", "what" }, NULL },
        { "devices", "Devices that QEMU does not migrate", { "device", "model", "migratable", "until", "why" }, NULL },
};

static bool names_tech(json_object *value, const char *tech) {
        if (!json_object_is_type(value, json_type_array))
                return streq(json_object_get_string(value), tech);
        for (size_t i = 0; i < json_object_array_length(value); i++)
                if (streq(json_object_get_string(json_object_array_get_idx(value, i)), tech))
                        return true;
        return false;
}

static json_object *rows_of_tech(json_object *rows, const char *by_tech, const char *tech) {
        json_object *kept = json_object_new_array();

        for (size_t i = 0; rows && by_tech && i < json_object_array_length(rows); i++) {
                json_object *row = json_object_array_get_idx(rows, i);

                if (names_tech(json_object_object_get(row, by_tech), tech))
                        json_object_array_add(kept, json_object_get(row));
        }
        return kept;
}

static void keep_tech(json_object *answer, const char *tech) {
        for (size_t i = 0; i < N_ELEMENTS(sections); i++)
                json_add(answer, sections[i].member,
                         rows_of_tech(json_get_array(answer, sections[i].member), sections[i].by_tech, tech));
}

static ExitCode fail_tech(Shell *shell, json_object *technologies, const char *tech) {
        CLEANUP(strbuf_done) StrBuf names = {};

        strbuf_add(&names, "there are");
        for (size_t i = 0; technologies && i < json_object_array_length(technologies); i++)
                strbuf_addf(&names, "%s %s", i > 0 ? "," : "",
                            json_get_string(json_object_array_get_idx(technologies, i), "name"));
        return shell_usage(shell, names.text, "no technology is called '%s'", tech);
}

ExitCode cmd_policy_show(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *answer = NULL, *technologies = NULL;
        CLEANUP(strbuf_done) StrBuf out = {};
        const char *tech = args_get(args, "tech");

        if (!shell_call(shell, WARD_PROC_POLICY_SHOW, request, NULL, &answer))
                return SHELL_FAILED;
        technologies = json_object_get(json_get_array(answer, "technologies"));
        if (tech) {
                keep_tech(answer, tech);
                if (json_object_array_length(json_get_array(answer, "technologies")) == 0)
                        return fail_tech(shell, technologies, tech);
        }
        if (shell->json)
                return shell_put_json(STEAL(answer));
        for (size_t i = 0; i < N_ELEMENTS(sections); i++) {
                json_object *rows = json_get_array(answer, sections[i].member);

                if (!rows || json_object_array_length(rows) == 0)
                        continue;
                strbuf_addf(&out, "%s%s\n\n", out.len > 0 ? "\n" : "", sections[i].title);
                report_add_table(rows, sections[i].columns, shell->color_out, &out);
        }
        return shell_put_text(out.text ? out.text : "no rules\n");
}
