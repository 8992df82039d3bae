/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/shell.h - one run of wardsh: what was asked for, the daemon it talks to (opened on first use), how it ends. */
#pragma once
#include <libvirt-gobject/libvirt-gobject.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdbool.h>
#include "args.h"
#include "target.h"
#include "util/json.h"
#include "util/strbuf.h"
#include "ward_client.h"

/* Documented in wardsh(1). */
typedef enum ExitCode {
        SHELL_OK = 0,
        SHELL_FAILED = 1,
        SHELL_USAGE = 2,
        SHELL_REFUSED = 3,      /* explain: the answer is no */
} ExitCode;

typedef struct Shell Shell;

/* A row per command. args is shown in help and counted: a word per argument, [optional], a last "..." takes any number. */
typedef struct Command {
        const char *name;               /* may be two words: "explain start" */
        const char *args;
        const OptionRow *options;
        const char *help;               /* one line */
        const char *details;            /* a paragraph for `help COMMAND`; NULL: none */
        ExitCode (*run)(Shell *shell, const Args *args);
        bool hidden;
} Command;

struct Shell {
        const Command *commands;        /* ends with a zeroed row */
        const Command *command;         /* the one that runs */
        const char *connect, *socket;   /* -c, --socket */
        const char *intent;             /* of a start, for hints; NULL: none */
        bool json, verbose, no_start;
        bool color_out, color_err;
        size_t width;                   /* of the terminal */
        Target *target;
        GVirConnection *connection;
        virConnectPtr handle;
        WardClient *ward;
};

/* The whole program but for the process's own affairs. */
ExitCode shell_main(Shell *shell, char **argv);
void shell_done(Shell *shell);

/* ---- for commands ---- */

/* Connected on first use; NULL (false) after an error that was reported. */
const Target *shell_target(Shell *shell);
virConnectPtr shell_connect(Shell *shell);
/* The private program. *ret is the caller's. */
bool shell_call(Shell *shell, WardProcedure procedure, json_object *request, const char *domain, json_object **ret);
/* By name, UUID or id; unknown ones are reported with names that are near. The caller frees. */
virDomainPtr shell_domain(Shell *shell, const char *name);

static inline void virDomainFree_p(virDomainPtr *domain) {
        if (*domain)
                virDomainFree(*domain);
}

/* Every failure ends in one of these: on stderr for people, and as {"error":{...}} on stdout with --json. hint says what to do
 * next and may be NULL. Return the exit code. */
ExitCode shell_fail(Shell *shell, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));
ExitCode shell_usage(Shell *shell, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* libvirt's last error of this thread, one that virSaveLastError() gave (taken over), or an Error of our own (which stays the
 * caller's); domain, when one is meant, makes better hints. Mind that libvirt's calls clear its last error, virDomainGetName()
 * too. */
ExitCode shell_fail_libvirt(Shell *shell, const char *domain);
ExitCode shell_fail_saved(Shell *shell, virErrorPtr error, const char *domain);
ExitCode shell_fail_error(Shell *shell, const Error *err, const char *domain);

/* Says something beside the result, on stderr, when -v was given. */
void shell_note(Shell *shell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Results. Text goes out as it is; an object is freed. */
ExitCode shell_put_text(const char *text);
ExitCode shell_put_json(json_object *object);
/* "Domain 'db1' started", or {"domain":"db1","done":"started"}. */
ExitCode shell_done_with(Shell *shell, const char *domain, const char *done);

/* The contents of a file, "-" for standard input; NULL after an error that was reported. The caller frees. */
char *shell_read_file(Shell *shell, const char *path);

/* ---- help.c ---- */

extern const OptionRow shell_options[];         /* what every command takes */
/* The command that words begin with, and how many words its name has; NULL: none. */
const Command *command_find(const Command *commands, const char *const *words, size_t n_words, size_t *ret_n);
void command_arg_counts(const Command *command, size_t *ret_min, size_t *ret_max);
void help_add_overview(const Command *commands, StrBuf *out);
void help_add_command(const Command *command, StrBuf *out);
json_object *help_json(const Command *commands);
/* The command that was probably meant; NULL: none is near. */
const char *command_nearest(const Command *commands, const char *word);
/* What could stand at the cursor: words are those after "wardsh" with the unfinished one (maybe "") last. A line per candidate;
 * "@domain" and "@file" stand for names of domains and files. */
void help_add_candidates(const Command *commands, const char *const *words, size_t n_words, StrBuf *out);
