/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_driver.h - the driver's own object, for the files of this room. */
#pragma once
#include "conf/complete.h"
#include "conf/domain_store.h"
#include "drivers/qemu/domain.h"
#include "drivers/qemu/driver_qemu.h"
#include "drivers/qemu/facts.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "policy/policy_settings.h"

typedef struct Listener {
        const DriverEvents *events;
        void *userdata;
} Listener;

typedef struct GoneDomain {             /* a transient one whose story is kept */
        char *name;
        sd_id128_t uuid;
        int64_t time;                   /* of its end */
} GoneDomain;

struct QemuDriver {
        Driver driver;                          /* first: a Driver * is a QemuDriver * */
        OpRunner *runner;
        char *state_dir, *runtime_dir, *nvram_dir, *host_name, *migration_address, *migration_host;
        int state_fd, runtime_fd, domains_fd, why_fd, pins_fd;      /* domains/ below runtime_dir, why/ and pins/ below state_dir */
        sd_id128_t host_uuid;
        uint16_t migration_port_min, migration_port_max;
        uint64_t ports_used[1024];              /* a bit per port of the range that an incoming guest listens on */
        uint64_t vnc_ports[16];                 /* a bit per port from VNC_PORT_MIN that a guest has, or is about to open */
        bool system, change_user;
        uid_t uid;
        gid_t gid;
        PolicySettings policy;
        DomainStore *store;                     /* NULL before qemu_driver_load() */
        QemuCapsCache *caps;
        FactsStore *facts;
        SyncWriter *pin_writer;                 /* cpu_pin.c; NULL until it is needed */
        struct lh_table *by_uuid, *by_name, *by_id;     /* of Domain; by_id: active ones only */
        struct MigrationLink *migrations;       /* under way, either side; drivers/qemu/migration.c */
        int last_id;
        struct Definition *definitions;         /* whose emulator is being probed; drivers/qemu/definition.c */
        struct FactsAsk *facts_asks;            /* who waits for a probe; drivers/qemu/explain.c */
        GoneDomain gone[32];                    /* the last ones, a ring; why.c */
        size_t n_gone;
        sd_event_source *blockers_timer;
        Listener *listeners;
        size_t n_listeners;
};

static inline QemuDriver *qemu_driver(Driver *driver) {
        return (QemuDriver *) driver;
}

Domain *driver_find_uuid(QemuDriver *driver, sd_id128_t uuid);          /* NULL: none */
Domain *driver_find_name(QemuDriver *driver, const char *name);
Domain *driver_find_id(QemuDriver *driver, int id);
/* By name or UUID text, as the private program's requests name it. */
Domain *driver_find_text(QemuDriver *driver, const char *name_or_uuid);

/* libvirt's ERROR_NO_DOMAIN, with the name when it is known. */
Domain *driver_need_uuid(QemuDriver *driver, sd_id128_t uuid, Error **err);

/* ERROR_OPERATION_FAILED, in libvirt's words, when name and uuid do not belong together among the domains that are there. */
int driver_check_name(QemuDriver *driver, const char *name, sd_id128_t uuid, Error **err);

/* Every domain; the tables must not change meanwhile. */
void driver_each(QemuDriver *driver, bool (*each)(Domain *domain, void *userdata), void *userdata);

void driver_each_active(QemuDriver *driver, bool (*each)(Domain *domain, void *userdata), void *userdata);

/* ERROR_INVALID_ARG when flags holds others than allowed, in libvirt's words. */
int flags_check(unsigned flags, unsigned allowed, const char *function, Error **err);

/* Tables; for domain.c and domain_start.c only. */
void driver_add(QemuDriver *driver, Domain *domain);
void driver_remove(QemuDriver *driver, Domain *domain);
void driver_add_id(QemuDriver *driver, Domain *domain);
void driver_remove_id(QemuDriver *driver, Domain *domain);
