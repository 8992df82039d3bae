/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/net_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int check_bridge(const char *bridge, Error **err) {
        CLEANUP(free) char *path = xasprintf("/sys/class/net/%s/bridge", bridge);
        struct stat st;

        if (strchr(bridge, '/') || strlen(bridge) >= IFNAMSIZ)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "'%s' cannot be the name of a bridge", bridge);
        if (stat(path, &st) == 0)
                return 0;
        return error_set_errno(err, ENODEV, "Cannot use bridge '%s', make it first (ip link add %s type bridge) or choose another in "
                               "<source bridge=>", bridge, bridge);
}

/* As libvirt: the guest's address with a first byte so high that the bridge does not take it for its own. */
static void set_mac(int sock, const char *name, const char *mac) {
        struct ifreq request = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };
        unsigned b[6];

        if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
                return;
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        b[0] = 0xfe;
        for (int i = 0; i < 6; i++)
                request.ifr_hwaddr.sa_data[i] = (char) b[i];
        ioctl(sock, SIOCSIFHWADDR, &request);
}

static int put_into_bridge(int sock, const char *name, const char *bridge, Error **err) {
        struct ifreq request = {};

        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        if (ioctl(sock, SIOCGIFINDEX, &request) < 0)
                return error_set_errno(err, errno, "cannot find interface '%s'", name);
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", bridge);
        if (ioctl(sock, SIOCBRADDIF, &request) < 0)
                return error_set_errno(err, errno, "Unable to add bridge %s port %s", bridge, name);
        return 0;
}

static int bring_up(int sock, const char *name, Error **err) {
        struct ifreq request = {};

        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        if (ioctl(sock, SIOCGIFFLAGS, &request) < 0)
                return error_set_errno(err, errno, "cannot read the flags of interface '%s'", name);
        request.ifr_flags |= IFF_UP;
        if (ioctl(sock, SIOCSIFFLAGS, &request) < 0)
                return error_set_errno(err, errno, "cannot bring interface '%s' up", name);
        return 0;
}

int net_tap_open(char **name, const char *bridge, const char *mac, bool vnet_hdr, Error **err) {
        struct ifreq request = { .ifr_flags = (short) (IFF_TAP | IFF_NO_PI | (vnet_hdr ? IFF_VNET_HDR : 0)) };
        CLEANUP(close) int fd = -1, sock = -1;

        if (bridge && check_bridge(bridge, err) < 0)
                return -1;
        fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return error_set_errno(err, errno, "Unable to open /dev/net/tun, is tun module loaded?");
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", *name ? *name : "vnet%d");
        if (ioctl(fd, TUNSETIFF, &request) < 0)
                return error_set_errno(err, errno, "Unable to create tap device %s", request.ifr_name);
        sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (sock < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        set_mac(sock, request.ifr_name, mac);
        if ((bridge && put_into_bridge(sock, request.ifr_name, bridge, err) < 0) || bring_up(sock, request.ifr_name, err) < 0)
                return -1;
        free(*name);
        *name = xstrdup(request.ifr_name);
        return STEAL_FD(fd);
}
