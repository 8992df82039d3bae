/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/wire.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 sequence that starts here, 0: none. Overlong forms, surrogates and NUL are none. */
static size_t utf8_step(const unsigned char *text, size_t left) {
        static const struct { unsigned char mask, lead; uint32_t least; } forms[] = {
                { 0x80, 0x00, 1 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
        };

        for (size_t n = 1; n <= 4 && n <= left; n++) {
                uint32_t point = text[0] & (unsigned char) ~forms[n - 1].mask;

                if ((text[0] & forms[n - 1].mask) != forms[n - 1].lead)
                        continue;
                for (size_t i = 1; i < n; i++) {
                        if ((text[i] & 0xc0) != 0x80)
                                return 0;
                        point = point << 6 | (text[i] & 0x3f);
                }
                return point < forms[n - 1].least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : n;
        }
        return 0;
}

static bool text_ok(const unsigned char *text, size_t len) {
        for (size_t i = 0, n; i < len; i += n) {
                n = text[i] - 1U < 0x7f ? 1 : utf8_step(text + i, len - i);     /* plain ASCII without a call */
                if (n == 0)
                        return false;
        }
        return true;
}

static bool_t text_decode(XDR *xdr, char **ret) {
        u_int len;
        char *text;

        if (!xdr_u_int(xdr, &len) || len > WIRE_STRING_MAX)
                return FALSE;
        text = malloc(len + 1);
        if (!text || !xdr_opaque(xdr, text, len) || !text_ok((unsigned char *) text, len)) {
                free(text);
                return FALSE;
        }
        text[len] = 0;
        *ret = text;
        return TRUE;
}

static bool_t text_encode(XDR *xdr, const char *text) {
        size_t len = strlen(text);
        u_int wire_len = (u_int) len;

        return len <= WIRE_STRING_MAX && xdr_u_int(xdr, &wire_len) && xdr_opaque(xdr, (char *) text, wire_len);
}

bool_t xdr_WireText(XDR *xdr, WireText *text) {
        switch (xdr->x_op) {
        case XDR_DECODE:
                return text_decode(xdr, text);
        case XDR_ENCODE:
                return text_encode(xdr, *text ? *text : "");
        case XDR_FREE:
                free(*text);
                *text = NULL;
        }
        return TRUE;
}

/* Any non-zero flag means present: go-libvirt sends 0x01000000. */
bool_t xdr_WireOptText(XDR *xdr, WireOptText *text) {
        u_int present = xdr->x_op == XDR_ENCODE && *text;

        if (xdr->x_op == XDR_FREE)
                return xdr_WireText(xdr, text);
        if (!xdr_u_int(xdr, &present))
                return FALSE;
        return present ? xdr_WireText(xdr, text) : TRUE;
}

bool_t xdr_WireUuid(XDR *xdr, WireUuid *uuid) {
        return xdr->x_op == XDR_FREE || xdr_opaque(xdr, (char *) uuid->bytes, sizeof(uuid->bytes));
}

bool_t xdr_WireChars(XDR *xdr, WireChars *chars) {
        u_int len;

        if (xdr->x_op != XDR_ENCODE)
                return xdr->x_op == XDR_FREE;
        len = *chars ? (u_int) strlen(*chars) + 1 : 0;
        if (!xdr_u_int(xdr, &len))
                return FALSE;
        for (u_int i = 0; i < len; i++) {
                int wide = (*chars)[i];         /* xdr_char() would write to the text */

                if (!xdr_int(xdr, &wide))
                        return FALSE;
        }
        return TRUE;
}
