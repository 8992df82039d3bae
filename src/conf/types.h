/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/types.h - the value types that definitions are made of.
 *
 * Everywhere in a definition all bytes zero means "not said": enums begin with X_UNSET = 0, strings and pointers are NULL,
 * numbers of which 0 can be meant are OptUint/OptU64/OptInt, and a plain unsigned of 0 was not given. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-id128.h>
#include "util/cleanup.h"
#include "util/table.h"

/* yes/no and on/off and enabled/disabled alike. */
typedef enum Tristate { TRISTATE_UNSET, TRISTATE_YES, TRISTATE_NO, TRISTATE_TYPE_MAX } Tristate;

typedef struct OptUint {
        bool set;
        unsigned value;
} OptUint;

typedef struct OptU64 {
        bool set;
        uint64_t value;
} OptU64;

typedef struct OptInt {
        bool set;
        int64_t value;
} OptInt;

#define OPT_UINT(n) ((OptUint) { true, (n) })
#define OPT_U64(n) ((OptU64) { true, (n) })
#define OPT_INT(n) ((OptInt) { true, (n) })

typedef struct MacAddress {
        bool set;
        uint8_t bytes[6];
} MacAddress;
char *mac_address_text(const MacAddress *mac);          /* "52:54:00:00:00:01"; the caller frees */
int mac_address_parse(const char *text, MacAddress *ret);       /* -EINVAL */

/* A set of small numbers: CPUs, NUMA nodes. Text form as libvirt's: "0-3,5". */
#define CPU_SET_MAX 16384
typedef struct CpuSet {
        unsigned n_words;
        uint64_t words[];
} CpuSet;
int cpu_set_parse(const char *text, CpuSet **ret);      /* "0-3,^2,8"; -EINVAL, -ERANGE. An empty set is -EINVAL */
char *cpu_set_text(const CpuSet *set);                  /* the caller frees */
CpuSet *cpu_set_copy(const CpuSet *set);
CpuSet *cpu_set_new(unsigned n_bits);
bool cpu_set_has(const CpuSet *set, unsigned bit);      /* NULL has none */
void cpu_set_add(CpuSet *set, unsigned bit);            /* bit < n_bits of cpu_set_new() */
unsigned cpu_set_count(const CpuSet *set);
bool cpu_set_equal(const CpuSet *a, const CpuSet *b);

/* A list owns its items, each allocated by itself, so pointers to items stay good while the list grows. */
#define LIST_OF(type)                                                                                                  \
        struct {                                                                                                       \
                type **items;                                                                                          \
                size_t n;                                                                                              \
        }
/* Takes item over. */
#define LIST_APPEND(list, item) (*ARRAY_APPEND((list)->items, (list)->n) = (item))
#define LIST_INSERT(list, at, item)                                                                                    \
        ({                                                                                                             \
                __typeof__(*(list)->items) _item = (item);                                                             \
                size_t _at = (at);                                                                                     \
                *ARRAY_APPEND((list)->items, (list)->n) = NULL;                                                        \
                memmove(&(list)->items[_at + 1], &(list)->items[_at], ((list)->n - 1 - _at) * sizeof(void *));         \
                (list)->items[_at] = _item;                                                                            \
        })
/* Gives items[at] up: the caller owns it. */
#define LIST_TAKE(list, at)                                                                                            \
        ({                                                                                                             \
                size_t _at = (at);                                                                                     \
                __typeof__(*(list)->items) _item = (list)->items[_at];                                                 \
                memmove(&(list)->items[_at], &(list)->items[_at + 1], (--(list)->n - _at) * sizeof(void *));           \
                _item;                                                                                                 \
        })
/* LIST_FOR(disk, &def->disks) if (disk->readonly) ...   The list must not change meanwhile. */
#define LIST_FOR(item, list)                                                                                           \
        for (size_t _i_##item = 0; _i_##item < (list)->n; _i_##item = (list)->n + 1)                                   \
                for (__typeof__(*(list)->items) item;                                                                  \
                     _i_##item < (list)->n && ((item = (list)->items[_i_##item]), true); _i_##item++)
