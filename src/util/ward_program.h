/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/ward_program.h - virtward's own program on libvirt's wire: what libvirt lacks, as JSON text in and out.
 *
 * Same frame and error struct as libvirt's `remote`; every call has one non-null string as argument and one as return value.
 * docs/private-api.md has the JSON forms. Unmodified clients never call it; the server never sends events of it. */
#pragma once

#define WARD_PROGRAM 0x57415244
#define WARD_PROGRAM_VERSION 1

typedef enum WardProcedure {
        WARD_PROC_EXPLAIN = 1,          /* may this guest start or migrate, and if not, why: the report of a dry run */
        WARD_PROC_WHY = 2,              /* what is known about the last end or failed start of a domain */
        WARD_PROC_POLICY_SHOW = 3,      /* the rules in force */
        WARD_PROC_HOST_FACTS = 4,       /* what was probed on this host */
        WARD_PROC_START = 5,            /* start with an intent, which libvirt's API cannot carry */
        WARD_PROC_LINT = 6,             /* all that is wrong with a definition */
        WARD_PROC_DIFF = 7,             /* what completion, or a start, has added to what was asked */
} WardProcedure;

#define WARD_STRING_MAX 4194304         /* bytes of JSON, either way: libvirt's limit for a string */
