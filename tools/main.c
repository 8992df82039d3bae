/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/main.c - wardsh: the process's own affairs around one command. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "commands.h"

static bool wants_color(int fd) {
        const char *term = getenv("TERM");

        return isatty(fd) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(void) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 40)
                return 100;
        return size.ws_col < 140 ? size.ws_col : 140;
}

int main(int argc, char **argv) {
        Shell shell = { .commands = wardsh_commands };
        ExitCode code;

        setlocale(LC_ALL, "");
        signal(SIGPIPE, SIG_IGN);               /* a daemon that goes away is an error to report, not our end */
        shell.color_out = wants_color(STDOUT_FILENO);
        shell.color_err = wants_color(STDERR_FILENO);
        shell.width = terminal_width();
        gvir_init_object(&argc, &argv);
        code = shell_main(&shell, argv + (argc > 0));
        shell_done(&shell);
        if (fflush(stdout) != 0 || ferror(stdout))
                return SHELL_FAILED;
        return code;
}
