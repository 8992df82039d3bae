/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/test-bus.c - the bus's edge over a driver of pretence, seen by a client on a private bus of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "dbus/bus_private.h"
#include "tap.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/log.h"
#include "util/strbuf.h"
#include "util/xml.h"

#define CONNECT "org.libvirt.Connect"
#define DOMAIN "org.libvirt.Domain"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define WAIT_USEC (10 * 1000000)

/* ---- a driver of pretence: two domains, remembers what it was asked, answers at once or when told ---- */

typedef struct Pretence {
        Driver driver;
        DomainView domains[2];
        char *asked;                    /* "destroy db1 2": the last verb and its arguments */
        bool later;                     /* keep the Reply in waiting */
        Reply *waiting;                 /* the last one kept */
        Reply *kept[BUS_CALLS_PER_CLIENT];
        size_t n_kept;
        const char *fails;              /* verbs answer this error */
        uint64_t version;
        const DriverEvents *events;
        void *events_userdata;
        bool client_gone;
} Pretence;

static Pretence pretence;

static const DomainView *find_uuid(Driver *driver, sd_id128_t uuid) {
        for (size_t i = 0; i < N_ELEMENTS(pretence.domains); i++)
                if (sd_id128_equal(pretence.domains[i].uuid, uuid))
                        return &pretence.domains[i];
        return NULL;
}

static const DomainView *find_name(Driver *driver, const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(pretence.domains); i++)
                if (streq(pretence.domains[i].name, name))
                        return &pretence.domains[i];
        return NULL;
}

static const DomainView *find_id(Driver *driver, int id) {
        return id == 7 ? &pretence.domains[0] : NULL;
}

static void each_domain(Driver *driver, bool (*each)(const DomainView *domain, void *userdata), void *userdata) {
        for (size_t i = 0; i < N_ELEMENTS(pretence.domains); i++)
                if (!each(&pretence.domains[i], userdata))
                        return;
}

static uint64_t hypervisor_version(Driver *driver) {
        return pretence.version;
}

/* Remembers the question; true when it has been dealt with (kept, or failed). */
__attribute__((format(printf, 2, 3)))
static bool note(Reply *reply, const char *format, ...) {
        CLEANUP(strbuf_done) StrBuf text = {};
        CLEANUP(error_free) Error *err = NULL;
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&text, format, ap);
        va_end(ap);
        free(pretence.asked);
        pretence.asked = strbuf_steal(&text);
        if (pretence.later) {
                pretence.waiting = reply;
                if (pretence.n_kept < BUS_CALLS_PER_CLIENT)
                        pretence.kept[pretence.n_kept++] = reply;
        }
        if (!pretence.fails || pretence.later)
                return pretence.later;
        error_set(&err, ERROR_OPERATION_INVALID, "%s", pretence.fails);
        reply_fail(reply, err);
        return true;
}

static const char *name_of(sd_id128_t uuid) {
        const DomainView *domain = find_uuid(NULL, uuid);

        return domain ? domain->name : "nobody";
}

#define FLAGS_VERB(verb)                                                                                                       \
        static void verb(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {                                      \
                if (!note(reply, #verb " %s %u", name_of(uuid), flags))                                                        \
                        reply_none(reply);                                                                                     \
        }
FLAGS_VERB(undefine)
FLAGS_VERB(destroy)
FLAGS_VERB(shutdown)
FLAGS_VERB(reboot)
FLAGS_VERB(reset)
FLAGS_VERB(abort_job)

#define PLAIN_VERB(verb)                                                                                                       \
        static void verb(Driver *driver, sd_id128_t uuid, Reply *reply) {                                                      \
                if (!note(reply, #verb " %s", name_of(uuid)))                                                                  \
                        reply_none(reply);                                                                                     \
        }
PLAIN_VERB(suspend)
PLAIN_VERB(resume)

static void create(Driver *driver, const Caller *caller, sd_id128_t uuid, unsigned flags, Reply *reply) {
        if (!note(reply, "create %s %u", name_of(uuid), flags))
                reply_domain(reply, find_uuid(driver, uuid));
}

static void create_xml(Driver *driver, const Caller *caller, const char *xml, unsigned flags, Reply *reply) {
        if (!note(reply, "create_xml %s %u", xml, flags))
                reply_domain(reply, &pretence.domains[0]);
}

static void define(Driver *driver, const char *xml, unsigned flags, Reply *reply) {
        if (!note(reply, "define %s %u", xml, flags))
                reply_domain(reply, &pretence.domains[1]);
}

static void xml_desc(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        if (!note(reply, "xml_desc %s %u", name_of(uuid), flags))
                reply_text(reply, "<domain/>");
}

static void set_autostart(Driver *driver, sd_id128_t uuid, bool autostart, Reply *reply) {
        if (!note(reply, "set_autostart %s %d", name_of(uuid), autostart))
                reply_none(reply);
}

static void get_metadata(Driver *driver, sd_id128_t uuid, int type, const char *uri, unsigned flags, Reply *reply) {
        if (!note(reply, "get_metadata %s %d %s %u", name_of(uuid), type, uri ? uri : "NULL", flags))
                reply_text(reply, "a title");
}

static void set_metadata(Driver *driver, sd_id128_t uuid, int type, const char *metadata, const char *key, const char *uri,
                         unsigned flags, Reply *reply) {
        if (!note(reply, "set_metadata %s %d %s %s %s %u", name_of(uuid), type, metadata, key ? key : "NULL", uri ? uri : "NULL",
                  flags))
                reply_none(reply);
}

static const Param some_params[] = {
        { .name = "i", .type = PARAM_INT, .i = -1 },        { .name = "u", .type = PARAM_UINT, .u = 2 },
        { .name = "x", .type = PARAM_LLONG, .i = -3 },      { .name = "t", .type = PARAM_ULLONG, .u = 4 },
        { .name = "d", .type = PARAM_DOUBLE, .d = 0.5 },    { .name = "b", .type = PARAM_BOOLEAN, .b = true },
        { .name = "s", .type = PARAM_STRING, .s = "text" },
};

static void stats(Driver *driver, const sd_id128_t *uuids, size_t n_uuids, unsigned which, unsigned flags, Reply *reply) {
        const DomainStats records[] = { { &pretence.domains[0], some_params, N_ELEMENTS(some_params) },
                                        { &pretence.domains[1], NULL, 0 } };

        if (!note(reply, "stats %zu %s %u %u", n_uuids, n_uuids > 0 ? name_of(uuids[0]) : "-", which, flags))
                reply_give(reply, &(Result) { .kind = RESULT_STATS, .stats = { records, n_uuids > 0 ? 1 : 2 } });
}

static void job_stats(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        if (!note(reply, "job_stats %s %u", name_of(uuid), flags))
                reply_give(reply, &(Result) { .kind = RESULT_PARAMS, .params = { some_params, 1, 2 } });
}

static void capabilities(Driver *driver, Reply *reply) {
        if (!note(reply, "capabilities"))
                reply_text(reply, "<capabilities/>");
}

static void domain_capabilities(Driver *driver, const char *emulator, const char *arch, const char *machine, const char *type,
                                unsigned flags, Reply *reply) {
        if (!note(reply, "domain_capabilities %s %s %s %s %u", emulator ? emulator : "NULL", arch ? arch : "NULL",
                  machine ? machine : "NULL", type ? type : "NULL", flags))
                reply_text(reply, "<domainCapabilities/>");
}

static void hypervisor_version_ask(Driver *driver, Reply *reply) {
        if (!note(reply, "hypervisor_version_ask"))
                reply_number(reply, 7002022);
}

static void explain(Driver *driver, const char *request, Reply *reply) {
        if (!note(reply, "explain %s", request))
                reply_text(reply, "{\"verdict\":\"allow\"}");
}

static void client_gone(Driver *driver, void *client) {
        pretence.client_gone = true;
}

static void subscribe(Driver *driver, const DriverEvents *events, void *userdata) {
        pretence.events = events;
        pretence.events_userdata = userdata;
}

static void unsubscribe(Driver *driver, const DriverEvents *events, void *userdata) {
        pretence.events = NULL;
}

static const DriverVerbs verbs = {
        .type = "QEMU",
        .find_uuid = find_uuid,
        .find_name = find_name,
        .find_id = find_id,
        .each_domain = each_domain,
        .hypervisor_version = hypervisor_version,
        .hypervisor_version_ask = hypervisor_version_ask,
        .capabilities = capabilities,
        .domain_capabilities = domain_capabilities,
        .define = define,
        .undefine = undefine,
        .create_xml = create_xml,
        .create = create,
        .destroy = destroy,
        .shutdown = shutdown,
        .reboot = reboot,
        .reset = reset,
        .suspend = suspend,
        .resume = resume,
        .xml_desc = xml_desc,
        .set_autostart = set_autostart,
        .get_metadata = get_metadata,
        .set_metadata = set_metadata,
        .stats = stats,
        .job_stats = job_stats,
        .abort_job = abort_job,
        .explain = explain,
        .client_gone = client_gone,
        .subscribe = subscribe,
        .unsubscribe = unsubscribe,
};

static void pretence_reset(void) {
        free(pretence.asked);
        pretence = (Pretence) {
                .driver = { .verbs = &verbs },
                .domains = {
                        { .name = "db1", .id = 7, .state = DOMAIN_RUNNING, .reason = 1, .active = true, .persistent = true,
                          .os_type = "hvm",
                          .uuid = SD_ID128_MAKE(11,11,11,11,22,22,33,33,44,44,55,55,55,55,55,aa) },
                        { .name = "web", .id = -1, .state = DOMAIN_SHUTOFF, .reason = 2, .persistent = true,
                          .autostart = true, .os_type = "hvm",
                          .updated = true, .uuid = SD_ID128_MAKE(11,11,11,11,22,22,33,33,44,44,55,55,55,55,55,bb) },
                },
        };
}

#define DB1 BUS_DOMAIN_PREFIX "/_11111111_2222_3333_4444_5555555555aa"
#define WEB BUS_DOMAIN_PREFIX "/_11111111_2222_3333_4444_5555555555bb"
#define NOBODY BUS_DOMAIN_PREFIX "/_11111111_2222_3333_4444_5555555555cc"

/* ---- a bus and a client ---- */

static char dir[] = "/tmp/virtward-test-bus-XXXXXX";
static pid_t bus_daemon;
static sd_event *loop;
static Bus *served;
static sd_bus *client;

static const char bus_config[] =
        "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth><policy context='default'>"
        "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>";

/* It ends with us, however we end, and holds no pipe of whoever runs the test. */
__attribute__((noreturn))
static void exec_bus_daemon(const char *config, int out) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(out, 1);
        dup2(null, 2);
        execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--print-address=1", config, (char *) NULL);
        _exit(127);
}

static bool start_bus_daemon(void) {
        CLEANUP(free) char *config = NULL, *text = NULL, *address = NULL, *option = NULL;
        CLEANUP(close) int dir_fd = -1;
        char ready[256];
        int out[2];

        if (!mkdtemp(dir) || pipe2(out, O_CLOEXEC) < 0)
                return false;
        config = xasprintf("%s/bus.conf", dir);
        text = xasprintf(bus_config, dir);
        if (fs_open_dir(dir, 0700, &dir_fd) < 0 || fs_replace_at(dir_fd, "bus.conf", text, strlen(text), 0600, false) < 0)
                return false;
        option = xasprintf("--config-file=%s", config);
        bus_daemon = fork();
        if (bus_daemon == 0)
                exec_bus_daemon(option, out[1]);
        close(out[1]);
        if (read(out[0], ready, sizeof(ready)) <= 0)            /* it prints its address when it listens */
                return false;
        close(out[0]);
        address = xasprintf("unix:path=%s/bus", dir);
        return setenv("DBUS_SESSION_BUS_ADDRESS", address, 1) == 0;
}

static void stop_bus_daemon(void) {
        CLEANUP(free) char *config = xasprintf("%s/bus.conf", dir), *sock = xasprintf("%s/bus", dir);

        if (bus_daemon > 0) {
                kill(bus_daemon, SIGTERM);
                waitpid(bus_daemon, NULL, 0);
        }
        unlink(config);
        unlink(sock);
        rmdir(dir);
}

static void need_bus(void) {
        if (!client)
                skip("there is no dbus-daemon");
        pretence.later = false;
        pretence.fails = NULL;
}

static sd_bus_message *answer;

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        answer = sd_bus_message_ref(message);
        return 1;
}

static void turn_until(bool (*done)(void)) {
        for (int i = 0; i < 1000 && !done(); i++)
                if (sd_event_run(loop, WAIT_USEC / 10) <= 0)
                        return;
}

static bool is_answered(void) {
        return answer;
}

static bool is_waiting(void) {
        return pretence.waiting;
}

/* Sends; the answer comes into `answer` while the loop turns. */
static void send_call(sd_bus_message *call) {
        answer = sd_bus_message_unref(answer);
        sd_bus_call_async(client, NULL, call, on_answer, NULL, WAIT_USEC);
        sd_bus_message_unref(call);
}

static sd_bus_message *call_new(const char *path, const char *interface, const char *member) {
        sd_bus_message *call = NULL;

        sd_bus_message_new_method_call(client, &call, BUS_NAME, path, interface, member);
        return call;
}

/* ask(path, interface, member, types, ...): `answer` afterwards is the reply. */
#define ask(path, interface, member, ...)                                                                                     \
        do {                                                                                                                   \
                sd_bus_message *_call = call_new((path), (interface), (member));                                               \
                sd_bus_message_append(_call, __VA_ARGS__);                                                                     \
                send_call(_call);                                                                                              \
                turn_until(is_answered);                                                                                       \
                expect(answer);                                                                                                \
        } while (0)

#define expect_error(error_name, text)                                                                                         \
        do {                                                                                                                   \
                expect(sd_bus_message_is_method_error(answer, NULL));                                                          \
                expect_str(sd_bus_message_get_error(answer)->name, (error_name));                                              \
                expect_contains(sd_bus_message_get_error(answer)->message, (text));                                            \
        } while (0)

static const char *answered_text(const char *type) {
        static const char *text;

        text = NULL;
        sd_bus_message_read(answer, type, &text);
        return text;
}

/* ---- tests ---- */

static void test_paths(void) {
        char path[BUS_PATH_MAX];
        sd_id128_t uuid;

        expect_str(bus_path_format(pretence.domains[0].uuid, path), DB1);
        expect_int(bus_path_parse(WEB, &uuid), ==, 0);
        expect(sd_id128_equal(uuid, pretence.domains[1].uuid));
        expect_int(bus_path_parse(BUS_DOMAIN_PREFIX, &uuid), ==, -EINVAL);
        expect_int(bus_path_parse(BUS_DOMAIN_PREFIX "/_x", &uuid), ==, -EINVAL);
        expect_int(bus_path_parse(BUS_DOMAIN_PREFIX "/_11111111_2222_3333_4444_5555555555zz", &uuid), ==, -EINVAL);
        expect_int(bus_path_parse(DB1 "/more", &uuid), ==, -EINVAL);
}

static void test_look_ups(void) {
        need_bus();
        ask(BUS_CONNECT_PATH, CONNECT, "DomainLookupByName", "s", "web");
        expect_str(answered_text("o"), WEB);
        ask(BUS_CONNECT_PATH, CONNECT, "DomainLookupByUUID", "s", "11111111-2222-3333-4444-5555555555aa");
        expect_str(answered_text("o"), DB1);
        ask(BUS_CONNECT_PATH, CONNECT, "DomainLookupByID", "i", 7);
        expect_str(answered_text("o"), DB1);
        ask(BUS_CONNECT_PATH, CONNECT, "DomainLookupByName", "s", "nope");
        expect_error(BUS_ERROR, "Domain not found: no domain with matching name 'nope'");
        ask(BUS_CONNECT_PATH, CONNECT, "DomainLookupByUUID", "s", "rubbish");
        expect_error(BUS_ERROR, "must be a valid UUID");
        ask(BUS_CONNECT_PATH, CONNECT, "DomainLookupByID", "i", -1);
        expect_error(BUS_ERROR, "Domain not found");
}

static void expect_list(uint32_t flags, const char *first, const char *second) {
        const char *path = NULL;

        ask(BUS_CONNECT_PATH, CONNECT, "ListDomains", "u", flags);
        expect(sd_bus_message_enter_container(answer, 'a', "o") >= 0);
        for (int i = 0; i < 2; i++) {
                const char *wanted = i == 0 ? first : second;

                path = NULL;
                sd_bus_message_read(answer, "o", &path);
                expect_str(path, wanted);
        }
}

static void test_list(void) {
        need_bus();
        expect_list(0, DB1, WEB);
        expect_list(LIST_ACTIVE, DB1, NULL);
        expect_list(LIST_INACTIVE | LIST_AUTOSTART, WEB, NULL);
        expect_list(LIST_ACTIVE | LIST_INACTIVE | LIST_PAUSED, NULL, NULL);
        ask(BUS_CONNECT_PATH, CONNECT, "ListDomains", "u", 1u << 20);
        expect_error(BUS_ERROR, "unsupported flags (0x100000)");
}

static void test_definitions(void) {
        need_bus();
        ask(BUS_CONNECT_PATH, CONNECT, "DomainDefineXML", "s", "<d/>");
        expect_str(answered_text("o"), WEB);
        expect_str(pretence.asked, "define <d/> 0");
        ask(BUS_CONNECT_PATH, CONNECT, "DomainCreateXML", "su", "<c/>", 3u);
        expect_str(answered_text("o"), DB1);
        expect_str(pretence.asked, "create_xml <c/> 3");
        ask(DB1, DOMAIN, "GetXMLDesc", "u", 2u);
        expect_str(answered_text("s"), "<domain/>");
        expect_str(pretence.asked, "xml_desc db1 2");
}

static void test_host(void) {
        uint64_t free_bytes = 0;
        const char *name = NULL;

        need_bus();
        ask(BUS_CONNECT_PATH, CONNECT, "GetCapabilities", NULL);
        expect_str(answered_text("s"), "<capabilities/>");
        ask(BUS_CONNECT_PATH, CONNECT, "GetDomainCapabilities", "ssssu", "", "x86_64", "q35", "", 0u);
        expect_str(pretence.asked, "domain_capabilities NULL x86_64 q35 NULL 0");
        ask(BUS_CONNECT_PATH, CONNECT, "NodeGetFreeMemory", NULL);
        sd_bus_message_read(answer, "t", &free_bytes);
        expect_int(free_bytes, >, 0);
        ask(BUS_CONNECT_PATH, CONNECT, "NodeGetMemoryStats", "iu", -1, 0u);
        expect(sd_bus_message_enter_container(answer, 'a', "{st}") > 0);
        sd_bus_message_read(answer, "{st}", &name, &free_bytes);
        expect_str(name, "total");
        ask(BUS_CONNECT_PATH, CONNECT, "NodeGetCPUStats", "iu", -1, 0u);
        expect_str(sd_bus_message_get_signature(answer, true), "a{st}");
        ask(BUS_CONNECT_PATH, CONNECT, "NodeGetCPUStats", "iu", 100000, 0u);
        expect_error(BUS_ERROR, "");
}

static void test_verbs(void) {
        static const struct {
                const char *member, *asked;
                bool flags;
        } cases[] = {
                { "Create", "create web 1", true }, { "Destroy", "destroy web 1", true }, { "Reboot", "reboot web 1", true },
                { "Reset", "reset web 1", true }, { "Shutdown", "shutdown web 1", true }, { "Undefine", "undefine web 1", true },
                { "Suspend", "suspend web", false }, { "Resume", "resume web", false }, { "AbortJob", "abort_job web 0", false },
        };

        need_bus();
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                ask(WEB, DOMAIN, cases[i].member, cases[i].flags ? "u" : NULL, 1u);
                expect(!sd_bus_message_is_method_error(answer, NULL));
                expect_str(sd_bus_message_get_signature(answer, true), "");
                expect_str(pretence.asked, cases[i].asked);
        }
        ask(BUS_DOMAIN_PREFIX "/_short", DOMAIN, "Destroy", "u", 0u);
        expect_error(BUS_ERROR, "Invalid UUID in");
        expect(strncmp(sd_bus_message_get_error(answer)->message, "Invalid UUID", 12) == 0);
        pretence.fails = "domain is not running";
        ask(WEB, DOMAIN, "Destroy", "u", 0u);
        expect_error(BUS_ERROR, "Requested operation is not valid: domain is not running");
}

static void test_metadata(void) {
        need_bus();
        ask(DB1, DOMAIN, "GetMetadata", "isu", 1, "", 2u);
        expect_str(answered_text("s"), "a title");
        expect_str(pretence.asked, "get_metadata db1 1 NULL 2");
        ask(DB1, DOMAIN, "SetMetadata", "isssu", 1, "new", "", "", 0u);
        expect_str(pretence.asked, "set_metadata db1 1 new NULL NULL 0");
}

static void test_state(void) {
        int32_t state = -1, reason = -1;
        int saved = -1;

        need_bus();
        ask(WEB, DOMAIN, "GetState", "u", 0u);
        sd_bus_message_read(answer, "(ii)", &state, &reason);
        expect_int(state, ==, DOMAIN_SHUTOFF);
        expect_int(reason, ==, 2);
        ask(WEB, DOMAIN, "HasManagedSaveImage", "u", 0u);
        sd_bus_message_read(answer, "b", &saved);
        expect_int(saved, ==, false);
        ask(NOBODY, DOMAIN, "GetState", "u", 0u);
        expect_error(BUS_ERROR, "Domain not found: no domain with matching uuid '11111111-2222-3333-4444-5555555555cc'");
        ask(WEB, DOMAIN, "GetState", "u", 4u);
        expect_error(BUS_ERROR, "unsupported flags (0x4)");
}

/* The type inside two variants; the value is skipped. */
static const char *double_variant(void) {
        const char *contents = NULL;

        sd_bus_message_enter_container(answer, 'v', "v");
        sd_bus_message_peek_type(answer, NULL, &contents);
        sd_bus_message_skip(answer, "v");
        sd_bus_message_exit_container(answer);
        return contents;
}

static void test_stats(void) {
        int32_t type = 0;

        need_bus();
        ask(DB1, DOMAIN, "GetStats", "uu", 45u, 0u);
        expect_str(pretence.asked, "stats 1 db1 45 0");
        expect_str(sd_bus_message_get_signature(answer, true), "a{sv}");
        sd_bus_message_enter_container(answer, 'a', "{sv}");
        for (size_t i = 0; i < N_ELEMENTS(some_params); i++) {
                expect(sd_bus_message_enter_container(answer, 'e', "sv") > 0);
                const char *name = answered_text("s");

                expect_str(name, some_params[i].name);
                expect_str(double_variant(), name);
                sd_bus_message_exit_container(answer);
        }
        ask(DB1, DOMAIN, "GetJobStats", "u", 0u);
        sd_bus_message_enter_container(answer, 'r', "ia{sv}");
        sd_bus_message_read(answer, "i", &type);
        expect_int(type, ==, 2);
        ask(BUS_CONNECT_PATH, CONNECT, "GetAllDomainStats", "uu", 1u, 0u);
        expect_str(pretence.asked, "stats 0 - 1 0");
        expect_str(sd_bus_message_get_signature(answer, true), "a(sa{sv})");
        pretence.fails = "no stats";
        ask(DB1, DOMAIN, "GetStats", "uu", 45u, 0u);
        expect_error(BUS_ERROR, "no stats");
}

static void test_explain(void) {
        need_bus();
        ask(DB1, "org.virtward.Domain1", "ExplainStart", "s", "required");
        expect_str(answered_text("s"), "{\"verdict\":\"allow\"}");
        expect_str(pretence.asked,
                   "explain "
                   "{\"operation\":\"start\",\"domain\":\"11111111-2222-3333-4444-5555555555aa\",\"migratable\":\"required\"}");
        ask(DB1, "org.virtward.Domain1", "ExplainStart", "s", "");
        expect(!strstr(pretence.asked, "migratable"));
}

static void test_property_get(void) {
        uint64_t number = 0;
        uint32_t id = 9;

        need_bus();
        ask(BUS_CONNECT_PATH, PROPERTIES, "Get", "ss", CONNECT, "LibVersion");
        sd_bus_message_read(answer, "v", "t", &number);
        expect_int(number, ==, 9000000);
        ask(WEB, PROPERTIES, "Get", "ss", DOMAIN, "Id");
        sd_bus_message_read(answer, "v", "u", &id);
        expect_int(id, ==, 0);
        ask(WEB, PROPERTIES, "Get", "ss", DOMAIN, "Nope");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, "Nope");
        ask(WEB, PROPERTIES, "Get", "ss", CONNECT, "LibVersion");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, CONNECT);
        ask(NOBODY, PROPERTIES, "Get", "ss", DOMAIN, "Name");
        expect_error(BUS_ERROR, "Domain not found");
}

/* "Active=b Autostart=b ...": names and types of a GetAll, each behind two variants. */
static char *all_properties(void) {
        StrBuf out = {};

        sd_bus_message_enter_container(answer, 'a', "{sv}");
        while (sd_bus_message_enter_container(answer, 'e', "sv") > 0) {
                const char *name = answered_text("s");

                strbuf_addf(&out, "%s%s=%s", out.len > 0 ? " " : "", name, double_variant());
                sd_bus_message_exit_container(answer);
        }
        return strbuf_steal(&out);
}

static void test_property_get_all(void) {
        CLEANUP(free) char *domain = NULL, *nobody = NULL, *connect = NULL;

        need_bus();
        ask(DB1, PROPERTIES, "GetAll", "s", DOMAIN);
        domain = all_properties();
        expect_str(domain, "Active=b Autostart=b Id=u Name=s OSType=s Persistent=b Updated=b UUID=s");
        ask(NOBODY, PROPERTIES, "GetAll", "s", DOMAIN);
        nobody = all_properties();
        expect_str(nobody, "");
        ask(BUS_CONNECT_PATH, PROPERTIES, "GetAll", "s", CONNECT);
        connect = all_properties();
        expect_str(connect, "Encrypted=b Hostname=s LibVersion=t Secure=b");
        ask(DB1, PROPERTIES, "GetAll", "s", "org.nowhere");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, "org.nowhere");
}

static void test_property_set(void) {
        need_bus();
        ask(DB1, PROPERTIES, "Set", "ssv", DOMAIN, "Autostart", "b", true);
        expect(!sd_bus_message_is_method_error(answer, NULL));
        expect_str(pretence.asked, "set_autostart db1 1");
        ask(DB1, PROPERTIES, "Set", "ssv", DOMAIN, "Autostart", "s", "yes");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, "Autostart");
        ask(DB1, PROPERTIES, "Set", "ssv", DOMAIN, "Name", "s", "x");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, "read-only");
        ask(DB1, PROPERTIES, "Set", "ssv", DOMAIN, "Nope", "s", "x");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, "Nope");
        pretence.fails = "the disk is full";
        ask(DB1, PROPERTIES, "Set", "ssv", DOMAIN, "Autostart", "b", false);
        expect_error(BUS_ERROR, "the disk is full");
}

static void test_version_is_waited_for(void) {
        uint64_t version = 0;

        need_bus();
        ask(BUS_CONNECT_PATH, PROPERTIES, "Get", "ss", CONNECT, "Version");
        expect_str(pretence.asked, "hypervisor_version_ask");
        sd_bus_message_read(answer, "v", "t", &version);
        expect_int(version, ==, 7002022);
        pretence.version = 8000000;
        ask(BUS_CONNECT_PATH, PROPERTIES, "Get", "ss", CONNECT, "Version");
        sd_bus_message_read(answer, "v", "t", &version);
        pretence.version = 0;
        expect_int(version, ==, 8000000);
}

static void test_answer_later(void) {
        sd_bus_message *call;

        need_bus();
        pretence.later = true;
        call = call_new(DB1, DOMAIN, "Destroy");
        sd_bus_message_append(call, "u", 0u);
        send_call(call);
        turn_until(is_waiting);
        expect(pretence.waiting && !answer);
        pretence.later = false;
        call = call_new(DB1, DOMAIN, "GetState");
        sd_bus_message_append(call, "u", 0u);
        send_call(call);
        turn_until(is_answered);                /* a question overtakes the verb that waits */
        expect_str(sd_bus_message_get_signature(answer, true), "(ii)");
        answer = sd_bus_message_unref(answer);
        reply_none(STEAL(pretence.waiting));
        turn_until(is_answered);
        expect(answer && !sd_bus_message_is_method_error(answer, NULL));
        expect_str(sd_bus_message_get_signature(answer, true), "");
}

static size_t n_answered;

static int count_answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        n_answered++;
        return 1;
}

static bool all_are_kept(void) {
        return pretence.n_kept == BUS_CALLS_PER_CLIENT;
}

static bool all_are_answered(void) {
        return n_answered == BUS_CALLS_PER_CLIENT;
}

static void test_calls_are_bounded(void) {
        need_bus();
        pretence.later = true;
        pretence.n_kept = 0;
        for (int i = 0; i < BUS_CALLS_PER_CLIENT; i++) {
                sd_bus_message *call = call_new(DB1, DOMAIN, "Suspend");

                sd_bus_call_async(client, NULL, call, count_answer, NULL, WAIT_USEC);
                sd_bus_message_unref(call);
        }
        turn_until(all_are_kept);
        expect(all_are_kept());
        ask(DB1, DOMAIN, "Suspend", NULL);
        expect_error(SD_BUS_ERROR_LIMITS_EXCEEDED, "100 calls");
        pretence.later = false;
        for (size_t i = 0; i < pretence.n_kept; i++)
                reply_none(pretence.kept[i]);
        pretence.waiting = NULL;
        turn_until(all_are_answered);
        ask(DB1, DOMAIN, "Suspend", NULL);
        expect(!sd_bus_message_is_method_error(answer, NULL));
}

static void test_wrong_calls(void) {
        need_bus();
        ask(DB1, DOMAIN, "Destroy", "s", "x");
        expect_error(SD_BUS_ERROR_INVALID_ARGS, "");
        ask(DB1, DOMAIN, "Nope", NULL);
        expect_error(SD_BUS_ERROR_UNKNOWN_METHOD, "");
        ask(DB1, DOMAIN, "ListDomainSnapshots", "u", 0u);        /* this is how clients learn that there are none */
        expect_error(SD_BUS_ERROR_UNKNOWN_METHOD, "");
}

/* ---- signals ---- */

static sd_bus_message *signal_seen;

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        sd_bus_message_unref(signal_seen);
        signal_seen = sd_bus_message_ref(message);
        return 0;
}

static bool is_signalled(void) {
        return signal_seen;
}

static void tell(const DomainEvent *event) {
        signal_seen = sd_bus_message_unref(signal_seen);
        pretence.events->domain_event(pretence.events_userdata, event);
        turn_until(is_signalled);
}

static void test_lifecycle_signal(void) {
        const char *path = NULL;
        int32_t event = -1, detail = -1;

        need_bus();
        tell(&(DomainEvent){
                .id = DOMAIN_EVENT_LIFECYCLE, .domain = &pretence.domains[0], .lifecycle = { LIFECYCLE_STOPPED, 1 } });
        expect(signal_seen && sd_bus_message_is_signal(signal_seen, CONNECT, "DomainEvent"));
        expect_str(sd_bus_message_get_path(signal_seen), BUS_CONNECT_PATH);
        sd_bus_message_read(signal_seen, "oii", &path, &event, &detail);
        expect_str(path, DB1);
        expect_int(event, ==, 5);
        expect_int(detail, ==, 1);
}

static void test_domain_signals(void) {
        const DomainView *db1 = &pretence.domains[0];
        const struct {
                DomainEvent event;
                const char *member, *signature;
        } cases[] = {
                { { .id = DOMAIN_EVENT_REBOOT }, "Reboot", "" },
                { { .id = DOMAIN_EVENT_RTC_CHANGE, .number = -5 }, "RTCChange", "x" },
                { { .id = DOMAIN_EVENT_WATCHDOG, .number = 2 }, "Watchdog", "i" },
                { { .id = DOMAIN_EVENT_IO_ERROR_REASON, .io_error = { "/d", "disk0", "enospc", 1 } }, "IOError", "ssis" },
                { { .id = DOMAIN_EVENT_BALLOON_CHANGE, .number = 1024 }, "BalloonChange", "t" },
                { { .id = DOMAIN_EVENT_MIGRATION_ITERATION, .number = 3 }, "MigrationIteration", "i" },
                { { .id = DOMAIN_EVENT_JOB_COMPLETED, .job = { some_params, 2 } }, "JobCompleted", "a{sv}" },
                { { .id = DOMAIN_EVENT_METADATA_CHANGE, .metadata = { 1, NULL } }, "MetadataChange", "is" },
        };

        need_bus();
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                DomainEvent event = cases[i].event;

                event.domain = db1;
                tell(&event);
                expect(signal_seen && sd_bus_message_is_signal(signal_seen, DOMAIN, cases[i].member));
                expect_str(sd_bus_message_get_path(signal_seen), DB1);
                expect_str(sd_bus_message_get_signature(signal_seen, true), cases[i].signature);
        }
}

/* ---- the interface as data ---- */

static char *attr(xmlNode *node, const char *name) {
        xmlChar *value = xmlGetProp(node, BAD_CAST name);
        char *copy = xstrdup(value ? (const char *) value : "");

        xmlFree(value);
        return copy;
}

/* "xml:s,flags:u"; direction "" takes all. */
static void add_args(xmlNode *member, const char *direction, StrBuf *out) {
        size_t start = out->len;

        for (xmlNode *arg = member->children; arg; arg = arg->next) {
                CLEANUP(free) char *name = NULL, *type = NULL, *where = NULL;

                if (arg->type != XML_ELEMENT_NODE || !streq((const char *) arg->name, "arg"))
                        continue;
                name = attr(arg, "name");
                type = attr(arg, "type");
                where = attr(arg, "direction");
                if (!direction[0] || streq(where, direction))
                        strbuf_addf(out, "%s%s:%s", out->len > start ? "," : "", name, type);
        }
        if (out->len == start)
                strbuf_add(out, "-");
}

static const char *annotation(xmlNode *member, char **to_free) {
        for (xmlNode *child = member->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && streq((const char *) child->name, "annotation"))
                        return *to_free = attr(child, "value");
        return "true";
}

static char *member_line(const char *interface, xmlNode *member) {
        CLEANUP(free) char *name = attr(member, "name"),
             *type = attr(member, "type"), *access_text = attr(member, "access"), *value = NULL;
        const char *kind = (const char *) member->name;
        StrBuf out = {};

        strbuf_addf(&out, "%s %s %s ", interface, kind, name);
        if (streq(kind, "property"))
                strbuf_addf(&out, "%s %s %s", type, access_text, annotation(member, &value));
        else if (streq(kind, "signal"))
                add_args(member, "", &out);
        else {
                add_args(member, "in", &out);
                strbuf_add(&out, " ");
                add_args(member, "out", &out);
        }
        strbuf_add(&out, "\n");
        return strbuf_steal(&out);
}

/* How many members the object's org.libvirt interface has; each must be a line of the facts. */
static int check_object(const char *path, const char *wanted, const char *facts) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        const char *text;
        int n = 0;

        ask(path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
        text = strstr(answered_text("s"), "<node");
        expect_int(xml_parse(text, strlen(text), "introspection", &doc, NULL), ==, 0);
        for (xmlNode *interface = xmlDocGetRootElement(doc)->children; interface; interface = interface->next) {
                CLEANUP(free) char *name = interface->type == XML_ELEMENT_NODE ? attr(interface, "name") : NULL;

                if (!streq(name, wanted))
                        continue;
                for (xmlNode *member = interface->children; member; member = member->next) {
                        CLEANUP(free) char *line = member->type == XML_ELEMENT_NODE ? member_line(name, member) : NULL;

                        if (line)
                                expect_contains(facts, line);
                        n += line ? 1 : 0;
                }
        }
        return n;
}

static void test_api(void) {
        CLEANUP(free) char *facts = NULL;
        const char *path = getenv("DBUS_API");
        size_t len;

        need_bus();
        expect(path && fs_read_at(AT_FDCWD, path, 1 << 20, &facts, &len) == 0);
        expect_int(check_object(BUS_CONNECT_PATH, CONNECT, facts), ==, 18);
        expect_int(check_object(DB1, DOMAIN, facts), ==, 32);
}

static void test_children(void) {
        const char *text;

        need_bus();
        ask(BUS_DOMAIN_PREFIX, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
        text = answered_text("s");
        expect_contains(text, "<node name=\"_11111111_2222_3333_4444_5555555555aa\"/>");
        expect_contains(text, "<node name=\"_11111111_2222_3333_4444_5555555555bb\"/>");
}

/* ---- life ---- */

static void test_name_taken(void) {
        CLEANUP(bus_free) Bus *second = NULL;

        need_bus();
        second = bus_new(loop, &pretence.driver, BUS_SESSION, BUS_NAME);
        expect(second);
        pretence.events_userdata = served;      /* the first one's, again */
        ask(BUS_CONNECT_PATH, CONNECT, "GetCapabilities", NULL);
        expect_str(answered_text("s"), "<capabilities/>");
}

static void test_end_with_a_call_open(void) {
        sd_bus_message *call;

        need_bus();
        pretence.later = true;
        pretence.client_gone = false;
        call = call_new(DB1, DOMAIN, "Shutdown");
        sd_bus_message_append(call, "u", 0u);
        send_call(call);
        turn_until(is_waiting);
        expect(pretence.waiting);
        served = bus_free(served);
        expect(pretence.client_gone && !pretence.events);
        reply_none(STEAL(pretence.waiting));    /* into the void */
        turn_until(is_answered);
        expect(answer && sd_bus_message_is_method_error(answer, NULL));
}

static bool is_off(void) {
        return sd_bus_is_open(client) <= 0 && sd_bus_is_open(served->bus) <= 0;
}

static void test_bus_goes_away(void) {
        need_bus();
        served = bus_new(loop, &pretence.driver, BUS_SESSION, BUS_NAME);
        expect(served);
        ask(BUS_CONNECT_PATH, CONNECT, "GetCapabilities", NULL);
        kill(bus_daemon, SIGKILL);
        turn_until(is_off);
        expect(is_off());
        pretence.events->domain_event(pretence.events_userdata,
                                      &(DomainEvent){ .id = DOMAIN_EVENT_REBOOT, .domain = &pretence.domains[0] });
        expect_int(sd_event_run(loop, 0), >=, 0);
        served = bus_free(served);
}

static void test_no_bus(void) {
        setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        expect(!bus_new(loop, &pretence.driver, BUS_SESSION, BUS_NAME));
}

int main(void) {
        int failed;

        log_set_level(LOG_LEVEL_ERROR);
        pretence_reset();
        sd_event_new(&loop);
        if (start_bus_daemon()) {
                served = bus_new(loop, &pretence.driver, BUS_SESSION, BUS_NAME);
                if (sd_bus_open_user(&client) >= 0) {
                        sd_bus_attach_event(client, loop, 0);
                        sd_bus_add_match_async(client, NULL, "type='signal',sender='" BUS_NAME "'", on_signal, NULL, NULL);
                }
        }
        failed = tap_run((const TapTest[]) {
                { "paths: a UUID there and back, nothing else", test_paths },
                { "look-ups: by name, UUID, id, and when there is none", test_look_ups },
                { "list: libvirt's filter", test_list },
                { "definitions: define, create, XML", test_definitions },
                { "host: capabilities, empty strings are none", test_host },
                { "verbs: each reaches its own, errors have libvirt's message", test_verbs },
                { "metadata: empty strings are none", test_metadata },
                { "state: from what is published", test_state },
                { "stats: every type behind two variants", test_stats },
                { "explain: the report of a dry start", test_explain },
                { "properties: Get", test_property_get },
                { "properties: GetAll wraps twice", test_property_get_all },
                { "properties: Set answers when it is done", test_property_set },
                { "properties: QEMU's version is waited for", test_version_is_waited_for },
                { "calls: one that waits holds up no other", test_answer_later },
                { "calls: their number is bounded", test_calls_are_bounded },
                { "calls: wrong ones", test_wrong_calls },
                { "signals: lifecycle on the connection", test_lifecycle_signal },
                { "signals: the rest on the domain", test_domain_signals },
                { "interface: every member as libvirt-dbus has it", test_api },
                { "interface: a node per domain", test_children },
                { "life: a name that is taken", test_name_taken },
                { "life: it ends while a call is open", test_end_with_a_call_open },
                { "life: the bus goes away", test_bus_goes_away },
                { "life: no bus at all", test_no_bus },
                {},
        });
        sd_bus_message_unref(answer);
        sd_bus_message_unref(signal_seen);
        bus_free(served);
        sd_bus_flush_close_unref(client);
        sd_event_unref(loop);
        free(pretence.asked);
        stop_bus_daemon();
        return failed;
}
