/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/target.c - which daemon is meant: from -c, --socket and the user to a libvirt URI and, where there is one, its socket. */
#include "target.h"
#include <glib.h>

#define SYSTEM_SOCKET "/run/virtward/virtward-sock"
#define SOCKET_NAME "virtward-sock"

/* The daemon's rule for its own directories (virtwardd(8)). */
static int session_runtime_dir(const TargetEnv *env, char **ret, Error **err) {
        if (env->xdg_runtime_dir && env->xdg_runtime_dir[0] == '/')
                *ret = xasprintf("%s/virtward", env->xdg_runtime_dir);
        else if (env->xdg_cache_home && env->xdg_cache_home[0] == '/')
                *ret = xasprintf("%s/virtward/run", env->xdg_cache_home);
        else if (env->home && env->home[0] == '/')
                *ret = xasprintf("%s/.cache/virtward/run", env->home);
        else
                return error_set(err, ERROR_INVALID_ARG,
                                 "none of XDG_RUNTIME_DIR, XDG_CACHE_HOME and HOME is set, so there is no place "
                                 "for a session daemon; set one, or name a daemon with -c URI or --socket PATH");
        return 0;
}

/* mode NULL: whichever the daemon there serves, which it decides when no name is asked for. */
static char *socket_uri(const char *mode, const char *socket) {
        g_autofree char *escaped = g_uri_escape_string(socket, "/", false);

        return mode ? xasprintf("qemu+unix:///%s?socket=%s", mode, escaped) : xasprintf("remote+unix:///?socket=%s", escaped);
}

/* The value of a query parameter, unescaped; NULL: not there. The caller frees. */
static char *query_value(const char *uri, const char *key) {
        const char *query = strchr(uri, '?');
        size_t len = strlen(key);

        for (const char *at = query; at; at = strchr(at + 1, '&')) {
                g_autofree char *value = NULL;

                if (strncmp(at + 1, key, len) != 0 || at[1 + len] != '=')
                        continue;
                value = g_uri_unescape_segment(at + 2 + len, at + 2 + len + strcspn(at + 2 + len, "&"), NULL);
                return value ? xstrdup(value) : NULL;
        }
        return NULL;
}

/* "qemu+unix:///session?socket=..." has "qemu:///session". Only UNIX transports name a socket of this machine. */
static void take_uri(Target *target, const char *uri) {
        const char *path = strstr(uri, ":///");
        bool is_remote = strncmp(uri, "remote+unix:", 12) == 0;

        target->uri = xstrdup(uri);
        if (!path || (!is_remote && strncmp(uri, "qemu+unix:", 10) != 0))
                return;
        target->socket = query_value(uri, "socket");
        target->name = is_remote ? xstrdup("") : xasprintf("qemu%.*s", (int) strcspn(path, "?#"), path);
}

static int take_mode(Target *target, const char *mode, const TargetEnv *env, Error **err) {
        if (strcmp(mode, "system") == 0)
                target->socket = xstrdup(SYSTEM_SOCKET);
        else if (session_runtime_dir(env, &target->runtime_dir, err) < 0)
                return -1;
        else
                target->socket = xasprintf("%s/" SOCKET_NAME, target->runtime_dir);
        target->uri = socket_uri(mode, target->socket);
        target->name = xasprintf("qemu:///%s", mode);
        return 0;
}

static void take_socket(Target *target, const char *mode, const char *socket) {
        target->socket = xstrdup(socket);
        target->uri = socket_uri(mode, socket);
        target->name = mode ? xasprintf("qemu:///%s", mode) : xstrdup("");
}

int target_resolve(const char *connect, const char *socket, const TargetEnv *env, Target **ret, Error **err) {
        CLEANUP(target_free) Target *target = xnew(Target);
        bool is_mode = !connect || strcmp(connect, "session") == 0 || strcmp(connect, "system") == 0;

        if (!is_mode && socket)
                return error_set(err, ERROR_INVALID_ARG, "--socket goes with -c session or -c system, not with a whole URI");
        if (!is_mode && !strstr(connect, ":/"))
                return error_set(err, ERROR_INVALID_ARG, "'%s' is no URI; -c takes session, system, or a libvirt URI such as "
                                 "qemu+unix:///session?socket=PATH", connect);
        if (!is_mode)
                take_uri(target, connect);
        else if (socket)
                take_socket(target, connect, socket);
        else if (take_mode(target, connect ? connect : env->uid == 0 ? "system" : "session", env, err) < 0)
                return -1;
        *ret = STEAL(target);
        return 0;
}

Target *target_free(Target *target) {
        if (!target)
                return NULL;
        free(target->uri);
        free(target->socket);
        free(target->name);
        free(target->runtime_dir);
        free(target);
        return NULL;
}

char *target_uri_of(const char *uri_or_path) {
        return uri_or_path[0] == '/' ? socket_uri(NULL, uri_or_path) : xstrdup(uri_or_path);
}
