/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/shell.c - one run of wardsh: what was asked for, the daemon it talks to (opened on first use), how it ends. */
#include "shell.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "output.h"
#include "session_start.h"
#include "util/fs.h"
#include "util/table.h"

#define FILE_MAX_BYTES (4 * 1024 * 1024)        /* libvirt's limit for a string on the wire */
#define MAX_NAMES 4096

/* ---- results and failures ---- */

ExitCode shell_put_text(const char *text) {
        fputs(text, stdout);
        return SHELL_OK;
}

ExitCode shell_put_json(json_object *object) {
        puts(json_object_to_json_string_ext(object,
                                            JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
        return SHELL_OK;
}

ExitCode shell_done_with(Shell *shell, const char *domain, const char *done) {
        CLEANUP(free) char *name = text_safe(domain);
        json_object *object;

        if (!shell->json) {
                printf("Domain '%s' %s\n", name, done);
                return SHELL_OK;
        }
        object = json_object_new_object();
        json_add_string(object, "domain", domain);
        json_add_string(object, "done", done);
        return shell_put_json(object);
}

void shell_note(Shell *shell, const char *format, ...) {
        va_list ap;

        if (!shell->verbose)
                return;
        fputs("wardsh: ", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
}

static void report(Shell *shell, const char *message, const char *hint, int code, int domain) {
        CLEANUP(strbuf_done) StrBuf out = {};
        CLEANUP(free) char *safe = text_safe(message);

        text_add_colored(&out, shell->color_err, COLOR_BAD, "error: ");
        strbuf_add(&out, safe);
        strbuf_add(&out, "\n");
        if (hint) {
                text_add_colored(&out, shell->color_err, COLOR_WARN, "hint:  ");
                strbuf_addf(&out, "%s\n", hint);
        }
        fflush(stdout);
        fputs(out.text, stderr);
        if (shell->json) {
                json_object *object = json_object_new_object(), *error = json_object_new_object();

                json_add_string(error, "message", message);
                json_add_string(error, "hint", hint);
                json_add_int(error, "code", code);
                json_add_int(error, "domain", domain);
                json_add(object, "error", error);
                shell_put_json(object);
        }
}

ExitCode shell_fail(Shell *shell, const char *hint, const char *format, ...) {
        CLEANUP(strbuf_done) StrBuf message = {};
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&message, format, ap);
        va_end(ap);
        report(shell, message.text, hint, 0, 0);
        return SHELL_FAILED;
}

ExitCode shell_usage(Shell *shell, const char *hint, const char *format, ...) {
        CLEANUP(strbuf_done) StrBuf message = {};
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&message, format, ap);
        va_end(ap);
        report(shell, message.text, hint, 0, 0);
        return SHELL_USAGE;
}

/* "there is 'db1'; did you mean that" out of all names; NULL: no name is near. The caller frees. */
static char *similar_domains(Shell *shell, const char *name) {
        CLEANUP(strbuf_done) StrBuf near = {};
        virDomainPtr *domains = NULL;
        int n = shell->handle ? virConnectListAllDomains(shell->handle, &domains, 0) : -1;
        const char **names = xnew_n(const char *, n > 0 ? (size_t) n : 1);
        const char *best;

        for (int i = 0; i < n; i++) {
                names[i] = virDomainGetName(domains[i]);
                if (near.len < 200 && (strcasestr(names[i], name) || strcasestr(name, names[i])))
                        strbuf_addf(&near, "%s'%s'", near.len > 0 ? ", " : "", names[i]);
        }
        best = near.len > 0 || n <= 0 || n > MAX_NAMES ? NULL : nearest_name(name, names, (size_t) n);
        if (best)
                strbuf_addf(&near, "'%s'", best);
        for (int i = 0; i < n; i++)
                virDomainFree(domains[i]);
        free(domains);
        free(names);
        return near.len > 0 ? xasprintf("similar names here: %s", near.text) : NULL;
}

static char *hint_no_domain(Shell *shell, const char *command, const char *domain) {
        char *similar;

        if (domain && strncmp(command, "explain ", 8) == 0 && access(domain, R_OK) == 0)
                return xasprintf("there is a file of that name; `wardsh %s ./%s' asks about it", command, domain);
        similar = domain ? similar_domains(shell, domain) : NULL;
        return similar ? similar : xstrdup("`wardsh list' shows the domains there are");
}

/* Where more is known about a code that a command ended with. {1} is the domain, {2} the intent of a start. */
static const struct {
        const char *command;
        int code;
        const char *hint;
} hints[] = {
        { "start", ERROR_CONFIG_UNSUPPORTED, "`wardsh explain start{2} {1}' lists each reason with its place and remedy" },
        { "start", ERROR_CPU_INCOMPATIBLE, "`wardsh explain start{2} {1}' lists each reason with its place and remedy" },
        { "start", ERROR_INTERNAL, "`wardsh why {1}' tells the step and all that QEMU said" },
        { "migrate", ERROR_OPERATION_INVALID, "`wardsh explain migrate {1}' lists each reason with its remedy" },
        { "migrate", ERROR_OPERATION_UNSUPPORTED, "`wardsh explain migrate {1}' lists each reason with its remedy" },
};

static char *hint_from_table(Shell *shell, const char *command, int code, const char *domain) {
        StrBuf out = {};

        for (size_t i = 0; domain && i < N_ELEMENTS(hints); i++) {
                if (strcmp(hints[i].command, command) != 0 || hints[i].code != code)
                        continue;
                for (const char *at = hints[i].hint; *at; at++) {
                        if (strncmp(at, "{1}", 3) == 0)
                                strbuf_add(&out, domain);
                        else if (strncmp(at, "{2}", 3) == 0 && shell->intent)
                                strbuf_addf(&out, " --migratable=%s", shell->intent);
                        else if (*at != '{')
                                strbuf_add_n(&out, at, 1);
                        at += *at == '{' ? 2 : 0;
                }
                return strbuf_steal(&out);
        }
        return NULL;
}

/* What to do next, by libvirt's code. The caller frees; NULL: nothing to say. */
static char *hint_for(Shell *shell, int code, const char *domain) {
        const char *command = shell->command ? shell->command->name : "";

        switch (code) {
        case ERROR_NO_DOMAIN:
                return hint_no_domain(shell, command, domain);
        case ERROR_XML:
        case ERROR_XML_DETAIL:
        case ERROR_XML_INVALID_SCHEMA:
                return xstrdup("correct the definition at that place; nothing of it was stored");
        case ERROR_NO_SUPPORT:
                return shell->target && shell->target->socket
                               ? xasprintf("is the daemon at %s virtwardd? `wardsh version' tells", shell->target->socket)
                               : NULL;
        default:
                return hint_from_table(shell, command, code, domain);
        }
}

ExitCode shell_fail_error(Shell *shell, const Error *err, const char *domain) {
        CLEANUP(free) char *hint = hint_for(shell, err->code, domain);

        report(shell, err->message, hint, err->code, err->domain);
        return SHELL_FAILED;
}

ExitCode shell_fail_saved(Shell *shell, virErrorPtr error, const char *domain) {
        CLEANUP(free) char *hint = hint_for(shell, error ? error->code : 0, domain);

        report(shell, error && error->message ? error->message : "libvirt gave no reason", hint, error ? error->code : 0,
               error ? error->domain : 0);
        virFreeError(error);
        return SHELL_FAILED;
}

ExitCode shell_fail_libvirt(Shell *shell, const char *domain) {
        return shell_fail_saved(shell, virSaveLastError(), domain);
}

/* ---- the daemon ---- */

static ExitCode fail_unreachable(Shell *shell, const char *message) {
        const Target *target = shell->target;
        CLEANUP(free) char *hint = NULL;

        if (target->socket && session_is_up(target->socket))
                hint = xasprintf("something listens at %s, so the reason is its own; its log may say more", target->socket);
        else if (target->socket && strcmp(target->name, "qemu:///system") == 0)
                hint = xasprintf(
                        "is the daemon running? `systemctl start virtwardd' starts it; `wardsh -c session' uses one of your own; "
                        "a user needs the right to open %s",
                        target->socket);
        else if (target->runtime_dir)
                hint = xasprintf("start it with `virtwardd --session', or leave --no-start out; its log is %s/virtwardd.log",
                                 target->runtime_dir);
        else if (target->socket)
                hint = xasprintf("does a daemon listen at %s? `virtwardd --session --runtime-dir %.*s' would", target->socket,
                                 (int) (strrchr(target->socket, '/') ? strrchr(target->socket, '/') - target->socket : 1),
                                 target->socket);
        return shell_fail(shell, hint, "%s", message);
}

static bool start_session(Shell *shell) {
        Target *target = shell->target;
        CLEANUP(error_free) Error *err = NULL;
        pid_t pid = 0;

        if (!target->runtime_dir || shell->no_start || session_is_up(target->socket))
                return true;
        if (session_start(target->runtime_dir, target->socket, &pid, &err) < 0) {
                shell_fail(shell, "virtwardd(8) says what it needs; `virtwardd --session' in another terminal shows its messages",
                           "%s", err->detail);
                return false;
        }
        if (pid > 0)
                shell_note(shell, "started virtwardd --session, process %d; its log is %s/virtwardd.log", pid,
                           target->runtime_dir);
        return true;
}

const Target *shell_target(Shell *shell) {
        const TargetEnv env = {
                .xdg_runtime_dir = getenv("XDG_RUNTIME_DIR"),
                .xdg_cache_home = getenv("XDG_CACHE_HOME"),
                .home = getenv("HOME"),
                .uid = geteuid(),
        };
        CLEANUP(error_free) Error *err = NULL;

        if (!shell->target && target_resolve(shell->connect, shell->socket, &env, &shell->target, &err) < 0)
                shell_fail(shell, NULL, "%s", err->detail);
        return shell->target;
}

static void ignore_error(void *userdata, virErrorPtr error) {
}

virConnectPtr shell_connect(Shell *shell) {
        g_autoptr(GError) error = NULL;

        if (shell->handle)
                return shell->handle;
        if (!shell_target(shell) || !start_session(shell))
                return NULL;
        virSetErrorFunc(NULL, ignore_error);            /* libvirt's default prints each error by itself */
        shell->connection = gvir_connection_new(shell->target->uri);
        if (!gvir_connection_open(shell->connection, NULL, &error)) {
                fail_unreachable(shell, error->message);
                return NULL;
        }
        g_object_get(shell->connection, "handle", &shell->handle, NULL);
        return shell->handle;
}

static bool connect_ward(Shell *shell) {
        CLEANUP(error_free) Error *err = NULL;

        if (shell->ward)
                return true;
        if (!shell_target(shell) || !start_session(shell))
                return false;
        if (!shell->target->socket) {
                shell_fail(shell, "run wardsh on that host, or give --socket PATH",
                           "%s is no UNIX socket, and only there can wardsh ask "
                           "for what libvirt's API lacks",
                           shell->target->uri);
                return false;
        }
        if (ward_client_open(shell->target->socket, shell->target->name, &shell->ward, &err) < 0)
                fail_unreachable(shell, err->message);
        return shell->ward;
}

bool shell_call(Shell *shell, WardProcedure procedure, json_object *request, const char *domain, json_object **ret) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *answer = NULL;

        if (!connect_ward(shell))
                return false;
        if (ward_client_call(shell->ward, procedure, json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN), &answer,
                             &err) < 0 ||
            json_parse(answer, strlen(answer), "the daemon's answer", ret, &err) < 0) {
                if (err->code == ERROR_NO_DOMAIN)
                        shell_connect(shell);           /* for similar names */
                shell_fail_error(shell, err, domain);
                return false;
        }
        return true;
}

virDomainPtr shell_domain(Shell *shell, const char *name) {
        virConnectPtr handle = shell_connect(shell);
        virDomainPtr domain = handle ? virDomainLookupByName(handle, name) : NULL;
        char *end;
        long id;

        if (domain || !handle)
                return domain;
        if (strlen(name) == 36 && (domain = virDomainLookupByUUIDString(handle, name)))
                return domain;
        id = strtol(name, &end, 10);
        if (name[0] >= '0' && name[0] <= '9' && !*end && id <= INT32_MAX && (domain = virDomainLookupByID(handle, (int) id)))
                return domain;
        domain = virDomainLookupByName(handle, name);   /* again, for its error */
        if (!domain)
                shell_fail_libvirt(shell, name);
        return domain;
}

static char *read_stdin(void) {
        StrBuf text = {};
        char block[65536];
        size_t n;

        while (text.len <= FILE_MAX_BYTES && (n = fread(block, 1, sizeof(block), stdin)) > 0)
                strbuf_add_n(&text, block, n);
        return strbuf_steal(&text);
}

char *shell_read_file(Shell *shell, const char *path) {
        char *text = NULL;
        size_t len;
        int r = 0;

        if (strcmp(path, "-") == 0)
                text = read_stdin();
        else
                r = fs_read_at(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len);
        if (r == -EFBIG || (text && strlen(text) > FILE_MAX_BYTES)) {
                free(text);
                shell_fail(shell, NULL, "%s is larger than %d bytes", path, FILE_MAX_BYTES);
                return NULL;
        }
        if (r < 0)
                shell_fail(shell, NULL, "cannot read %s: %s", path, strerror(-r));
        return text;
}

/* ---- the command line ---- */

/* "explain start, explain migrate" for "explain": what begins with that word; NULL: nothing does. The caller frees. */
static char *two_word_names(const Command *commands, const char *word) {
        CLEANUP(strbuf_done) StrBuf names = {};
        size_t len = strlen(word);

        for (; commands->name; commands++)
                if (strncmp(commands->name, word, len) == 0 && commands->name[len] == ' ')
                        strbuf_addf(&names, "%s`wardsh %s'", names.len > 0 ? ", " : "", commands->name);
        return names.len > 0 ? strbuf_steal(&names) : NULL;
}

static ExitCode fail_command(Shell *shell, const Args *args) {
        CLEANUP(free) char *names = two_word_names(shell->commands, args->words[0]), *hint = NULL;
        const char *near = command_nearest(shell->commands, args->words[0]);

        if (names) {
                hint = xasprintf("there is %s", names);
                return shell_usage(shell, hint, "%s is not a command by itself", args->words[0]);
        }
        hint = near ? xasprintf("did you mean `wardsh %s'? `wardsh help' lists all", near)
                    : xstrdup("`wardsh help' lists the commands");
        return shell_usage(shell, hint, "unknown command '%s'", args->words[0]);
}

static void take_globals(Shell *shell, const Args *args) {
        if (args_has(args, "connect"))
                shell->connect = args_get(args, "connect");
        if (args_has(args, "socket"))
                shell->socket = args_get(args, "socket");
        shell->json |= args_has(args, "json");
        shell->verbose |= args_has(args, "verbose");
        shell->no_start |= args_has(args, "no-start");
}

static ExitCode run_command(Shell *shell, const Args *args) {
        CLEANUP(free) char *hint =
                xasprintf("usage: wardsh %s%s%s", shell->command->name, shell->command->args[0] ? " " : "", shell->command->args);
        size_t min, max;

        command_arg_counts(shell->command, &min, &max);
        if (args->n_words < min)
                return shell_usage(shell, hint, "%s needs %s", shell->command->name,
                                   min == 1 ? shell->command->args : "more arguments");
        if (args->n_words > max)
                return shell_usage(shell, hint, "%s does not take '%s'", shell->command->name, args->words[max]);
        return shell->command->run(shell, args);
}

static ExitCode show_help(Shell *shell) {
        CLEANUP(strbuf_done) StrBuf out = {};

        if (shell->command)
                help_add_command(shell->command, &out);
        else
                help_add_overview(shell->commands, &out);
        return shell_put_text(out.text);
}

/* The command's own words and options: argv begins with its name. */
static ExitCode read_command(Shell *shell, char **argv) {
        const OptionRow *tables[] = { shell_options, shell->command->options };
        CLEANUP(error_free) Error *err = NULL;
        Args args = { 0 };
        bool opaque = shell->command->hidden;           /* complete: its words look like options */

        if (!opaque && args_read(&args, tables, N_ELEMENTS(tables), &argv, false, &err) < 0) {
                CLEANUP(free) char *hint = xasprintf("`wardsh help %s' tells its options", shell->command->name);

                return shell_usage(shell, hint, "%s: %s", shell->command->name, err->detail);
        }
        for (; opaque && *argv && args.n_words < ARGS_MAX_WORDS; argv++)
                args.words[args.n_words++] = *argv;
        take_globals(shell, &args);
        return args_has(&args, "help") ? show_help(shell) : run_command(shell, &args);
}

ExitCode shell_main(Shell *shell, char **argv) {
        const OptionRow *tables[] = { shell_options };
        CLEANUP(error_free) Error *err = NULL;
        Args args = { 0 };
        size_t n_name;

        if (args_read(&args, tables, 1, &argv, true, &err) < 0)
                return shell_usage(shell, "`wardsh help' tells the options; a command's own come after its name", "%s",
                                   err->detail);
        take_globals(shell, &args);
        if (args_has(&args, "version"))
                return shell_put_text("wardsh " VERSION "\n");
        if (args_has(&args, "help"))
                return show_help(shell);
        if (!*argv)
                return shell_usage(shell, "`wardsh help' lists the commands", "no command was given");
        while (argv[args.n_words] && argv[args.n_words][0] != '-' && args.n_words < 2) {
                args.words[args.n_words] = argv[args.n_words];
                args.n_words++;
        }
        shell->command = command_find(shell->commands, args.words, args.n_words, &n_name);
        return shell->command ? read_command(shell, argv + n_name) : fail_command(shell, &args);
}

void shell_done(Shell *shell) {
        if (shell->handle)
                virConnectClose(shell->handle);
        g_clear_object(&shell->connection);
        ward_client_free(shell->ward);
        target_free(shell->target);
}
