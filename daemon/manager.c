/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/manager.c - start, serve, end. What can wait until clients are answered waits. */
#include "manager.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "config.h"
#include "directory.h"
#include "identity.h"
#include "listener.h"
#include "options.h"
#include "util/log.h"
#include "util/op.h"

/* Files of clients, guests and helpers; more is never reached and makes some programs slow. */
#define FILES_MAX 65536

struct Manager {
        const Options *options;
        const Config *config;
        sd_event *loop;
        OpRunner runner;
        Directory state, runtime;
        Listeners listeners;
        sd_id128_t host_uuid;
};

static int on_end_signal(sd_event_source *source, const struct signalfd_siginfo *signal, void *userdata) {
        log_info("virtwardd: ending on %s; guests go on running", strsignal((int) signal->ssi_signo));
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* Wrong settings change nothing: the daemon goes on with those it has. */
static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *signal, void *userdata) {
        Manager *manager = userdata;
        CLEANUP(config_done) Config config = {};
        CLEANUP(error_free) Error *err = NULL;

        sd_notify(false, "RELOADING=1");
        if (config_read(manager->options, &config, &err) < 0) {
                log_error("virtwardd: settings not read again, the old ones stay: %s", err->message);
        } else {
                log_set_level(config.log_level);
                log_info("virtwardd: log level and policy read again; other settings need a restart");
        }
        sd_notify(false, "READY=1");
        return 0;
}

static int add_signal(sd_event *loop, int signal, sd_event_signal_handler_t handler, void *userdata, Error **err) {
        int r = sd_event_add_signal(loop, NULL, signal, handler, userdata);

        return r < 0 ? error_set_errno(err, -r, "cannot watch for signal %d", signal) : 0;
}

/* Blocked from the start: SIGCHLD for sd-event's children, the others until the loop runs. Spawned programs get a clear mask. */
static int signals_init(Manager *manager, Error **err) {
        sigset_t mask;

        sigemptyset(&mask);
        sigaddset(&mask, SIGCHLD);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return error_set_errno(err, errno, "cannot block signals");
        if (add_signal(manager->loop, SIGTERM, on_end_signal, manager, err) < 0 ||
            add_signal(manager->loop, SIGINT, on_end_signal, manager, err) < 0)
                return -1;
        return add_signal(manager->loop, SIGHUP, on_reload_signal, manager, err);
}

/* A failure is no reason not to run: fewer clients can be served, and accept() says so when it comes to that. */
static void raise_file_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                log_warning("virtwardd: cannot raise the limit of open files: %m");
}

static int loop_init(Manager *manager, Error **err) {
        int r = sd_event_new(&manager->loop);

        if (r < 0)
                return error_set_errno(err, -r, "cannot make an event loop");
        manager->runner.loop = manager->loop;
        r = sd_event_set_watchdog(manager->loop, true);
        if (r < 0)
                return error_set_errno(err, -r, "cannot answer the service manager's watchdog");
        return 0;
}

static int directories_open(Manager *manager, Error **err) {
        const Options *options = manager->options;

        if (directory_open(options->state_dir, "state directory", 0700, &manager->state, err) < 0)
                return -1;
        if (streq(options->state_dir, options->runtime_dir))
                return error_set(err, ERROR_OPERATION_FAILED, "state and runtime directory are both '%s': they must differ", options->state_dir);
        return directory_open(options->runtime_dir, "runtime directory", options->system ? 0755 : 0700, &manager->runtime, err);
}

static int listeners_open(Manager *manager, Error **err) {
        ListenerRights rights = {
                .read_only_socket = manager->config->read_only_socket,
                .read_only_for_all = manager->options->system,
        };

        if (listeners_inherit(&manager->listeners, err) < 0)
                return -1;
        if (manager->listeners.n > 0)
                return 0;
        if (identity_group(manager->config->socket_group, &rights.group, err) < 0)
                return -1;
        return listeners_make(manager->options->runtime_dir, &rights, &manager->listeners, err);
}

static int manager_init(Manager *manager, Error **err) {
        if (loop_init(manager, err) < 0 || signals_init(manager, err) < 0)
                return -1;
        raise_file_limit();
        umask(0022);
        if (directories_open(manager, err) < 0 || listeners_open(manager, err) < 0)
                return -1;
        return identity_host_uuid(manager->config->host_uuid, manager->state.fd, &manager->host_uuid, err);
}

int manager_new(const Options *options, const Config *config, Manager **ret, Error **err) {
        CLEANUP(manager_free) Manager *manager = xnew(Manager);

        *manager = (Manager) { .options = options, .config = config, .state = DIRECTORY_EMPTY, .runtime = DIRECTORY_EMPTY };
        if (manager_init(manager, err) < 0)
                return -1;
        *ret = STEAL(manager);
        return 0;
}

int manager_run(Manager *manager, Error **err) {
        int r;

        log_info("virtwardd: ready on '%s'", manager->options->runtime_dir);
        sd_notify(false, "READY=1");
        r = sd_event_loop(manager->loop);
        sd_notify(false, "STOPPING=1");
        return r < 0 ? error_set_errno(err, -r, "the event loop failed") : 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;
        listeners_close(&manager->listeners);
        directory_close(&manager->runtime);
        directory_close(&manager->state);
        sd_event_unref(manager->loop);
        free(manager);
        return NULL;
}
