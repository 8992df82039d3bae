/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/wire.h - the XDR primitives that remote.x builds on, stricter than libtirpc's own where a stranger's bytes come in. */
#pragma once
#include <rpc/rpc.h>
#include <stdint.h>
#include <systemd/sd-id128.h>

#define WIRE_STRING_MAX 4194304

typedef char *WireText;         /* never NULL on the wire; NUL-terminated UTF-8 here, what else the bytes are does not decode */
typedef char *WireOptText;      /* the same, NULL when absent */
typedef sd_id128_t WireUuid;    /* 16 packed bytes */
typedef char *WireChars;        /* libvirt's `char x<>`: each char takes 4 bytes, its NUL is counted; NULL is none; encode only */

bool_t xdr_WireText(XDR *xdr, WireText *text);
bool_t xdr_WireOptText(XDR *xdr, WireOptText *text);
bool_t xdr_WireUuid(XDR *xdr, WireUuid *uuid);
bool_t xdr_WireChars(XDR *xdr, WireChars *chars);
