/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/listener.c - bind() under a tight umask: there is no moment in which a stranger could connect. */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define BACKLOG 512

typedef struct SocketName {
        const char *name;               /* FileDescriptorName= of the socket unit, or the unit's own name */
        bool read_only;
} SocketName;

static const SocketName socket_names[] = {
        { "virtwardd.socket",      false },
        { SOCKET_NAME,             false },
        { "virtwardd-ro.socket",   true },
        { SOCKET_NAME_READ_ONLY,   true },
};

static Listener *listener_add(Listeners *listeners, int fd, bool read_only, char *path) {
        Listener *listener = &listeners->items[listeners->n++];

        *listener = (Listener) { .fd = fd, .read_only = read_only, .path = path };
        return listener;
}

static const SocketName *socket_name_find(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(socket_names); i++)
                if (streq(socket_names[i].name, name))
                        return &socket_names[i];
        return NULL;
}

static int inherit_one(int fd, const char *name, Listeners *listeners, Error **err) {
        const SocketName *known = socket_name_find(name);

        if (!known)
                return error_set(err, ERROR_OPERATION_FAILED, "socket activation handed over a socket named '%s': name it " SOCKET_NAME " or "
                                 SOCKET_NAME_READ_ONLY " (FileDescriptorName=)", name);
        if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
                return error_set(err, ERROR_OPERATION_FAILED, "the socket '%s' handed over by socket activation is not a listening UNIX stream "
                                 "socket", name);
        if (listeners->n == LISTENERS_MAX)
                return error_set(err, ERROR_OPERATION_FAILED, "socket activation handed over more than %d sockets", LISTENERS_MAX);
        /* systemd's sockets block unless their unit says otherwise: the loop would stand still in accept(). */
        if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
                return error_set_errno(err, errno, "cannot use the socket '%s' handed over by socket activation", name);
        listener_add(listeners, fd, known->read_only, NULL);
        return 0;
}

static void free_names(char **names) {
        for (char **name = names; name && *name; name++)
                free(*name);
        free(names);
}

int listeners_inherit(Listeners *ret, Error **err) {
        char **names = NULL;
        int n = sd_listen_fds_with_names(1, &names), r = 0;

        *ret = (Listeners) {};
        if (n < 0)
                r = error_set_errno(err, -n, "cannot read what socket activation handed over");
        for (int i = 0; i < n && r == 0; i++)
                r = inherit_one(SD_LISTEN_FDS_START + i, names[i], ret, err);
        free_names(names);
        return r;
}

static int socket_bind(int fd, const struct sockaddr_un *address, mode_t mode) {
        mode_t umask_before;
        int r;

        if (unlink(address->sun_path) < 0 && errno != ENOENT)
                return -errno;
        umask_before = umask(0777 & ~mode);
        r = bind(fd, (const struct sockaddr *) address, sizeof(*address)) < 0 ? -errno : 0;
        umask(umask_before);
        return r;
}

/* With a group: bound for the owner alone, then given to the group, then opened to it. */
static int socket_give(const char *path, gid_t group) {
        if (group == (gid_t) -1)
                return 0;
        if (chown(path, (uid_t) -1, group) < 0 || chmod(path, 0660) < 0)
                return -errno;
        return 0;
}

static int make_one(const char *path, bool read_only, mode_t mode, gid_t group, Listeners *listeners, Error **err) {
        CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (fd < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        if (strlen(path) >= sizeof(address.sun_path))
                return error_set(err, ERROR_OPERATION_FAILED, "the socket's path '%s' is longer than %zu bytes: choose a shorter --runtime-dir",
                                 path, sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, path, strlen(path) + 1);
        r = socket_bind(fd, &address, mode);
        if (r == 0)
                listener_add(listeners, -1, read_only, xstrdup(path));
        if (r == 0)
                r = socket_give(path, group);
        if (r == 0)
                r = listen(fd, BACKLOG) < 0 ? -errno : 0;
        if (r < 0)
                return error_set_errno(err, -r, "cannot listen on '%s'", path);
        listeners->items[listeners->n - 1].fd = STEAL_FD(fd);
        return 0;
}

int listeners_make(const char *runtime_dir, const ListenerRights *rights, Listeners *ret, Error **err) {
        CLEANUP(free) char *path = xasprintf("%s/" SOCKET_NAME, runtime_dir);
        CLEANUP(free) char *read_only_path = xasprintf("%s/" SOCKET_NAME_READ_ONLY, runtime_dir);

        *ret = (Listeners) {};
        if (make_one(path, false, 0600, rights->group, ret, err) < 0)
                return -1;
        if (!rights->read_only_socket)
                return 0;
        return make_one(read_only_path, true, rights->read_only_for_all ? 0666 : 0600, (gid_t) -1, ret, err);
}

void listeners_close(Listeners *listeners) {
        for (size_t i = 0; i < listeners->n; i++) {
                close_fd(listeners->items[i].fd);
                if (listeners->items[i].path)
                        unlink(listeners->items[i].path);
                free(listeners->items[i].path);
        }
        *listeners = (Listeners) {};
}
