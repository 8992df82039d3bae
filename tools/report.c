/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/report.c - what the daemon says about a guest, for people: verdicts, the last failure, the rules in force. */
#include "report.h"
#include <time.h>
#include "output.h"

#define LABEL_COLUMN 10

static const struct {
        const char *severity, *shown;
        Color color;
} severities[] = {
        { "refuse", "refused", COLOR_BAD },
        { "warn", "warning", COLOR_WARN },
        { "note", "note", COLOR_DIM },
};

bool report_refused(json_object *report) {
        return streq(json_get_string(report, "verdict"), "refuse");
}

static void add_line(StrBuf *out, const char *label, const char *text, size_t width) {
        if (!text || !text[0])
                return;
        strbuf_addf(out, "    %-*s", LABEL_COLUMN - 4, label);
        text_add_wrapped(out, text, LABEL_COLUMN, width);
}

static char *joined(json_object *array) {
        StrBuf out = {};

        for (size_t i = 0; array && i < json_object_array_length(array); i++)
                strbuf_addf(&out, "%s%s", i > 0 ? ", " : "", json_object_get_string(json_object_array_get_idx(array, i)));
        return strbuf_steal(&out);
}

static void add_finding(json_object *finding, bool color, size_t width, StrBuf *out) {
        const char *severity = json_get_string(finding, "severity"), *code = json_get_string(finding, "code");
        CLEANUP(free) char *requirements = joined(json_get_array(finding, "requirements"));
        const char *source = json_get_string(finding, "source");
        CLEANUP(free) char *origin =
                        xasprintf("%s%s%s", source ? source : "", source && requirements[0] ? ", " : "", requirements);
        Color which = COLOR_PLAIN;
        const char *shown = severity ? severity : "finding";

        for (size_t i = 0; i < N_ELEMENTS(severities); i++)
                if (streq(severity, severities[i].severity)) {
                        shown = severities[i].shown;
                        which = severities[i].color;
                }
        strbuf_add(out, "\n");
        text_add_colored(out, color, which, shown);
        strbuf_addf(out, "  %s", code ? code : "");
        if (origin[0])
                strbuf_addf(out, "  (%s)", origin);
        strbuf_add(out, "\n");
        add_line(out, "what", json_get_string(finding, "what"), width);
        add_line(out, "where", json_get_string(finding, "path"), width);
        add_line(out, "want", json_get_string(finding, "want"), width);
        add_line(out, "do", json_get_string(finding, "remedy"), width);
}

static const char *migratable_text(const char *migratable) {
        if (streq(migratable, "yes"))
                return "it could be migrated";
        if (streq(migratable, "no"))
                return "it could not be migrated";
        return "whether it could be migrated is not known";
}

void report_add_verdict(json_object *report, bool color, size_t width, StrBuf *out) {
        const char *operation = json_get_string(report, "operation"), *domain = json_get_string(report, "domain");
        CLEANUP(free) char *name = text_safe(domain ? domain : "the definition");
        json_object *findings = json_get_array(report, "findings");
        bool refused = report_refused(report);

        strbuf_addf(out, "%s %s: ", operation ? operation : "start", name);
        text_add_colored(out, color, refused ? COLOR_BAD : COLOR_GOOD, refused ? "REFUSED" : "allowed");
        strbuf_addf(out, "; %s", migratable_text(json_get_string(report, "migratable")));
        if (json_get_bool(report, "simulated", false))
                strbuf_add(out, " (simulated: these are facts of a host that was not probed)");
        strbuf_add(out, "\n");
        for (size_t i = 0; findings && i < json_object_array_length(findings); i++)
                add_finding(json_object_array_get_idx(findings, i), color, width, out);
}

static void add_indented(const char *text, size_t indent, StrBuf *out) {
        CLEANUP(free) char *safe = text_safe(text);
        char *rest = NULL;

        for (char *line = strtok_r(safe, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                strbuf_addf(out, "%*s%s\n", (int) indent, "", line);
}

/* ---- why ---- */

static void add_headline(json_object *story, StrBuf *out) {
        const char *domain = json_get_string(story, "domain"), *operation = json_get_string(story, "operation"),
                   *step = json_get_string(story, "step");
        CLEANUP(free) char *name = text_safe(domain ? domain : "the domain");
        time_t at = (time_t) json_get_int(story, "time", 0);
        char when[64] = "";
        struct tm local;

        if (json_get_bool(story, "running", false)) {
                strbuf_addf(out, "%s: it runs, as process %lld\n", name, (long long) json_get_int(story, "pid", 0));
                return;
        }
        strbuf_addf(out, "%s: %s", name, operation ? operation : "it ended");
        if (step)
                strbuf_addf(out, ", at step %s", step);
        if (at > 0 && localtime_r(&at, &local) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local) > 0)
                strbuf_addf(out, ", %s", when);
        strbuf_add(out, "\n");
}

static void add_quoted(json_object *story, const char *key, const char *title, StrBuf *out) {
        const char *text = json_get_string(story, key);

        if (!text || !text[0])
                return;
        strbuf_addf(out, "%s:\n", title);
        add_indented(text, 4, out);
}

void report_add_story(json_object *story, bool color, size_t width, StrBuf *out) {
        json_object *report = json_get_object(story, "report");

        add_headline(story, out);
        add_line(out, "error", json_get_string(story, "error"), width);
        add_line(out, "QEMU", json_get_string(story, "exit"), width);
        add_line(out, "job", json_get_string(story, "job"), width);
        add_quoted(story, "stderr", "QEMU said", out);
        add_quoted(story, "last_sent", "The last that it was sent", out);
        add_quoted(story, "last_received", "The last that it answered", out);
        if (report && report_refused(report)) {
                strbuf_add(out, "\n");
                report_add_verdict(report, color, width, out);
        }
}

void report_add_table(json_object *array, const char *const *columns, bool color, StrBuf *out) {
        CLEANUP(text_table_done) TextTable table = {};

        text_table_init(&table, columns);
        for (size_t i = 0; i < json_object_array_length(array); i++) {
                json_object *row = json_object_array_get_idx(array, i);
                char *cells[TABLE_MAX_COLUMNS] = { NULL };

                for (size_t c = 0; columns[c]; c++) {
                        json_object *value = json_object_object_get(row, columns[c]);

                        if (value)
                                cells[c] = json_object_is_type(value, json_type_array) ? joined(value)
                                                                                       : xstrdup(json_object_get_string(value));
                }
                text_table_add(&table, (const char *const *) cells);
                for (size_t c = 0; c < TABLE_MAX_COLUMNS; c++)
                        free(cells[c]);
        }
        text_table_format(&table, color, out);
}
