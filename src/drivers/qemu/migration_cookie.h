/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/migration_cookie.h - what the two sides of a migration tell each other through the client, and where to connect.
 *
 * The cookie is libvirt's document (<qemu-migration>, with a NUL that the length counts), so that either end may be a
 * libvirtd. What libvirt has no word for is in elements of virtward's own namespace, which libvirt reads over. */
#pragma once
#include <stdint.h>
#include <systemd/sd-id128.h>
#include "drivers/qemu/migration_stats.h"
#include "conf/domain_def.h"
#include "util/error.h"

#define COOKIE_MAX_BYTES (4 * 1024 * 1024)      /* REMOTE_MIGRATE_COOKIE_MAX */

typedef struct MigrationCookie {
        char *name;                     /* of the domain at the source */
        sd_id128_t uuid;
        char *host_name;
        sd_id128_t host_uuid;           /* of whoever wrote it */
        char *persistent_xml;           /* the stored definition, for PERSIST_DEST; NULL: none */
        DomainIntent start_flag;    /* the intent of the call that started the guest: the guarantee moves with it (R54) */
        bool has_stats;
        MigrationStats stats;
} MigrationCookie;

void migration_cookie_done(MigrationCookie *cookie);    /* frees what it holds and empties it */
static inline void migration_cookie_done_p(MigrationCookie *cookie) {
        migration_cookie_done(cookie);
}

/* The text with its NUL; *ret_len counts it. The caller frees. */
char *migration_cookie_format(const MigrationCookie *cookie, size_t *ret_len);

/* An empty cookie (len 0) gives an empty *ret. Refused: not XML, another root, a uuid that is none, a cookie that was written by
 * own_host (libvirt 9.0: "Attempt to migrate guest to the same host"). */
int migration_cookie_parse(const void *data, size_t len, sd_id128_t own_host, MigrationCookie *ret, Error **err);

/* "tcp:HOST[:PORT]" or "tcp://HOST[:PORT]", an IPv6 address in brackets. port 0: not given. */
typedef struct MigrationUri {
        char *host;
        unsigned port;
        bool legacy;            /* without "//": answered in the same form */
} MigrationUri;
void migration_uri_done(MigrationUri *uri);
static inline void migration_uri_done_p(MigrationUri *uri) {
        migration_uri_done(uri);
}
int migration_uri_parse(const char *text, MigrationUri *ret, Error **err);
char *migration_uri_text(const MigrationUri *uri);                      /* for the peer; the caller frees */
char *migration_uri_qemu(const char *host, unsigned port);              /* for QMP: "tcp:[::]:49152"; the caller frees */
