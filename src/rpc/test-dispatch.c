/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/test-dispatch.c - every row against libvirt's numbers, names, rights and layouts (tests/data). */
#include <fcntl.h>
#include "rpc/dispatch.h"
#include "rpc/server.h"
#include "tap.h"
#include "util/fs.h"
#include "util/json.h"

static json_object *procedures, *wire;

static json_object *load(const char *dir, const char *name) {
        CLEANUP(free) char *path = xasprintf("%s/%s", dir, name);
        CLEANUP(free) char *text = NULL;
        json_object *object = NULL;
        size_t len;

        if (fs_read_at(AT_FDCWD, path, 1 << 24, &text, &len) < 0 || json_parse(text, len, path, &object, NULL) < 0)
                abort();
        return object;
}

static const struct {
        const char *name;
        uint32_t number;
} programs[] = { { "remote", REMOTE_PROGRAM }, { "qemu", QEMU_PROGRAM } };

static const ProcedureTable *const tables[] = {
        &connect_procedures, &domain_procedures, &lifecycle_procedures, &migrate_procedures, &host_procedures, &absent_procedures,
        &event_procedures, &rest_procedures, &qemu_procedures, &ward_procedures,
};

/* ---- numbers, names, rights ---- */

static void test_every_call_has_a_row(void) {
        Dispatch *dispatch = dispatch_new();
        size_t n_rows = 0, n_calls = 0;

        for (size_t p = 0; p < N_ELEMENTS(programs); p++) {
                json_object *list = json_get_array(procedures, programs[p].name);

                for (size_t i = 0; i < json_object_array_length(list); i++, n_calls++) {
                        json_object *call = json_object_array_get_idx(list, i);
                        int number = json_object_get_int(json_object_array_get_idx(call, 0));
                        bool known;
                        const Procedure *row = dispatch_find(dispatch, programs[p].number, 1, number, &known);

                        expect(known);
                        if (!row)
                                tap_fail(__FILE__, __LINE__, "%s %d has no row", programs[p].name, number);
                        expect_int(row->number, ==, number);
                        expect_str(row->name, json_object_get_string(json_object_array_get_idx(call, 1)));
                        expect(strncmp(row->api, "vir", 3) == 0);
                }
        }
        for (size_t t = 0; t < N_ELEMENTS(tables); t++)
                n_rows += tables[t] == &ward_procedures ? 0 : tables[t]->n;
        expect_int(n_rows, ==, n_calls);        /* and no row is of a procedure that libvirt has not */
        dispatch_free(dispatch);
}

/* libvirt's rule: getattr, read and search may be done by read-only connections. A permission with a condition behind it is
 * about flags. */
static bool acl_reads(const char *acl) {
        while (*acl) {
                size_t len = strcspn(acl, " ");
                const char *right = memchr(acl, ':', len), *start = right ? right + 1 : acl;
                size_t right_len = strcspn(start, " :");
                bool conditional = start[right_len] == ':';

                if (!conditional && strncmp(start, "none", 4) != 0 && strncmp(start, "getattr", 7) != 0 &&
                    !(right_len == 4 && strncmp(start, "read", 4) == 0) && strncmp(start, "search", 6) != 0)
                        return false;
                acl += len + (acl[len] == ' ');
        }
        return true;
}

/* What libvirt 9.0 refuses to read-only connections although its permission is one for reading; measured. */
static bool libvirt_denies_anyway(int number) {
        static const int numbers[] = { 58, 395, 396, 433 };

        for (size_t i = 0; i < N_ELEMENTS(numbers); i++)
                if (numbers[i] == number)
                        return true;
        return false;
}

static void test_rights_are_libvirts(void) {
        Dispatch *dispatch = dispatch_new();
        bool known;

        for (size_t p = 0; p < N_ELEMENTS(programs); p++) {
                json_object *list = json_get_array(procedures, programs[p].name);

                for (size_t i = 0; i < json_object_array_length(list); i++) {
                        json_object *call = json_object_array_get_idx(list, i);
                        const Procedure *row = dispatch_find(dispatch, programs[p].number, 1,
                                                             json_object_get_int(json_object_array_get_idx(call, 0)), &known);
                        bool may_read = acl_reads(json_object_get_string(json_object_array_get_idx(call, 2))) &&
                                        !(p == 0 && libvirt_denies_anyway(row->number));

                        if ((row->right != RIGHT_WRITE) != may_read)
                                tap_fail(__FILE__, __LINE__, "%s: right is %d, libvirt's %s", row->name, row->right,
                                         may_read ? "reads" : "writes");
                }
        }
        dispatch_free(dispatch);
}

static void test_before_open(void) {
        static const char *const allowed[] = { "CONNECT_OPEN",   "CONNECT_CLOSE",   "CONNECT_SUPPORTS_FEATURE", "AUTH_LIST",
                                               "AUTH_SASL_INIT", "AUTH_SASL_START", "AUTH_SASL_STEP",           "AUTH_POLKIT" };
        size_t n = 0;

        for (size_t t = 0; t < N_ELEMENTS(tables); t++)
                for (size_t i = 0; i < tables[t]->n; i++)
                        if (tables[t]->rows[i].right == RIGHT_NONE) {
                                bool found = false;

                                for (size_t a = 0; a < N_ELEMENTS(allowed); a++)
                                        found |= streq(allowed[a], tables[t]->rows[i].name);
                                expect(found);
                                n++;
                        }
        expect_int(n, ==, N_ELEMENTS(allowed));
}

/* ---- layouts: the bytes of a value that is all zero ---- */

static size_t zero_size_of_spec(const char *spec);

static size_t zero_size(const char *type) {
        json_object *types = json_get_object(wire, "types"), *shape;
        size_t size = 0;

        if (streq(type, "hyper") || streq(type, "uhyper") || streq(type, "double"))
                return 8;
        if (!json_object_object_get_ex(types, type, &shape))
                return 4;               /* int, bool, char, the length of a string ... */
        if (json_object_is_type(shape, json_type_string))
                return zero_size_of_spec(json_object_get_string(shape));
        if (json_object_is_type(shape, json_type_object))
                return SIZE_MAX / 2;    /* a union: zero is none of its cases; only met inside of lists */
        for (size_t i = 0; i < json_object_array_length(shape); i++)
                size += zero_size_of_spec(json_object_get_string(json_object_array_get_idx(shape, i)));
        return size;
}

/* "?type", "type[n]", "type<max>", each perhaps followed by " name". */
static size_t zero_size_of_spec(const char *spec) {
        CLEANUP(free) char *type = xstrndup(spec, strcspn(spec, "[< "));
        const char *rest = spec + strlen(type);

        if (*spec == '?' || *rest == '<')
                return 4;
        if (*rest == '[')
                return streq(type, "opaque") ? strtoul(rest + 1, NULL, 10) : strtoul(rest + 1, NULL, 10) * zero_size(type);
        return zero_size(type);
}

static json_object *wire_row(uint32_t program, int number) {
        for (size_t p = 0; p < N_ELEMENTS(programs); p++)
                if (programs[p].number == program) {
                        json_object *all = json_get_object(json_get_object(wire, "programs"), programs[p].name);
                        CLEANUP(free) char *key = xasprintf("%d", number);

                        return json_get_array(json_get_object(all, "procedures"), key);
                }
        return NULL;
}

static size_t wire_size(json_object *row, size_t column) {
        json_object *type = json_object_array_get_idx(row, column);

        return type ? zero_size(json_object_get_string(type)) : 0;
}

static bool decodes(const Procedure *row, const char *zeros, size_t len, size_t *ret_used) {
        max_align_t args[WIRE_STRUCT_MAX / sizeof(max_align_t)] = {};
        XDR xdr;
        bool ok;

        xdrmem_create(&xdr, (char *) zeros, (u_int) len, XDR_DECODE);
        ok = !row->args || row->args(&xdr, args);
        *ret_used = row->args ? xdr_getpos(&xdr) : 0;
        if (row->args)
                xdr_free(row->args, (char *) args);
        return ok;
}

/* A row that only looks at the beginning of its arguments says so by being about what virtward has not. */
static void check_layout(const Procedure *row, uint32_t program, bool prefix_is_enough) {
        max_align_t ret[WIRE_STRUCT_MAX / sizeof(max_align_t)] = {};
        json_object *truth = wire_row(program, row->number);
        char bytes[1024] = {};
        size_t used;
        XDR xdr;

        if (!truth || !row->run)
                return;
        if (!decodes(row, bytes, wire_size(truth, 1), &used) || (used != wire_size(truth, 1) && !prefix_is_enough))
                tap_fail(__FILE__, __LINE__, "%s: %zu bytes of arguments are read, libvirt has %zu", row->name, used,
                         wire_size(truth, 1));
        if (!prefix_is_enough && used > 0 && decodes(row, bytes, wire_size(truth, 1) - 4, &used))
                tap_fail(__FILE__, __LINE__, "%s: arguments that are too short decode", row->name);
        if (!row->ret && prefix_is_enough)
                return;                 /* it never succeeds */
        xdrmem_create(&xdr, bytes, sizeof(bytes), XDR_ENCODE);
        if (row->ret && !row->ret(&xdr, ret))
                tap_fail(__FILE__, __LINE__, "%s: an empty answer does not encode", row->name);
        if ((row->ret ? xdr_getpos(&xdr) : 0) != wire_size(truth, 2))
                tap_fail(__FILE__, __LINE__, "%s: the answer takes %u bytes, libvirt's %zu", row->name,
                         row->ret ? xdr_getpos(&xdr) : 0, wire_size(truth, 2));
}

static bool never_answers(const Procedure *row) {
        return row->number == 304 || (row->number >= 67 && row->number <= 70);
}

static void test_layouts_are_libvirts(void) {
        for (size_t t = 0; t < N_ELEMENTS(tables); t++)
                for (size_t i = 0; i < tables[t]->n && tables[t] != &ward_procedures; i++)
                        check_layout(&tables[t]->rows[i], tables[t] == &qemu_procedures ? QEMU_PROGRAM : REMOTE_PROGRAM,
                                     tables[t] == &absent_procedures || never_answers(&tables[t]->rows[i]));
}

/* ---- rows make sense ---- */

static void test_rows_are_whole(void) {
        for (size_t t = 0; t < N_ELEMENTS(tables); t++)
                for (size_t i = 0; i < tables[t]->n; i++) {
                        const Procedure *row = &tables[t]->rows[i];

                        expect_int(row->args_size, <=, WIRE_STRUCT_MAX);
                        expect_int(row->ret_size, <=, WIRE_STRUCT_MAX);
                        expect(!row->verb || row->run);
                        expect(!row->answer || row->ret);
                        expect(tables[t] == &rest_procedures ? !row->run : true);
                }
}

int main(int argc, char **argv) {
        const char *data = argc > 1 ? argv[1] : "tests/data";

        procedures = load(data, "rpc/procedures.json");
        wire = load(data, "wire.json");
        return tap_run((const TapTest[]) {
                { "every call of libvirt's has one row with its name", test_every_call_has_a_row },
                { "read-only connections may call what libvirt lets them", test_rights_are_libvirts },
                { "before the open, only what opens", test_before_open },
                { "layouts are libvirt's", test_layouts_are_libvirts },
                { "rows are whole", test_rows_are_whole },
                {}
        });
}
