/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_caps_cache.h - the installed QEMU binaries and what was probed of them: in memory, else on disk, else asked now.
 *
 * What is kept belongs to one identity: the binary (path, size, mtime, inode), the kernel, the processor with its
 * microcode, KVM's module parameters and /dev/kvm. When any of them changes, the next question probes again; whoever still
 * holds the older QemuCaps keeps it. */
#pragma once
#include <sys/types.h>
#include <systemd/sd-event.h>
#include "drivers/qemu/qemu_caps.h"

typedef struct QemuCapsCache QemuCapsCache;
typedef struct QemuCapsRequest QemuCapsRequest;

/* Probed data are kept in dir_fd (duplicated; -1: only in memory), one file per binary; a file that is broken, of another
 * identity or of another version of virtward is ignored and written anew. search_path: directories to look for qemu-system-* in, separated
 * by ':'; NULL: /usr/bin, /usr/libexec and $PATH. Costs nothing: neither a file is read nor a program started before a question. */
QemuCapsCache *qemu_caps_cache_new(sd_event *loop, int dir_fd, const char *search_path);
/* Probes run as that user from now on, as guests do; needs root. */
void qemu_caps_cache_set_user(QemuCapsCache *cache, uid_t uid, gid_t gid);
/* Running probes end; whoever waits for one is told an error first. */
QemuCapsCache *qemu_caps_cache_free(QemuCapsCache *cache);
DEFINE_CLEANUP(QemuCapsCache, qemu_caps_cache_free)

/* What is known now, from memory or from the cache file, without starting anything; borrowed (ref it to keep it). NULL: get() would probe. */
QemuCaps *qemu_caps_cache_peek(QemuCapsCache *cache, const char *binary);

/* Told once: caps (borrowed: ref it to keep it), or NULL and err, which names the binary and carries what it printed. */
typedef void (*QemuCapsCallback)(QemuCaps *caps, const Error *err, void *userdata);

/* Answers before it returns when peek() would have, or when no probe can be started (then NULL is returned), else later from the loop.
 * All who ask for one binary share a probe. In a step of an Op: peek first, then get and op_hold(op, request, qemu_caps_request_cancel). */
QemuCapsRequest *qemu_caps_cache_get(QemuCapsCache *cache, const char *binary, QemuCapsCallback callback, void *userdata);
/* The callback is not called any more. Not after it was called. void * so that it fits op_hold(). */
void qemu_caps_request_cancel(void *request);

/* The installed binaries qemu-system-TARGET of known targets: absolute paths, sorted by target, NULL-terminated, the first of each name;
 * borrowed until the next call. Directories are read again when they change. */
const char *const *qemu_caps_cache_binaries(QemuCapsCache *cache);
/* The binary for an architecture in libvirt's name ("x86_64", "i686", "s390x", "ppc64"); NULL arch: the host's; NULL: not installed. */
const char *qemu_caps_cache_default_binary(QemuCapsCache *cache, const char *arch);
/* The architecture that a binary's name tells ("/usr/bin/qemu-system-i386": "i686"), without probing; NULL: it does not. */
const char *qemu_caps_binary_arch(const char *binary);

/* A text about a binary that is kept as long as its identity holds, also when the QemuCaps is not in memory; borrowed. NULL: none. */
const char *qemu_caps_cache_note(QemuCapsCache *cache, const char *binary);
/* Copies note. Unless keep, the QemuCaps leaves the memory as soon as nobody else holds it: the file has it. */
void qemu_caps_cache_set_note(QemuCapsCache *cache, const char *binary, const char *note, bool keep);

sd_event *qemu_caps_cache_loop(QemuCapsCache *cache);
