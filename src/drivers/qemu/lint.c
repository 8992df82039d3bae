/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/lint.h"

#include "drivers/qemu/definition.h"
#include "util/json_keys.h"

static const JsonKey request_keys[] = { { "xml", json_type_string, true }, {} };

static void answer(Reply *reply, json_object *findings) {
        CLEANUP(json_put) json_object *report = json_object_new_object();

        json_add_string(report, "verdict", json_object_array_length(findings) > 0 ? "refuse" : "accept");
        json_add(report, "findings", findings);
        reply_text(reply, json_object_to_json_string_ext(report, JSON_C_TO_STRING_PLAIN));
}

/* What only completion finds: a machine type, an address given twice, a device that the emulator has not. */
static void on_completed(QemuDriver *driver, DomainDef *def, const Error *err, void *userdata) {
        json_object *findings = json_object_new_array(), *finding;

        domain_def_free(def);
        if (err) {
                finding = json_object_new_object();
                json_add_uint(finding, "code", err->code);
                json_add_string(finding, "what", err->detail);
                json_object_array_add(findings, finding);
        }
        answer(userdata, findings);
}

void qemu_lint(Driver *base, const char *request, Reply *reply) {
        CLEANUP(json_put) json_object *asked = NULL, *findings = NULL;
        CLEANUP(error_free) Error *err = NULL;
        const char *xml;

        if (json_parse(request, strlen(request), "the request", &asked, &err) < 0 ||
            json_check_keys(asked, "the request", request_keys, &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        xml = json_get_string(asked, "xml");
        findings = domain_def_lint(xml, strlen(xml));
        if (json_object_array_length(findings) > 0)
                answer(reply, STEAL(findings));
        else
                definition_prepare(qemu_driver(base), xml, on_completed, reply);
}
