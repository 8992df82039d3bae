/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/net_vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define FIRST_CID 3             /* 0 to 2 are the hypervisor, the local loop and the host */
#define MAX_TRIES 4096

static int open_device(Error **err) {
        int fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);

        return fd < 0 ? error_set_errno(err, errno, "unable to open vhost-vsock device") : fd;
}

static int set_cid(int fd, unsigned cid) {
        uint64_t guest = cid;

        return ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &guest) < 0 ? -errno : 0;
}

int net_vsock_open(unsigned cid, Error **err) {
        CLEANUP(close) int fd = open_device(err);
        int r;

        if (fd < 0)
                return -1;
        r = set_cid(fd, cid);
        if (r < 0)
                return error_set_errno(err, -r, "failed to set guest cid %u", cid);
        return STEAL_FD(fd);
}

int net_vsock_choose(unsigned *ret_cid, Error **err) {
        CLEANUP(close) int fd = open_device(err);
        int r = -EADDRINUSE;

        if (fd < 0)
                return -1;
        for (unsigned cid = FIRST_CID; r == -EADDRINUSE && cid < FIRST_CID + MAX_TRIES; cid++) {
                r = set_cid(fd, cid);
                if (r == 0)
                        *ret_cid = cid;
        }
        return r < 0 ? error_set_errno(err, -r, "failed to acquire guest cid") : 0;
}
