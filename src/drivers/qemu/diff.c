/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/diff.h"

#include "conf/domain_store.h"
#include "drivers/qemu/definition.h"
#include "drivers/qemu/domain.h"
#include "util/json_keys.h"

typedef struct Diff {
        Reply *reply;
        char *xml;
        CompletionFacts facts;          /* the emulator's, asked through us */
        DomainDef *def;
        char *before;                   /* def printed, when the last pass had ended */
        json_object *passes, *notes;    /* notes of the pass that runs */
} Diff;

static Diff *diff_free(Diff *diff) {
        if (diff) {
                free(diff->xml);
                free(diff->before);
                domain_def_free(diff->def);
                json_object_put(diff->passes);
                json_object_put(diff->notes);
        }
        free(diff);
        return NULL;
}
DEFINE_CLEANUP(Diff, diff_free)

static bool find_machine(void *userdata, const char *name, CompletionMachine *ret) {
        const Diff *diff = userdata;

        return diff->facts.find_machine(diff->facts.userdata, name, ret);
}

static bool has_device(void *userdata, const char *type) {
        const Diff *diff = userdata;

        return diff->facts.has_device(diff->facts.userdata, type);
}

static void note(void *userdata, const char *pass, const char *what, const char *why) {
        json_object *added = json_object_new_object();

        json_add_string(added, "what", what);
        json_add_string(added, "why", why);
        json_object_array_add(((Diff *) userdata)->notes, added);
}

static void add_pass(Diff *diff, const char *pass, const char *from, const char *to) {
        CLEANUP(json_put) json_object *changes = domain_def_changes(from, to);
        json_object *entry;

        if (json_object_array_length(changes) == 0)
                return;
        entry = json_object_new_object();
        json_add_string(entry, "pass", pass);
        json_add(entry, "changes", STEAL(changes));
        json_add(entry, "notes", STEAL(diff->notes));
        json_object_array_add(diff->passes, entry);
}

static void passed(void *userdata, const char *pass) {
        Diff *diff = userdata;
        char *after = domain_def_format(diff->def, 0);

        if (!streq(after, diff->before))
                add_pass(diff, pass, diff->before, after);
        free(diff->before);
        diff->before = after;
        json_object_put(diff->notes);
        diff->notes = json_object_new_array();
}

static void answer(Diff *diff, const char *name) {
        CLEANUP(json_put) json_object *report = json_object_new_object();

        json_add_string(report, "domain", name);
        json_add(report, "passes", STEAL(diff->passes));
        reply_text(diff->reply, json_object_to_json_string_ext(report, JSON_C_TO_STRING_PLAIN));
}

/* It can be completed: its emulator has been probed. Once more, then, and looking at every pass. */
static void on_completed(QemuDriver *driver, DomainDef *def, const Error *refusal, void *userdata) {
        CLEANUP(diff_free) Diff *diff = userdata;
        CLEANUP(domain_def_free) DomainDef *owned = def;
        QemuCaps *caps = owned ? qemu_caps_cache_peek(driver->caps, owned->emulator) : NULL;
        CLEANUP(error_free) Error *err = NULL;
        CompletionFacts facts;

        if (refusal) {
                reply_fail(diff->reply, refusal);
                return;
        }
        if (!caps)
                error_set(&err, ERROR_OPERATION_FAILED, "emulator '%s' has just changed; ask again", owned->emulator);
        else if (domain_def_parse(diff->xml, strlen(diff->xml), DOMAIN_PARSE_INACTIVE, &diff->def, &err) == 0) {
                facts = diff->facts = definition_facts(caps, driver->nvram_dir);
                facts.find_machine = find_machine;
                facts.has_device = has_device;
                facts.note = note;
                facts.passed = passed;
                facts.userdata = diff;
                diff->before = domain_def_format(diff->def, 0);
                domain_def_complete(diff->def, &facts, &err);
        }
        if (err)
                reply_fail(diff->reply, err);
        else
                answer(diff, diff->def->name);
}

static void diff_domain(QemuDriver *driver, Diff *diff, const char *name) {
        Domain *domain = driver_find_text(driver, name);
        const StoredDomain *stored = domain ? domain_store_find_uuid(driver->store, domain->uuid) : NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *live = NULL;

        if (!stored) {
                error_set(&err, domain ? ERROR_OPERATION_INVALID : ERROR_NO_DOMAIN,
                          domain ? "domain '%s' is transient: there is no stored definition to compare with" : "no domain with matching name '%s'", name);
                reply_fail(diff->reply, err);
                diff_free(diff);
                return;
        }
        diff->xml = xstrndup(stored->xml, stored->xml_len);
        if (!domain->live || !domain->live->def) {
                definition_prepare(driver, diff->xml, on_completed, diff);
                return;
        }
        live = domain_def_format(domain->live->def, 0);
        add_pass(diff, "start", diff->xml, live);
        answer(diff, domain->name);
        diff_free(diff);
}

static const JsonKey request_keys[] = { { "domain", json_type_string }, { "xml", json_type_string }, {} };

void qemu_diff(Driver *base, const char *request, Reply *reply) {
        CLEANUP(json_put) json_object *asked = NULL;
        CLEANUP(error_free) Error *err = NULL;
        const char *domain, *xml;
        Diff *diff;

        if (json_parse(request, strlen(request), "the request", &asked, &err) < 0 ||
            json_check_keys(asked, "the request", request_keys, &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        domain = json_get_string(asked, "domain");
        xml = json_get_string(asked, "xml");
        if (!domain == !xml) {
                error_set(&err, ERROR_INVALID_ARG, "the request names one of 'domain' and 'xml'");
                reply_fail(reply, err);
                return;
        }
        diff = xnew(Diff);
        *diff = (Diff) { .reply = reply, .xml = xstrdup(xml), .passes = json_object_new_array(), .notes = json_object_new_array() };
        if (domain)
                diff_domain(qemu_driver(base), diff, domain);
        else
                definition_prepare(qemu_driver(base), xml, on_completed, diff);
}
