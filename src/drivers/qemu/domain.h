/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain.h - `Domain`: one guest, stored or running: its state, who works on it, what is published of it.
 *
 * A Domain exists while it is stored or active, or while a job holds it. What exists only beside a QEMU is its DomainLive. Moves
 * from state to state go through domain_set_state(), which asserts them; what verb is allowed in which state is a table. */
#pragma once
#include "conf/domain_def.h"
#include "drivers/driver.h"
#include "drivers/qemu/qmp_client.h"
#include "policy/policy_settings.h"
#include "util/json.h"
#include "util/op.h"
#include "util/process.h"

typedef struct QemuDriver QemuDriver;           /* drivers/qemu/qemu_driver.h */
typedef struct QemuCaps QemuCaps;               /* drivers/qemu/qemu_caps.h */
typedef struct StderrTail StderrTail;           /* drivers/qemu/why.h */
typedef struct DomainStart DomainStart;         /* drivers/qemu/domain_start.c */
typedef struct Domain Domain;
typedef struct DomainJob DomainJob;
typedef struct DomainLive DomainLive;
typedef struct DomainWaiter DomainWaiter;

/* libvirt's virDomain*Reason of each state. */
enum { RUNNING_UNKNOWN, RUNNING_BOOTED, RUNNING_MIGRATED, RUNNING_RESTORED, RUNNING_FROM_SNAPSHOT, RUNNING_UNPAUSED,
       RUNNING_MIGRATION_CANCELED, RUNNING_SAVE_CANCELED, RUNNING_WAKEUP, RUNNING_CRASHED, RUNNING_POSTCOPY };
enum { PAUSED_UNKNOWN, PAUSED_USER, PAUSED_MIGRATION, PAUSED_SAVE, PAUSED_DUMP, PAUSED_IOERROR, PAUSED_WATCHDOG,
       PAUSED_FROM_SNAPSHOT, PAUSED_SHUTTING_DOWN, PAUSED_SNAPSHOT, PAUSED_CRASHED, PAUSED_STARTING_UP };
enum { SHUTOFF_UNKNOWN, SHUTOFF_SHUTDOWN, SHUTOFF_DESTROYED, SHUTOFF_CRASHED, SHUTOFF_MIGRATED, SHUTOFF_SAVED, SHUTOFF_FAILED,
       SHUTOFF_FROM_SNAPSHOT, SHUTOFF_DAEMON };
/* libvirt's details of lifecycle events. */
enum { DETAIL_DEFINED_ADDED, DETAIL_DEFINED_UPDATED };
enum { DETAIL_STARTED_BOOTED, DETAIL_STARTED_MIGRATED, DETAIL_STARTED_RESTORED };
enum { DETAIL_SUSPENDED_PAUSED, DETAIL_SUSPENDED_MIGRATED, DETAIL_SUSPENDED_IOERROR, DETAIL_SUSPENDED_WATCHDOG };
enum { DETAIL_RESUMED_UNPAUSED, DETAIL_RESUMED_MIGRATED };
enum { DETAIL_STOPPED_SHUTDOWN, DETAIL_STOPPED_DESTROYED, DETAIL_STOPPED_CRASHED, DETAIL_STOPPED_MIGRATED, DETAIL_STOPPED_SAVED,
       DETAIL_STOPPED_FAILED };
enum { DETAIL_SHUTDOWN_FINISHED, DETAIL_SHUTDOWN_GUEST, DETAIL_SHUTDOWN_HOST };

/* ---- Jobs: one at a time holds a domain and may change it; others wait their turn, at most DOMAIN_MAX_WAITING. ---- */

#define DOMAIN_MAX_WAITING 64

typedef struct DomainJobType {
        const char *name;                       /* "start", "migration out" */
        void (*begin)(DomainJob *job);          /* its turn has come: domain_job_run(), or domain_job_end() at once */
        /* The domain is being destroyed (live still there), or its QEMU has gone (live is NULL), while the job holds it but runs no
         * steps (a migration between two of its phases): ends the job. NULL: a job without such pauses. Running steps fail by
         * op_cancel() instead; their undo copes with a live that is NULL. */
        void (*lost)(DomainJob *job, const Error *why);
        int (*abort)(DomainJob *job, Error **err);      /* virDomainAbortJob; NULL: it is not what that call means by a job */
        /* virDomainGetJobStats: answers from what the job last published. NULL: as if there were no job. */
        void (*stats)(DomainJob *job, unsigned flags, Reply *reply);
        void (*free)(DomainJob *job);           /* what belongs to the job, and itself; the reply has been given */
} DomainJobType;

struct DomainJob {                              /* the first member of the job's own struct */
        const DomainJobType *type;
        Domain *domain;                         /* set by domain_job_ask() */
        DomainJob *next;
        Reply *reply;                           /* of the call that waits for it now; NULL: nobody waits */
        Op *op;                                 /* the steps that run now; NULL between phases */
        void (*steps_done)(DomainJob *job, Error *err);
        const char *failed_step;                /* of the last table, when it failed */
        uint64_t since_usec;                    /* when it got the domain; CLOCK_MONOTONIC */
};

/* Takes job over: runs it now or when those before it have ended; refused (queue full), its reply is failed and it is freed. */
void domain_job_ask(Domain *domain, DomainJob *job);
/* Runs a table of steps whose subject is the job. done is told in the loop; it ends the job or keeps it for another phase. */
void domain_job_run(DomainJob *job, const OpStep *steps, void (*done)(DomainJob *job, Error *err));
/* Answers who waits now, if anybody (result NULL and err NULL: RESULT_NONE). The job goes on. */
void domain_job_answer(DomainJob *job, const Result *result, const Error *err);
/* Lets the domain go: answers who still waits (as above), frees the job, lets the next one in, drops the domain when it is neither
 * stored nor active. job, and perhaps the domain, are gone afterwards. */
void domain_job_end(DomainJob *job, const Result *result, const Error *err);
/* "start: open-monitor", for messages about who holds the domain; the caller frees. */
char *domain_job_text(const DomainJob *job);

/* ---- Beside a QEMU ---- */

typedef struct MigrationStatus {                /* written to the status file, for domain_adopt.c */
        int side;                               /* 0: none, 1: out (this is the source), 2: in */
        const char *phase;                      /* static text: "begin", "perform", "finish", ... */
} MigrationStatus;

struct DomainLive {
        Process *process;                       /* NULL: not yet spawned, or gone */
        bool exited;
        ProcessExit exit;                       /* how it went */
        QmpClient *qmp;                         /* NULL: not (or no longer) connected */
        bool monitor_lost;
        char *last_sent, *last_received;        /* of a monitor that is closed, for `why` */
        QemuCaps *caps;                         /* our reference; NULL only while it is being adopted */
        DomainDef *def;                         /* live: aliases, frozen CPU, ports */
        StderrTail *errors;
        DomainIntent start_flag;            /* the intent it was started with, for later verdicts */
        bool guaranteed;                        /* runs with -only-migratable */
        bool incoming;                          /* waits for a migration; not yet a guest of its own */
        const void *autodestroy_client;         /* ends with that client; NULL: does not */
        bool fake_reboot;                       /* the guest was asked to power off, which shall be a reboot */
        bool rebooting;                         /* ... and is on its way: QEMU's stop and go are no news, as with libvirt */
        int running_reason, paused_reason;      /* what QEMU's next RESUME or STOP means; 0: nothing was asked */
        bool quiet_switch;                      /* whoever asked tells the lifecycle event of that RESUME or STOP himself */
        bool end_known;                         /* what the end of QEMU means: */
        int end_reason, end_detail;             /* SHUTOFF_*, DETAIL_STOPPED_* */
        bool end_quiet;                         /* no STOPPED event (an incoming guest that never ran) */
        sd_event_source *kill_timer;
        uint64_t balloon_kib;                   /* what the guest has now; 0: all */
        char **messages;                        /* what was changed or must be known of this guest, one line each: first ... */
        size_t n_messages, n_own_messages;      /* ... the start's own, then QEMU's reasons against migration (blockers.h) */
        bool asks_blockers;
        MigrationStatus migration;
        /* QEMU's events, after the driver's own rows for them (domain_monitor.c) have run. NULL: nobody listens. */
        void (*on_qmp_event)(Domain *domain, const char *name, json_object *data, void *userdata);
        void *on_qmp_event_userdata;
};

struct DomainWaiter {
        DomainWaiter *next;
        void (*gone)(Domain *domain, void *userdata);
        void *userdata;
};

struct Domain {
        QemuDriver *driver;
        sd_id128_t uuid;
        char *name, *title;
        DomainState state;
        int reason, id;
        bool persistent, autostart, policy_required;
        uint64_t max_memory_kib, memory_kib;    /* of the stored definition */
        unsigned n_vcpus, max_vcpus;
        bool removing;                          /* undefine is on its way to the disk */
        DomainView view;                        /* what is published: domain_publish() */
        DomainLive *live;                       /* NULL: no QEMU */
        DomainJob *job, *waiting;               /* who holds it; who comes next, oldest first */
        size_t n_waiting;
        DomainWaiter *waiters;                  /* told when QEMU has gone */
        DomainStart *start;                     /* a start that is under way and owns live; NULL: none */
        void *completed_job;                    /* statistics of the last migration; freed by completed_job_free */
        void (*completed_job_free)(void *completed_job);
        void (*completed_job_answer)(Domain *domain, unsigned flags, Reply *reply);    /* virDomainGetJobStats of a job that ended */
};

/* A new one, in the driver's tables; not persistent, shut off. Takes nothing over. */
Domain *domain_new(QemuDriver *driver, sd_id128_t uuid, const char *name);
/* Out of the tables and gone, when it is neither stored nor active nor held; true when it was. */
bool domain_drop_unused(Domain *domain);
Domain *domain_free(Domain *domain);            /* at the driver's end: outstanding replies are failed, QEMU goes on */

bool domain_is_active(const Domain *domain);
/* The live definition when active, else NULL. */
DomainDef *domain_live_def(const Domain *domain);

/* The stored definition, parsed; the caller frees. ERROR_INTERNAL when it is not stored. */
int domain_stored_def(const Domain *domain, DomainDef **ret, Error **err);

/* For news from QEMU, which may come in any order: asked before domain_set_state(). */
bool domain_state_may_become(const Domain *domain, DomainState state);
/* Moves to the state with that reason, publishes it and writes the status file when there is a QEMU. */
void domain_set_state(Domain *domain, DomainState state, int reason);
/* Makes the view what the fields say: after any change of them. */
void domain_publish(Domain *domain);
void domain_set_active(Domain *domain, DomainLive *live, int id);       /* takes live over */
void domain_set_inactive(Domain *domain);                               /* frees live */
DomainLive *domain_live_free(DomainLive *live);
/* Closes the monitor, if it is open, and keeps its last words. */
void domain_close_monitor(DomainLive *live);

/* To all listeners, with the view as it is now. */
void domain_tell_lifecycle(Domain *domain, LifecycleEvent event, int detail);
void domain_tell(Domain *domain, DomainEvent *event);                   /* fills in event->domain */

/* Verbs that the table below knows. */
typedef enum DomainVerb {
        VERB_CREATE, VERB_DESTROY, VERB_SHUTDOWN, VERB_REBOOT, VERB_RESET, VERB_SUSPEND, VERB_RESUME, VERB_MONITOR,
        VERB_MIGRATE, VERB_JOB, DOMAIN_VERB_MAX,
} DomainVerb;
/* < 0 with libvirt's error when the verb makes no sense in the present state. */
int domain_verb_check(const Domain *domain, DomainVerb verb, Error **err);

/* A call to QEMU whose answer resumes op (result ignored, error fails the step). Takes arguments over. OP_WAIT, or OP_FAILED with *err. */
OpResult domain_qmp_step(Op *op, Domain *domain, const char *command, json_object *arguments, Error **err);

/* The same; take is given the answer before op is resumed, and may refuse it. more: further calls of this step follow, so only an
 * error resumes op (QEMU answers in order). */
typedef int (*DomainQmpTake)(void *subject, json_object *result, Error **err);
OpResult domain_qmp_ask(Op *op, Domain *domain, const char *command, json_object *arguments, DomainQmpTake take, void *subject, bool more,
                        Error **err);

/* "domain 'db1'"; the caller frees. */
char *domain_what(const Domain *domain);
