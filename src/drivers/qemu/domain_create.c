/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_create.c - the verbs that start a guest: of a stored definition, of a client's XML, with an intent. */
#include "drivers/qemu/definition.h"
#include "drivers/qemu/domain_start.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/json_keys.h"

/* libvirt's virDomainCreateFlags. */
enum { CREATE_PAUSED = 1, CREATE_AUTODESTROY = 2, CREATE_BYPASS_CACHE = 4, CREATE_FORCE_BOOT = 8, CREATE_VALIDATE = 16,
       CREATE_RESET_NVRAM = 32 };
#define CREATE_FLAGS (CREATE_PAUSED | CREATE_AUTODESTROY | CREATE_BYPASS_CACHE | CREATE_FORCE_BOOT)

typedef struct CreateJob {
        DomainJob job;                          /* first */
        DomainStartArgs args;
        bool tell_report;                       /* the answer is the verdict's report, else the domain */
} CreateJob;

static void create_done(DomainJob *job, const StartVerdict *verdict, Error *err) {
        CLEANUP(json_put) json_object *report = NULL;
        CLEANUP(free) char *text = NULL;
        CreateJob *create = (CreateJob *) job;
        Result result = { .kind = RESULT_DOMAIN, .domain = &job->domain->view };

        if (!err && create->tell_report) {
                report = policy_verdict_to_json(verdict->policy, job->domain->name);
                text = json_text(report);
                result = (Result) { .kind = RESULT_TEXT, .text = text };
        }
        domain_job_end(job, err ? NULL : &result, err);
}

static void create_begin(DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;
        CreateJob *create = (CreateJob *) job;

        if (domain_verb_check(job->domain, VERB_CREATE, &err) < 0)
                domain_job_end(job, NULL, err);
        else
                domain_start(job, &create->args, create_done);
}

static void create_free(DomainJob *job) {
        CreateJob *create = (CreateJob *) job;

        domain_def_free(create->args.def);
        free(create);
}

static const DomainJobType create_type = { .name = "start", .begin = create_begin, .free = create_free };

static CreateJob *create_job_new(const void *client, unsigned flags, Reply *reply) {
        CreateJob *create = xnew(CreateJob);

        create->job.type = &create_type;
        create->job.reply = reply;
        create->args.operation = POLICY_START;
        create->args.paused = flags & CREATE_PAUSED;
        create->args.autodestroy_client = flags & CREATE_AUTODESTROY ? client : NULL;
        return create;
}

void qemu_create(Driver *base, const Caller *caller, sd_id128_t uuid, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);

        if (!domain || flags_check(flags, CREATE_FLAGS | CREATE_RESET_NVRAM, "qemuDomainCreateWithFlags", &err) < 0)
                reply_fail(reply, err);
        else
                domain_job_ask(domain, &create_job_new(caller->client, flags, reply)->job);
}

/* ---- With an intent ---- */

typedef struct StartRequest {
        const char *domain;
        DomainIntent intent;
        bool paused;
} StartRequest;

static int start_request_read(json_object *json, StartRequest *ret, Error **err) {
        static const JsonKey keys[] = {
                { "domain", json_type_string, true }, { "migratable", json_type_string, false }, { "paused", json_type_boolean, false }, {},
        };
        const char *intent;
        int value;

        if (json_check_keys(json, "the request", keys, err) < 0)
                return -1;
        intent = json_get_string(json, "migratable");
        value = intent ? table_value(&intent_table, intent) : INTENT_UNSET;
        if (value < 0 || (intent && !*intent))
                return error_set(err, ERROR_INVALID_ARG, "'%s' is no value of 'migratable': it is required, preferred or no", intent);
        *ret = (StartRequest) { .domain = json_get_string(json, "domain"), .intent = (DomainIntent) value,
                                .paused = json_get_bool(json, "paused", false) };
        return 0;
}

void qemu_start(Driver *base, const Caller *caller, const char *request, Reply *reply) {
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(error_free) Error *err = NULL;
        StartRequest asked = {};
        CreateJob *create;
        Domain *domain = NULL;

        if (json_parse(request, strlen(request), "the request", &json, &err) >= 0 && start_request_read(json, &asked, &err) >= 0) {
                domain = driver_find_text(qemu_driver(base), asked.domain);
                if (!domain)
                        error_set(&err, ERROR_NO_DOMAIN, "no domain with matching name '%s'", asked.domain);
        }
        if (!domain) {
                reply_fail(reply, err);
                return;
        }
        create = create_job_new(caller->client, asked.paused ? CREATE_PAUSED : 0, reply);
        create->args.start_flag = asked.intent;
        create->tell_report = true;
        domain_job_ask(domain, &create->job);
}

/* ---- Of a client's XML ---- */

typedef struct CreateXml {
        const void *client;
        unsigned flags;
        Reply *reply;
} CreateXml;

static int create_xml_check(QemuDriver *driver, const DomainDef *def, Error **err) {
        const Domain *other = driver_find_uuid(driver, def->uuid);

        if (domain_store_check(driver->store, def->name, def->uuid, err) < 0 || driver_check_name(driver, def->name, def->uuid, err) < 0)
                return -1;
        if (other && (other->live || other->job))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain '%s' is already active", def->name);
        return 0;
}

static void on_create_xml_ready(QemuDriver *driver, DomainDef *def, const Error *err, void *userdata) {
        CLEANUP(free) CreateXml *asked = userdata;
        CLEANUP(domain_def_free) DomainDef *owned = def;
        CLEANUP(error_free) Error *refusal = NULL;
        CreateJob *create;
        Domain *domain;

        if (err || create_xml_check(driver, def, &refusal) < 0) {
                reply_fail(asked->reply, err ? err : refusal);
                return;
        }
        domain = driver_find_uuid(driver, def->uuid);
        if (!domain)
                domain = domain_new(driver, def->uuid, def->name);
        create = create_job_new(asked->client, asked->flags, asked->reply);
        create->args.def = STEAL(owned);
        domain_job_ask(domain, &create->job);
}

void qemu_create_xml(Driver *base, const Caller *caller, const char *xml, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        CreateXml *asked;

        if (flags_check(flags, CREATE_FLAGS | CREATE_VALIDATE | CREATE_RESET_NVRAM, "qemuDomainCreateXML", &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        asked = xnew(CreateXml);
        *asked = (CreateXml) { .client = caller->client, .flags = flags, .reply = reply };
        definition_prepare(qemu_driver(base), xml, on_create_xml_ready, asked);
}
