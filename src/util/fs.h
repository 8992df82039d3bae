/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/fs.h - small files under a directory descriptor: read whole, replaced atomically. All return -errno. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "util/cleanup.h"

/* Opens path as a directory, made with its parents (mode 0755 for parents, mode for the last) when it is absent. */
int fs_open_dir(const char *path, mode_t mode, int *ret_fd);
int fs_open_dir_at(int dir_fd, const char *name, mode_t mode, int *ret_fd);

/* The whole file, NUL-terminated (the caller frees); -EFBIG over max bytes. dir_fd may be AT_FDCWD. */
int fs_read_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_len);

/* Writes a new file beside name and renames it over: readers see the old or the new one, whole. durable: file and
 * directory are synced before it returns, so a power cut keeps that promise too. On failure the old file is untouched
 * and nothing is left behind. */
int fs_replace_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode, bool durable);

/* Prefix of the files that fs_replace_at() may leave when the machine dies in it; whoever lists a directory skips them. */
#define FS_TEMP_PREFIX ".#"

/* A name that may be one path component: not empty, no '/', not "." or "..", no control character, at most 200 bytes. */
bool fs_name_ok(const char *name);
