/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_event.c - follow events. The only command that needs a main loop while it waits: libvirt-glib's. */
#include <glib-unix.h>
#include <libvirt-glib/libvirt-glib.h>
#include <stdio.h>
#include <time.h>
#include "commands.h"
#include "names.h"
#include "output.h"

#define MAX_SEC 1000000
#define KEEPALIVE_SEC 5
#define KEEPALIVE_COUNT 3

typedef struct Follow {
        Shell *shell;
        GMainLoop *loop;
        unsigned left;                  /* events still to print; 0: no end */
        bool lost;
} Follow;

/* One line per event: its name, and details as pairs. Takes details over. */
static void put_event(Follow *follow, virDomainPtr domain, const char *event, json_object *details) {
        json_object *line = json_object_new_object();
        char when[32];
        time_t now = time(NULL);
        struct tm local;

        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
        if (follow->shell->json) {
                json_add_string(line, "time", when);
                json_add_string(line, "domain", virDomainGetName(domain));
                json_add_string(line, "event", event);
                json_object_object_foreach(details, key, value)
                        json_add(line, key, json_object_get(value));
                puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        } else {
                CLEANUP(free) char *name = text_safe(virDomainGetName(domain));

                printf("%s  %s  %s", when, name, event);
                json_object_object_foreach(details, key, value) {
                        CLEANUP(free) char *text = text_safe(json_object_get_string(value));

                        printf("  %s=%s", key, text);
                }
                putchar('\n');
        }
        fflush(stdout);
        json_object_put(line);
        json_object_put(details);
        if (follow->left > 0 && --follow->left == 0)
                g_main_loop_quit(follow->loop);
}

static json_object *details_new(const char *key, const char *value) {
        json_object *details = json_object_new_object();

        json_add_string(details, key, value);
        return details;
}

static json_object *details_number(const char *key, int64_t value) {
        json_object *details = json_object_new_object();

        json_add_int(details, key, value);
        return details;
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *userdata) {
        put_event(userdata, domain, lifecycle_name(event), details_new("reason", lifecycle_detail_name(event, detail)));
        return 0;
}

static void on_reboot(virConnectPtr connection, virDomainPtr domain, void *userdata) {
        put_event(userdata, domain, "rebooted", json_object_new_object());
}

static void on_rtc_change(virConnectPtr connection, virDomainPtr domain, long long offset, void *userdata) {
        put_event(userdata, domain, "rtc-change", details_number("offset", offset));
}

static void on_watchdog(virConnectPtr connection, virDomainPtr domain, int action, void *userdata) {
        put_event(userdata, domain, "watchdog", details_new("action", watchdog_action_name(action)));
}

static void on_io_error(virConnectPtr connection, virDomainPtr domain, const char *path, const char *alias, int action,
                        const char *reason, void *userdata) {
        json_object *details = details_new("path", path);

        json_add_string(details, "device", alias);
        json_add_string(details, "reason", reason);
        put_event(userdata, domain, "io-error", details);
}

static void on_balloon_change(virConnectPtr connection, virDomainPtr domain, unsigned long long kib, void *userdata) {
        put_event(userdata, domain, "balloon-change", details_number("kib", (int64_t) kib));
}

static void on_iteration(virConnectPtr connection, virDomainPtr domain, int iteration, void *userdata) {
        put_event(userdata, domain, "migration-iteration", details_number("iteration", iteration));
}

static void on_metadata_change(virConnectPtr connection, virDomainPtr domain, int type, const char *uri, void *userdata) {
        put_event(userdata, domain, "metadata-change", details_new("uri", uri));
}

/* A dropped row is an event of this daemon that nobody sees, so there is a row for each that virtward sends. */
static const struct {
        int id;
        virConnectDomainEventGenericCallback callback;
} rows[] = {
        { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
        { VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot) },
        { VIR_DOMAIN_EVENT_ID_RTC_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_rtc_change) },
        { VIR_DOMAIN_EVENT_ID_WATCHDOG, VIR_DOMAIN_EVENT_CALLBACK(on_watchdog) },
        { VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error) },
        { VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_balloon_change) },
        { VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, VIR_DOMAIN_EVENT_CALLBACK(on_iteration) },
        { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata_change) },
};

static gboolean on_end(gpointer userdata) {
        Follow *follow = userdata;

        g_main_loop_quit(follow->loop);
        return G_SOURCE_CONTINUE;
}

static void on_close(virConnectPtr connection, int reason, void *userdata) {
        Follow *follow = userdata;

        follow->lost = true;
        g_main_loop_quit(follow->loop);
}

static ExitCode subscribe(Follow *follow, virDomainPtr domain, bool only_lifecycle) {
        Shell *shell = follow->shell;

        for (size_t i = 0; i < (only_lifecycle ? 1 : N_ELEMENTS(rows)); i++)
                if (virConnectDomainEventRegisterAny(shell->handle, domain, rows[i].id, rows[i].callback, follow, NULL) < 0)
                        return shell_fail_libvirt(shell, NULL);
        virConnectRegisterCloseCallback(shell->handle, on_close, follow, NULL);
        virConnectSetKeepAlive(shell->handle, KEEPALIVE_SEC, KEEPALIVE_COUNT);
        return SHELL_OK;
}

static ExitCode follow_events(Follow *follow, unsigned timeout) {
        guint sources[] = {
                g_unix_signal_add(SIGINT, on_end, follow), g_unix_signal_add(SIGTERM, on_end, follow),
                timeout > 0 ? g_timeout_add_seconds(timeout, on_end, follow) : 0,
        };

        shell_note(follow->shell, "waiting for events of %s", follow->shell->target->uri);
        g_main_loop_run(follow->loop);
        for (size_t i = 0; i < N_ELEMENTS(sources); i++)
                if (sources[i])
                        g_source_remove(sources[i]);
        if (follow->lost)
                return shell_fail(follow->shell, "guests go on without their daemon; run the command again",
                                  "the daemon closed the connection");
        return SHELL_OK;
}

ExitCode cmd_event(Shell *shell, const Args *args) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(virDomainFree) virDomainPtr domain = NULL;
        Follow follow = { .shell = shell };
        unsigned timeout;
        ExitCode code;

        if (args_number(args, "count", 1, MAX_SEC, 0, &follow.left, &err) < 0 ||
            args_number(args, "timeout", 1, MAX_SEC, 0, &timeout, &err) < 0)
                return shell_usage(shell, "`wardsh help event' tells its options", "%s", err->detail);
        gvir_event_register();                  /* before the connection is opened */
        if (!shell_connect(shell) || (args->n_words > 0 && !(domain = shell_domain(shell, args->words[0]))))
                return SHELL_FAILED;
        follow.loop = g_main_loop_new(NULL, FALSE);
        code = subscribe(&follow, domain, args_has(args, "lifecycle"));
        if (code == SHELL_OK)
                code = follow_events(&follow, timeout);
        g_main_loop_unref(follow.loop);
        return code;
}
