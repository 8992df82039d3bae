/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/strbuf.h - text that grows. A zeroed StrBuf is empty; text is always NUL-terminated once anything was added. */
#pragma once
#include <stdarg.h>
#include "util/cleanup.h"

typedef struct StrBuf {
        char *text;
        size_t len, size;
} StrBuf;

void strbuf_done(StrBuf *buf);          /* frees the text and empties the buffer */
static inline void strbuf_done_p(StrBuf *buf) {
        strbuf_done(buf);
}
void strbuf_reserve(StrBuf *buf, size_t more);
void strbuf_add(StrBuf *buf, const char *text);
void strbuf_add_n(StrBuf *buf, const void *bytes, size_t n);
void strbuf_addf(StrBuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_addv(StrBuf *buf, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));

/* Text as XML character data or attribute value (in single quotes): & < > ' " and line ends escaped. */
void strbuf_add_xml(StrBuf *buf, const char *text);

/* The text, owned by the caller ("" when nothing was added); the buffer is empty again. */
char *strbuf_steal(StrBuf *buf);
