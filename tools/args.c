/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/args.c - a command line against tables of options: values by name, words in order. */
#include "args.h"
#include <errno.h>
#include "util/table.h"

typedef struct Reader {
        Args *args;
        const OptionRow *const *tables;
        size_t n_tables;
        char **argv;
} Reader;

static const OptionRow *find_long(const Reader *reader, const char *name, size_t len) {
        for (size_t i = 0; i < reader->n_tables; i++)
                for (const OptionRow *row = reader->tables[i]; row->name; row++)
                        if (strncmp(row->name, name, len) == 0 && !row->name[len])
                                return row;
        return NULL;
}

static const OptionRow *find_letter(const Reader *reader, char letter) {
        for (size_t i = 0; i < reader->n_tables; i++)
                for (const OptionRow *row = reader->tables[i]; row->name; row++)
                        if (row->letter == letter)
                                return row;
        return NULL;
}

static int fail_unknown(const Reader *reader, const char *option, size_t len, Error **err) {
        const char *names[ARGS_MAX_OPTIONS], *near;
        CLEANUP(free) char *word = xstrndup(option, len);
        size_t n = 0;

        for (size_t i = 0; i < reader->n_tables; i++)
                for (const OptionRow *row = reader->tables[i]; row->name && n < ARGS_MAX_OPTIONS; row++)
                        names[n++] = row->name;
        near = len > 1 ? nearest_name(word, names, n) : NULL;
        if (near)
                return error_set(err, ERROR_INVALID_ARG, "unknown option --%s; did you mean --%s?", word, near);
        return error_set(err, ERROR_INVALID_ARG, "unknown option %s%s", len > 1 ? "--" : "-", word);
}

static bool choice_ok(const char *choices, const char *value) {
        size_t len = strlen(value);

        for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
                if (len > 0 && strncmp(at, value, len) == 0 && (at[len] == '|' || !at[len]))
                        return true;
        return false;
}

static int add_option(Args *args, const OptionRow *row, const char *value, Error **err) {
        if (row->choices && !choice_ok(row->choices, value))
                return error_set(err, ERROR_INVALID_ARG, "option --%s cannot be '%s'; it is one of %s", row->name, value,
                                 row->choices);
        if (args->n_options == ARGS_MAX_OPTIONS)
                return error_set(err, ERROR_INVALID_ARG, "more than %d options", ARGS_MAX_OPTIONS);
        args->options[args->n_options].row = row;
        args->options[args->n_options++].value = value;
        return 0;
}

/* attached: what was written after "=" or after the letter; NULL: nothing was. */
static int read_value(Reader *reader, const OptionRow *row, const char *attached, Error **err) {
        if (!row->value)
                return attached ? error_set(err, ERROR_INVALID_ARG, "option --%s takes no value", row->name)
                                : add_option(reader->args, row, "", err);
        if (attached)
                return add_option(reader->args, row, attached, err);
        if (row->bare)
                return add_option(reader->args, row, row->bare, err);
        if (!*reader->argv)
                return error_set(err, ERROR_INVALID_ARG, "option --%s needs a value: --%s=%s", row->name, row->name, row->value);
        return add_option(reader->args, row, *reader->argv++, err);
}

static int read_long(Reader *reader, const char *text, Error **err) {
        size_t len = strcspn(text, "=");
        const OptionRow *row = find_long(reader, text, len);

        if (!row)
                return fail_unknown(reader, text, len, err);
        return read_value(reader, row, text[len] ? text + len + 1 : NULL, err);
}

static int read_letters(Reader *reader, const char *text, Error **err) {
        for (; *text; text++) {
                const OptionRow *row = find_letter(reader, *text);

                if (!row)
                        return fail_unknown(reader, text, 1, err);
                if (row->value)
                        return read_value(reader, row, text[1] ? text + 1 : NULL, err);
                if (read_value(reader, row, NULL, err) < 0)
                        return -1;
        }
        return 0;
}

static int add_word(Args *args, const char *word, Error **err) {
        if (args->n_words == ARGS_MAX_WORDS)
                return error_set(err, ERROR_INVALID_ARG, "more than %d arguments", ARGS_MAX_WORDS);
        args->words[args->n_words++] = word;
        return 0;
}

int args_read(Args *args, const OptionRow *const *tables, size_t n_tables, char ***argv, bool words_end, Error **err) {
        Reader reader = { .args = args, .tables = tables, .n_tables = n_tables, .argv = *argv };
        bool only_words = false;
        int r = 0;

        while (r == 0 && *reader.argv) {
                const char *arg = *reader.argv;
                bool word = only_words || arg[0] != '-' || !arg[1];     /* "-" alone is a word: standard input */

                if (word && words_end)
                        break;
                reader.argv++;
                if (word)
                        r = add_word(args, arg, err);
                else if (strcmp(arg, "--") == 0)
                        only_words = true;
                else if (arg[1] == '-')
                        r = read_long(&reader, arg + 2, err);
                else
                        r = read_letters(&reader, arg + 1, err);
        }
        *argv = reader.argv;
        return r;
}

const char *args_get(const Args *args, const char *name) {
        for (size_t i = args->n_options; i > 0; i--)
                if (strcmp(args->options[i - 1].row->name, name) == 0)
                        return args->options[i - 1].value;
        return NULL;
}

bool args_has(const Args *args, const char *name) {
        return args_get(args, name);
}

int args_number(const Args *args, const char *name, unsigned min, unsigned max, unsigned fallback, unsigned *ret, Error **err) {
        const char *text = args_get(args, name);
        char *end;
        unsigned long value;

        if (!text) {
                *ret = fallback;
                return 0;
        }
        errno = 0;
        value = strtoul(text, &end, 10);
        if (errno || *end || text[0] < '0' || text[0] > '9' || value < min || value > max)
                return error_set(err, ERROR_INVALID_ARG, "option --%s is a number from %u to %u, not '%s'", name, min, max, text);
        *ret = (unsigned) value;
        return 0;
}
