/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/driver.h - what both edges (the wire, the bus) may ask of a hypervisor driver.
 *
 * Two kinds of question. What the driver has published about a domain is read at once through a DomainView: no QEMU is
 * asked, nothing waits, nothing fails. Everything else is a verb: it is given a Reply and answers it exactly once, at
 * once or later from the loop. Verbs copy what they keep of their arguments. Rights are the edge's business and are
 * checked before a verb is called. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-id128.h>
#include "util/error.h"

typedef struct Driver Driver;

/* libvirt's virDomainState. */
typedef enum DomainState {
        DOMAIN_NOSTATE = 0,
        DOMAIN_RUNNING = 1,
        DOMAIN_BLOCKED = 2,
        DOMAIN_PAUSED = 3,
        DOMAIN_SHUTDOWN = 4,
        DOMAIN_SHUTOFF = 5,
        DOMAIN_CRASHED = 6,
        DOMAIN_PMSUSPENDED = 7,
        DOMAIN_STATE_MAX,
} DomainState;

/* A published domain. Everything in it is borrowed and holds until the loop's next turn. */
typedef struct DomainView {
        const char *name;
        sd_id128_t uuid;
        int id;                         /* -1: not active */
        DomainState state;
        int reason;                     /* libvirt's virDomain*Reason of that state */
        bool active, persistent, autostart;
        bool updated;                   /* the stored definition differs from the live one */
        const char *os_type;            /* "hvm" */
        uint64_t max_memory_kib, memory_kib;
        unsigned n_vcpus, max_vcpus;
        int64_t pid;                    /* QEMU's, 0 when not active; for the CPU time, process_cpu_nsec() */
        bool has_managed_save;
        const char *title;              /* NULL: none */
        const char *const *messages;    /* what `dominfo` shows as messages: taints, not-migratable reasons; n_messages */
        size_t n_messages;
        bool policy_required;           /* migratability is required of it */
} DomainView;

/* What clients are told that libvirt's version is: major * 1000000 + minor * 1000 + micro. */
#define DRIVER_LIBVIRT_VERSION 9000000

/* libvirt's virConnectListAllDomainsFlags: groups of which a client names any members, and a domain has one of each. */
typedef enum ListFlags {
        LIST_ACTIVE = 1 << 0, LIST_INACTIVE = 1 << 1,
        LIST_PERSISTENT = 1 << 2, LIST_TRANSIENT = 1 << 3,
        LIST_RUNNING = 1 << 4, LIST_PAUSED = 1 << 5, LIST_SHUTOFF = 1 << 6, LIST_OTHER = 1 << 7,
        LIST_MANAGEDSAVE = 1 << 8, LIST_NO_MANAGEDSAVE = 1 << 9,
        LIST_AUTOSTART = 1 << 10, LIST_NO_AUTOSTART = 1 << 11,
        LIST_HAS_SNAPSHOT = 1 << 12, LIST_NO_SNAPSHOT = 1 << 13,
        LIST_HAS_CHECKPOINT = 1 << 14, LIST_NO_CHECKPOINT = 1 << 15,
        LIST_ALL_FLAGS = (1 << 16) - 1,
} ListFlags;

/* Is the domain one of those that flags (a subset of LIST_ALL_FLAGS) name? Both edges list with it. */
static inline bool domain_view_listed(const DomainView *domain, unsigned flags) {
        static const unsigned groups[] = { 0x3, 0xc, 0xf0, 0x300, 0xc00, 0x3000, 0xc000 };
        unsigned is = (domain->active ? LIST_ACTIVE : LIST_INACTIVE) | (domain->persistent ? LIST_PERSISTENT : LIST_TRANSIENT) |
                      (domain->state == DOMAIN_RUNNING ? LIST_RUNNING : domain->state == DOMAIN_PAUSED ? LIST_PAUSED :
                       domain->state == DOMAIN_SHUTOFF ? LIST_SHUTOFF : LIST_OTHER) |
                      (domain->has_managed_save ? LIST_MANAGEDSAVE : LIST_NO_MANAGEDSAVE) | (domain->autostart ? LIST_AUTOSTART : LIST_NO_AUTOSTART) |
                      LIST_NO_SNAPSHOT | LIST_NO_CHECKPOINT;

        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
                if ((flags & groups[i]) && !(flags & groups[i] & is))
                        return false;
        return true;
}

/* ---- Reply ---- */

typedef enum ResultKind {
        RESULT_NONE,
        RESULT_TEXT,            /* text */
        RESULT_DOMAIN,          /* domain */
        RESULT_NUMBER,          /* number */
        RESULT_PARAMS,          /* params */
        RESULT_MIGRATE,         /* migrate */
        RESULT_STATS,           /* stats */
} ResultKind;

typedef enum ParamType {        /* libvirt's virTypedParameterType */
        PARAM_INT = 1,
        PARAM_UINT = 2,
        PARAM_LLONG = 3,
        PARAM_ULLONG = 4,
        PARAM_DOUBLE = 5,
        PARAM_BOOLEAN = 6,
        PARAM_STRING = 7,
} ParamType;

typedef struct Param {
        const char *name;       /* at most 79 bytes */
        ParamType type;
        union {
                int64_t i;      /* INT, LLONG */
                uint64_t u;     /* UINT, ULLONG */
                double d;
                bool b;
                const char *s;
        };
} Param;

typedef struct DomainStats {    /* one record of virConnectGetAllDomainStats */
        const DomainView *domain;
        const Param *params;
        size_t n_params;
} DomainStats;

/* All borrowed for the call of reply_give(). */
typedef struct Result {
        ResultKind kind;
        union {
                const char *text;
                const DomainView *domain;
                int64_t number;
                struct {
                        const Param *items;
                        size_t n;
                        int64_t type;           /* job stats: virDomainJobType */
                } params;
                struct {
                        const void *cookie;
                        size_t cookie_len;
                        const char *xml;        /* begin */
                        const char *uri;        /* prepare */
                        const DomainView *domain;       /* finish */
                } migrate;
                struct {
                        const DomainStats *items;
                        size_t n;
                } stats;
        };
} Result;

/* Made by an edge, embedded in what it needs to answer; handed to one verb; answered exactly once by one of the functions
 * below, after which the verb forgets it. An edge whose client has gone keeps its Reply alive until it is answered. */
typedef struct Reply Reply;
struct Reply {
        void (*done)(Reply *reply, const Result *result, const Error *err);     /* err NULL: result holds */
};

static inline void reply_give(Reply *reply, const Result *result) {
        reply->done(reply, result, NULL);
}
static inline void reply_none(Reply *reply) {
        reply->done(reply, &(Result) { .kind = RESULT_NONE }, NULL);
}
static inline void reply_text(Reply *reply, const char *text) {
        reply->done(reply, &(Result) { .kind = RESULT_TEXT, .text = text }, NULL);
}
static inline void reply_number(Reply *reply, int64_t number) {
        reply->done(reply, &(Result) { .kind = RESULT_NUMBER, .number = number }, NULL);
}
static inline void reply_domain(Reply *reply, const DomainView *domain) {
        reply->done(reply, &(Result) { .kind = RESULT_DOMAIN, .domain = domain }, NULL);
}
static inline void reply_fail(Reply *reply, const Error *err) {         /* err stays the caller's */
        reply->done(reply, NULL, err);
}

/* ---- Events ---- */

/* libvirt's virDomainEventType and its details, as far as the driver tells them. */
typedef enum LifecycleEvent {
        LIFECYCLE_DEFINED = 0,
        LIFECYCLE_UNDEFINED = 1,
        LIFECYCLE_STARTED = 2,
        LIFECYCLE_SUSPENDED = 3,
        LIFECYCLE_RESUMED = 4,
        LIFECYCLE_STOPPED = 5,
        LIFECYCLE_SHUTDOWN = 6,
        LIFECYCLE_PMSUSPENDED = 7,
        LIFECYCLE_CRASHED = 8,
} LifecycleEvent;

typedef enum DomainEventId {    /* libvirt's virDomainEventID */
        DOMAIN_EVENT_LIFECYCLE = 0,
        DOMAIN_EVENT_REBOOT = 1,
        DOMAIN_EVENT_RTC_CHANGE = 2,
        DOMAIN_EVENT_WATCHDOG = 3,
        DOMAIN_EVENT_IO_ERROR = 4,
        DOMAIN_EVENT_IO_ERROR_REASON = 6,
        DOMAIN_EVENT_BALLOON_CHANGE = 13,
        DOMAIN_EVENT_MIGRATION_ITERATION = 20,
        DOMAIN_EVENT_JOB_COMPLETED = 21,
        DOMAIN_EVENT_METADATA_CHANGE = 23,
        DOMAIN_EVENT_ID_MAX = 28,
} DomainEventId;

typedef struct DomainEvent {
        DomainEventId id;
        const DomainView *domain;
        union {
                struct { int event, detail; } lifecycle;
                int64_t number;                         /* rtc offset, watchdog action, balloon KiB, iteration */
                struct { const char *path, *alias, *reason; int action; } io_error;
                struct { int type; const char *uri; } metadata;         /* uri NULL: title or description */
                struct { const Param *params; size_t n; } job;
        };
} DomainEvent;

typedef struct DriverEvents {
        void (*domain_event)(void *userdata, const DomainEvent *event);
        /* QEMU's own events, for the qemu program: details is JSON text or NULL. May be NULL. */
        void (*monitor_event)(void *userdata, const DomainView *domain, const char *name, int64_t sec, unsigned usec, const char *details);
} DriverEvents;

/* ---- Verbs ---- */

typedef struct MigrateArgs {
        const char *xml;                /* begin: the caller's; prepare: destination_xml */
        const char *uri;                /* migrate_uri; NULL: the destination picks */
        const char *dname;              /* destination_name; NULL: unchanged */
        const char *persistent_xml;
        const char *listen_address;
        const char *dconn_uri;          /* peer to peer only */
        const char *graphics_uri;
        const Param *params;            /* all parameters as sent, for the rarer ones */
        size_t n_params;
        uint64_t bandwidth_mib;         /* MiB/s; 0: no limit asked */
        const void *cookie;
        size_t cookie_len;
        uint64_t flags;                 /* virDomainMigrateFlags */
        bool cancelled;                 /* finish, confirm */
} MigrateArgs;

/* Who asks. Borrowed for the call. client is an opaque name of the connection, for what ends with it. */
typedef struct Caller {
        void *client;
        bool read_only;
        uint32_t uid, gid;
        int32_t pid;
} Caller;

/* A row per verb. Domains are named by UUID only, as libvirt does (name and id of a reference may be stale); a verb answers
 * ERROR_NO_DOMAIN when there is none. flags are libvirt's, unknown ones are refused by the verb (ERROR_INVALID_ARG). */
typedef struct DriverVerbs {
        const char *type;               /* "QEMU" */

        /* Read at once. NULL: no such domain. */
        const DomainView *(*find_uuid)(Driver *driver, sd_id128_t uuid);
        const DomainView *(*find_name)(Driver *driver, const char *name);
        const DomainView *(*find_id)(Driver *driver, int id);
        /* Calls each for every domain, sorted by nothing, until it returns false. */
        void (*each_domain)(Driver *driver, bool (*each)(const DomainView *domain, void *userdata), void *userdata);
        uint64_t (*hypervisor_version)(Driver *driver);         /* major * 1000000 + minor * 1000 + micro; 0: not yet known */

        void (*hypervisor_version_ask)(Driver *driver, Reply *reply);           /* NUMBER; probes the default QEMU if needed */
        void (*capabilities)(Driver *driver, Reply *reply);                     /* TEXT, XML */
        void (*domain_capabilities)(Driver *driver, const char *emulator, const char *arch, const char *machine, const char *virttype,
                                    unsigned flags, Reply *reply);              /* TEXT, XML; all may be NULL */

        void (*to_native)(Driver *driver, const char *format, const char *xml, unsigned flags, Reply *reply);  /* TEXT, a command line */

        void (*define)(Driver *driver, const char *xml, unsigned flags, Reply *reply);                          /* DOMAIN */
        void (*undefine)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
        void (*create_xml)(Driver *driver, const Caller *caller, const char *xml, unsigned flags, Reply *reply); /* DOMAIN */
        void (*create)(Driver *driver, const Caller *caller, sd_id128_t uuid, unsigned flags, Reply *reply);     /* DOMAIN */
        void (*destroy)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
        void (*shutdown)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
        void (*reboot)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
        void (*reset)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
        void (*suspend)(Driver *driver, sd_id128_t uuid, Reply *reply);
        void (*resume)(Driver *driver, sd_id128_t uuid, Reply *reply);
        void (*xml_desc)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);                        /* TEXT */
        void (*set_autostart)(Driver *driver, sd_id128_t uuid, bool autostart, Reply *reply);
        void (*get_metadata)(Driver *driver, sd_id128_t uuid, int type, const char *uri, unsigned flags, Reply *reply);   /* TEXT */
        void (*set_metadata)(Driver *driver, sd_id128_t uuid, int type, const char *metadata, const char *key, const char *uri,
                             unsigned flags, Reply *reply);
        void (*stats)(Driver *driver, const sd_id128_t *uuids, size_t n_uuids, unsigned stats, unsigned flags, Reply *reply); /* STATS; n 0: all */

        void (*job_stats)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);       /* PARAMS; from published state */
        void (*abort_job)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
        void (*monitor_command)(Driver *driver, sd_id128_t uuid, const char *command, unsigned flags, Reply *reply);    /* TEXT */

        /* Migration v3 with parameters; MIGRATE, save confirm (NONE). Begin, perform and confirm are the source's. */
        void (*migrate_begin)(Driver *driver, const Caller *caller, sd_id128_t uuid, const MigrateArgs *args, Reply *reply);
        void (*migrate_prepare)(Driver *driver, const Caller *caller, const MigrateArgs *args, Reply *reply);
        void (*migrate_perform)(Driver *driver, sd_id128_t uuid, const MigrateArgs *args, Reply *reply);
        void (*migrate_finish)(Driver *driver, const MigrateArgs *args, Reply *reply);
        void (*migrate_confirm)(Driver *driver, sd_id128_t uuid, const MigrateArgs *args, Reply *reply);

        /* What libvirt lacks; all TEXT, JSON (the forms are in docs/private-api.md). request is JSON text. */
        void (*explain)(Driver *driver, const char *request, Reply *reply);
        void (*why)(Driver *driver, const char *request, Reply *reply);
        void (*policy_show)(Driver *driver, const char *request, Reply *reply);
        void (*host_facts)(Driver *driver, const char *request, Reply *reply);
        void (*diff)(Driver *driver, const char *request, Reply *reply);
        void (*lint)(Driver *driver, const char *request, Reply *reply);
        void (*start)(Driver *driver, const Caller *caller, const char *request, Reply *reply);         /* create, with an intent */

        /* The connection of that client has ended: stops guests started with AUTODESTROY, abandons its migrations. */
        void (*client_gone)(Driver *driver, void *client);

        /* Events to one more listener, until unsubscribe with the same pair. */
        void (*subscribe)(Driver *driver, const DriverEvents *events, void *userdata);
        void (*unsubscribe)(Driver *driver, const DriverEvents *events, void *userdata);
} DriverVerbs;

/* The driver's object begins with its verbs: driver->verbs->create(driver, ...). */
struct Driver {
        const DriverVerbs *verbs;
};
