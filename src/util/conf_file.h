/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/conf_file.h - "key = value" files read into a struct by a table: a row per key.
 *
 * One setting per line; "#" begins a comment at the start of a line or after a blank; a value may stand in "double quotes"
 * (then # and blanks belong to it; \" and \\ are the escapes). A key that is unknown, given twice, or whose value does not fit is
 * refused with the file's name, the line and, where one is near, the word that was probably meant. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "util/error.h"
#include "util/table.h"

typedef enum ConfType {
        CONF_BOOL,              /* bool: yes, no, true, false, 1, 0 */
        CONF_UINT,              /* unsigned, min..max */
        CONF_TEXT,              /* char *, owned by the target; an empty text becomes NULL */
        CONF_ENUM,              /* int, by table */
} ConfType;

typedef struct ConfRow {
        const char *key;
        ConfType type;
        size_t offset;          /* of the field in the target */
        const EnumTable *table; /* CONF_ENUM */
        unsigned min, max;      /* CONF_UINT */
        int (*check)(const char *value, Error **err);   /* CONF_TEXT: what else it must be; may be NULL */
} ConfRow;

/* rows end with {}. Fields without a line keep what they hold. On failure target may be partly filled; what it owns is
 * freed by conf_done() as ever. ERROR_CONF_SYNTAX. */
int conf_parse(const char *text, size_t len, const char *path, const ConfRow *rows, void *target, Error **err);

/* The same with a file's text. A file that is absent says nothing, unless must_exist. */
int conf_read(const char *path, bool must_exist, const ConfRow *rows, void *target, Error **err);

/* Frees the texts. */
void conf_done(const ConfRow *rows, void *target);
