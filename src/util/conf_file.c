/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/conf_file.c - reads "key = value" lines; the rows say what each key is. */
#include "util/conf_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "util/fs.h"

#define CONF_MAX_BYTES (256 * 1024)
#define CONF_MAX_ROWS 64

typedef struct ConfReader {
        const char *path;
        unsigned line;
        const ConfRow *rows;
        void *target;
        uint64_t seen;          /* a bit per row */
} ConfReader;

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blank(char *text) {
        while (is_blank(*text))
                text++;
        return text;
}

static void cut_blank(char *start, char *end) {
        while (end > start && is_blank(end[-1]))
                end--;
        *end = 0;
}

static int refuse(const ConfReader *reader, Error **err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int refuse(const ConfReader *reader, Error **err, const char *format, ...) {
        CLEANUP(free) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                abort();
        va_end(ap);
        return error_set(err, ERROR_CONF_SYNTAX, "%s:%u: %s", reader->path, reader->line, text);
}

/* In place: the text between the quotes, escapes resolved; only a comment may follow. */
static int unquote(const ConfReader *reader, char **value, Error **err) {
        char *from = *value + 1, *to = from, *start = from;

        for (; *from != '"'; from++) {
                if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
                        from++;
                if (!*from)
                        return refuse(reader, err, "the closing \" is missing");
                *to++ = *from;
        }
        from = skip_blank(from + 1);
        if (*from && *from != '#')
                return refuse(reader, err, "only a comment may follow the closing \"");
        *to = 0;
        *value = start;
        return 0;
}

static void cut_comment(char *value) {
        char *end = value;

        while (*end && !(*end == '#' && (end == value || is_blank(end[-1]))))
                end++;
        cut_blank(value, end);
}

static int set_bool(const ConfReader *reader, const ConfRow *row, const char *value, bool *field, Error **err) {
        static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

        for (size_t i = 0; i < N_ELEMENTS(words); i++) {
                if (streq(value, words[i])) {
                        *field = i & 1;
                        return 0;
                }
        }
        return refuse(reader, err, "%s is yes or no, not '%s'", row->key, value);
}

static int set_uint(const ConfReader *reader, const ConfRow *row, const char *value, unsigned *field, Error **err) {
        unsigned long number;
        char *end;

        errno = 0;
        number = strtoul(value, &end, 10);
        if (value[0] < '0' || value[0] > '9' || *end || errno || number < row->min || number > row->max)
                return refuse(reader, err, "%s is a number from %u to %u, not '%s'", row->key, row->min, row->max, value);
        *field = (unsigned) number;
        return 0;
}

static int set_text(const ConfReader *reader, const ConfRow *row, const char *value, char **field, Error **err) {
        CLEANUP(error_free) Error *wrong = NULL;

        if (*value && row->check && row->check(value, &wrong) < 0)
                return refuse(reader, err, "%s: %s", row->key, wrong->detail);
        free(*field);
        *field = *value ? xstrdup(value) : NULL;
        return 0;
}

static int set_enum(const ConfReader *reader, const ConfRow *row, const char *value, int *field, Error **err) {
        CLEANUP(free) char *list = NULL;
        int number = table_value(row->table, value);

        if (number < 0) {
                list = table_list(row->table);
                return refuse(reader, err, "%s is one of %s, not '%s'", row->key, list, value);
        }
        *field = number;
        return 0;
}

static int set_field(const ConfReader *reader, const ConfRow *row, const char *value, Error **err) {
        void *field = (char *) reader->target + row->offset;

        switch (row->type) {
        case CONF_BOOL:
                return set_bool(reader, row, value, field, err);
        case CONF_UINT:
                return set_uint(reader, row, value, field, err);
        case CONF_TEXT:
                return set_text(reader, row, value, field, err);
        case CONF_ENUM:
                return set_enum(reader, row, value, field, err);
        }
        abort();
}

static int refuse_key(const ConfReader *reader, const char *key, Error **err) {
        const char *names[CONF_MAX_ROWS], *near;
        size_t n = 0;

        for (const ConfRow *row = reader->rows; row->key && n < CONF_MAX_ROWS; row++)
                names[n++] = row->key;
        near = nearest_name(key, names, n);
        return near ? refuse(reader, err, "unknown setting '%s'; did you mean '%s'?", key, near)
                    : refuse(reader, err, "unknown setting '%s'", key);
}

static int read_setting(ConfReader *reader, const char *key, char *value, Error **err) {
        for (const ConfRow *row = reader->rows; row->key; row++) {
                uint64_t bit = UINT64_C(1) << ((row - reader->rows) % CONF_MAX_ROWS);

                assert(row < reader->rows + CONF_MAX_ROWS);
                if (!streq(row->key, key))
                        continue;
                if (reader->seen & bit)
                        return refuse(reader, err, "%s is set a second time", key);
                reader->seen |= bit;
                if (*value == '"') {
                        if (unquote(reader, &value, err) < 0)
                                return -1;
                } else {
                        cut_comment(value);
                }
                return set_field(reader, row, value, err);
        }
        return refuse_key(reader, key, err);
}

static int read_line(ConfReader *reader, char *line, Error **err) {
        char *key = skip_blank(line), *equals;

        if (!*key || *key == '#')
                return 0;
        equals = strchr(key, '=');
        if (!equals)
                return refuse(reader, err, "'=' is missing: a line is KEY = VALUE");
        cut_blank(key, equals);
        return read_setting(reader, key, skip_blank(equals + 1), err);
}

int conf_parse(const char *text, size_t len, const char *path, const ConfRow *rows, void *target, Error **err) {
        ConfReader reader = { .path = path, .rows = rows, .target = target };
        CLEANUP(free) char *copy = xstrndup(text, len);
        char *next = copy;

        if (strlen(copy) != len)
                return error_set(err, ERROR_CONF_SYNTAX, "%s: the file holds a NUL byte: it is not text", path);
        while (next) {
                char *line = strsep(&next, "\n");

                reader.line++;
                cut_blank(line, line + strlen(line));
                if (read_line(&reader, line, err) < 0)
                        return -1;
        }
        return 0;
}

int conf_read(const char *path, bool must_exist, const ConfRow *rows, void *target, Error **err) {
        CLEANUP(free) char *text = NULL;
        size_t len;
        int r = fs_read_at(AT_FDCWD, path, CONF_MAX_BYTES, &text, &len);

        if (r == -ENOENT && !must_exist)
                return 0;
        if (r < 0)
                return error_set_errno(err, -r, "cannot read '%s'", path);
        return conf_parse(text, len, path, rows, target, err);
}

void conf_done(const ConfRow *rows, void *target) {
        for (const ConfRow *row = rows; row->key; row++) {
                char **field = (char **) ((char *) target + row->offset);

                if (row->type != CONF_TEXT)
                        continue;
                free(*field);
                *field = NULL;
        }
}
