/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/command_line.h - a completed definition becomes the arguments of QEMU, and the descriptors it is given.
 *
 * The definition has every default, alias and address (conf/complete.h); what the guest sees is what libvirt 9.0 would give it
 * for the same XML. Everything that cannot be said to this QEMU is ERROR_CONFIG_UNSUPPORTED and names the element;
 * nothing is left out in silence. No text of the definition can become an option of its own: JSON is built by json-c, and in
 * the older syntax every comma of a value is doubled. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/error.h"

typedef struct DomainDef DomainDef;
typedef struct CpuDef CpuDef;
typedef struct QemuCaps QemuCaps;

typedef struct CommandLine {
        char **argv;            /* argv[0] is the emulator's path; NULL-terminated */
        char **env;             /* the whole environment; NULL-terminated */
        int *fds;               /* become 3, 4, 5 ... in QEMU (ProcessSpec.fds); fds[0] is params->monitor_fd, borrowed, the others are owned */
        size_t n_argv, n_env, n_fds;
        bool no_core_dump;              /* for ProcessSpec: memory of a confidential guest must not reach a core file (R78) */
        uint64_t memory_lock_bytes;     /* for ProcessSpec: RLIMIT_MEMLOCK; 0: as inherited */
} CommandLine;

typedef struct CommandLineParams {
        int monitor_fd;                 /* listening UNIX socket, becomes descriptor 3; borrowed: the CommandLine does not close it */
        const char *monitor_path;       /* not NULL: instead, QEMU makes the socket there; for a command line that is run by hand */
        bool incoming;                  /* -incoming defer */
        bool only_migratable;           /* -only-migratable */
        const CpuDef *cpu;              /* the frozen CPU (CpuExpansion.cpu); NULL: that of the definition */
        /* Makes the tap interface of a <interface type='bridge'> or 'ethernet' and returns its descriptor, or < 0 with *err set.
         * *ifname (may hold NULL) is the name asked for, and the name it got (allocated). NULL: net_tap_open(). */
        int (*open_tap)(void *userdata, char **ifname, const char *bridge, const char *mac, bool vnet_hdr, Error **err);
        int (*open_vsock)(void *userdata, unsigned cid, Error **err);           /* NULL: net_vsock_open() */
        void *userdata;
} CommandLineParams;

/* What a live definition shows and a stored one leaves out: the number of a <vsock>, the paths of UNIX sockets that have none (guest
 * agents, graphics), as DIR/UUID.channel0, DIR/UUID.vnc. Aliases are there. */
int command_line_choose_paths(DomainDef *live, const char *dir, Error **err);

/* The N of a disk's "libvirt-N-format": what the live definition shows as <source index=>, and QEMU's events name. */
unsigned command_line_disk_number(const DomainDef *def, size_t index);

int command_line_build(const DomainDef *def, const QemuCaps *caps, const CommandLineParams *params, CommandLine **ret, Error **err);
CommandLine *command_line_free(CommandLine *line);      /* closes what it owns; NULL is fine; returns NULL */
DEFINE_CLEANUP(CommandLine, command_line_free)

/* One argument per line, option and value together, quoted for a shell where needed; the caller frees. For logs, golden files, domxml-to-native. */
char *command_line_text(const CommandLine *line);
