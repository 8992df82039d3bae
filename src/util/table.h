/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/table.h - the names of an enum: number to name, name to number, and the name that was probably meant. */
#pragma once
#include <stddef.h>

typedef struct EnumTable {
        const char *what;               /* what the values are, for messages: "disk bus" */
        const char *const *names;       /* names[value]; a NULL or "" entry is a value that has no name in XML */
        int n;
} EnumTable;

/* DEFINE_ENUM_TABLE(disk_bus_table, "disk bus", "", "virtio", "ide") for an enum whose value 0 is "not given". */
#define DEFINE_ENUM_TABLE(symbol, description, ...)                                                                    \
        static const char *const symbol##_names[] = { __VA_ARGS__ };                                                   \
        const EnumTable symbol = { .what = (description), .names = symbol##_names, .n = sizeof(symbol##_names) / sizeof(char *) }

int table_value(const EnumTable *table, const char *name);              /* -1: no such name */
const char *table_name(const EnumTable *table, int value);              /* NULL: no such value */
char *table_list(const EnumTable *table);                               /* "virtio, ide, scsi"; the caller frees */

/* The candidate nearest to a misspelt word (Damerau-Levenshtein), or NULL when none is near. Borrowed. */
const char *nearest_name(const char *word, const char *const *names, size_t n);
