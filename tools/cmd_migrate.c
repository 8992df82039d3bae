/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_migrate.c - move a guest. libvirt's call waits: a thread makes it while this one shows progress and hears SIGINT. */
#include <glib-unix.h>
#include <stdio.h>
#include "commands.h"

#define PROGRESS_MSEC 250

typedef struct Migration {
        Shell *shell;
        virDomainPtr domain;
        virConnectPtr destination;      /* NULL: peer to peer, destination_uri is for the daemon */
        char *destination_uri;
        virTypedParameterPtr params;
        int n_params, max_params;
        unsigned flags;
        GMainLoop *loop;
        bool interrupted;
        int shown;                      /* percent on the screen; -1: none */
        /* what the thread leaves */
        bool done;
        virErrorPtr error;
} Migration;

static const struct {
        const char *option;
        unsigned flag;
} migrate_flags[] = {
        { "live", VIR_MIGRATE_LIVE },
        { "persistent", VIR_MIGRATE_PERSIST_DEST },
        { "undefinesource", VIR_MIGRATE_UNDEFINE_SOURCE },
        { "p2p", VIR_MIGRATE_PEER2PEER },
        { "unsafe", VIR_MIGRATE_UNSAFE },
        { "paused", VIR_MIGRATE_PAUSED },
};

static gboolean thread_ended(gpointer userdata) {
        Migration *migration = userdata;

        g_main_loop_quit(migration->loop);
        return G_SOURCE_REMOVE;
}

static gpointer migrate_thread(gpointer userdata) {
        Migration *m = userdata;

        if (m->destination) {
                virDomainPtr moved = virDomainMigrate3(m->domain, m->destination, m->params, (unsigned) m->n_params, m->flags);

                m->done = moved;
                if (moved)
                        virDomainFree(moved);
        } else
                m->done = virDomainMigrateToURI3(m->domain, m->destination_uri, m->params, (unsigned) m->n_params, m->flags) == 0;
        if (!m->done)
                m->error = virSaveLastError();
        g_idle_add(thread_ended, m);
        return NULL;
}

static void show_percent(Migration *m, int percent) {
        if (percent == m->shown)
                return;
        m->shown = percent;
        fprintf(stderr, m->shell->color_err ? "\rMigration: %3d %%" : "Migration: %3d %%\n", percent);
        fflush(stderr);
}

static unsigned long long stat_of(virTypedParameterPtr params, int n, const char *name) {
        unsigned long long value = 0;

        virTypedParamsGetULLong(params, n, name, &value);
        return value;
}

static gboolean on_progress(gpointer userdata) {
        Migration *m = userdata;
        virTypedParameterPtr params = NULL;
        unsigned long long total, left;
        int type = 0, n = 0;

        if (virDomainGetJobStats(m->domain, &type, &params, &n, 0) == 0 && type != VIR_DOMAIN_JOB_NONE) {
                total = stat_of(params, n, VIR_DOMAIN_JOB_DATA_TOTAL);
                left = stat_of(params, n, VIR_DOMAIN_JOB_DATA_REMAINING);
                if (total > 0 && left <= total)
                        show_percent(m, (int) (100 * (total - left) / total));
        }
        virTypedParamsFree(params, n);
        return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer userdata) {
        Migration *m = userdata;

        if (!m->interrupted)
                fprintf(stderr, "\nwardsh: cancelling the migration; the guest stays where it is\n");
        m->interrupted = true;
        virDomainAbortJob(m->domain);
        return G_SOURCE_CONTINUE;
}

static int read_params(Migration *m, const Args *args, Error **err) {
        unsigned bandwidth;

        for (size_t i = 0; i < N_ELEMENTS(migrate_flags); i++)
                if (args_has(args, migrate_flags[i].option))
                        m->flags |= migrate_flags[i].flag;
        if (args_number(args, "bandwidth", 1, 1000000, 0, &bandwidth, err) < 0)
                return -1;
        if (bandwidth > 0)
                virTypedParamsAddULLong(&m->params, &m->n_params, &m->max_params, VIR_MIGRATE_PARAM_BANDWIDTH, bandwidth);
        if (args_has(args, "migrateuri"))
                virTypedParamsAddString(&m->params, &m->n_params, &m->max_params, VIR_MIGRATE_PARAM_URI,
                                        args_get(args, "migrateuri"));
        if (args_has(args, "dname"))
                virTypedParamsAddString(&m->params, &m->n_params, &m->max_params, VIR_MIGRATE_PARAM_DEST_NAME,
                                        args_get(args, "dname"));
        return 0;
}

static void run_migration(Migration *m) {
        guint interrupt, progress = 0;
        GThread *thread;

        m->loop = g_main_loop_new(NULL, FALSE);
        m->shown = -1;
        interrupt = g_unix_signal_add(SIGINT, on_interrupt, m);
        if (m->shell->verbose)
                progress = g_timeout_add(PROGRESS_MSEC, on_progress, m);
        thread = g_thread_new("migrate", migrate_thread, m);
        g_main_loop_run(m->loop);
        g_thread_join(thread);
        g_source_remove(interrupt);
        if (progress)
                g_source_remove(progress);
        if (m->shell->verbose && m->done)
                show_percent(m, 100);
        if (m->shell->verbose && m->shell->color_err && m->shown >= 0)
                fputc('\n', stderr);
        g_main_loop_unref(m->loop);
}

static ExitCode migrate(Migration *m, const char *name) {
        if (!(m->flags & VIR_MIGRATE_PEER2PEER) && !(m->destination = virConnectOpen(m->destination_uri))) {
                virErrorPtr error = virGetLastError();

                return shell_fail(m->shell, "DEST_URI is a libvirt URI or the path of a socket; is the daemon there running?",
                                  "cannot open the destination %s: %s", m->destination_uri,
                                  error ? error->message : "no reason given");
        }
        run_migration(m);
        if (m->done)
                return shell_done_with(m->shell, name, "migrated");
        return shell_fail_saved(m->shell, m->error, name);
}

ExitCode cmd_migrate(Shell *shell, const Args *args) {
        CLEANUP(error_free) Error *err = NULL;
        Migration m = { .shell = shell };
        ExitCode code;

        if (read_params(&m, args, &err) < 0)
                code = shell_usage(shell, "`wardsh help migrate' tells its options", "%s", err->detail);
        else if (!(m.domain = shell_domain(shell, args->words[0])))
                code = SHELL_FAILED;
        else {
                m.destination_uri = target_uri_of(args->words[1]);
                code = migrate(&m, virDomainGetName(m.domain));
        }
        virTypedParamsFree(m.params, m.n_params);
        free(m.destination_uri);
        virDomainFree_p(&m.domain);
        if (m.destination)
                virConnectClose(m.destination);
        return code;
}
