/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/test-wardsh.c - arguments, targets, completion, tables and reports: all of wardsh that needs no daemon. */
#include <locale.h>
#include "commands.h"
#include "names.h"
#include "output.h"
#include "report.h"
#include "tap.h"

static const OptionRow rows[] = {
        { "connect", 'c', .value = "URI", .help = "" },
        { "json", 'j', .help = "" },
        { "verbose", 'v', .help = "" },
        { "migratable", 'm', .value = "LEVEL", .bare = "required", .choices = "required|preferred|no", .help = "" },
        { "count", 'n', .value = "N", .help = "" },
        {}
};

static int read_args(Args *args, Error **err, ...) {
        const OptionRow *tables[] = { rows };
        char *argv[16] = { NULL }, **at = argv;
        va_list ap;

        va_start(ap, err);
        for (int i = 0; i < 15 && (argv[i] = va_arg(ap, char *)); i++)
                ;
        va_end(ap);
        *args = (Args) { 0 };
        return args_read(args, tables, 1, &at, false, err);
}

static void test_args_forms(void) {
        CLEANUP(error_free) Error *err = NULL;
        Args args;

        expect_int(read_args(&args, &err, "-jc", "a", "--connect=b", "word", "--migratable", "-", "--", "--json", NULL), ==, 0);
        expect(args_has(&args, "json") && !args_has(&args, "verbose"));
        expect_str(args_get(&args, "connect"), "b");
        expect_str(args_get(&args, "migratable"), "required");
        expect_int(args.n_words, ==, 3);
        expect_str(args.words[0], "word");
        expect_str(args.words[1], "-");
        expect_str(args.words[2], "--json");
        expect_int(read_args(&args, &err, "-curi", "--migratable=no", NULL), ==, 0);
        expect_str(args_get(&args, "connect"), "uri");
        expect_str(args_get(&args, "migratable"), "no");
}

static void test_args_errors(void) {
        static const struct {
                const char *a, *b, *says;
        } cases[] = {
                { "--jsn", NULL, "did you mean --json" },
                { "-x", NULL, "unknown option -x" },
                { "--json=1", NULL, "takes no value" },
                { "--connect", NULL, "needs a value: --connect=URI" },
                { "-c", NULL, "needs a value" },
                { "--migratable=maybe", NULL, "it is one of required|preferred|no" },
                { "--migratable=", NULL, "cannot be ''" },
                { "--migratable=require", NULL, "cannot be 'require'" },
                { "--", "x", NULL },
        };
        Args args;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(error_free) Error *err = NULL;

                expect_int(read_args(&args, &err, cases[i].a, cases[i].b, NULL), ==, cases[i].says ? -1 : 0);
                if (cases[i].says)
                        expect_contains(err->detail, cases[i].says);
        }
}

static void test_args_number(void) {
        static const char *const bad[] = { "--count=0",  "--count=11", "--count=x",
                                           "--count=-1", "--count=5x", "--count=99999999999999999999",
                                           "--count=" };
        CLEANUP(error_free) Error *err = NULL;
        unsigned value = 0;
        Args args;

        expect_int(read_args(&args, &err, "-n", "7", NULL), ==, 0);
        expect_int(args_number(&args, "count", 1, 10, 3, &value, &err), ==, 0);
        expect_int(value, ==, 7);
        read_args(&args, &err, NULL);
        expect_int(args_number(&args, "count", 1, 10, 3, &value, &err), ==, 0);
        expect_int(value, ==, 3);
        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                CLEANUP(error_free) Error *wrong = NULL;

                expect_int(read_args(&args, &err, bad[i], NULL), ==, 0);
                expect_int(args_number(&args, "count", 1, 10, 3, &value, &wrong), ==, -1);
                expect_contains(wrong->detail, "from 1 to 10");
        }
}

static void test_args_bounds(void) {
        const OptionRow *tables[] = { rows };
        char *argv[ARGS_MAX_OPTIONS + 2] = { NULL }, **at = argv;
        CLEANUP(error_free) Error *err = NULL;
        Args args = { 0 };

        for (int i = 0; i <= ARGS_MAX_OPTIONS; i++)
                argv[i] = (char *) "-j";
        expect_int(args_read(&args, tables, 1, &at, false, &err), ==, -1);
        expect_contains(err->detail, "more than 32 options");
        for (int i = 0; i <= ARGS_MAX_WORDS; i++)
                argv[i] = (char *) "w";
        argv[ARGS_MAX_WORDS + 1] = NULL;
        at = argv;
        args = (Args) { 0 };
        err = error_free(err);
        expect_int(args_read(&args, tables, 1, &at, false, &err), ==, -1);
        expect_contains(err->detail, "more than 16 arguments");
}

/* ---- targets ---- */

static Target *resolve(const char *connect, const char *socket, const TargetEnv *env, Error **err) {
        Target *target = NULL;

        target_resolve(connect, socket, env, &target, err);
        return target;
}

static void test_target_defaults(void) {
        const TargetEnv user = { .xdg_runtime_dir = "/run/user/7", .home = "/home/u", .uid = 7 }, root = { .uid = 0 };
        CLEANUP(target_free) Target *a = resolve(NULL, NULL, &user, NULL),
               *b = resolve(NULL, NULL, &root, NULL), *c = resolve("system", NULL, &user, NULL);

        expect_str(a->uri, "qemu+unix:///session?socket=/run/user/7/virtward/virtward-sock");
        expect_str(a->runtime_dir, "/run/user/7/virtward");
        expect_str(a->name, "qemu:///session");
        expect_str(b->socket, "/run/virtward/virtward-sock");
        expect_str(b->runtime_dir, NULL);
        expect_str(c->uri, b->uri);
}

static void test_target_session_dirs(void) {
        const TargetEnv cache = { .xdg_cache_home = "/c", .home = "/home/u", .uid = 7 },
                        home = { .xdg_runtime_dir = "relative", .home = "/home/u", .uid = 7 };
        const TargetEnv nothing = { .uid = 7 };
        CLEANUP(target_free) Target *a = resolve(NULL, NULL, &cache, NULL), *b = resolve("session", NULL, &home, NULL), *c = NULL;
        CLEANUP(error_free) Error *err = NULL;

        expect_str(a->runtime_dir, "/c/virtward/run");
        expect_str(b->runtime_dir, "/home/u/.cache/virtward/run");
        c = resolve(NULL, NULL, &nothing, &err);
        expect(!c);
        expect_contains(err->detail, "XDG_RUNTIME_DIR");
}

static void test_target_uris(void) {
        const TargetEnv user = { .home = "/h", .uid = 7 };
        CLEANUP(target_free) Target *a = resolve("qemu+unix:///system?no_verify=1&socket=/a%20b/s", NULL, &user, NULL);
        CLEANUP(target_free) Target *b = resolve("qemu+tls://host/system?socket=/x", NULL, &user, NULL),
               *c = resolve(NULL, "/a b/s&x", &user, NULL);
        CLEANUP(target_free) Target *d = resolve("session", "/s", &user, NULL),
               *e = resolve("remote+unix:///?socket=/r", NULL, &user, NULL);
        CLEANUP(free) char *to = target_uri_of("/d/sock"), *as_is = target_uri_of("qemu+tls://h/system");

        expect_str(a->socket, "/a b/s");
        expect_str(a->name, "qemu:///system");
        expect_str(b->uri, "qemu+tls://host/system?socket=/x");
        expect_str(b->socket, NULL);
        expect_str(c->uri, "remote+unix:///?socket=/a%20b/s%26x");
        expect_str(c->name, "");                        /* the daemon there knows what it serves */
        expect_str(d->uri, "qemu+unix:///session?socket=/s");
        expect_str(d->name, "qemu:///session");
        expect_str(e->socket, "/r");
        expect_str(e->name, "");
        expect_str(c->socket, "/a b/s&x");
        expect_str(c->runtime_dir, NULL);               /* somebody else's daemon: not ours to start */
        expect_str(to, "remote+unix:///?socket=/d/sock");
        expect_str(as_is, "qemu+tls://h/system");
}

static void test_target_errors(void) {
        const TargetEnv user = { .home = "/h", .uid = 7 };
        CLEANUP(error_free) Error *a = NULL, *b = NULL;

        expect(!resolve("qemu:///system", "/s", &user, &a));
        expect_contains(a->detail, "not with a whole URI");
        expect(!resolve("sesion", NULL, &user, &b));
        expect_contains(b->detail, "is no URI");
}

/* ---- the table of commands ---- */

static void test_commands_rows(void) {
        for (const Command *command = wardsh_commands; command->name; command++) {
                const char *words[ARGS_MAX_WORDS];
                CLEANUP(free) char *name = xstrdup(command->name);
                char *rest = NULL;
                size_t n = 0, taken = 0;

                for (char *word = strtok_r(name, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
                        words[n++] = word;
                expect(command_find(wardsh_commands, words, n, &taken) == command);
                expect_int(taken, ==, n);
                expect(command->run && command->help && command->options);
                for (const OptionRow *row = command->options; row->name; row++)
                        for (const OptionRow *global = shell_options; global->name; global++)
                                expect(strcmp(row->name, global->name) != 0 && (!row->letter || row->letter != global->letter));
        }
}

static void test_command_counts(void) {
        static const char *const words[] = { "migrate" };
        size_t min, max, n;

        command_arg_counts(command_find(wardsh_commands, words, 1, &n), &min, &max);
        expect_int(min, ==, 2);
        expect_int(max, ==, 2);
        command_arg_counts(&(Command) { .args = "[COMMAND...]" }, &min, &max);
        expect_int(min, ==, 0);
        expect_int(max, ==, ARGS_MAX_WORDS);
        command_arg_counts(&(Command) { .args = "" }, &min, &max);
        expect_int(max, ==, 0);
        expect_str(command_nearest(wardsh_commands, "strat"), "start");
}

static char *complete(const char *line) {
        const char *words[ARGS_MAX_WORDS];
        CLEANUP(free) char *copy = xstrdup(line);
        char *rest = copy, *word;
        size_t n = 0;
        StrBuf out = {};

        while ((word = strsep(&rest, " ")))
                words[n++] = word;
        help_add_candidates(wardsh_commands, words, n, &out);
        return strbuf_steal(&out);
}

static void test_completion(void) {
        static const struct {
                const char *line, *candidates;
        } cases[] = {
                { "sta", "start\n" },
                { "explain ", "start\nmigrate\n" },
                { "explain m", "migrate\n" },
                { "start ", "@domain\n" },
                { "-c session start ", "@domain\n" },
                { "--connect=session explain start ", "@domain\n@file\n" },
                { "define ", "@file\n" },
                { "migrate db1 ", "" },
                { "start --mi", "--migratable\n" },
                { "start --migratable=p", "--migratable=preferred\n" },
                { "explain start --host=", "@file\n" },
                { "list --js", "--json\n" },
                { "help pol", "policy\n" },
                { "help explain ", "start\nmigrate\n" },
                { "comp", "" },
                { "list ", "" },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(free) char *got = complete(cases[i].line);

                expect_str(got, cases[i].candidates);
        }
}

static void test_help_text(void) {
        CLEANUP(strbuf_done) StrBuf out = {};
        static const char *const words[] = { "explain", "start" };
        size_t n;

        help_add_command(command_find(wardsh_commands, words, 2, &n), &out);
        expect_contains(out.text, "usage: wardsh explain start [OPTION...] DOM|FILE\n");
        expect_contains(out.text, "-m, --migratable[=LEVEL]");
        expect_contains(out.text, "--host=FACTS.json");
        help_add_overview(wardsh_commands, &out);
        expect_contains(out.text, "migrate DOM DEST_URI");
        expect(!strstr(out.text, "complete ["));
}

/* ---- output ---- */

static void test_table(void) {
        CLEANUP(text_table_done) TextTable table = {};
        CLEANUP(strbuf_done) StrBuf out = {};

        text_table_init(&table, (const char *const[]) { "Id", "Name", "State", NULL });
        text_table_add(&table, (const char *const[]) { "1", "Grüße", "running" });
        text_table_add(&table, (const char *const[]) { NULL, "a\033[2Jb\n", "shut off" });
        text_table_format(&table, false, &out);
        expect_str(out.text, "Id  Name     State\n1   Grüße    running\n-   a?[2Jb   shut off\n");
        strbuf_done(&out);
        text_table_format(&table, true, &out);
        expect_contains(out.text, "\033[1mName\033[0m");
}

static void test_widths(void) {
        expect_int(text_width("Grüße"), ==, 5);
        expect_int(text_width("日本"), ==, 4);
        expect_int(text_width("a\xff" "b"), ==, 3);
        expect_int(text_width(""), ==, 0);
}

static void test_safe(void) {
        CLEANUP(free) char *a = text_safe("a\033]0;x\007\tb\nc\x7f"), *b = text_safe("x\xc2\x9b" "31m ü");

        expect_str(a, "a?]0;x?\tb\nc?");
        expect_str(b, "x??31m ü");
}

static void test_wrapped(void) {
        CLEANUP(strbuf_done) StrBuf out = {};

        strbuf_add(&out, "to  ");
        text_add_wrapped(&out, "one two  three\nfour", 4, 12);
        expect_str(out.text, "to  one two\n    three\n    four\n");
}

/* JSON with ' for ". */
static json_object *parse(const char *text) {
        CLEANUP(free) char *copy = xstrdup(text);
        json_object *object = NULL;

        for (char *at = copy; *at; at++)
                if (*at == '\'')
                        *at = '"';
        json_parse(copy, strlen(copy), "test", &object, NULL);
        return object;
}

static void test_verdict(void) {
        CLEANUP(json_put) json_object *report = parse(
                "{'operation':'start','domain':'db1','verdict':'refuse','migratable':'no','simulated':true,'findings':[{"
                "'code':'WARD-SEV','severity':'refuse','path':'/domain/launchSecurity','what':'SEV guests cannot be migrated',"
                "'want':'no launchSecurity','remedy':'drop it','requirements':['R13','R44'],'source':'vmm'}]}");
        CLEANUP(strbuf_done) StrBuf out = {};

        expect(report_refused(report));
        report_add_verdict(report, false, 80, &out);
        expect_str(out.text,
                   "start db1: REFUSED; it could not be migrated (simulated: these are facts of a host that was not probed)\n"
                   "\nrefused  WARD-SEV  (vmm, R13, R44)\n    what  SEV guests cannot be migrated\n"
                   "    where /domain/launchSecurity\n    want  no launchSecurity\n    do    drop it\n");
}

static void test_verdict_of_little(void) {
        CLEANUP(json_put) json_object *report = parse("{'verdict':'allow','findings':[{},{'severity':7,'requirements':'x'}]}");
        CLEANUP(strbuf_done) StrBuf out = {};

        expect(!report_refused(report));
        report_add_verdict(report, true, 80, &out);
        expect_contains(out.text,
                        "start the definition: \033[32mallowed\033[0m; whether it could be migrated is not known\n");
}

static void test_story(void) {
        CLEANUP(json_put) json_object *story = parse(
                "{'domain':'db1','time':86400,'operation':'start','step':'open-monitor','error':'internal error: QEMU ended',"
                "'exit':'exited with status 1','stderr':'no such file\\nb\\u001b[2J','last_sent':'',"
                "'report':{'verdict':'refuse','migratable':'yes'}}");
        CLEANUP(strbuf_done) StrBuf out = {};

        report_add_story(story, false, 80, &out);
        expect_str(out.text, "db1: start, at step open-monitor, 1970-01-02 00:00:00\n    error internal error: QEMU ended\n"
                             "    QEMU  exited with status 1\nQEMU said:\n    no such file\n    b?[2J\n"
                             "\nstart the definition: REFUSED; it could be migrated\n");
}

static void test_story_while_running(void) {
        CLEANUP(json_put) json_object *story = parse("{'domain':'db1','running':true,'pid':42,'job':'migration, 3 s'}");
        CLEANUP(strbuf_done) StrBuf out = {};

        report_add_story(story, false, 80, &out);
        expect_str(out.text, "db1: it runs, as process 42\n    job   migration, 3 s\n");
}

static void test_report_table(void) {
        CLEANUP(json_put) json_object *value = parse("[{'code':'A','requirements':['R1','R2']},{'n':3}]");
        CLEANUP(strbuf_done) StrBuf out = {};

        report_add_table(value, (const char *const[]) { "code", "requirements", "n", NULL }, false, &out);
        expect_str(out.text, "code  requirements  n\nA     R1, R2        -\n-     -             3\n");
}

static void test_names(void) {
        expect_str(state_name(VIR_DOMAIN_SHUTOFF), "shut off");
        expect_str(state_reason_name(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR), "I/O error");
        expect_str(state_reason_name(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DAEMON), "daemon");
        expect_str(lifecycle_detail_name(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED), "failed");
        expect_str(state_name(99), "unknown");
        expect_str(state_name(-1), "unknown");
        expect_str(lifecycle_detail_name(99, 0), "unknown");
        expect_str(lifecycle_detail_name(0, 99), "unknown");
        expect_str(watchdog_action_name(VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI), "inject-nmi");
}

int main(void) {
        setlocale(LC_ALL, "C.UTF-8");
        setenv("TZ", "UTC", 1);
        return tap_run((const TapTest[]) {
                { "arguments: options and words in all their forms", test_args_forms },
                { "arguments: what is wrong is said", test_args_errors },
                { "arguments: numbers are whole and in range", test_args_number },
                { "arguments: their number is bounded", test_args_bounds },
                { "target: root has the system's daemon, a user his own", test_target_defaults },
                { "target: where a session's socket is", test_target_session_dirs },
                { "target: URIs, sockets, escaping", test_target_uris },
                { "target: what is wrong is said", test_target_errors },
                { "commands: every row is found by its name and clashes with no common option", test_commands_rows },
                { "commands: arguments are counted from the row", test_command_counts },
                { "completion: from the same rows", test_completion },
                { "help: from the same rows", test_help_text },
                { "table: aligned by display width, nothing of a stranger's moves the cursor", test_table },
                { "text: display width", test_widths },
                { "text: control characters", test_safe },
                { "text: wrapped", test_wrapped },
                { "report: a refusal with all it knows", test_verdict },
                { "report: members that are absent or of the wrong type", test_verdict_of_little },
                { "why: how it ended, without what is not known", test_story },
                { "why: while it runs", test_story_while_running },
                { "report: objects as a table", test_report_table },
                { "names: states, reasons, events", test_names },
                {},
        });
}
