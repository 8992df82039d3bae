/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/domain_store.h - the persistent domain definitions, one file each (UUID.xml), by name and by UUID.
 *
 * The first line of a file is a comment with what lists and look-ups need, so neither start-up nor a list parses XML:
 *     <!-- virtward 1 sum=HEX uuid=UUID autostart=0 memory=KIB current=KIB vcpus=N max_vcpus=N required=0 name='N' title='T' -->
 * A file that does not fit its line (damaged, or edited by hand) is named in the log, left alone and not loaded.
 *
 * Changes are asynchronous: the answer comes from the loop when the disk has it, and until then every look-up shows what
 * was. Changes of one domain happen in the order in which they were asked for. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include "util/error.h"
#include "util/sync_writer.h"

typedef struct DomainStore DomainStore;

/* What the first line says. */
typedef struct DomainFacts {
        sd_id128_t uuid;
        const char *name;
        const char *title;                      /* NULL: none */
        bool autostart;
        bool policy_required;                   /* the definition's metadata requires migratability */
        uint64_t max_memory_kib, memory_kib;
        unsigned n_vcpus, max_vcpus;
} DomainFacts;

/* Borrowed, with all it points to; holds until the loop's next turn. */
typedef struct StoredDomain {
        DomainFacts facts;
        const char *xml;                        /* the inactive definition as dumpxml prints it; xml_len bytes and a NUL */
        size_t xml_len;
} StoredDomain;

/* Called from the loop, once. domain: as stored now (put, set_autostart), NULL after a remove or a failure. err: why the
 * change did not happen; what was stored before is then still there. */
typedef void (*DomainStoreDone)(const StoredDomain *domain, const Error *err, void *userdata);

/* Loads all definitions in the directory (duplicated) and locks it against a second daemon. hook: see sync_writer.h, NULL
 * outside tests. The loop's sources are added; nothing is called back before it runs. */
int domain_store_open(sd_event *loop, int dir_fd, const SyncWriterHook *hook, DomainStore **ret, Error **err);

/* Outstanding changes are answered with an error; domain_store_flush() first. NULL is fine; returns NULL. */
DomainStore *domain_store_free(DomainStore *store);
DEFINE_CLEANUP(DomainStore, domain_store_free)
int domain_store_flush(DomainStore *store, uint64_t timeout_usec);              /* -errno; callbacks come from here */

/* NULL: absent, or not yet on the disk. */
const StoredDomain *domain_store_find_name(const DomainStore *store, const char *name);
const StoredDomain *domain_store_find_uuid(const DomainStore *store, sd_id128_t uuid);
size_t domain_store_count(const DomainStore *store);

/* Until each() returns false; in no order. The store must not be changed from each(). */
void domain_store_each(const DomainStore *store, bool (*each)(const StoredDomain *domain, void *userdata), void *userdata);

/* May this name go with this UUID? Error, in libvirt's words, when the name has another UUID or the UUID another name;
 * also of definitions that are on their way to the disk. */
int domain_store_check(const DomainStore *store, const char *name, sd_id128_t uuid, Error **err);

/* Stores a new or changed definition; all arguments are copied. < 0 (done is then never called) when it is refused at once:
 * domain_store_check(), or too much is waiting for the disk. */
int domain_store_put(DomainStore *store, const DomainFacts *facts, const char *xml, DomainStoreDone done, void *userdata,
                     Error **err);
int domain_store_set_autostart(DomainStore *store, sd_id128_t uuid, bool autostart, DomainStoreDone done, void *userdata,
                               Error **err);
int domain_store_remove(DomainStore *store, sd_id128_t uuid, DomainStoreDone done, void *userdata, Error **err);
