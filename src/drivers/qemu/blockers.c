/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/blockers.h"

#include "drivers/qemu/explain_blocked.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/log.h"

static bool already_told(const DomainLive *live, const char *message) {
        for (size_t i = live->n_own_messages; i < live->n_messages; i++)
                if (streq(live->messages[i], message))
                        return true;
        return false;
}

/* The reasons follow what the start had to say. */
static void replace_messages(DomainLive *live, char **messages, size_t n) {
        while (live->n_messages > live->n_own_messages)
                free(live->messages[--live->n_messages]);
        for (size_t i = 0; i < n; i++)
                *ARRAY_APPEND(live->messages, live->n_messages) = messages[i];
}

static void on_blocked(const BlockedReasons *blocked, const Error *err, void *userdata) {
        Domain *domain = userdata;
        DomainLive *live = domain->live;
        char **messages = NULL;
        size_t n = 0;

        live->asks_blockers = false;
        if (err)
                return;                         /* a QEMU that ends or hangs is told elsewhere */
        for (size_t i = 0; i < blocked->n; i++) {
                char *message = xasprintf("not migratable: %s", blocked->reasons[i]);

                if (!already_told(live, message))
                        log_warning("domain '%s': %s", domain->name, message);
                *ARRAY_APPEND(messages, n) = message;
        }
        if (n == 0 && live->n_messages > live->n_own_messages)
                log_info("domain '%s': can be migrated again", domain->name);
        replace_messages(live, messages, n);
        free(messages);
        domain_publish(domain);
}

void blockers_refresh(Domain *domain) {
        DomainLive *live = domain->live;

        if (!live || !live->qmp || live->incoming || live->asks_blockers || live->end_known)
                return;
        live->asks_blockers = true;
        if (blocked_reasons_ask(domain->driver->runner->loop, domain, on_blocked, domain, NULL) < 0)
                live->asks_blockers = false;
}

static bool refresh_one(Domain *domain, void *userdata) {
        blockers_refresh(domain);
        return true;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        QemuDriver *driver = userdata;

        driver_each_active(driver, refresh_one, NULL);
        sd_event_source_set_time(source, usec + BLOCKERS_INTERVAL_USEC);
        return 0;
}

int blockers_watch(QemuDriver *driver, Error **err) {
        int r = sd_event_add_time_relative(driver->runner->loop, &driver->blockers_timer, CLOCK_MONOTONIC, BLOCKERS_INTERVAL_USEC,
                                           BLOCKERS_INTERVAL_USEC / 10, on_timer, driver);

        if (r >= 0)
                r = sd_event_source_set_enabled(driver->blockers_timer, SD_EVENT_ON);
        return r < 0 ? error_set_errno(err, -r, "cannot arm a timer") : 0;
}
