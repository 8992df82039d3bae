/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_monitor.h"

#include <stdio.h>

#include "drivers/qemu/blockers.h"
#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/domain_stop.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/log.h"

/* libvirt's VIR_DOMAIN_EVENT_STARTED_WAKEUP, PMSUSPENDED_MEMORY and _DISK. */
enum { DETAIL_STARTED_WAKEUP = 4, DETAIL_PMSUSPENDED_MEMORY = 0, DETAIL_PMSUSPENDED_DISK = 1 };

/* ---- Run and pause ---- */

static int suspended_detail(int paused_reason) {
        switch (paused_reason) {
        case PAUSED_MIGRATION: return DETAIL_SUSPENDED_MIGRATED;
        case PAUSED_IOERROR: return DETAIL_SUSPENDED_IOERROR;
        case PAUSED_WATCHDOG: return DETAIL_SUSPENDED_WATCHDOG;
        default: return DETAIL_SUSPENDED_PAUSED;
        }
}

static void on_stop(Domain *domain, json_object *data) {
        DomainLive *live = domain->live;
        int reason = live->paused_reason ? live->paused_reason : PAUSED_UNKNOWN;

        live->paused_reason = 0;
        if (domain->state != DOMAIN_RUNNING || live->rebooting)
                return;
        domain_set_state(domain, DOMAIN_PAUSED, reason);
        if (!live->quiet_switch)
                domain_tell_lifecycle(domain, LIFECYCLE_SUSPENDED, suspended_detail(reason));
        live->quiet_switch = false;
        blockers_refresh(domain);
}

static void on_resume(Domain *domain, json_object *data) {
        DomainLive *live = domain->live;
        int reason = live->running_reason ? live->running_reason : RUNNING_UNPAUSED;
        bool migrated = reason == RUNNING_MIGRATED || reason == RUNNING_MIGRATION_CANCELED;

        live->running_reason = 0;
        live->rebooting = false;
        if (domain->state == DOMAIN_RUNNING || !domain_state_may_become(domain, DOMAIN_RUNNING))
                return;
        domain_set_state(domain, DOMAIN_RUNNING, reason);
        if (!live->quiet_switch)
                domain_tell_lifecycle(domain, LIFECYCLE_RESUMED, migrated ? DETAIL_RESUMED_MIGRATED : DETAIL_RESUMED_UNPAUSED);
        live->quiet_switch = false;
        if (!domain->start)
                blockers_refresh(domain);
}

static void on_suspend(Domain *domain, json_object *data) {
        if (domain->state == DOMAIN_RUNNING) {
                domain_set_state(domain, DOMAIN_PMSUSPENDED, 0);
                domain_tell_lifecycle(domain, LIFECYCLE_PMSUSPENDED, DETAIL_PMSUSPENDED_MEMORY);
        }
}

static void on_suspend_disk(Domain *domain, json_object *data) {
        if (domain->state == DOMAIN_RUNNING) {
                domain_set_state(domain, DOMAIN_PMSUSPENDED, 0);
                domain_tell_lifecycle(domain, LIFECYCLE_PMSUSPENDED, DETAIL_PMSUSPENDED_DISK);
        }
}

static void on_wakeup(Domain *domain, json_object *data) {
        if (domain->state == DOMAIN_PMSUSPENDED) {
                domain_set_state(domain, DOMAIN_RUNNING, RUNNING_WAKEUP);
                domain_tell_lifecycle(domain, LIFECYCLE_STARTED, DETAIL_STARTED_WAKEUP);
        }
}

/* ---- The end, or a new beginning ---- */

/* QEMU is still there (-no-shutdown). When it refuses to begin anew there is no guest to keep. */
static void on_rebooted(json_object *result, const Error *err, void *userdata) {
        Domain *domain = userdata;

        if (!err || err->code == ERROR_OPERATION_FAILED)        /* a lost monitor is told elsewhere */
                return;
        log_error("domain '%s': it cannot be rebooted: %s", domain->name, err->message);
        domain_stop(domain, SHUTOFF_FAILED, DETAIL_STOPPED_FAILED, 0);
}

/* A power-off that shall be a reboot: by on_poweroff=restart, on_crash=restart, or because reboot was asked for by the power button. */
static void reboot_instead(Domain *domain, int running_reason) {
        DomainLive *live = domain->live;

        live->fake_reboot = false;
        live->rebooting = true;
        live->running_reason = running_reason;
        domain_status_write(domain);
        if (!qmp_client_call(live->qmp, "system_reset", NULL, on_rebooted, domain, NULL) ||
            !qmp_client_call(live->qmp, "cont", NULL, on_rebooted, domain, NULL))
                domain_stop(domain, SHUTOFF_FAILED, DETAIL_STOPPED_FAILED, 0);
}

static void on_shutdown(Domain *domain, json_object *data) {
        DomainLive *live = domain->live;
        bool by_guest = json_get_bool(data, "guest", false);
        const char *reason = json_get_string(data, "reason");

        /* GUEST_PANICKED has said what happens; and a QEMU that is ended after its guest has shut down says so once more. */
        if (streq(reason, "guest-panic") || domain->state == DOMAIN_SHUTDOWN || !domain_state_may_become(domain, DOMAIN_SHUTDOWN))
                return;
        if (by_guest && !live->end_known && (live->fake_reboot || live->def->on_poweroff == ACTION_RESTART)) {
                reboot_instead(domain, RUNNING_BOOTED);
                return;
        }
        domain_set_state(domain, DOMAIN_SHUTDOWN, 0);
        domain_tell_lifecycle(domain, LIFECYCLE_SHUTDOWN, by_guest ? DETAIL_SHUTDOWN_GUEST : DETAIL_SHUTDOWN_HOST);
        if (!live->end_known)
                domain_stop(domain, SHUTOFF_SHUTDOWN, DETAIL_STOPPED_SHUTDOWN, 0);
}

static void on_reset(Domain *domain, json_object *data) {
        DomainEvent event = { .id = DOMAIN_EVENT_REBOOT };

        domain_tell(domain, &event);
        blockers_refresh(domain);               /* a guest that was secure no longer is */
}

static void on_panicked(Domain *domain, json_object *data) {
        DomainLive *live = domain->live;

        if (!domain_state_may_become(domain, DOMAIN_CRASHED) || domain->state == DOMAIN_CRASHED)
                return;
        log_warning("domain '%s': its kernel has panicked", domain->name);
        domain_set_state(domain, DOMAIN_CRASHED, 1);
        domain_tell_lifecycle(domain, LIFECYCLE_CRASHED, 0);
        if (live->def->on_crash == ACTION_RESTART)
                reboot_instead(domain, RUNNING_CRASHED);
        else if (live->def->on_crash != ACTION_PRESERVE)
                domain_stop(domain, SHUTOFF_CRASHED, DETAIL_STOPPED_CRASHED, 0);
}

/* ---- News that do not change the state ---- */

static void on_rtc_change(Domain *domain, json_object *data) {
        DomainEvent event = { .id = DOMAIN_EVENT_RTC_CHANGE, .number = json_get_int(data, "offset", 0) };

        domain_tell(domain, &event);
}

static void on_balloon_change(Domain *domain, json_object *data) {
        uint64_t kib = json_get_uint(data, "actual", 0) / 1024;
        DomainEvent event = { .id = DOMAIN_EVENT_BALLOON_CHANGE, .number = (int64_t) kib };

        if (kib == 0)
                return;
        domain->live->balloon_kib = kib;
        domain->live->def->current_memory_kib = OPT_U64(kib);
        domain_publish(domain);
        domain_status_write(domain);
        domain_tell(domain, &event);
}

/* Somebody in the guest has opened or closed its end of a channel. */
static void on_channel_change(Domain *domain, json_object *data) {
        const char *id = json_get_string(data, "id");

        LIST_FOR(channel, &domain->live->def->channels) {
                if (!id || !streq(channel->info.alias, id))
                        continue;
                channel->state = json_get_bool(data, "open", false) ? CHANNEL_STATE_CONNECTED : CHANNEL_STATE_DISCONNECTED;
                domain_status_write(domain);
        }
}

static int name_index(const char *const *names, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (streq(names[i], name))
                        return (int) i;
        return 0;
}

static void on_watchdog(Domain *domain, json_object *data) {
        static const char *const actions[] = { "none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi" };
        DomainEvent event = { .id = DOMAIN_EVENT_WATCHDOG };

        event.number = name_index(actions, N_ELEMENTS(actions), json_get_string(data, "action"));
        domain_tell(domain, &event);
        if (event.number == 1)
                domain->live->paused_reason = PAUSED_WATCHDOG;          /* STOP follows */
}

/* QEMU names the block node ("libvirt-1-format"), clients know the disk by path and alias. Its number is the disk's source index. */
static const DiskDef *disk_of_node(const DomainDef *def, const char *node) {
        unsigned number;

        if (!node || (sscanf(node, "libvirt-%u-", &number) != 1))
                return NULL;
        LIST_FOR(disk, &def->disks)
                if (disk->source.index.set && disk->source.index.value == number)
                        return disk;
        return NULL;
}

static void on_io_error(Domain *domain, json_object *data) {
        static const char *const actions[] = { "ignore", "stop", "report" };
        const DiskDef *disk = disk_of_node(domain->live->def, json_get_string(data, "node-name"));
        const char *path = disk ? disk_source_path(&disk->source) : NULL, *alias = disk ? disk->info.alias : json_get_string(data, "device");
        int action = name_index(actions, N_ELEMENTS(actions), json_get_string(data, "action"));
        DomainEvent event = { .id = DOMAIN_EVENT_IO_ERROR,
                              .io_error = { .path = path ? path : "", .alias = alias ? alias : "", .action = action,
                                            .reason = json_get_bool(data, "nospace", false) ? "enospc" : "" } };

        domain_tell(domain, &event);
        event.id = DOMAIN_EVENT_IO_ERROR_REASON;
        domain_tell(domain, &event);
        if (action == 1)
                domain->live->paused_reason = PAUSED_IOERROR;           /* STOP follows */
}

static const struct {
        const char *name;
        void (*handle)(Domain *domain, json_object *data);
} qemu_events[] = {
        { "BALLOON_CHANGE", on_balloon_change },
        { "BLOCK_IO_ERROR", on_io_error },
        { "GUEST_PANICKED", on_panicked },
        { "RESET", on_reset },
        { "RESUME", on_resume },
        { "RTC_CHANGE", on_rtc_change },
        { "SHUTDOWN", on_shutdown },
        { "STOP", on_stop },
        { "SUSPEND", on_suspend },
        { "SUSPEND_DISK", on_suspend_disk },
        { "VSERPORT_CHANGE", on_channel_change },
        { "WAKEUP", on_wakeup },
        { "WATCHDOG", on_watchdog },
};

static void tell_monitor_listeners(Domain *domain, const char *name, json_object *data, int64_t sec, unsigned usec) {
        QemuDriver *driver = domain->driver;
        const char *details = NULL;

        for (size_t i = driver->n_listeners; i > 0; i--) {
                if (i > driver->n_listeners || !driver->listeners[i - 1].events->monitor_event)
                        continue;
                if (!details && data)
                        details = json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN);
                driver->listeners[i - 1].events->monitor_event(driver->listeners[i - 1].userdata, &domain->view, name, sec, usec, details);
        }
}

/* A row may stop the domain, but the domain itself stays: its process has not been seen to end yet. */
static void on_event(void *userdata, const char *name, json_object *data, int64_t sec, unsigned usec) {
        Domain *domain = userdata;

        tell_monitor_listeners(domain, name, data, sec, usec);
        for (size_t i = 0; i < N_ELEMENTS(qemu_events); i++)
                if (streq(qemu_events[i].name, name))
                        qemu_events[i].handle(domain, data);
        if (domain->live && domain->live->on_qmp_event)
                domain->live->on_qmp_event(domain, name, data, domain->live->on_qmp_event_userdata);
}

const QmpHandlers domain_qmp_handlers = { .event = on_event, .closed = domain_on_monitor_closed };

/* ---- What was missed ---- */

static const struct {
        const char *qemu;
        DomainState state;
        int reason;
} run_states[] = {
        { "running", DOMAIN_RUNNING, RUNNING_UNKNOWN },
        { "paused", DOMAIN_PAUSED, PAUSED_USER },
        { "prelaunch", DOMAIN_PAUSED, PAUSED_USER },
        { "inmigrate", DOMAIN_PAUSED, PAUSED_MIGRATION },
        { "postmigrate", DOMAIN_PAUSED, PAUSED_MIGRATION },
        { "finish-migrate", DOMAIN_PAUSED, PAUSED_MIGRATION },
        { "io-error", DOMAIN_PAUSED, PAUSED_IOERROR },
        { "watchdog", DOMAIN_PAUSED, PAUSED_WATCHDOG },
        { "save-vm", DOMAIN_PAUSED, PAUSED_SAVE },
        { "internal-error", DOMAIN_PAUSED, PAUSED_CRASHED },
        { "shutdown", DOMAIN_SHUTDOWN, 0 },
        { "guest-panicked", DOMAIN_CRASHED, 1 },
        { "suspended", DOMAIN_PMSUSPENDED, 0 },
};

/* The state that was recorded keeps its reason when QEMU still is in it. */
void domain_apply_status(Domain *domain, const char *qemu_status) {
        for (size_t i = 0; i < N_ELEMENTS(run_states); i++) {
                if (!streq(run_states[i].qemu, qemu_status) || run_states[i].state == domain->state)
                        continue;
                if (domain_state_may_become(domain, run_states[i].state))
                        domain_set_state(domain, run_states[i].state, run_states[i].reason);
        }
}
