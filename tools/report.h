/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/report.h - what the daemon says about a guest, for people: verdicts, the last failure, the rules in force. */
#pragma once
#include <stdbool.h>
#include "util/json.h"
#include "util/strbuf.h"

/* The report of EXPLAIN (docs/private-api.md). */
void report_add_verdict(json_object *report, bool color, size_t width, StrBuf *out);
bool report_refused(json_object *report);

/* The story of WHY: how a guest last ended or failed to start, or what goes on while it runs. */
void report_add_story(json_object *story, bool color, size_t width, StrBuf *out);

/* An array of objects as a table; columns (ending with NULL) are members, shown under their own names. */
void report_add_table(json_object *array, const char *const *columns, bool color, StrBuf *out);
