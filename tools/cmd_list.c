/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_list.c - all domains and their states, in one call. */
#include <stdio.h>
#include "commands.h"
#include "names.h"
#include "output.h"

typedef struct Row {
        const char *name;
        char uuid[VIR_UUID_STRING_BUFLEN];
        int id;                         /* -1: not active */
        int state, reason;
} Row;

static int int_param(virDomainStatsRecordPtr record, const char *name) {
        int value = 0;

        virTypedParamsGetInt(record->params, record->nparams, name, &value);
        return value;
}

static void read_row(virDomainStatsRecordPtr record, Row *ret) {
        ret->name = virDomainGetName(record->dom);
        virDomainGetUUIDString(record->dom, ret->uuid);
        ret->id = (int) virDomainGetID(record->dom);
        ret->state = int_param(record, "state.state");
        ret->reason = int_param(record, "state.reason");
}

/* Active ones first, as they were started; then by name. */
static int compare_rows(const void *a, const void *b) {
        const Row *one = a, *other = b;

        if (one->id != other->id && (one->id < 0 || other->id < 0))
                return one->id < 0 ? 1 : -1;
        return one->id != other->id ? (one->id > other->id) - (one->id < other->id) : strcmp(one->name, other->name);
}

static json_object *rows_json(const Row *rows, int n) {
        json_object *list = json_object_new_array();

        for (int i = 0; i < n; i++) {
                json_object *object = json_object_new_object();

                if (rows[i].id >= 0)
                        json_add_int(object, "id", rows[i].id);
                json_add_string(object, "name", rows[i].name);
                json_add_string(object, "uuid", rows[i].uuid);
                json_add_string(object, "state", state_name(rows[i].state));
                json_add_string(object, "reason", state_reason_name(rows[i].state, rows[i].reason));
                json_object_array_add(list, object);
        }
        return list;
}

static void print_rows(Shell *shell, const Row *rows, int n) {
        CLEANUP(text_table_done) TextTable table = {};
        CLEANUP(strbuf_done) StrBuf out = {};

        text_table_init(&table, (const char *const[]) { "Id", "Name", "State", NULL });
        for (int i = 0; i < n; i++) {
                CLEANUP(free) char *id = rows[i].id >= 0 ? xasprintf("%d", rows[i].id) : NULL;

                text_table_add(&table, (const char *const[]) { id, rows[i].name, state_name(rows[i].state) });
        }
        text_table_format(&table, shell->color_out, &out);
        shell_put_text(out.text);
}

static void print_names(const Row *rows, int n) {
        for (int i = 0; i < n; i++) {
                CLEANUP(free) char *name = text_safe(rows[i].name);

                puts(name);
        }
}

ExitCode cmd_list(Shell *shell, const Args *args) {
        unsigned flags = args_has(args, "running") ? VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE : 0;
        virDomainStatsRecordPtr *records = NULL;
        CLEANUP(free) Row *rows = NULL;
        int n;

        if (!shell_connect(shell))
                return SHELL_FAILED;
        n = virConnectGetAllDomainStats(shell->handle, VIR_DOMAIN_STATS_STATE, &records, flags);
        if (n < 0)
                return shell_fail_libvirt(shell, NULL);
        rows = xnew_n(Row, n > 0 ? (size_t) n : 1);
        for (int i = 0; i < n; i++)
                read_row(records[i], &rows[i]);
        qsort(rows, (size_t) n, sizeof(Row), compare_rows);
        if (shell->json)
                shell_put_json(rows_json(rows, n));
        else if (args_has(args, "name"))
                print_names(rows, n);
        else
                print_rows(shell, rows, n);
        virDomainStatsRecordListFree(records);
        return SHELL_OK;
}
