/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qmp_client.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/log.h"
#include "util/strbuf.h"

#define READ_SIZE (64 * 1024)
#define MAX_READS_PER_TURN 16
#define MAX_DRAIN 64
#define MAX_OUTPUT (16 * 1024 * 1024)
#define KEEP_TEXT 1000                  /* of the last exchange */

struct QmpCall {
        QmpCall *next;
        uint64_t id;
        char *command;
        QmpDone done;                   /* NULL: cancelled */
        void *userdata;
};

struct QmpClient {
        unsigned n_refs;                /* the owner, and the loop's callback while it runs */
        int fd;
        bool owned, greeted, lost;
        char *what;
        QmpHandlers handlers;
        void *userdata;
        sd_event_source *source;
        json_tokener *tokener;
        size_t message_len;             /* bytes of the message that is being read */
        json_object *greeting;
        json_object *last_received;
        char *last_sent;
        StrBuf out;
        size_t out_sent;
        uint64_t last_id;
        QmpCall *calls, **calls_end;    /* oldest first, as QEMU answers */
        size_t n_calls;
};

static void client_unref(QmpClient *client) {
        if (--client->n_refs > 0)
                return;
        assert(!client->calls);
        json_tokener_free(client->tokener);
        json_object_put(client->greeting);
        json_object_put(client->last_received);
        free(client->last_sent);
        free(client->what);
        strbuf_done(&client->out);
        free(client);
}

/* ---- calls ---- */

/* Out of the list before it is answered: the answer may make new calls, or free the client. */
static void call_answer(QmpClient *client, QmpCall **link, json_object *result, const Error *err) {
        QmpCall *call = *link;

        *link = call->next;
        if (client->calls_end == &call->next)
                client->calls_end = link;
        client->n_calls--;
        if (call->done)
                call->done(result, err, call->userdata);
        free(call->command);
        free(call);
}

static void client_fail_calls(QmpClient *client, const Error *err) {
        while (client->calls)
                call_answer(client, &client->calls, NULL, err);
}

void qmp_call_cancel(QmpCall *call) {
        call->done = NULL;
}

/* ---- the end ---- */

static void client_disconnect(QmpClient *client) {
        client->lost = true;
        client->source = sd_event_source_disable_unref(client->source);
        close_fd(STEAL_FD(client->fd));
}

/* Takes err over. */
static void client_lose(QmpClient *client, Error *err) {
        if (!client->lost) {
                client_disconnect(client);
                client_fail_calls(client, err);
                if (client->owned && client->handlers.closed)
                        client->handlers.closed(client->userdata, err);
        }
        error_free(err);
}

static void __attribute__((format(printf, 2, 3))) client_lose_for(QmpClient *client, const char *format, ...) {
        CLEANUP(free) char *reason = NULL;
        Error *err = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&reason, format, ap) < 0)
                abort();
        va_end(ap);
        error_set(&err, ERROR_OPERATION_FAILED, "the monitor of %s was lost: %s", client->what, reason);
        client_lose(client, err);
}

QmpClient *qmp_client_free(QmpClient *client) {
        Error *err = NULL;

        if (!client)
                return NULL;
        client->owned = false;
        if (!client->lost) {
                error_set(&err, ERROR_OPERATION_FAILED, "the monitor of %s was closed", client->what);
                client_lose(client, err);
        }
        client_unref(client);
        return NULL;
}

/* ---- out ---- */

static void client_flush(QmpClient *client) {
        while (client->out_sent < client->out.len) {
                ssize_t n = send(client->fd, client->out.text + client->out_sent, client->out.len - client->out_sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN) {
                        sd_event_source_set_io_events(client->source, EPOLLIN | EPOLLOUT);
                        return;
                }
                if (n < 0)
                        break;                  /* the read side tells how it ended */
                client->out_sent += n;
        }
        client->out_sent = 0;
        client->out.len = 0;
        sd_event_source_set_io_events(client->source, EPOLLIN);
}

/* Their arguments carry secrets, which are kept nowhere. */
static bool command_is_secret(const char *command) {
        static const char *const secret[] = { "set_password", "object-add", "sev-inject-launch-secret", "change-vnc-password" };

        for (size_t i = 0; i < N_ELEMENTS(secret); i++)
                if (streq(command, secret[i]))
                        return true;
        return false;
}

static void client_remember_sent(QmpClient *client, const char *command, const char *text) {
        free(client->last_sent);
        client->last_sent = command_is_secret(command) ? xasprintf("{\"execute\":\"%s\",\"arguments\":\"(not kept)\"}", command)
                                                       : xstrndup(text, KEEP_TEXT);
}

static void client_send(QmpClient *client, const char *command, json_object *arguments, uint64_t id) {
        CLEANUP(json_put) json_object *message = json_object_new_object();
        const char *text;

        json_add_string(message, "execute", command);
        if (arguments)
                json_add(message, "arguments", arguments);
        json_add_uint(message, "id", id);
        text = json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        log_debug("%s: qmp: > %.200s", client->what, command_is_secret(command) ? command : text);
        client_remember_sent(client, command, text);
        strbuf_add(&client->out, text);
        strbuf_add(&client->out, "\n");
        client_flush(client);
}

QmpCall *qmp_client_call(QmpClient *client, const char *command, json_object *arguments, QmpDone done, void *userdata, Error **err) {
        QmpCall *call;

        if (client->lost || client->n_calls >= QMP_MAX_CALLS || client->out.len > MAX_OUTPUT) {
                json_object_put(arguments);
                error_set(err, ERROR_OPERATION_FAILED, client->lost ? "the monitor of %s is closed; '%s' cannot be sent"
                                                                    : "the monitor of %s does not answer; '%s' is not sent",
                          client->what, command);
                return NULL;
        }
        call = xnew(QmpCall);
        call->id = ++client->last_id;
        call->command = xstrdup(command);
        call->done = done;
        call->userdata = userdata;
        *client->calls_end = call;
        client->calls_end = &call->next;
        client->n_calls++;
        client_send(client, command, arguments, call->id);
        return call;
}

/* ---- in ---- */

static Error *call_error(const QmpCall *call, json_object *error) {
        const char *class = json_get_string(error, "class"), *text = json_get_string(error, "desc");
        ErrorCode code = streq(class, "CommandNotFound") ? ERROR_NO_SUPPORT
                         : streq(class, "DeviceNotFound") ? ERROR_DEVICE_MISSING : ERROR_INTERNAL;
        Error *err = NULL;

        error_set_from(&err, ERROR_FROM_QEMU, code, "unable to execute QEMU command '%s': %s", call->command, text ? text : "unknown error");
        return err;
}

const char *qmp_error_text(const Error *err) {
        static const char mark[] = "unable to execute QEMU command '";
        const char *text = err->detail ? strstr(err->detail, mark) : NULL;

        text = text ? strstr(text + strlen(mark), "': ") : NULL;
        return text ? text + 3 : err->message;
}

static void client_take_greeting(QmpClient *client, json_object *message) {
        json_object *greeting = json_get_object(message, "QMP");

        if (!greeting) {
                client_lose_for(client, "it did not begin with QEMU's greeting");
                return;
        }
        client->greeted = true;
        client->greeting = json_object_get(greeting);
}

static void client_take_event(QmpClient *client, const char *name, json_object *message) {
        json_object *stamp = json_get_object(message, "timestamp");

        log_debug("%s: qmp: event %.60s", client->what, name);
        if (client->handlers.event)
                client->handlers.event(client->userdata, name, json_get_object(message, "data"), json_get_int(stamp, "seconds", 0),
                                       (unsigned) json_get_uint(stamp, "microseconds", 0));
}

static void client_take_answer(QmpClient *client, json_object *message) {
        json_object *error = json_get_object(message, "error"), *result = NULL;
        uint64_t id = json_get_uint(message, "id", 0);
        CLEANUP(error_free) Error *err = NULL;
        QmpCall **link = &client->calls;

        while (*link && (*link)->id != id)
                link = &(*link)->next;
        if (!*link || (!json_object_object_get_ex(message, "return", &result) && !error)) {
                client_lose_for(client, "it sent an answer to nothing that was asked");
                return;
        }
        json_object_put(client->last_received);
        client->last_received = json_object_get(message);
        if (error)
                err = call_error(*link, error);
        call_answer(client, link, err ? NULL : result, err);
}

static void client_take_message(QmpClient *client, json_object *message) {
        const char *event;

        if (!json_object_is_type(message, json_type_object)) {
                client_lose_for(client, "it sent something that is not a JSON object");
        } else if (!client->greeted) {
                client_take_greeting(client, message);
        } else {
                event = json_get_string(message, "event");
                if (event)
                        client_take_event(client, event, message);
                else
                        client_take_answer(client, message);
        }
}

/* One message, or the part of it that is there. Returns the bytes used, 0 when the connection was given up. */
static size_t client_parse(QmpClient *client, const char *bytes, size_t n) {
        CLEANUP(json_put) json_object *message = json_tokener_parse_ex(client->tokener, bytes, (int) n);
        enum json_tokener_error state = json_tokener_get_error(client->tokener);
        size_t used = state == json_tokener_continue ? n : json_tokener_get_parse_end(client->tokener);

        client->message_len += used;
        if (client->message_len > QMP_MAX_MESSAGE) {
                client_lose_for(client, "it sent a message of more than %d MiB", QMP_MAX_MESSAGE >> 20);
                return 0;
        }
        if (state == json_tokener_continue)
                return used;
        client->message_len = 0;
        json_tokener_reset(client->tokener);
        if (state != json_tokener_success) {
                client_lose_for(client, "it sent something that is not JSON (%s)", json_tokener_error_desc(state));
                return 0;
        }
        client_take_message(client, message);
        return used;
}

/* Blanks between messages are passed over: the tokener would otherwise count them into a message that never comes. */
static void client_feed(QmpClient *client, const char *bytes, size_t n) {
        while (n > 0 && !client->lost) {
                size_t used = 1;

                if (client->message_len > 0 || !isspace((unsigned char) *bytes))
                        used = client_parse(client, bytes, n);
                if (used == 0 && !client->lost)
                        client_lose_for(client, "it sent something that is not JSON");
                bytes += used;
                n -= used;
        }
}

static void client_read(QmpClient *client) {
        char bytes[READ_SIZE];

        for (int i = 0; i < MAX_READS_PER_TURN && !client->lost; i++) {
                ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n == 0 || (n < 0 && errno == ECONNRESET))
                        client_lose_for(client, "QEMU closed it");
                else if (n < 0)
                        client_lose_for(client, "%s", strerror(errno));
                else
                        client_feed(client, bytes, n);
                if (n < READ_SIZE)
                        return;
        }
}

void qmp_client_drain(QmpClient *client) {
        client->n_refs++;
        for (int i = 0; i < MAX_DRAIN && !client->lost; i++)
                client_read(client);
        if (!client->lost)
                client_lose_for(client, "QEMU has ended");
        client_unref(client);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        QmpClient *client = userdata;

        client->n_refs++;
        if (revents & EPOLLOUT)
                client_flush(client);
        if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
                client_read(client);
        client_unref(client);
        return 0;
}

/* ---- beginning ---- */

static void on_capabilities(json_object *result, const Error *err, void *userdata) {
        QmpClient *client = userdata;

        if (err && !client->lost)
                client_lose_for(client, "%s", qmp_error_text(err));
}

/* "qmp_capabilities" goes out without waiting for the greeting: QEMU reads it after it has greeted, and one turn is saved. */
int qmp_client_new(sd_event *loop, int fd, const char *what, const QmpHandlers *handlers, void *userdata, QmpClient **ret, Error **err) {
        QmpClient *client = xnew(QmpClient);
        int r = sd_event_add_io(loop, &client->source, fd, EPOLLIN, on_io, client);

        if (r < 0) {
                close_fd(fd);
                free(client);
                return error_set_errno(err, -r, "cannot watch the monitor of %s", what);
        }
        client->n_refs = 1;
        client->fd = fd;
        client->owned = true;
        client->what = xstrdup(what);
        client->handlers = *handlers;
        client->userdata = userdata;
        client->calls_end = &client->calls;
        client->tokener = json_tokener_new_ex(QMP_MAX_DEPTH);
        json_tokener_set_flags(client->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS | JSON_TOKENER_VALIDATE_UTF8);
        qmp_client_call(client, "qmp_capabilities", NULL, on_capabilities, client, NULL);
        *ret = client;
        return 0;
}

int qmp_client_connect(sd_event *loop, int dir_fd, const char *name, const char *what, const QmpHandlers *handlers, void *userdata,
                       QmpClient **ret, Error **err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int n = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);

        if (fd < 0 || n >= (int) sizeof(address.sun_path) ||
            connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return error_set_errno(err, fd < 0 || n < (int) sizeof(address.sun_path) ? errno : ENAMETOOLONG,
                                       "cannot connect to the monitor of %s", what);
        return qmp_client_new(loop, STEAL_FD(fd), what, handlers, userdata, ret, err);
}

json_object *qmp_client_greeting(const QmpClient *client) {
        return client->greeting;
}

const char *qmp_client_last_sent(const QmpClient *client) {
        return client->last_sent ? client->last_sent : "";
}

const char *qmp_client_last_received(const QmpClient *client) {
        return client->last_received ? json_object_to_json_string_ext(client->last_received, JSON_C_TO_STRING_PLAIN) : "";
}
