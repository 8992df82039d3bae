/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/error.h - what a caller is told: libvirt's code and domain, one complete message, made once where it is known.
 *
 * Functions that can fail return < 0 and set *err, once; err may be NULL where nobody asks. Codes and domains are
 * libvirt's numbers (include/libvirt/virterror.h, 9.0.0); the words in front of a message ("Domain not found: ") are
 * added from a table, because clients match on them. */
#pragma once
#include <stdbool.h>
#include "util/cleanup.h"

typedef enum ErrorCode {
        ERROR_OK = 0,
        ERROR_INTERNAL = 1,
        ERROR_NO_SUPPORT = 3,
        ERROR_NO_CONNECT = 5,
        ERROR_INVALID_ARG = 8,
        ERROR_OPERATION_FAILED = 9,
        ERROR_XML = 27,
        ERROR_OPERATION_DENIED = 29,
        ERROR_CONF_SYNTAX = 33,
        ERROR_XML_DETAIL = 35,
        ERROR_SYSTEM = 38,
        ERROR_RPC = 39,
        ERROR_NO_DOMAIN = 42,
        ERROR_NO_NETWORK = 43,
        ERROR_AUTH_FAILED = 45,
        ERROR_NO_STORAGE_POOL = 49,
        ERROR_NO_STORAGE_VOL = 50,
        ERROR_NO_NODE_DEVICE = 53,
        ERROR_OPERATION_INVALID = 55,
        ERROR_NO_INTERFACE = 57,
        ERROR_NO_NWFILTER = 62,
        ERROR_NO_SECRET = 66,
        ERROR_CONFIG_UNSUPPORTED = 67,
        ERROR_OPERATION_TIMEOUT = 68,
        ERROR_NO_DOMAIN_SNAPSHOT = 72,
        ERROR_ARGUMENT_UNSUPPORTED = 74,
        ERROR_OPERATION_ABORTED = 78,
        ERROR_NO_DOMAIN_METADATA = 80,
        ERROR_MIGRATE_UNSAFE = 81,
        ERROR_OPERATION_UNSUPPORTED = 84,
        ERROR_RESOURCE_BUSY = 87,
        ERROR_ACCESS_DENIED = 88,
        ERROR_CPU_INCOMPATIBLE = 91,
        ERROR_XML_INVALID_SCHEMA = 92,
        ERROR_MIGRATE_FINISH_OK = 93,
        ERROR_DEVICE_MISSING = 99,
        ERROR_NO_NWFILTER_BINDING = 101,
        ERROR_NO_DOMAIN_CHECKPOINT = 103,
} ErrorCode;

typedef enum ErrorDomain {
        ERROR_FROM_NONE = 0,
        ERROR_FROM_XML = 5,
        ERROR_FROM_RPC = 7,
        ERROR_FROM_CONF = 9,
        ERROR_FROM_QEMU = 10,
        ERROR_FROM_STORAGE = 18,
        ERROR_FROM_NETWORK = 19,
        ERROR_FROM_DOMAIN = 20,
        ERROR_FROM_NODEDEV = 22,
        ERROR_FROM_SECURITY = 24,
        ERROR_FROM_INTERFACE = 26,
        ERROR_FROM_SECRET = 30,
        ERROR_FROM_CPU = 31,
        ERROR_FROM_NWFILTER = 33,
        ERROR_FROM_SNAPSHOT = 35,
        ERROR_FROM_CAPABILITIES = 44,
        ERROR_FROM_DBUS = 47,
        ERROR_FROM_CHECKPOINT = 69,
} ErrorDomain;

#define ERROR_TEXT_MAX 8192     /* bytes of a detail, about: longer ones are cut */

typedef struct Error {
        ErrorCode code;
        ErrorDomain domain;
        int errnum;             /* errno where the system refused, else 0 */
        char *message;          /* complete, with the words that libvirt puts before it for this code */
        char *detail;           /* the same without those words */
} Error;

Error *error_free(Error *err);          /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Error, error_free)
Error *error_copy(const Error *err);

/* Sets *err (which must be NULL) with the code's usual domain: libvirt's for code and QEMU driver. Always returns -1. */
int error_set(Error **err, ErrorCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int error_set_from(Error **err, ErrorDomain domain, ErrorCode code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* The same for a message that libvirt does not put the code's words before ("unsupported flags (0x40) in function ..."). */
int error_set_plain(Error **err, ErrorDomain domain, ErrorCode code, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ERROR_SYSTEM: the message ends with ": " and the text of errnum (positive errno). Returns -1. */
int error_set_errno(Error **err, int errnum, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Hands an error on: *err takes it over, or it is freed when nobody asks. Returns -1. */
int error_move(Error **err, Error *from);

/* Puts "TEXT: " before the detail of an error that is handed on, keeping its code. Returns -1. */
int error_prefix(Error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
