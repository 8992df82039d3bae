/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/args.h - a command line against tables of options: values by name, words in order. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "util/error.h"

/* A row per option; a table ends with a zeroed row. */
typedef struct OptionRow {
        const char *name;               /* without the dashes */
        char letter;                    /* 0: none */
        const char *value;              /* what stands for the value in help ("URI"); NULL: a switch */
        const char *bare;               /* what --name alone means; NULL: a value must follow */
        const char *choices;            /* "required|preferred|no"; NULL: any value */
        const char *help;
} OptionRow;

#define ARGS_MAX_OPTIONS 32
#define ARGS_MAX_WORDS 16

typedef struct Args {
        struct {
                const OptionRow *row;
                const char *value;      /* "" for a switch */
        } options[ARGS_MAX_OPTIONS];
        size_t n_options;
        const char *words[ARGS_MAX_WORDS];
        size_t n_words;
} Args;

/* Reads options of any of the n_tables tables and words, from *argv on, which moves to the first argument that was not read.
 * words_end: the first word ends it (what comes before a command's name). "--" makes words of all that follows.
 * Everything in args is borrowed from argv and the tables. Errors name the option and the nearest known one. */
int args_read(Args *args, const OptionRow *const *tables, size_t n_tables, char ***argv, bool words_end, Error **err);

bool args_has(const Args *args, const char *name);
/* NULL: not given. The last one counts. */
const char *args_get(const Args *args, const char *name);
/* A whole number of min..max; fallback when the option was not given. */
int args_number(const Args *args, const char *name, unsigned min, unsigned max, unsigned fallback, unsigned *ret, Error **err);
