/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/strbuf.h"

#include <stdio.h>

void strbuf_done(StrBuf *buf) {
        free(buf->text);
        *buf = (StrBuf) {};
}

void strbuf_reserve(StrBuf *buf, size_t more) {
        size_t need = buf->len + more + 1;

        if (need <= buf->size)
                return;
        buf->size = need < 2 * buf->size ? 2 * buf->size : need < 64 ? 64 : need;
        buf->text = xrealloc(buf->text, buf->size, 1);
}

void strbuf_add_n(StrBuf *buf, const void *bytes, size_t n) {
        strbuf_reserve(buf, n);
        if (n > 0)              /* bytes may be NULL then */
                memcpy(buf->text + buf->len, bytes, n);
        buf->len += n;
        buf->text[buf->len] = 0;
}

void strbuf_add(StrBuf *buf, const char *text) {
        strbuf_add_n(buf, text, strlen(text));
}

void strbuf_addv(StrBuf *buf, const char *format, va_list ap) {
        va_list again;
        int n;

        va_copy(again, ap);
        strbuf_reserve(buf, 64);
        n = vsnprintf(buf->text + buf->len, buf->size - buf->len, format, ap);
        if (n < 0)
                abort();
        if ((size_t) n >= buf->size - buf->len) {
                strbuf_reserve(buf, n);
                vsnprintf(buf->text + buf->len, buf->size - buf->len, format, again);
        }
        va_end(again);
        buf->len += n;
}

void strbuf_addf(StrBuf *buf, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        strbuf_addv(buf, format, ap);
        va_end(ap);
}

void strbuf_add_xml(StrBuf *buf, const char *text) {
        for (;;) {
                size_t plain = strcspn(text, "&<>'\"\n\r\t");

                strbuf_add_n(buf, text, plain);
                text += plain;
                switch (*text++) {
                case 0:
                        return;
                case '&':
                        strbuf_add(buf, "&amp;");
                        break;
                case '<':
                        strbuf_add(buf, "&lt;");
                        break;
                case '>':
                        strbuf_add(buf, "&gt;");
                        break;
                case '\'':
                        strbuf_add(buf, "&apos;");
                        break;
                case '"':
                        strbuf_add(buf, "&quot;");
                        break;
                default:        /* white space would be folded by the next reader of an attribute */
                        strbuf_addf(buf, "&#x%X;", text[-1]);
                }
        }
}

char *strbuf_steal(StrBuf *buf) {
        char *text;

        strbuf_reserve(buf, 0);
        buf->text[buf->len] = 0;
        text = STEAL(buf->text);
        *buf = (StrBuf) {};
        return text;
}
