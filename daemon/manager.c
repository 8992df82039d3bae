/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/manager.c - start, serve, end. What can wait until clients are answered waits. */
#include "manager.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "autostart.h"
#include "config.h"
#include "dbus/bus.h"
#include "directory.h"
#include "drivers/qemu/driver_qemu.h"
#include "identity.h"
#include "listener.h"
#include "options.h"
#include "rpc/rpc_server.h"
#include "util/log.h"
#include "util/op.h"

/* Files of clients, guests and helpers; more is never reached and makes some programs slow. */
#define FILES_MAX 65536

/* How long an ending daemon waits for calls that are being worked on. */
#define DRAIN_USEC (5 * USEC_PER_SEC)

struct Manager {
        const Options *options;
        const Config *config;
        sd_event *loop;
        OpRunner runner;
        Directory state, runtime;
        Listeners listeners;
        sd_id128_t host_uuid;
        char *host_name;
        Driver *driver;
        RpcServer *server;
        Bus *bus;
        bool ending;
};

static void on_drained(void *userdata) {
        Manager *manager = userdata;

        sd_event_exit(manager->loop, 0);
}

static int on_drain_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        log_warning("virtwardd: %zu clients still have calls that are being worked on; they are cut off",
                    rpc_server_n_clients(manager->server));
        return sd_event_exit(manager->loop, 0);
}

/* The first time: running calls may finish. The second time: at once. */
static int on_end_signal(sd_event_source *source, const struct signalfd_siginfo *signal, void *userdata) {
        Manager *manager = userdata;

        if (manager->ending)
                return sd_event_exit(manager->loop, 0);
        log_info("virtwardd: ending on %s; guests go on running", strsignal((int) signal->ssi_signo));
        sd_notify(false, "STOPPING=1");
        manager->ending = true;
        if (sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC, DRAIN_USEC, 0, on_drain_deadline, manager) < 0)
                return sd_event_exit(manager->loop, 0);
        rpc_server_close_all(manager->server, on_drained, manager);
        return 0;
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
                qemu_driver_set_policy(manager->driver, &config.policy);
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

/* For tests: VIRTWARD_FAIL_STEP='start: spawn-qemu' makes that step of that operation fail instead of running. */
static int fail_step(void *userdata, const char *op, const char *step, Error **err) {
        CLEANUP(free) char *name = xasprintf("%s: %s", op, step);

        return streq(name, userdata) ? error_set(err, ERROR_OPERATION_FAILED, "step '%s' was made to fail", name) : 0;
}

static int loop_init(Manager *manager, Error **err) {
        int r = sd_event_new(&manager->loop);

        if (r < 0)
                return error_set_errno(err, -r, "cannot make an event loop");
        manager->runner.loop = manager->loop;
        manager->runner.userdata = secure_getenv("VIRTWARD_FAIL_STEP");
        if (manager->runner.userdata)
                manager->runner.before_step = fail_step;
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

/* "DIR:DIR" as a NULL-terminated list that points into text. */
static const char **split_dirs(char *text) {
        const char **dirs = NULL;
        size_t n = 0;

        while (text) {
                char *dir = strsep(&text, ":");

                *ARRAY_APPEND(dirs, n) = dir;
        }
        *ARRAY_APPEND(dirs, n) = NULL;
        return dirs;
}

static int driver_open(Manager *manager, Error **err) {
        const Options *options = manager->options;
        const Config *config = manager->config;
        CLEANUP(free) char *dirs_text = xstrdup(config->emulator_dirs);
        CLEANUP(free) const char **dirs = dirs_text ? split_dirs(dirs_text) : NULL;
        QemuDriverConfig driver = {
                .state_dir = options->state_dir,
                .runtime_dir = options->runtime_dir,
                .state_fd = manager->state.fd,
                .runtime_fd = manager->runtime.fd,
                .host_uuid = manager->host_uuid,
                .host_name = manager->host_name,
                .emulator_dirs = dirs,
                .migration_address = config->migration_address,
                .migration_host = config->migration_host,
                .migration_port_min = (uint16_t) config->migration_port_min,
                .migration_port_max = (uint16_t) config->migration_port_max,
                .system = options->system,
                .change_user = options->system && geteuid() == 0,
                .policy = &config->policy,
        };
        QemuUser user = {};

        if (driver.change_user && identity_qemu_user(config->qemu_user, config->qemu_group, &user, err) < 0)
                return -1;
        driver.uid = user.uid;
        driver.gid = user.gid;
        if (qemu_driver_new(&driver, &manager->runner, &manager->driver, err) < 0)
                return -1;
        return qemu_driver_load(manager->driver, config->autostart && autostart_is_due(manager->runtime.fd), err);
}

static int server_open(Manager *manager, Error **err) {
        RpcConfig config = rpc_config_default;

        config.mode = manager->options->system ? RPC_MODE_SYSTEM : RPC_MODE_SESSION;
        config.hostname = manager->host_name;
        config.host_uuid = manager->host_uuid;
        config.max_clients = manager->config->max_clients;
        config.max_client_requests = manager->config->max_client_requests;
        config.keepalive_interval_sec = (int) manager->config->keepalive_interval;
        config.keepalive_count = manager->config->keepalive_count;
        if (rpc_server_new(manager->loop, manager->driver, &config, &manager->server, err) < 0)
                return -1;
        for (size_t i = 0; i < manager->listeners.n; i++) {
                Listener *listener = &manager->listeners.items[i];

                if (rpc_server_listen(manager->server, STEAL_FD(listener->fd), listener->read_only, err) < 0)
                        return -1;
        }
        return 0;
}

static int manager_init(Manager *manager, Error **err) {
        if (loop_init(manager, err) < 0 || signals_init(manager, err) < 0)
                return -1;
        raise_file_limit();
        umask(0022);
        if (directories_open(manager, err) < 0 || listeners_open(manager, err) < 0)
                return -1;
        if (identity_host_uuid(manager->config->host_uuid, manager->state.fd, &manager->host_uuid, err) < 0)
                return -1;
        manager->host_name = identity_host_name(manager->config->host_name);
        return driver_open(manager, err) < 0 ? -1 : server_open(manager, err);
}

int manager_new(const Options *options, const Config *config, Manager **ret, Error **err) {
        CLEANUP(manager_free) Manager *manager = xnew(Manager);

        *manager = (Manager) { .options = options, .config = config, .state = DIRECTORY_EMPTY, .runtime = DIRECTORY_EMPTY };
        if (manager_init(manager, err) < 0)
                return -1;
        *ret = STEAL(manager);
        return 0;
}

static bool count_domain(const DomainView *domain, void *userdata) {
        size_t *n = userdata;

        n[0]++;
        n[1] += domain->active;
        return true;
}

static void tell_ready(const Manager *manager) {
        size_t n[2] = {};

        manager->driver->verbs->each_domain(manager->driver, count_domain, n);
        log_info("virtwardd: ready on '%s' with %zu domains, %zu active", manager->options->runtime_dir, n[0], n[1]);
        sd_notifyf(false, "READY=1\nSTATUS=%zu domains, %zu active", n[0], n[1]);
}

int manager_run(Manager *manager, Error **err) {
        int r;

        tell_ready(manager);
        malloc_trim(0);                         /* what loading took and gave back */
        if (manager->config->dbus)
                manager->bus = bus_new(manager->loop, manager->driver, manager->options->system ? BUS_SYSTEM : BUS_SESSION, BUS_NAME);
        r = sd_event_loop(manager->loop);
        return r < 0 ? error_set_errno(err, -r, "the event loop failed") : 0;
}

/* The edges go first: the driver answers what it still works on into the void. */
Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;
        bus_free(manager->bus);
        rpc_server_free(manager->server);
        qemu_driver_free(manager->driver);
        listeners_close(&manager->listeners);
        directory_close(&manager->runtime);
        directory_close(&manager->state);
        sd_event_unref(manager->loop);
        free(manager->host_name);
        free(manager);
        return NULL;
}
