/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests/fuzz/replay.c - runs a fuzz target over the files and directories that are named, where libFuzzer is not linked. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dir_fd, const char *name) {
        CLEANUP(free) char *text = NULL;
        size_t len;
        int r = fs_read_at(dir_fd, name, 64 * 1024 * 1024, &text, &len);

        if (r < 0) {
                fprintf(stderr, "cannot read %s: %s\n", name, strerror(-r));
                return -1;
        }
        LLVMFuzzerTestOneInput((const uint8_t *) text, len);
        return 1;
}

static int replay_dir(const char *path) {
        DIR *dir = opendir(path);
        struct dirent *entry;
        int n = 0;

        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.' && replay_file(dirfd(dir), entry->d_name) > 0)
                        n++;
        if (dir)
                closedir(dir);
        return n;
}

int main(int argc, char **argv) {
        int n = 0;

        for (int i = 1; i < argc; i++) {
                struct stat st;

                if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
                        n += replay_dir(argv[i]);
                else if (replay_file(AT_FDCWD, argv[i]) > 0)
                        n++;
        }
        printf("%d inputs\n", n);
        return n > 0 ? 0 : 1;
}
