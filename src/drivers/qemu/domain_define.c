/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_define.h"

#include <errno.h>
#include <unistd.h>

#include "drivers/qemu/cpu_pin.h"
#include "drivers/qemu/live_nvram.h"
#include "drivers/qemu/live_ports.h"
#include "drivers/qemu/why.h"
#include "policy/policy.h"
#include "util/log.h"

/* libvirt's virDomainDefineFlags, virDomainUndefineFlagsValues, virDomainXMLFlags. */
enum { DEFINE_VALIDATE = 1 };
#define UNDEFINE_FLAGS 0x7f     /* also managed save, snapshots, checkpoints, tpm: nothing of it exists here yet */
enum { UNDEFINE_NVRAM = 4, UNDEFINE_KEEP_NVRAM = 8 };
enum { XML_SECURE = 1, XML_INACTIVE = 2, XML_UPDATE_CPU = 4, XML_MIGRATABLE = 8 };

/* ---- Storing ---- */

static DomainFacts facts_of(const DomainDef *def, bool autostart) {
        return (DomainFacts) {
                .uuid = def->uuid, .name = def->name, .title = def->title, .autostart = autostart,
                .policy_required = def->intent == INTENT_REQUIRED, .max_memory_kib = def->memory_kib,
                .memory_kib = def->current_memory_kib.set ? def->current_memory_kib.value : def->memory_kib,
                .n_vcpus = def->current_vcpus ? def->current_vcpus : def->vcpus, .max_vcpus = def->vcpus,
        };
}

void domain_take_facts(Domain *domain, const DomainFacts *facts) {
        free(domain->title);
        domain->title = xstrdup(facts->title);
        domain->persistent = true;
        domain->autostart = facts->autostart;
        domain->policy_required = facts->policy_required;
        domain->max_memory_kib = facts->max_memory_kib;
        domain->memory_kib = facts->memory_kib;
        domain->n_vcpus = facts->n_vcpus;
        domain->max_vcpus = facts->max_vcpus;
        domain_publish(domain);
}

typedef struct StoreChange {
        QemuDriver *driver;
        sd_id128_t uuid;
        bool quiet;
        DomainStored done;
        void *userdata;
} StoreChange;

static StoreChange *store_change_new(QemuDriver *driver, sd_id128_t uuid, bool quiet, DomainStored done, void *userdata) {
        StoreChange *change = xnew(StoreChange);

        *change = (StoreChange) { .driver = driver, .uuid = uuid, .quiet = quiet, .done = done, .userdata = userdata };
        return change;
}

static void on_stored(const StoredDomain *stored, const Error *err, void *userdata) {
        CLEANUP(free) StoreChange *change = userdata;
        Domain *domain;
        bool existed;

        if (err) {
                change->done(NULL, err, change->userdata);
                return;
        }
        domain = driver_find_uuid(change->driver, stored->facts.uuid);
        existed = domain && domain->persistent;
        if (!domain)
                domain = domain_new(change->driver, stored->facts.uuid, stored->facts.name);
        domain_take_facts(domain, &stored->facts);
        if (!change->quiet)
                domain_tell_lifecycle(domain, LIFECYCLE_DEFINED, existed ? DETAIL_DEFINED_UPDATED : DETAIL_DEFINED_ADDED);
        change->done(domain, NULL, change->userdata);
}

void domain_store_def(QemuDriver *driver, const DomainDef *def, bool quiet, DomainStored done, void *userdata) {
        CLEANUP(free) char *xml = domain_def_format(def, DOMAIN_FORMAT_SECURE | DOMAIN_FORMAT_INACTIVE);
        const Domain *old = driver_find_uuid(driver, def->uuid);
        DomainFacts facts = facts_of(def, old && old->autostart);
        StoreChange *change = store_change_new(driver, def->uuid, quiet, done, userdata);
        CLEANUP(error_free) Error *err = NULL;

        if (driver_check_name(driver, def->name, def->uuid, &err) < 0 ||
            domain_store_put(driver->store, &facts, xml, on_stored, change, &err) < 0) {
                free(change);
                done(NULL, err, userdata);
        }
}

/* ---- define ---- */

static void on_defined(Domain *domain, const Error *err, void *userdata) {
        Reply *reply = userdata;

        if (err)
                reply_fail(reply, err);
        else
                reply_domain(reply, &domain->view);
}

static void on_definition_ready(QemuDriver *driver, DomainDef *def, const Error *err, void *userdata) {
        CLEANUP(domain_def_free) DomainDef *owned = def;

        if (err)
                reply_fail(userdata, err);
        else
                domain_store_def(driver, owned, false, on_defined, userdata);
}

/* The tables that read a definition are what its schema is made of, and stricter: they have been asked when it was parsed. So the
 * flag only changes how a refusal is worded; no RelaxNG engine runs here (libxml2's takes seconds for some small documents). */
static int validate(const char *xml, Error **err) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(error_free) Error *refusal = NULL;

        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &def, &refusal) < 0 && refusal->code == ERROR_XML)
                return error_set(err, ERROR_XML_INVALID_SCHEMA, "%s", refusal->detail);
        return 0;               /* any other refusal is met again by the definition itself */
}

void qemu_define(Driver *base, const char *xml, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;

        if (flags_check(flags, DEFINE_VALIDATE, "qemuDomainDefineXMLFlags", &err) < 0 ||
            (flags & DEFINE_VALIDATE && validate(xml, &err) < 0))
                reply_fail(reply, err);
        else
                definition_prepare(qemu_driver(base), xml, on_definition_ready, reply);
}

/* ---- undefine ---- */

static void on_removed(const StoredDomain *stored, const Error *err, void *userdata) {
        CLEANUP(free) StoreChange *change = userdata;
        Domain *domain = driver_find_uuid(change->driver, change->uuid);

        if (domain)
                domain->removing = false;
        if (err || !domain) {
                change->done(domain, err, change->userdata);
                return;
        }
        cpu_pin_forget(change->driver, change->uuid);
        domain->persistent = domain->autostart = domain->policy_required = false;
        domain_publish(domain);
        domain_tell_lifecycle(domain, LIFECYCLE_UNDEFINED, 0);
        if (!domain->live)
                why_forget(change->driver, change->uuid);
        change->done(domain_drop_unused(domain) ? NULL : domain, NULL, change->userdata);
}

void domain_unstore(Domain *domain, DomainStored done, void *userdata) {
        StoreChange *change = store_change_new(domain->driver, domain->uuid, false, done, userdata);
        CLEANUP(error_free) Error *err = NULL;

        domain->removing = true;
        if (domain_store_remove(domain->driver->store, domain->uuid, on_removed, change, &err) < 0) {
                domain->removing = false;
                free(change);
                done(domain, err, userdata);
        }
}

static void on_undefined(Domain *domain, const Error *err, void *userdata) {
        Reply *reply = userdata;

        if (err)
                reply_fail(reply, err);
        else
                reply_none(reply);
}

/* A guest's UEFI variables do not go with its definition unless the caller says so. */
static int settle_nvram(const Domain *domain, unsigned flags, Error **err) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;

        if (domain_stored_def(domain, &def, err) < 0)
                return -1;
        if (!live_nvram_exists(def) || flags & UNDEFINE_KEEP_NVRAM)
                return 0;
        if (!(flags & UNDEFINE_NVRAM))
                return error_set(err, ERROR_OPERATION_INVALID, "cannot undefine domain with nvram");
        if (unlink(def->os.nvram) < 0)
                return error_set_errno(err, errno, "failed to remove nvram: %s", def->os.nvram);
        return 0;
}

static int undefine_check(const Domain *domain, unsigned flags, Error **err) {
        if (flags_check(flags, UNDEFINE_FLAGS, "qemuDomainUndefineFlags", err) < 0)
                return -1;
        if (flags & UNDEFINE_NVRAM && flags & UNDEFINE_KEEP_NVRAM)
                return error_set(err, ERROR_OPERATION_INVALID, "cannot both keep and delete nvram");
        if (!domain->persistent || domain->removing)
                return error_set(err, ERROR_OPERATION_INVALID, "cannot undefine transient domain");
        return settle_nvram(domain, flags, err);
}

void qemu_undefine(Driver *base, sd_id128_t uuid, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);

        if (domain)
                undefine_check(domain, flags, &err);
        if (err)
                reply_fail(reply, err);
        else
                domain_unstore(domain, on_undefined, reply);
}

/* ---- autostart ---- */

static void on_autostart_stored(const StoredDomain *stored, const Error *err, void *userdata) {
        CLEANUP(free) StoreChange *change = userdata;
        Domain *domain = driver_find_uuid(change->driver, change->uuid);

        if (domain && stored)
                domain_take_facts(domain, &stored->facts);
        change->done(domain, err, change->userdata);
}

void qemu_set_autostart(Driver *base, sd_id128_t uuid, bool autostart, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        QemuDriver *driver = qemu_driver(base);
        Domain *domain = driver_need_uuid(driver, uuid, &err);
        StoreChange *change;

        if (domain && !domain->persistent)
                error_set(&err, ERROR_OPERATION_INVALID, "cannot set autostart for transient domain");
        if (err) {
                reply_fail(reply, err);
                return;
        }
        if (domain->autostart == autostart) {
                reply_none(reply);
                return;
        }
        change = store_change_new(driver, uuid, true, on_undefined, reply);
        if (domain_store_set_autostart(driver->store, uuid, autostart, on_autostart_stored, change, &err) < 0) {
                free(change);
                reply_fail(reply, err);
        }
}

/* ---- dump ---- */

/* host-model as it would be expanded if it were started now; what the emulator is known to offer, nobody waits for a probe. */
static void update_cpu(Domain *domain, DomainDef *def) {
        QemuDriver *driver = domain->driver;
        QemuCaps *caps = def->emulator ? qemu_caps_cache_peek(driver->caps, def->emulator) : NULL;
        CLEANUP(cpu_expansion_free) CpuExpansion *cpu = NULL;
        const PolicyHost *host;
        PolicyIntent intent;

        if (!caps || !def->cpu)
                return;
        host = facts_for(driver->facts, caps, policy_technology(def));
        intent = policy_intent(def, &driver->policy, INTENT_UNSET);
        cpu = policy_expand_cpu(def, host, &driver->policy, &intent);
        if (cpu && cpu->cpu) {
                cpu_def_free(def->cpu);
                def->cpu = cpu_def_copy(cpu->cpu);
        }
}

static int dump_stored(Domain *domain, unsigned flags, char **ret, Error **err) {
        const StoredDomain *stored = domain_store_find_uuid(domain->driver->store, domain->uuid);
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        unsigned format = DOMAIN_FORMAT_INACTIVE | (flags & (XML_SECURE | XML_MIGRATABLE) ? DOMAIN_FORMAT_SECURE : 0);

        /* The stored text is what dumpxml prints, unless there are secrets in it or the CPU is to be expanded. */
        if (stored && !(flags & XML_UPDATE_CPU) && (flags & (XML_SECURE | XML_MIGRATABLE) || !strstr(stored->xml, "passw"))) {
                *ret = xstrndup(stored->xml, stored->xml_len);
                return 0;
        }
        if (domain_stored_def(domain, &def, err) < 0)
                return -1;
        if (flags & XML_UPDATE_CPU)
                update_cpu(domain, def);
        *ret = domain_def_format(def, format);
        return 0;
}

/* For a later start, here or elsewhere: without what this one has chosen. libvirt's "migratable" includes secrets. */
static char *dump_live(const Domain *domain, unsigned flags) {
        CLEANUP(domain_def_free) DomainDef *copy = NULL;
        unsigned format = flags & (XML_SECURE | XML_MIGRATABLE) ? DOMAIN_FORMAT_SECURE : 0;

        if (!(flags & (XML_INACTIVE | XML_MIGRATABLE)))
                return domain_def_format(domain->live->def, format);
        copy = domain_def_copy(domain->live->def);
        live_ports_forget(domain->driver, copy);
        return domain_def_format(copy, format | DOMAIN_FORMAT_INACTIVE);
}

void qemu_xml_desc(Driver *base, sd_id128_t uuid, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);

        if (domain && flags_check(flags, XML_SECURE | XML_INACTIVE | XML_UPDATE_CPU | XML_MIGRATABLE, "qemuDomainGetXMLDesc", &err) == 0) {
                if (domain->live && (!(flags & XML_INACTIVE) || !domain->persistent))
                        text = dump_live(domain, flags);
                else
                        dump_stored(domain, flags, &text, &err);
        }
        if (err)
                reply_fail(reply, err);
        else
                reply_text(reply, text);
}
