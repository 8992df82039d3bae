/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/lint.c - reads a definition to the end and tells all that is wrong with it. */
#include <stdio.h>
#include "conf/elements.h"
#include "util/json.h"
#include "util/xml.h"

/* What has no place of its own, or that of a parser's message: "(domain_definition):12:3: ...". */
static void add_error(json_object *findings, const Error *err) {
        json_object *finding = json_object_new_object();
        const char *what = err->detail;
        unsigned line, column;
        int len = 0;

        if (sscanf(what, "(domain_definition):%u:%u: %n", &line, &column, &len) == 2 && len > 0) {
                what += len;
                json_add_uint(finding, "line", line);
                json_add_uint(finding, "column", column);
        }
        json_add_uint(finding, "code", err->code);
        json_add_string(finding, "what", what);
        json_object_array_add(findings, finding);
}

struct json_object *domain_def_lint(const char *xml, size_t len) {
        json_object *findings = json_object_new_array();
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(error_free) Error *err = NULL;

        domain_def_read(xml, len, DOMAIN_PARSE_INACTIVE, findings, &def, &err);
        if (err)
                add_error(findings, err);
        return findings;
}
