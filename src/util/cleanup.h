/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/cleanup.h - ownership that the compiler ends: CLEANUP(x_free), STEAL(x), and allocation that cannot fail.
 *
 * Small allocations abort the process when memory is exhausted, as in libvirt (since 6.0) and GLib: no caller has a
 * better answer. Whatever a stranger can make large is bounded before it is allocated. */
#pragma once
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function##_p)))

/* Makes CLEANUP(function) usable for pointers to type; function takes NULL. */
#define DEFINE_CLEANUP(type, function)                                                                                 \
        __attribute__((unused)) static inline void function##_p(type **object) {                                       \
                function(*object);                                                                                     \
        }

/* Gives up ownership: the value of the pointer (or descriptor), which is left NULL. */
#define STEAL(pointer)                                                                                                 \
        ({                                                                                                             \
                __typeof__(pointer) *_source = &(pointer);                                                             \
                __typeof__(pointer) _value = *_source;                                                                 \
                *_source = NULL;                                                                                       \
                _value;                                                                                                \
        })
#define STEAL_FD(fd)                                                                                                   \
        ({                                                                                                             \
                int *_source = &(fd);                                                                                  \
                int _value = *_source;                                                                                 \
                *_source = -1;                                                                                         \
                _value;                                                                                                \
        })

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static inline void free_p(void *pointer) {
        free(*(void **) pointer);
}

/* close() for a descriptor that may be -1; errno is kept. */
void close_fd(int fd);
static inline void close_p(int *fd) {
        close_fd(*fd);
}

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *pointer, size_t n, size_t size);
char *xstrdup(const char *text);           /* NULL gives NULL */
char *xstrndup(const char *text, size_t n);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define xnew(type) ((type *) xcalloc(1, sizeof(type)))
#define xnew_n(type, n) ((type *) xcalloc((n), sizeof(type)))

/* Grows array by one zeroed element and counts it: *ARRAY_APPEND(list, n_list) = element. */
#define ARRAY_APPEND(array, n)                                                                                         \
        ({                                                                                                             \
                (array) = array_grow((array), (n), sizeof((array)[0]));                                                \
                &(array)[(n)++];                                                                                       \
        })
void *array_grow(void *array, size_t n, size_t size);

static inline int streq(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}
