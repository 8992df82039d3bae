/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* What libvirt 9.0 puts before a message, and the domain its QEMU driver uses, per code; measured over the wire. */
static const struct {
        ErrorCode code;
        ErrorDomain domain;
        const char *prefix;
} rows[] = {
        { ERROR_INTERNAL, ERROR_FROM_QEMU, "internal error: " },
        { ERROR_NO_SUPPORT, ERROR_FROM_QEMU, "this function is not supported by the connection driver: " },
        { ERROR_NO_CONNECT, ERROR_FROM_NONE, "no connection driver available for " },
        { ERROR_INVALID_ARG, ERROR_FROM_QEMU, "invalid argument: " },
        { ERROR_OPERATION_FAILED, ERROR_FROM_QEMU, "operation failed: " },
        { ERROR_XML, ERROR_FROM_DOMAIN, "XML error: " },
        { ERROR_OPERATION_DENIED, ERROR_FROM_DOMAIN, "operation forbidden: " },
        { ERROR_CONF_SYNTAX, ERROR_FROM_CONF, "configuration file syntax error: " },
        { ERROR_XML_DETAIL, ERROR_FROM_DOMAIN, "" },
        { ERROR_SYSTEM, ERROR_FROM_QEMU, "" },
        { ERROR_RPC, ERROR_FROM_RPC, "" },
        { ERROR_NO_DOMAIN, ERROR_FROM_QEMU, "Domain not found: " },
        { ERROR_NO_NETWORK, ERROR_FROM_NETWORK, "Network not found: " },
        { ERROR_AUTH_FAILED, ERROR_FROM_RPC, "authentication failed: " },
        { ERROR_NO_STORAGE_POOL, ERROR_FROM_STORAGE, "Storage pool not found: " },
        { ERROR_NO_STORAGE_VOL, ERROR_FROM_STORAGE, "Storage volume not found: " },
        { ERROR_NO_NODE_DEVICE, ERROR_FROM_NODEDEV, "Node device not found: " },
        { ERROR_NO_INTERFACE, ERROR_FROM_INTERFACE, "Interface not found: " },
        { ERROR_NO_NWFILTER, ERROR_FROM_NWFILTER, "Network filter not found: " },
        { ERROR_NO_SECRET, ERROR_FROM_SECRET, "Secret not found: " },
        { ERROR_NO_DOMAIN_SNAPSHOT, ERROR_FROM_QEMU, "Domain snapshot not found: " },
        { ERROR_NO_NWFILTER_BINDING, ERROR_FROM_NWFILTER, "Network filter binding not found: " },
        { ERROR_NO_DOMAIN_CHECKPOINT, ERROR_FROM_QEMU, "Domain checkpoint not found: " },
        { ERROR_OPERATION_INVALID, ERROR_FROM_QEMU, "Requested operation is not valid: " },
        { ERROR_CONFIG_UNSUPPORTED, ERROR_FROM_QEMU, "unsupported configuration: " },
        { ERROR_OPERATION_TIMEOUT, ERROR_FROM_QEMU, "Timed out during operation: " },
        { ERROR_ARGUMENT_UNSUPPORTED, ERROR_FROM_QEMU, "argument unsupported: " },
        { ERROR_OPERATION_ABORTED, ERROR_FROM_QEMU, "operation aborted: " },
        { ERROR_NO_DOMAIN_METADATA, ERROR_FROM_DOMAIN, "metadata not found: " },
        { ERROR_MIGRATE_UNSAFE, ERROR_FROM_QEMU, "Unsafe migration: " },
        { ERROR_OPERATION_UNSUPPORTED, ERROR_FROM_QEMU, "Operation not supported: " },
        { ERROR_RESOURCE_BUSY, ERROR_FROM_QEMU, "resource busy: " },
        { ERROR_ACCESS_DENIED, ERROR_FROM_QEMU, "access denied: " },
        { ERROR_CPU_INCOMPATIBLE, ERROR_FROM_CPU, "the CPU is incompatible with host CPU: " },
        { ERROR_XML_INVALID_SCHEMA, ERROR_FROM_XML, "XML document failed to validate against schema: " },
        { ERROR_MIGRATE_FINISH_OK, ERROR_FROM_QEMU, "migration successfully aborted: " },
        { ERROR_DEVICE_MISSING, ERROR_FROM_QEMU, "device not found: " },
};

static const char *code_prefix(ErrorCode code, ErrorDomain *domain) {
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (rows[i].code == code) {
                        if (domain)
                                *domain = rows[i].domain;
                        return rows[i].prefix;
                }
        assert(!"every code that is used has a row");
        return "";
}

Error *error_free(Error *err) {
        if (err) {
                free(err->message);
                free(err->detail);
                free(err);
        }
        return NULL;
}

Error *error_copy(const Error *err) {
        Error *copy;

        if (!err)
                return NULL;
        copy = xnew(Error);
        *copy = *err;
        copy->message = xstrdup(err->message);
        copy->detail = xstrdup(err->detail);
        return copy;
}

static void set_detail(Error *error, char *detail) {
        free(error->detail);
        free(error->message);
        error->detail = detail;
        error->message = xasprintf("%s%s", code_prefix(error->code, NULL), detail);
}

/* The length of the UTF-8 character at p, 0: there is none. */
static size_t utf8_length(const unsigned char *p) {
        size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p <= 0xdf ? 2 : *p >= 0xe0 && *p <= 0xef ? 3 : *p >= 0xf0 && *p <= 0xf4 ? 4 : 0;

        for (size_t i = 1; i < n; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
                return 0;
        return n;
}

/* Messages quote what strangers sent, and go out on the wire and the bus: they are UTF-8 and of a bounded length. */
static void make_presentable(char *text) {
        size_t n, at = ERROR_TEXT_MAX;

        for (char *p = text; *p; p += n ? n : 1)
                if ((n = utf8_length((const unsigned char *) p)) == 0)
                        *p = '?';
        if (strlen(text) <= ERROR_TEXT_MAX + 3)
                return;
        while ((text[at] & 0xc0) == 0x80)
                at--;
        memcpy(text + at, "...", 4);
}

__attribute__((format(printf, 5, 0)))
static int set(Error **err, int domain, ErrorCode code, int errnum, const char *format, va_list ap) {
        CLEANUP(free) char *text = NULL;
        Error *error;

        if (!err)
                return -1;
        assert(!*err);
        if (vasprintf(&text, format, ap) < 0)
                abort();
        make_presentable(text);
        error = xnew(Error);
        error->code = code;
        error->errnum = errnum;
        code_prefix(code, &error->domain);
        if (domain >= 0)
                error->domain = domain;
        set_detail(error, errnum ? xasprintf("%s: %s", text, strerror(errnum)) : STEAL(text));
        *err = error;
        return -1;
}

int error_set(Error **err, ErrorCode code, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        set(err, -1, code, 0, format, ap);
        va_end(ap);
        return -1;
}

int error_set_from(Error **err, ErrorDomain domain, ErrorCode code, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        set(err, domain, code, 0, format, ap);
        va_end(ap);
        return -1;
}

int error_set_plain(Error **err, ErrorDomain domain, ErrorCode code, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        set(err, domain, code, 0, format, ap);
        va_end(ap);
        if (err) {
                free((*err)->message);
                (*err)->message = xstrdup((*err)->detail);
        }
        return -1;
}

int error_set_errno(Error **err, int errnum, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        set(err, -1, ERROR_SYSTEM, errnum < 0 ? -errnum : errnum, format, ap);
        va_end(ap);
        return -1;
}

int error_move(Error **err, Error *from) {
        if (!err) {
                error_free(from);
                return -1;
        }
        assert(!*err);
        *err = from;
        return -1;
}

int error_prefix(Error **err, const char *format, ...) {
        CLEANUP(free) char *text = NULL;
        va_list ap;

        if (!err || !*err)
                return -1;
        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                abort();
        va_end(ap);
        set_detail(*err, xasprintf("%s: %s", text, (*err)->detail));
        return -1;
}
