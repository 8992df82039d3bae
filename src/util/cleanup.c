/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

void close_fd(int fd) {
        int saved = errno;

        if (fd >= 0)
                close(fd);
        errno = saved;
}

static void *check(void *memory) {
        if (!memory) {
                fputs("virtward: out of memory\n", stderr);
                abort();
        }
        return memory;
}

void *xmalloc(size_t size) {
        return check(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size) {
        return check(calloc(n ? n : 1, size));
}

void *xrealloc(void *pointer, size_t n, size_t size) {
        return check(reallocarray(pointer, n ? n : 1, size));
}

char *xstrdup(const char *text) {
        return text ? check(strdup(text)) : NULL;
}

/* Not strndup(): text need not end with a NUL, and the sanitizer's strict_string_checks would want one. */
char *xstrndup(const char *text, size_t n) {
        size_t len = strnlen(text, n);
        char *copy = xmalloc(len + 1);

        memcpy(copy, text, len);
        copy[len] = 0;
        return copy;
}

char *xasprintf(const char *format, ...) {
        va_list ap;
        char *text;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        return check(text);
}

/* Room for the next power of two above n. It is asked for each time, because whoever made the array may have given it room for n
 * elements only; for the allocator that is no work when the room is there. */
void *array_grow(void *array, size_t n, size_t size) {
        size_t room = 1;

        while (room <= n)
                room *= 2;
        array = xrealloc(array, room, size);
        memset((char *) array + n * size, 0, size);
        return array;
}
