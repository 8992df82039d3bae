/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/ward_client.c - a small blocking client of virtward's private program, on the daemon's UNIX socket. */
#include "ward_client.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "util/strbuf.h"

#define REMOTE_PROGRAM 0x20008086
#define PROC_CONNECT_OPEN 1
#define PROC_AUTH_LIST 66
#define HEADER_BYTES 28                         /* with the length word */
#define FRAME_MAX (WARD_STRING_MAX + 64)
#define ANSWER_SEC 300                          /* a start waits for QEMU; the daemon's own deadlines are shorter */

enum { WORD_LENGTH, WORD_PROGRAM, WORD_VERSION, WORD_PROCEDURE, WORD_TYPE, WORD_SERIAL, WORD_STATUS, N_WORDS };
enum { TYPE_CALL = 0, TYPE_REPLY = 1 };
enum { AUTH_NONE = 0 };

struct WardClient {
        int fd;
        uint32_t serial;
        char *path;
};

/* A payload being read. Past its end everything reads as 0 and failed is set. */
typedef struct Payload {
        const char *at, *end;
        bool failed;
} Payload;

static void add_word(StrBuf *buf, uint32_t value) {
        value = htonl(value);
        strbuf_add_n(buf, &value, sizeof(value));
}

static void add_string(StrBuf *buf, const char *text) {
        size_t len = strlen(text);

        add_word(buf, (uint32_t) len);
        strbuf_add_n(buf, text, len);
        strbuf_add_n(buf, "\0\0\0", (4 - len % 4) % 4);
}

static uint32_t read_word(Payload *payload) {
        uint32_t value;

        if (payload->end - payload->at < 4) {
                payload->failed = true;
                return 0;
        }
        memcpy(&value, payload->at, 4);
        payload->at += 4;
        return ntohl(value);
}

/* The caller frees; NULL when the payload is too short for it. */
static char *read_string(Payload *payload) {
        size_t len = read_word(payload), padded = (len + 3) & ~(size_t) 3;
        char *text;

        if (payload->failed || len > WARD_STRING_MAX || padded > (size_t) (payload->end - payload->at)) {
                payload->failed = true;
                return NULL;
        }
        text = xstrndup(payload->at, len);
        payload->at += padded;
        return text;
}

static int fail_io(WardClient *client, int errnum, const char *doing, Error **err) {
        if (errnum == EAGAIN)
                return error_set(err, ERROR_OPERATION_TIMEOUT, "no answer from %s within %d s", client->path, ANSWER_SEC);
        return error_set_errno(err, errnum, "cannot %s %s", doing, client->path);
}

static int send_all(WardClient *client, const char *data, size_t len, Error **err) {
        while (len > 0) {
                ssize_t n = send(client->fd, data, len, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail_io(client, errno, "write to", err);
                data += n;
                len -= (size_t) n;
        }
        return 0;
}

static int receive_all(WardClient *client, void *data, size_t len, Error **err) {
        while (len > 0) {
                ssize_t n = recv(client->fd, data, len, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail_io(client, errno, "read from", err);
                if (n == 0)
                        return error_set(err, ERROR_RPC, "the daemon at %s closed the connection", client->path);
                data = (char *) data + n;
                len -= (size_t) n;
        }
        return 0;
}

/* The error struct of a reply: code, domain, optional message; what follows is of no use here. */
static int take_remote_error(Payload *payload, uint32_t program, Error **err) {
        Error *remote = xnew(Error);

        remote->code = (ErrorCode) read_word(payload);
        remote->domain = (ErrorDomain) read_word(payload);
        remote->message = read_word(payload) ? read_string(payload) : NULL;
        if (!remote->message)
                remote->message = xstrdup("the daemon gave no reason");
        remote->detail = xstrdup(remote->message);
        if (program == WARD_PROGRAM && remote->code == ERROR_RPC && strncmp(remote->message, "Cannot find program", 19) == 0) {
                error_free(remote);
                return error_set(err, ERROR_NO_SUPPORT, "this daemon is not virtwardd: it lacks virtward's private program");
        }
        return error_move(err, remote);
}

/* The next message, whole: its header in host order and its payload (the caller frees). */
static int receive_frame(WardClient *client, uint32_t words[N_WORDS], char **ret_payload, size_t *ret_len, Error **err) {
        CLEANUP(free) char *payload = NULL;

        if (receive_all(client, words, HEADER_BYTES, err) < 0)
                return -1;
        for (int i = 0; i < N_WORDS; i++)
                words[i] = ntohl(words[i]);
        if (words[WORD_LENGTH] < HEADER_BYTES || words[WORD_LENGTH] > FRAME_MAX)
                return error_set(err, ERROR_RPC, "the answer from %s is not libvirt's protocol (length %u)", client->path,
                                 words[WORD_LENGTH]);
        *ret_len = words[WORD_LENGTH] - HEADER_BYTES;
        payload = xmalloc(*ret_len + 1);
        if (receive_all(client, payload, *ret_len, err) < 0)
                return -1;
        *ret_payload = STEAL(payload);
        return 0;
}

/* Sends a call and reads until its reply; everything else (a keepalive ping) is passed over. */
static int call(WardClient *client, uint32_t program, uint32_t procedure, const StrBuf *args, char **ret_payload, size_t *ret_len,
                Error **err) {
        CLEANUP(strbuf_done) StrBuf frame = {};
        uint32_t words[N_WORDS], serial = client->serial++;

        add_word(&frame, HEADER_BYTES + (uint32_t) args->len);
        add_word(&frame, program);
        add_word(&frame, 1);
        add_word(&frame, procedure);
        add_word(&frame, TYPE_CALL);
        add_word(&frame, serial);
        add_word(&frame, 0);
        strbuf_add_n(&frame, args->text, args->len);
        if (send_all(client, frame.text, frame.len, err) < 0)
                return -1;
        for (;;) {
                CLEANUP(free) char *payload = NULL;

                if (receive_frame(client, words, &payload, ret_len, err) < 0)
                        return -1;
                if (words[WORD_TYPE] != TYPE_REPLY || words[WORD_PROGRAM] != program || words[WORD_SERIAL] != serial)
                        continue;
                if (words[WORD_STATUS] != 0)
                        return take_remote_error(&(Payload) { payload, payload + *ret_len, false }, program, err);
                *ret_payload = STEAL(payload);
                return 0;
        }
}

static int connect_socket(WardClient *client, Error **err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval limit = { .tv_sec = ANSWER_SEC };

        if (strlen(client->path) >= sizeof(address.sun_path))
                return error_set(err, ERROR_INVALID_ARG, "socket path '%s' is longer than a UNIX socket allows (%zu bytes)",
                                 client->path, sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, client->path, strlen(client->path) + 1);
        client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client->fd < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(client->fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return error_set_errno(err, errno, "Failed to connect socket to '%s'", client->path);
        return 0;
}

static int authenticate(WardClient *client, Error **err) {
        CLEANUP(free) char *payload = NULL;
        StrBuf none = {};
        size_t len;
        Payload types;

        if (call(client, REMOTE_PROGRAM, PROC_AUTH_LIST, &none, &payload, &len, err) < 0)
                return -1;
        types = (Payload) { payload, payload + len, false };
        for (uint32_t n = read_word(&types); n > 0 && !types.failed; n--)
                if (read_word(&types) == AUTH_NONE && !types.failed)
                        return 0;
        return error_set(err, ERROR_AUTH_FAILED, "the daemon at %s wants an authentication that wardsh cannot do there",
                         client->path);
}

static int open_connection(WardClient *client, const char *open_name, Error **err) {
        CLEANUP(strbuf_done) StrBuf args = {};
        CLEANUP(free) char *payload = NULL;
        size_t len;

        add_word(&args, 1);
        add_string(&args, open_name);
        add_word(&args, 0);
        return call(client, REMOTE_PROGRAM, PROC_CONNECT_OPEN, &args, &payload, &len, err);
}

int ward_client_open(const char *socket_path, const char *open_name, WardClient **ret, Error **err) {
        CLEANUP(ward_client_free) WardClient *client = xnew(WardClient);

        client->fd = -1;
        client->path = xstrdup(socket_path);
        if (connect_socket(client, err) < 0 || authenticate(client, err) < 0 || open_connection(client, open_name, err) < 0)
                return -1;
        *ret = STEAL(client);
        return 0;
}

WardClient *ward_client_free(WardClient *client) {
        if (!client)
                return NULL;
        close_fd(client->fd);
        free(client->path);
        free(client);
        return NULL;
}

int ward_client_call(WardClient *client, WardProcedure procedure, const char *request, char **ret, Error **err) {
        CLEANUP(strbuf_done) StrBuf args = {};
        CLEANUP(free) char *payload = NULL, *text = NULL;
        size_t len;
        Payload answer;

        if (strlen(request) > WARD_STRING_MAX)
                return error_set(err, ERROR_INVALID_ARG, "the request is larger than %d bytes", WARD_STRING_MAX);
        add_string(&args, request);
        if (call(client, WARD_PROGRAM, procedure, &args, &payload, &len, err) < 0)
                return -1;
        answer = (Payload) { payload, payload + len, false };
        text = read_string(&answer);
        if (!text)
                return error_set(err, ERROR_RPC, "the answer of %s is cut short", client->path);
        *ret = STEAL(text);
        return 0;
}
