/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/explain.h"

#include "drivers/qemu/cpu_pin.h"
#include "drivers/qemu/definition.h"
#include "drivers/qemu/explain_blocked.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "util/json_keys.h"

/* One request under way: it waits for a probe of the emulator, or for what the VMM of a running guest says. */
typedef struct Explain {
        Reply *reply;
        PolicyOperation operation;
        DomainIntent start_flag;
        PolicyHost *facts;              /* of another host; NULL: this one */
} Explain;

static Explain *explain_free(Explain *explain) {
        if (explain)
                policy_host_free(explain->facts);
        free(explain);
        return NULL;
}
DEFINE_CLEANUP(Explain, explain_free)

static void explain_answer(Explain *explain, const PolicyVerdict *verdict, const char *name) {
        CLEANUP(json_put) json_object *report = policy_verdict_to_json(verdict, name);
        CLEANUP(free) char *text = json_text(report);

        reply_text(explain->reply, text);
        explain_free(explain);
}

static void explain_fail(Explain *explain, const Error *err) {
        reply_fail(explain->reply, err);
        explain_free(explain);
}

/* ---- A guest that does not run: what would be if it did ---- */

static PolicyVerdict *verdict_for_stopped(const QemuDriver *driver, const Explain *explain, const DomainDef *def,
                                          const PolicyHost *host) {
        StartQuestion question = {
                .operation = explain->operation,
                .def = def,
                .host = host,
                .settings = &driver->policy,
                .start_flag = explain->start_flag,
                .pin = cpu_pin_read(driver, def->uuid),
        };
        CLEANUP(start_verdict_free) StartVerdict *verdict = verdict_for_start(&question);

        return STEAL(verdict->policy);
}

static void explain_def(QemuDriver *driver, Explain *explain, const DomainDef *def, const PolicyHost *host) {
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = verdict_for_stopped(driver, explain, def, host);

        explain_answer(explain, verdict, def->name);
}

static void on_prepared(QemuDriver *driver, DomainDef *def, const Error *err, void *userdata) {
        CLEANUP(domain_def_free) DomainDef *owned = def;
        CLEANUP(error_free) Error *gone = NULL;
        Explain *explain = userdata;
        QemuCaps *caps;

        if (err) {
                explain_fail(explain, err);
                return;
        }
        caps = qemu_caps_cache_peek(driver->caps, owned->emulator);
        if (!caps) {
                error_set(&gone, ERROR_INTERNAL, "the emulator '%s' changed while it was asked", owned->emulator);
                explain_fail(explain, gone);
                return;
        }
        explain_def(driver, explain, owned, facts_for(driver->facts, caps, policy_technology(owned)));
}

/* ---- A guest that runs: its VMM is asked first ---- */

typedef struct RunningExplain {
        Explain *explain;
        QemuDriver *driver;
        sd_id128_t uuid;
} RunningExplain;

static void answer_running(RunningExplain *running, Domain *domain, const BlockedReasons *blocked) {
        QemuDriver *driver = running->driver;
        DomainLive *live = domain->live;
        RunningQuestion question = {
                .operation = running->explain->operation,
                .def = live->def,
                .host = facts_for(driver->facts, live->caps, policy_technology(live->def)),
                .settings = &driver->policy,
                .start_flag = live->start_flag,
                .guaranteed = live->guaranteed,
                .blocked = (const char *const *) blocked->reasons,
                .n_blocked = blocked->n,
        };
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = verdict_for_running(&question);

        explain_answer(running->explain, verdict, domain->name);
}

static void on_blocked(const BlockedReasons *blocked, const Error *err, void *userdata) {
        RunningExplain *running = userdata;
        Domain *domain = err ? NULL : driver_find_uuid(running->driver, running->uuid);
        CLEANUP(error_free) Error *gone = NULL;

        if (err) {
                explain_fail(running->explain, err);
        } else if (!domain || !domain->live || !domain->live->caps) {
                error_set(&gone, ERROR_OPERATION_INVALID, "domain is not running");
                explain_fail(running->explain, gone);
        } else {
                answer_running(running, domain, blocked);
        }
        free(running);
}

static void explain_running(QemuDriver *driver, Explain *explain, Domain *domain) {
        RunningExplain *running = xnew(RunningExplain);
        CLEANUP(error_free) Error *err = NULL;

        *running = (RunningExplain) { .explain = explain, .driver = driver, .uuid = domain->uuid };
        if (blocked_reasons_ask(driver->runner->loop, domain, on_blocked, running, &err) < 0) {
                explain_fail(explain, err);
                free(running);
        }
}

/* ---- With the facts of another host: nothing of this one is asked ---- */

static bool any_machine(void *userdata, const char *name, CompletionMachine *ret) {
        *ret = (CompletionMachine) { .name = name };
        return true;
}

static const struct {
        const char *arch, *machine;
} default_machines[] = {
        { "x86_64", "pc" }, { "i686", "pc" }, { "s390x", "s390-ccw-virtio" }, { "ppc64", "pseries" }, { "ppc64le", "pseries" },
};

static const char *default_machine(const char *arch) {
        for (size_t i = 0; i < N_ELEMENTS(default_machines); i++)
                if (streq(default_machines[i].arch, arch))
                        return default_machines[i].machine;
        return "none";
}

static void explain_elsewhere(QemuDriver *driver, Explain *explain, const char *xml) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CompletionFacts facts = {};

        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &def, &err) == 0) {
                facts.arch = def->os.arch ? def->os.arch : explain->facts->arch;
                facts.emulator = explain->facts->emulator ? explain->facts->emulator : "/usr/bin/qemu-system";
                facts.default_machine = default_machine(facts.arch);
                facts.find_machine = any_machine;
                domain_def_complete(def, &facts, &err);
        }
        if (err)
                explain_fail(explain, err);
        else
                explain_def(driver, explain, def, explain->facts);
}

/* ---- The request ---- */

static const JsonKey request_keys[] = {
        { "operation", json_type_string }, { "domain", json_type_string },  { "xml", json_type_string },
        { "migratable", json_type_string }, { "facts", json_type_object }, {},
};

static int take_names(Explain *explain, json_object *request, Error **err) {
        const char *operation = json_get_string(request, "operation"), *migratable = json_get_string(request, "migratable");
        int value = operation ? table_value(&policy_operation_table, operation) : POLICY_START;

        if (value < 0)
                return error_set(err, ERROR_INVALID_ARG, "no operation '%s' is known; 'start' and 'migrate' are", operation);
        explain->operation = (PolicyOperation) value;
        value = migratable ? table_value(&intent_table, migratable) : INTENT_UNSET;
        if (value < 0)
                return error_set(err, ERROR_INVALID_ARG, "migratable is 'required', 'preferred' or 'no', not '%s'", migratable);
        explain->start_flag = (DomainIntent) value;
        return 0;
}

static int explain_read(json_object *request, Explain *explain, Error **err) {
        bool named = json_get_string(request, "domain"), text = json_get_string(request, "xml");
        json_object *facts = json_get_object(request, "facts");

        if (json_check_keys(request, "the request", request_keys, err) < 0 || take_names(explain, request, err) < 0)
                return -1;
        if (named == text)
                return error_set(err, ERROR_INVALID_ARG, "the request names one of 'domain' and 'xml'");
        return facts ? policy_host_from_json(facts, "facts", &explain->facts, err) : 0;
}

static void explain_xml(QemuDriver *driver, Explain *explain, const char *xml) {
        if (explain->facts)
                explain_elsewhere(driver, explain, xml);
        else
                definition_prepare(driver, xml, on_prepared, explain);
}

/* Where nothing is stored (a transient guest) the live definition answers what another start would meet. */
static char *domain_xml(Domain *domain) {
        const StoredDomain *stored = domain_store_find_uuid(domain->driver->store, domain->uuid);

        if (stored)
                return xstrndup(stored->xml, stored->xml_len);
        return domain->live ? domain_def_format(domain->live->def, DOMAIN_FORMAT_INACTIVE | DOMAIN_FORMAT_SECURE) : NULL;
}

/* A stored definition is complete: when its emulator is known it need only be read. */
static bool explain_stored(QemuDriver *driver, Explain *explain, Domain *domain) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        QemuCaps *caps;

        if (explain->facts || !domain->persistent || domain_stored_def(domain, &def, NULL) < 0)
                return false;
        caps = def->emulator ? qemu_caps_cache_peek(driver->caps, def->emulator) : NULL;
        if (!caps)
                return false;
        explain_def(driver, explain, def, facts_for(driver->facts, caps, policy_technology(def)));
        return true;
}

static void explain_domain(QemuDriver *driver, Explain *explain, const char *name) {
        Domain *domain = driver_find_text(driver, name);
        bool arrives = explain->operation == POLICY_START || explain->operation == POLICY_RESTORE ||
                       explain->operation == POLICY_MIGRATE_IN;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *xml = NULL;

        if (domain && domain->live && domain->live->caps && !arrives && !explain->facts) {
                explain_running(driver, explain, domain);
                return;
        }
        if (domain && explain_stored(driver, explain, domain))
                return;
        xml = domain ? domain_xml(domain) : NULL;
        if (xml) {
                explain_xml(driver, explain, xml);
                return;
        }
        error_set(&err, ERROR_NO_DOMAIN, "no domain with matching name '%s'", name);
        explain_fail(explain, err);
}

void qemu_explain(Driver *base, const char *request, Reply *reply) {
        CLEANUP(json_put) json_object *asked = NULL;
        CLEANUP(error_free) Error *err = NULL;
        Explain *explain = xnew(Explain);

        explain->reply = reply;
        if (json_parse(request, strlen(request), "the request", &asked, &err) < 0 || explain_read(asked, explain, &err) < 0)
                explain_fail(explain, err);
        else if (json_get_string(asked, "xml"))
                explain_xml(qemu_driver(base), explain, json_get_string(asked, "xml"));
        else
                explain_domain(qemu_driver(base), explain, json_get_string(asked, "domain"));
}

/* ---- policy show ---- */

void qemu_policy_show(Driver *base, const char *request, Reply *reply) {
        CLEANUP(json_put) json_object *report = policy_rules_to_json();
        const PolicySettings *settings = &qemu_driver(base)->policy;
        json_object *in_force = json_object_new_object();
        DomainIntent migratable = settings->migratable ? settings->migratable : INTENT_PREFERRED;
        CLEANUP(free) char *text = NULL;

        json_add_string(in_force, "migratable", table_name(&intent_table, (int) migratable));
        json_add_string(in_force, "strip_secure_cpu", table_name(&policy_strip_table, (int) settings->strip));
        json_add(report, "settings", in_force);
        text = json_text(report);
        reply_text(reply, text);
}

/* ---- host facts ---- */

struct FactsAsk {               /* in the driver's list while the probe runs */
        FactsAsk *next;
        QemuDriver *driver;
        QemuCapsRequest *probe;
        Reply *reply;
};

static void facts_ask_free(FactsAsk *ask) {
        FactsAsk **link = &ask->driver->facts_asks;

        while (*link && *link != ask)
                link = &(*link)->next;
        if (*link)
                *link = ask->next;
        free(ask);
}

static void on_facts_probed(QemuCaps *caps, const Error *err, void *userdata) {
        FactsAsk *ask = userdata;
        CLEANUP(json_put) json_object *report = NULL;
        CLEANUP(free) char *text = NULL;

        if (err) {
                reply_fail(ask->reply, err);
        } else {
                report = policy_host_to_json(facts_for(ask->driver->facts, caps, FACTS_ALL_TECHNOLOGIES));
                text = json_text(report);
                reply_text(ask->reply, text);
        }
        facts_ask_free(ask);
}

void facts_abandon(QemuDriver *driver, const Error *err) {
        while (driver->facts_asks) {
                if (driver->facts_asks->probe)
                        qemu_caps_request_cancel(driver->facts_asks->probe);
                reply_fail(driver->facts_asks->reply, err);
                facts_ask_free(driver->facts_asks);
        }
}

/* Told at once, the ask is gone when the request comes back; then there is none. */
static void facts_probe(QemuDriver *driver, const char *emulator, Reply *reply) {
        FactsAsk *ask = xnew(FactsAsk);
        QemuCapsRequest *probe;

        *ask = (FactsAsk) { .next = driver->facts_asks, .driver = driver, .reply = reply };
        driver->facts_asks = ask;
        probe = qemu_caps_cache_get(driver->caps, emulator, on_facts_probed, ask);
        if (probe)
                ask->probe = probe;
}

static const JsonKey facts_keys[] = { { "arch", json_type_string }, { "emulator", json_type_string }, {} };

static const char *facts_emulator(QemuDriver *driver, json_object *request, Error **err) {
        const char *arch = json_get_string(request, "arch"), *emulator = json_get_string(request, "emulator");

        if (!emulator)
                emulator = qemu_caps_cache_default_binary(driver->caps, arch);
        if (!emulator)
                error_set(err, ERROR_CONFIG_UNSUPPORTED, "no QEMU for architecture '%s' is installed", arch ? arch : "of the host");
        return emulator;
}

void qemu_host_facts(Driver *base, const char *request, Reply *reply) {
        QemuDriver *driver = qemu_driver(base);
        CLEANUP(json_put) json_object *asked = NULL;
        CLEANUP(error_free) Error *err = NULL;
        const char *emulator = NULL;

        if (json_parse(request, strlen(request), "the request", &asked, &err) == 0 &&
            json_check_keys(asked, "the request", facts_keys, &err) == 0)
                emulator = facts_emulator(driver, asked, &err);
        if (emulator)
                facts_probe(driver, emulator, reply);
        else
                reply_fail(reply, err);
}
