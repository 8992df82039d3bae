/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus_call.c - a method that a verb answers, now or later: the Reply, and how results and errors become messages. */
#include <errno.h>
#include <unistd.h>
#include "dbus/bus_private.h"
#include "util/log.h"
#include "util/strbuf.h"

static void unlink_call(BusCall *call) {
        if (!call->prev)
                return;
        *call->prev = call->next;
        if (call->next)
                call->next->prev = call->prev;
        call->prev = NULL;
        call->next = NULL;
        call->bus->n_calls--;
}

static int send_result(BusCall *call, const Result *result) {
        sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(call->message, &reply);

        if (r >= 0)
                r = call->answer(reply, result);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static void on_done(Reply *reply, const Result *result, const Error *err) {
        BusCall *call = (BusCall *) ((char *) reply - offsetof(BusCall, reply));
        int r = 0;

        if (call->bus) {
                r = err ? bus_fail(call->message, err) : send_result(call, result);
                if (r < 0)
                        log_error("dbus: %s cannot be answered: %s", sd_bus_message_get_member(call->message), strerror(-r));
                if (r < 0 && r != -ENOTCONN)
                        sd_bus_reply_method_errno(call->message, r, NULL);
        }
        unlink_call(call);
        sd_bus_message_unref(call->message);
        free(call);
}

Reply *bus_call_new(Bus *bus, sd_bus_message *message, BusAnswer answer) {
        BusCall *call = xnew(BusCall);

        call->reply.done = on_done;
        call->bus = bus;
        call->message = sd_bus_message_ref(message);
        call->answer = answer;
        call->next = bus->calls;
        call->prev = &bus->calls;
        if (call->next)
                call->next->prev = &call->next;
        bus->calls = call;
        bus->n_calls++;
        return &call->reply;
}

bool bus_call_too_many(const Bus *bus, const char *sender) {
        size_t n = 0;

        if (bus->n_calls < BUS_CALLS_PER_CLIENT || bus->n_calls >= BUS_CALLS_MAX)
                return bus->n_calls >= BUS_CALLS_MAX;
        for (const BusCall *call = bus->calls; call; call = call->next)
                if (streq(sd_bus_message_get_sender(call->message), sender))
                        n++;
        return n >= BUS_CALLS_PER_CLIENT;
}

void bus_call_orphan_all(Bus *bus) {
        while (bus->calls) {
                BusCall *call = bus->calls;

                unlink_call(call);
                call->bus = NULL;
                call->message = sd_bus_message_unref(call->message);
        }
}

int bus_answer_none(sd_bus_message *reply, const Result *result) {
        return 0;
}

int bus_answer_text(sd_bus_message *reply, const Result *result) {
        return sd_bus_message_append(reply, "s", result->text);
}

int bus_answer_domain(sd_bus_message *reply, const Result *result) {
        char path[BUS_PATH_MAX];

        return sd_bus_message_append(reply, "o", bus_path_format(result->domain->uuid, path));
}

int bus_fail(sd_bus_message *message, const Error *err) {
        int r = sd_bus_reply_method_errorf(message, BUS_ERROR, "%s", err->message);

        return r < 0 ? r : 1;
}

int bus_fail_with(sd_bus_message *message, ErrorCode code, const char *format, ...) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(strbuf_done) StrBuf text = {};
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&text, format, ap);
        va_end(ap);
        error_set(&err, code, "%s", text.text);
        return bus_fail(message, err);
}

static int append_value(sd_bus_message *reply, const Param *param) {
        switch (param->type) {
        case PARAM_INT:
                return sd_bus_message_append(reply, "v", "i", (int32_t) param->i);
        case PARAM_UINT:
                return sd_bus_message_append(reply, "v", "u", (uint32_t) param->u);
        case PARAM_LLONG:
                return sd_bus_message_append(reply, "v", "x", param->i);
        case PARAM_ULLONG:
                return sd_bus_message_append(reply, "v", "t", param->u);
        case PARAM_DOUBLE:
                return sd_bus_message_append(reply, "v", "d", param->d);
        case PARAM_BOOLEAN:
                return sd_bus_message_append(reply, "v", "b", (int) param->b);
        case PARAM_STRING:
                return sd_bus_message_append(reply, "v", "s", param->s);
        }
        return -EINVAL;
}

static int append_param(sd_bus_message *reply, const Param *param) {
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", param->name);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "v");
        if (r >= 0)
                r = append_value(reply, param);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_append_params(sd_bus_message *reply, const Param *params, size_t n) {
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_param(reply, &params[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

Caller bus_caller(Bus *bus) {
        return (Caller) { .client = bus, .uid = geteuid(), .gid = getegid() };
}
