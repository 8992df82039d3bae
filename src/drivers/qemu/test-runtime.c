/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-runtime - the whole driver over the simulated VMM: every verb, every way to end, every step made to fail, a second daemon. */
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/qemu/cpu_pin.h"
#include "drivers/qemu/domain.h"
#include "drivers/qemu/driver_qemu.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/strbuf.h"

#define REAL_QEMU "/usr/bin/qemu-system-x86_64"
#define TURN_USEC (20 * USEC_PER_SEC)

typedef struct Story {
        char dir[64];
        char *state_dir, *runtime_dir, *emulator;
        int state_fd, runtime_fd;
        OpRunner runner;
        Driver *driver;
        StrBuf trace;                   /* events, undone steps */
        const char *fail_at;            /* "start.open-monitor" */
} Story;

typedef struct Answer {
        Reply reply;                    /* first */
        bool done;
        Error *err;
        char *text;
        sd_id128_t uuid;
} Answer;

static Story story;                     /* one at a time: a failed expectation leaves its function by longjmp() */
static char shared[] = "/tmp/virtward-test-XXXXXX";     /* the emulator, its script, and what was probed of it */

/* ---- Around the driver ---- */

static const char *const event_names[] = { "defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown", "pmsuspended", "crashed" };

static void on_domain_event(void *userdata, const DomainEvent *event) {
        if (event->id == DOMAIN_EVENT_LIFECYCLE)
                strbuf_addf(&story.trace, "%s/%d ", event_names[event->lifecycle.event], event->lifecycle.detail);
        else if (event->id == DOMAIN_EVENT_METADATA_CHANGE)
                strbuf_addf(&story.trace, "metadata/%d ", event->metadata.type);
        else
                strbuf_addf(&story.trace, "event%d ", event->id);
}

static const DriverEvents events = { .domain_event = on_domain_event };

static int before_step(void *userdata, const char *op, const char *step, Error **err) {
        CLEANUP(free) char *place = xasprintf("%s.%s", op, step);

        return streq(place, story.fail_at) ? error_set(err, ERROR_OPERATION_FAILED, "made to fail at %s", step) : 0;
}

static void on_undo(void *userdata, const char *op, const char *step) {
        strbuf_addf(&story.trace, "-%s ", step);
}

static void driver_begin(void) {
        QemuDriverConfig config = { .state_dir = story.state_dir, .runtime_dir = story.runtime_dir, .state_fd = story.state_fd,
                                    .runtime_fd = story.runtime_fd, .host_name = "here" };

        expect_int(qemu_driver_new(&config, &story.runner, &story.driver, NULL), ==, 0);
        expect_int(qemu_driver_load(story.driver, false, NULL), ==, 0);
        story.driver->verbs->subscribe(story.driver, &events, NULL);
}

static void write_text(const char *dir, const char *name, const char *text, mode_t mode) {
        CLEANUP(free) char *path = xasprintf("%s/%s", dir, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

        expect_int(write(fd, text, strlen(text)), ==, strlen(text));
        close(fd);
}

/* What the simulated VMM will do; "real" lets it be probed. */
static void script(const char *members) {
        CLEANUP(free) char *text = xasprintf("{\"real\": \"" REAL_QEMU "\"%s%s}", *members ? ", " : "", members);

        write_text(shared, "script.json", text, 0644);
}

static void story_begin(const char *members) {
        CLEANUP(free) char *cache = xasprintf("%s/cache", shared), *link = NULL;

        if (access(REAL_QEMU, X_OK) < 0)
                skip("no " REAL_QEMU);
        memset(&story, 0, sizeof(story));
        snprintf(story.dir, sizeof(story.dir), "/tmp/virtward-test-XXXXXX");
        expect(mkdtemp(story.dir) != NULL);
        story.state_dir = xasprintf("%s/state", story.dir);
        story.runtime_dir = xasprintf("%s/run", story.dir);
        expect_int(fs_open_dir(story.state_dir, 0700, &story.state_fd), ==, 0);
        expect_int(fs_open_dir(story.runtime_dir, 0700, &story.runtime_fd), ==, 0);
        link = xasprintf("%s/cache", story.state_dir);
        expect_int(symlink(cache, link), ==, 0);
        story.emulator = xasprintf("%s/qemu-system-x86_64", shared);
        script(members);
        expect_int(sd_event_new(&story.runner.loop), >=, 0);
        story.runner.before_step = before_step;
        story.runner.on_undo = on_undo;
        driver_begin();
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        return remove(path);
}

static void story_end(void) {
        story.driver = qemu_driver_free(story.driver);
        sd_event_unref(story.runner.loop);
        close_fd(story.state_fd);
        close_fd(story.runtime_fd);
        nftw(story.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(story.state_dir);
        free(story.runtime_dir);
        free(story.emulator);
        strbuf_done(&story.trace);
}

/* ---- Asking ---- */

static void on_answer(Reply *reply, const Result *result, const Error *err) {
        Answer *answer = (Answer *) reply;

        expect(!answer->done);
        answer->done = true;
        answer->err = err ? error_copy(err) : NULL;
        if (result && result->kind == RESULT_TEXT)
                answer->text = xstrdup(result->text);
        if (result && result->kind == RESULT_DOMAIN)
                answer->uuid = result->domain->uuid;
}

static void answer_done(Answer *answer) {
        error_free(answer->err);
        free(answer->text);
        *answer = (Answer) { .reply.done = on_answer };
}

static void until(bool (*true_now)(void *userdata), void *userdata) {
        uint64_t deadline, now;

        sd_event_now(story.runner.loop, CLOCK_MONOTONIC, &deadline);
        deadline += TURN_USEC;
        while (!true_now(userdata)) {
                expect_int(sd_event_run(story.runner.loop, 100 * USEC_PER_MSEC), >=, 0);
                sd_event_now(story.runner.loop, CLOCK_MONOTONIC, &now);
                expect(now < deadline);
        }
}

static bool is_answered(void *userdata) {
        return ((Answer *) userdata)->done;
}

/* CALL(create, &caller, uuid, 0): runs the verb and the loop until it has answered; the error's message, or NULL. */
static Answer answer = { .reply.done = on_answer };
#define CALL(verb, ...)                                                                                                \
        ({                                                                                                             \
                answer_done(&answer);                                                                                  \
                story.driver->verbs->verb(story.driver, __VA_ARGS__, &answer.reply);                                   \
                until(is_answered, &answer);                                                                           \
                answer.err ? answer.err->message : NULL;                                                               \
        })

static const Caller caller = { .client = &story };

static char *xml_of(const char *name, const char *more) {
        return xasprintf("<domain type='qemu'><name>%s</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>"
                         "<os><type arch='x86_64' machine='pc'>hvm</type></os>%s<devices><emulator>%s</emulator></devices></domain>",
                         name, more, story.emulator);
}

static sd_id128_t define(const char *name, const char *more) {
        CLEANUP(free) char *xml = xml_of(name, more);

        expect_str(CALL(define, xml, 0), NULL);
        return answer.uuid;
}

static const DomainView *view_of(sd_id128_t uuid) {
        return story.driver->verbs->find_uuid(story.driver, uuid);
}

#define expect_state(uuid, wanted_state, wanted_reason)                                                                \
        do {                                                                                                           \
                expect(view_of(uuid) != NULL);                                                                         \
                expect_int(view_of(uuid)->state, ==, wanted_state);                                                    \
                expect_int(view_of(uuid)->reason, ==, wanted_reason);                                                  \
        } while (0)

static void expect_trace(const char *wanted) {
        expect_str(story.trace.text ? story.trace.text : "", wanted);
        strbuf_done(&story.trace);
}

static bool is_off(void *userdata) {
        const DomainView *view = view_of(*(sd_id128_t *) userdata);

        return !view || !view->active;
}

static void until_off(sd_id128_t uuid) {
        until(is_off, &uuid);
}

static size_t n_runtime_files(void) {
        CLEANUP(free) char *path = xasprintf("%s/domains", story.runtime_dir);
        DIR *dir = opendir(path);
        size_t n = 0;

        for (struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_name[0] != '.';
        closedir(dir);
        return n;
}

static sd_id128_t start(const char *members, const char *more) {
        sd_id128_t uuid;

        story_begin(members);
        uuid = define("db1", more);
        expect_trace("defined/0 ");
        expect_str(CALL(create, &caller, uuid, 0), NULL);
        expect_trace("resumed/0 started/0 ");
        expect_state(uuid, DOMAIN_RUNNING, RUNNING_BOOTED);
        return uuid;
}

static void restart_daemon(void) {
        story.driver = qemu_driver_free(story.driver);
        strbuf_done(&story.trace);
        driver_begin();
}

/* ---- A guest's life ---- */

static void test_life(void) {
        sd_id128_t uuid = start("", "");

        expect_int(view_of(uuid)->id, ==, 1);
        expect(view_of(uuid)->pid > 0);
        expect_str(CALL(create, &caller, uuid, 0), "Requested operation is not valid: domain is already running");
        expect_str(CALL(suspend, uuid), NULL);
        expect_state(uuid, DOMAIN_PAUSED, PAUSED_USER);
        expect_str(CALL(suspend, uuid), NULL);
        expect_str(CALL(resume, uuid), NULL);
        expect_state(uuid, DOMAIN_RUNNING, RUNNING_UNPAUSED);
        expect_str(CALL(resume, uuid), "Requested operation is not valid: domain is already running");
        expect_trace("suspended/0 resumed/0 ");
        expect_str(CALL(reset, uuid, 0), NULL);
        expect_trace("event1 ");
        expect_str(CALL(destroy, uuid, 0), NULL);
        expect_trace("shutdown/2 stopped/1 ");
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_DESTROYED);
        expect_int(view_of(uuid)->id, ==, -1);
        expect_int(n_runtime_files(), ==, 0);
        expect_str(CALL(destroy, uuid, 0), "Requested operation is not valid: domain is not running");
        expect_int(answer.err->domain, ==, ERROR_FROM_DOMAIN);
        expect_str(CALL(shutdown, uuid, 0), "Requested operation is not valid: domain is not running");
        expect_int(answer.err->domain, ==, ERROR_FROM_QEMU);
        expect_str(CALL(undefine, uuid, 0), NULL);
        expect_trace("undefined/0 ");
        expect(view_of(uuid) == NULL);
        story_end();
}

static void test_paused(void) {
        sd_id128_t uuid;

        story_begin("");
        uuid = define("db1", "");
        expect_str(CALL(create, &caller, uuid, 1), NULL);
        expect_trace("defined/0 started/0 suspended/0 ");
        expect_state(uuid, DOMAIN_PAUSED, PAUSED_USER);
        expect_str(CALL(create, &caller, uuid, 1 << 10), "unsupported flags (0x400) in function qemuDomainCreateWithFlags");
        expect_str(CALL(destroy, uuid, 1), NULL);
        story_end();
}

static void test_transient(void) {
        CLEANUP(free) char *xml = NULL, *again = NULL;
        sd_id128_t uuid;

        story_begin("");
        xml = xml_of("tr", "");
        expect_str(CALL(create_xml, &caller, xml, 0), NULL);
        uuid = answer.uuid;
        expect_trace("resumed/0 started/0 ");
        expect(!view_of(uuid)->persistent);
        expect_str(CALL(undefine, uuid, 0), "Requested operation is not valid: cannot undefine transient domain");
        expect_str(CALL(set_autostart, uuid, true), "Requested operation is not valid: cannot set autostart for transient domain");
        expect_contains(CALL(create_xml, &caller, xml, 0), "operation failed: domain 'tr' already exists with uuid ");
        expect_str(CALL(xml_desc, uuid, 2), NULL);
        again = xstrdup(answer.text);
        expect_str(CALL(create_xml, &caller, again, 0), "Requested operation is not valid: domain 'tr' is already active");
        expect_str(CALL(define, again, 0), NULL);
        expect_trace("defined/0 ");
        expect(view_of(uuid)->persistent);
        expect_str(CALL(undefine, uuid, 0), NULL);
        expect_trace("undefined/0 ");
        expect_str(CALL(destroy, uuid, 0), NULL);
        expect(view_of(uuid) == NULL);
        script("\"exit\": 1, \"stderr\": \"simulated refusal\"");
        expect(CALL(create_xml, &caller, xml, 0) != NULL);
        restart_daemon();
        expect_str(CALL(why, "{\"domain\": \"tr\"}"), NULL);         /* though there is no such domain */
        expect_contains(answer.text, "simulated refusal");
        expect_contains(CALL(why, "{\"domain\": \"other\"}"), "Domain not found");
        story_end();
}

static void test_autodestroy(void) {
        sd_id128_t uuid;

        story_begin("");
        uuid = define("db1", "");
        expect_str(CALL(create, &caller, uuid, 2), NULL);
        story.driver->verbs->client_gone(story.driver, &answer);
        expect(view_of(uuid)->active);
        story.driver->verbs->client_gone(story.driver, &story);
        until_off(uuid);
        expect_trace("defined/0 resumed/0 started/0 shutdown/2 stopped/1 ");
        story_end();
}

static void test_names(void) {
        CLEANUP(free) char *xml = NULL, *other = NULL, *more = NULL;
        sd_id128_t uuid;

        story_begin("");
        uuid = define("a", "");
        xml = xml_of("a", "");
        expect_contains(CALL(define, xml, 0), "operation failed: domain 'a' already exists with uuid ");
        more = xasprintf("<uuid>" SD_ID128_UUID_FORMAT_STR "</uuid>", SD_ID128_FORMAT_VAL(uuid));
        other = xml_of("b", more);
        expect_contains(CALL(define, other, 0), "operation failed: domain 'a' is already defined with uuid ");
        expect_int(answer.err->domain, ==, ERROR_FROM_DOMAIN);
        story_end();
}

/* ---- Ways to end ---- */

static void test_guest_shuts_down(void) {
        sd_id128_t uuid = start("\"powerdown\": \"shutdown\"", "");

        expect_str(CALL(shutdown, uuid, 0), NULL);
        until_off(uuid);
        expect_trace("shutdown/1 stopped/0 ");
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_SHUTDOWN);
        story_end();
}

static bool is_running(void *userdata) {
        return view_of(*(sd_id128_t *) userdata)->state == DOMAIN_RUNNING;
}

static bool was_reset(void *userdata) {
        return story.trace.text && strstr(story.trace.text, "event1 ");
}

static void test_reboot(void) {
        sd_id128_t uuid = start("\"powerdown\": \"shutdown\"", "");

        expect_str(CALL(reboot, uuid, 0), NULL);
        until(was_reset, NULL);
        until(is_running, &uuid);
        expect_trace("event1 ");
        expect_str(CALL(shutdown, uuid, 0), NULL);
        until_off(uuid);
        story_end();
}

static void test_on_poweroff_restart(void) {
        sd_id128_t uuid = start("\"powerdown\": \"shutdown\"", "<on_poweroff>restart</on_poweroff>");

        expect_str(CALL(shutdown, uuid, 0), NULL);
        until(was_reset, NULL);
        until(is_running, &uuid);
        expect_str(CALL(destroy, uuid, 0), NULL);
        story_end();
}

static void test_panic(void) {
        sd_id128_t uuid = start("\"on\": {\"system_powerdown\": {\"say\": [{\"event\": \"GUEST_PANICKED\", \"data\": {\"action\": \"pause\"}}]}}", "");

        expect_str(CALL(shutdown, uuid, 0), NULL);
        until_off(uuid);
        expect_trace("crashed/0 stopped/2 ");
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_CRASHED);
        story_end();
}

static void expect_killed(int signal, const char *trace, int reason, const char *why) {
        sd_id128_t uuid = start("\"stderr\": \"qemu: simulated last words\"", "");

        kill((pid_t) view_of(uuid)->pid, signal);
        until_off(uuid);
        expect_trace(trace);
        expect_state(uuid, DOMAIN_SHUTOFF, reason);
        expect_int(n_runtime_files(), ==, 0);
        expect_str(CALL(why, "{\"domain\": \"db1\"}"), NULL);
        expect_contains(answer.text, why);
        expect_contains(answer.text, "simulated last words");
        story_end();
}

static void test_killed(void) {
        expect_killed(SIGKILL, "stopped/5 ", SHUTOFF_CRASHED, "killed by signal 9");
        expect_killed(SIGTERM, "shutdown/2 stopped/0 ", SHUTOFF_SHUTDOWN, "exited with status 0");
}

static void test_monitor_lost(void) {
        sd_id128_t uuid = start("\"on\": {\"system_powerdown\": {\"close\": true}}", "");

        expect_contains(CALL(shutdown, uuid, 0), "the monitor of domain 'db1' was lost");
        until_off(uuid);
        expect_trace("stopped/5 ");
        story_end();
}

/* Events in an order, and with members, that no QEMU would send: the daemon stays, and the guest can be destroyed. */
static char *random_events(unsigned seed) {
        static const char *const names[] = { "SHUTDOWN", "STOP", "RESUME", "RESET", "POWERDOWN", "GUEST_PANICKED", "SUSPEND", "SUSPEND_DISK", "WAKEUP",
                                             "RTC_CHANGE", "WATCHDOG", "BLOCK_IO_ERROR", "BALLOON_CHANGE", "VSERPORT_CHANGE", "MIGRATION", "NO_SUCH_EVENT" };
        static const char *const datas[] = { "null", "{}", "[]", "\"text\"", "{\"guest\": true, \"reason\": \"guest-reset\"}", "{\"guest\": \"yes\", \"action\": 7}",
                                             "{\"action\": \"pause\", \"actual\": 18446744073709551615, \"offset\": -1}", "{\"id\": null, \"open\": 1}",
                                             "{\"node-name\": \"libvirt-99999999999-format\", \"action\": \"stop\"}", "{\"status\": \"completed\"}" };
        StrBuf text = {};

        strbuf_add(&text, "\"on\": {\"system_reset\": {\"say\": [");
        for (int i = 0; i < 60; i++) {
                seed = seed * 1103515245 + 12345;
                strbuf_addf(&text, "%s{\"event\": \"%s\", \"data\": %s}", i ? ", " : "", names[(seed >> 16) % N_ELEMENTS(names)],
                            datas[(seed >> 20) % N_ELEMENTS(datas)]);
        }
        strbuf_add(&text, "]}}");
        return strbuf_steal(&text);
}

static void test_random_events(void) {
        for (unsigned seed = 1; seed <= 8; seed++) {
                CLEANUP(free) char *members = random_events(seed);
                sd_id128_t uuid = start(members, seed % 2 ? "<on_crash>preserve</on_crash>" : "<on_crash>restart</on_crash>");

                CALL(reset, uuid, 0);
                for (int i = 0; i < 5; i++)
                        sd_event_run(story.runner.loop, 10 * USEC_PER_MSEC);
                CALL(suspend, uuid);
                CALL(resume, uuid);
                CALL(destroy, uuid, 0);
                expect(!view_of(uuid)->active);
                story_end();
        }
}

static void test_stubborn(void) {
        sd_id128_t uuid = start("\"sigterm\": \"ignore\"", "");
        Domain *domain = driver_find_uuid(qemu_driver(story.driver), uuid);
        Answer first = { .reply.done = on_answer };

        story.driver->verbs->destroy(story.driver, uuid, 0, &first.reply);
        expect(domain->live->kill_timer != NULL);
        sd_event_source_set_time(domain->live->kill_timer, 1);          /* the deadline, at once */
        until(is_answered, &first);
        expect(!first.err);
        expect_trace("stopped/1 ");
        answer_done(&first);
        story_end();
}

/* ---- Starts that fail ---- */

static void test_qemu_refuses(void) {
        sd_id128_t uuid;

        story_begin("\"stderr\": \"qemu-system-x86_64: -device foo: no such thing\", \"exit\": 1");
        uuid = define("db1", "");
        expect_contains(CALL(create, &caller, uuid, 0), "internal error: process exited while connecting to monitor: ");
        expect_contains(answer.err->message, "-device foo: no such thing");
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_FAILED);
        expect_int(n_runtime_files(), ==, 0);
        expect_str(CALL(why, "{\"domain\": \"db1\"}"), NULL);
        expect_contains(answer.text, "\"step\":\"open-monitor\"");
        expect_contains(answer.text, "\"exit_status\":1");
        expect_contains(answer.text, "\"last_sent\":");
        expect_contains(answer.text, "no such thing");
        script("\"on\": {\"cont\": {\"exit\": 1, \"stderr\": \"blocked: SEV\"}}");
        expect_contains(CALL(create, &caller, uuid, 0), "blocked: SEV");
        script("\"on\": {\"cont\": {\"error\": {\"class\": \"GenericError\", \"desc\": \"no way\"}}}");
        expect_str(CALL(create, &caller, uuid, 0), "internal error: unable to execute QEMU command 'cont': no way");
        script("\"greeting\": \"hello\\r\\n\"");
        expect(CALL(create, &caller, uuid, 0) != NULL);
        expect_int(n_runtime_files(), ==, 0);
        script("");
        expect_str(CALL(create, &caller, uuid, 0), NULL);
        expect_str(CALL(destroy, uuid, 0), NULL);
        story_end();
}

/* One start per step, failing there: the undo trace, and nothing left. */
static void test_each_step_fails(void) {
        static const char *const wanted[][2] = {
                { "start.read-definition", "" },
                { "start.probe-emulator", "" },
                { "start.check-policy", "" },
                { "start.name-devices", "" },
                { "start.make-nvram", "-make-nvram " },
                { "start.open-sockets", "-open-sockets -make-nvram " },
                { "start.build-command", "-open-sockets -make-nvram " },
                { "start.record-status", "-record-status -open-sockets -make-nvram " },
                { "start.spawn-qemu", "-spawn-qemu -record-status -open-sockets -make-nvram " },
                { "start.open-monitor", "-open-monitor -spawn-qemu -record-status -open-sockets -make-nvram " },
                { "start.set-up-devices", "-open-monitor -spawn-qemu -record-status -open-sockets -make-nvram " },
                { "start.run-vcpus", "-open-monitor -spawn-qemu -record-status -open-sockets -make-nvram " },
        };
        sd_id128_t uuid;

        story_begin("");
        uuid = define("db1", "");
        strbuf_done(&story.trace);
        for (size_t i = 0; i < N_ELEMENTS(wanted); i++) {
                story.fail_at = wanted[i][0];
                expect_contains(CALL(create, &caller, uuid, 0), "made to fail at ");
                expect_trace(wanted[i][1]);
                expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_FAILED);
                expect_int(n_runtime_files(), ==, 0);
                expect(!driver_find_uuid(qemu_driver(story.driver), uuid)->live);
        }
        story.fail_at = NULL;
        expect_str(CALL(create, &caller, uuid, 0), NULL);
        expect_str(CALL(destroy, uuid, 0), NULL);
        story_end();
}

/* destroy does not wait behind a start that hangs. */
static void test_destroy_during_start(void) {
        Answer started = { .reply.done = on_answer };
        sd_id128_t uuid;

        story_begin("\"on\": {\"query-status\": {\"hang\": true}}");
        uuid = define("db1", "");
        strbuf_done(&story.trace);
        story.driver->verbs->create(story.driver, &caller, uuid, 0, &started.reply);
        while (!view_of(uuid)->pid)
                sd_event_run(story.runner.loop, 100 * USEC_PER_MSEC);
        expect_str(CALL(destroy, uuid, 0), NULL);
        until(is_answered, &started);
        expect_str(started.err->message, "operation aborted: domain 'db1' is being destroyed");
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_DESTROYED);
        expect_int(n_runtime_files(), ==, 0);
        answer_done(&started);
        story_end();
}

static void test_refused_by_policy(void) {
        sd_id128_t uuid;

        story_begin("");
        uuid = define("sev", "<launchSecurity type='sev'><policy>0x3</policy></launchSecurity>");
        expect(CALL(start, &caller, "{\"domain\": \"sev\", \"migratable\": \"required\"}") != NULL);
        expect_int(answer.err->code, ==, ERROR_CONFIG_UNSUPPORTED);
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_FAILED);
        expect_str(CALL(why, "{\"domain\": \"sev\"}"), NULL);
        expect_contains(answer.text, "\"step\":\"check-policy\"");
        expect_contains(answer.text, "\"verdict\":\"refuse\"");
        story_end();
}

/* UEFI variables: made from the template at the first start, taken back when it fails, kept until an undefine says what to do. */
static void test_nvram(void) {
        CLEANUP(free) char *xml = NULL, *vars = NULL, *text = NULL;
        sd_id128_t uuid;
        size_t len;

        story_begin("");
        write_text(story.dir, "OVMF_CODE.fd", "code", 0644);
        xml = xasprintf("<domain type='qemu'><name>efi</name><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type>"
                        "<loader readonly='yes' type='pflash'>%s/OVMF_CODE.fd</loader><nvram>%s/nv/efi.fd</nvram></os><features><acpi/></features><devices><emulator>%s</emulator></devices>"
                        "</domain>", story.dir, story.dir, story.emulator);
        expect_str(CALL(define, xml, 0), NULL);
        uuid = answer.uuid;
        vars = xasprintf("%s/nv/efi.fd", story.dir);
        expect_contains(CALL(create, &caller, uuid, 0), "cannot read the template");
        write_text(story.dir, "OVMF_VARS.fd", "variables", 0644);
        script("\"exit\": 1");
        expect(CALL(create, &caller, uuid, 0) != NULL);
        expect_int(access(vars, F_OK), <, 0);
        script("");
        expect_str(CALL(create, &caller, uuid, 0), NULL);
        expect_int(fs_read_at(AT_FDCWD, vars, 100, &text, &len), ==, 0);
        expect_str(text, "variables");
        expect_str(CALL(destroy, uuid, 0), NULL);
        expect_str(CALL(undefine, uuid, 0), "Requested operation is not valid: cannot undefine domain with nvram");
        expect_str(CALL(undefine, uuid, 4), NULL);
        expect_int(access(vars, F_OK), <, 0);
        story_end();
}

/* What the first start of a host-model guest fixed is there for every later verdict, until the guest is undefined. */
static void test_pin(void) {
        CpuChange stripped = { .kind = CPU_CHANGE_STRIPPED, .feature = (char *) "unpack" };
        CpuExpansion with = { .implicit = true, .has_secure = true }, explicit = { .has_secure = true };
        CpuExpansion without = { .implicit = true, .changes = &stripped, .n_changes = 1 };
        sd_id128_t uuid, other;

        story_begin("");
        uuid = define("db1", "");
        other = define("db2", "");
        cpu_pin_record(driver_find_uuid(qemu_driver(story.driver), uuid), &explicit);
        expect_int(cpu_pin_read(qemu_driver(story.driver), uuid), ==, CPU_PIN_NONE);
        cpu_pin_record(driver_find_uuid(qemu_driver(story.driver), uuid), &with);
        cpu_pin_record(driver_find_uuid(qemu_driver(story.driver), other), &without);
        restart_daemon();
        expect_int(cpu_pin_read(qemu_driver(story.driver), uuid), ==, CPU_PIN_WITH_SECURE);
        expect_int(cpu_pin_read(qemu_driver(story.driver), other), ==, CPU_PIN_WITHOUT_SECURE);
        cpu_pin_record(driver_find_uuid(qemu_driver(story.driver), uuid), &without);    /* the first one holds */
        expect_int(cpu_pin_read(qemu_driver(story.driver), uuid), ==, CPU_PIN_WITH_SECURE);
        expect_str(CALL(undefine, uuid, 0), NULL);
        expect_int(cpu_pin_read(qemu_driver(story.driver), uuid), ==, CPU_PIN_NONE);
        story_end();
}

static void test_start_request(void) {
        story_begin("");
        define("db1", "");
        expect_contains(CALL(start, &caller, "{\"domain\": \"nope\"}"), "Domain not found");
        expect_contains(CALL(start, &caller, "{\"domain\": \"db1\", \"migratable\": \"maybe\"}"), "required, preferred or no");
        expect_contains(CALL(start, &caller, "{\"domain\": \"db1\", \"pause\": true}"), "pause");
        expect_contains(CALL(start, &caller, "{"), "request");
        expect_str(CALL(start, &caller, "{\"domain\": \"db1\", \"migratable\": \"required\", \"paused\": true}"), NULL);
        expect_contains(answer.text, "\"verdict\":\"allow\"");
        expect_str(CALL(monitor_command, driver_find_name(qemu_driver(story.driver), "db1")->uuid, "{\"execute\":\"nope\",\"id\":\"x\"}", 0), NULL);
        expect_str(answer.text, "{\"id\":\"x\",\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command nope has not been found\"}}");
        expect_str(CALL(destroy, driver_find_name(qemu_driver(story.driver), "db1")->uuid, 0), NULL);
        story_end();
}

/* What the command line cannot say is said before the guest runs. */
static void test_set_up_devices(void) {
        CLEANUP(free) char *log = NULL, *members = NULL, *xml = NULL, *place = NULL;
        sd_id128_t uuid;
        const char *at;
        size_t len;

        story_begin("");
        place = xasprintf("%s/log", story.dir);
        members = xasprintf("\"log\": \"%s\"", place);
        script(members);
        xml = xasprintf("<domain type='qemu'><name>db1</name><memory unit='MiB'>64</memory><currentMemory unit='MiB'>32</currentMemory><vcpu>1</vcpu>"
                        "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>%s</emulator>"
                        "<interface type='user'><mac address='52:54:00:00:00:01'/><link state='down'/></interface>"
                        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel><graphics type='vnc' autoport='yes'/>"
                        "<memballoon model='virtio'><stats period='7'/></memballoon></devices></domain>", story.emulator);
        expect_str(CALL(create_xml, &caller, xml, 0), NULL);
        expect_int(fs_read_at(AT_FDCWD, place, 100000, &log, &len), ==, 0);
        at = strstr(log, "[\"set_link\", {\"name\": \"net0\", \"up\": false}]");
        expect(at != NULL);
        at = strstr(at, "guest-stats-polling-interval\", \"value\": 7");
        expect(at != NULL);
        at = strstr(at, "[\"balloon\", {\"value\": 33554432}]");
        expect(at != NULL);
        expect(strstr(at, "[\"cont\"") != NULL);
        uuid = driver_find_name(qemu_driver(story.driver), "db1")->uuid;
        expect_str(CALL(xml_desc, uuid, 0), NULL);
        expect_contains(answer.text, "<currentMemory unit='KiB'>65536</currentMemory>");        /* the guest has not given any back */
        expect_contains(answer.text, "run/domains/");
        expect_contains(answer.text, "state='disconnected'");
        expect_contains(answer.text, "autoport='yes' listen='127.0.0.1'");
        expect_str(CALL(xml_desc, uuid, 8), NULL);
        expect(!strstr(answer.text, "run/domains/"));                   /* what the start chose does not travel */
        expect(!strstr(answer.text, "127.0.0.1"));
        expect_str(CALL(destroy, driver_find_name(qemu_driver(story.driver), "db1")->uuid, 0), NULL);
        story_end();
}

/* ---- Jobs ---- */

static void test_queue(void) {
        sd_id128_t uuid = start("\"on\": {\"stop\": {\"hang\": true}}", "");
        Answer stuck = { .reply.done = on_answer }, *waiting = xnew_n(Answer, DOMAIN_MAX_WAITING);

        story.driver->verbs->suspend(story.driver, uuid, &stuck.reply);
        for (int i = 0; i < DOMAIN_MAX_WAITING; i++) {
                waiting[i].reply.done = on_answer;
                story.driver->verbs->suspend(story.driver, uuid, &waiting[i].reply);
        }
        expect_contains(CALL(suspend, uuid), "cannot acquire state change lock of domain 'db1': suspend");
        expect_int(answer.err->code, ==, ERROR_OPERATION_TIMEOUT);
        expect_str(CALL(xml_desc, uuid, 0), NULL);              /* a query does not queue */
        expect_str(CALL(destroy, uuid, 0), NULL);               /* nor does destroy */
        until(is_answered, &waiting[DOMAIN_MAX_WAITING - 1]);
        expect_contains(stuck.err->message, "is being destroyed");
        answer_done(&stuck);
        for (int i = 0; i < DOMAIN_MAX_WAITING; i++) {
                expect_contains(waiting[i].err->message, "domain is not running");
                answer_done(&waiting[i]);
        }
        free(waiting);
        story_end();
}

static void test_daemon_ends_with_jobs(void) {
        sd_id128_t uuid = start("\"on\": {\"stop\": {\"hang\": true}}", "");
        Answer stuck = { .reply.done = on_answer }, behind = { .reply.done = on_answer };
        pid_t pid = (pid_t) view_of(uuid)->pid;

        story.driver->verbs->suspend(story.driver, uuid, &stuck.reply);
        story.driver->verbs->resume(story.driver, uuid, &behind.reply);
        for (int i = 0; i < 10; i++)
                sd_event_run(story.runner.loop, 10 * USEC_PER_MSEC);
        story.driver = qemu_driver_free(story.driver);
        expect_contains(stuck.err->message, "virtwardd is ending");
        expect_contains(behind.err->message, "virtwardd is ending");
        expect_int(kill(pid, SIGKILL), ==, 0);                  /* the guest went on */
        answer_done(&stuck);
        answer_done(&behind);
        story_end();
}

/* ---- A second daemon ---- */

static bool is_adopted(void *userdata) {
        Domain *domain = driver_find_uuid(qemu_driver(story.driver), *(sd_id128_t *) userdata);

        return domain && !domain->job;
}

static void test_found_again(void) {
        sd_id128_t uuid = start("", ""), other;
        int64_t pid = view_of(uuid)->pid;

        restart_daemon();
        expect_state(uuid, DOMAIN_RUNNING, RUNNING_BOOTED);     /* at once, before its monitor is open */
        expect_int(view_of(uuid)->pid, ==, pid);
        until(is_adopted, &uuid);
        expect_state(uuid, DOMAIN_RUNNING, RUNNING_BOOTED);
        expect_int(view_of(uuid)->id, ==, 1);
        expect(view_of(uuid)->persistent);
        expect_str(CALL(suspend, uuid), NULL);
        restart_daemon();
        until(is_adopted, &uuid);
        expect_state(uuid, DOMAIN_PAUSED, PAUSED_USER);
        other = define("db2", "");
        expect_str(CALL(create, &caller, other, 0), NULL);
        expect_int(view_of(other)->id, ==, 2);
        expect_str(CALL(destroy, uuid, 0), NULL);
        expect_str(CALL(destroy, other, 0), NULL);
        expect_trace("defined/0 resumed/0 started/0 shutdown/2 stopped/1 shutdown/2 stopped/1 ");
        story_end();
}

static void test_died_meanwhile(void) {
        sd_id128_t uuid = start("", "");
        pid_t pid = (pid_t) view_of(uuid)->pid;

        story.driver = qemu_driver_free(story.driver);
        kill(pid, SIGKILL);
        expect_int(waitpid(pid, NULL, 0), ==, pid);
        driver_begin();
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_CRASHED);
        expect_int(n_runtime_files(), ==, 0);
        expect_str(CALL(why, "{\"domain\": \"db1\"}"), NULL);
        story_end();
}

/* The daemon dies in the middle of a start: the next one undoes it. */
static void test_start_interrupted(void) {
        Answer started = { .reply.done = on_answer };
        sd_id128_t uuid;
        pid_t pid;

        story_begin("\"on\": {\"cont\": {\"hang\": true}}");
        uuid = define("db1", "");
        story.driver->verbs->create(story.driver, &caller, uuid, 0, &started.reply);
        while (!view_of(uuid)->pid)
                sd_event_run(story.runner.loop, 100 * USEC_PER_MSEC);
        pid = (pid_t) view_of(uuid)->pid;
        for (int i = 0; i < 10; i++)
                sd_event_run(story.runner.loop, 50 * USEC_PER_MSEC);
        script("");
        restart_daemon();
        answer_done(&started);
        until_off(uuid);
        expect_state(uuid, DOMAIN_SHUTOFF, SHUTOFF_FAILED);
        expect_int(n_runtime_files(), ==, 0);
        expect_int(waitpid(pid, NULL, WNOHANG), ==, pid);
        story_end();
}

static void test_bad_status_files(void) {
        CLEANUP(free) char *path = NULL;

        story_begin("");
        path = xasprintf("run/domains/%s", "11111111-1111-1111-1111-111111111111.json");
        write_text(story.dir, path, "{\"version\": 1, \"name\": \"x\"", 0600);
        write_text(story.dir, "run/domains/other.json", "{\"version\": 77}", 0600);
        write_text(story.dir, "run/domains/.#x.json", "", 0600);
        restart_daemon();
        expect(driver_find_name(qemu_driver(story.driver), "x") == NULL);
        story_end();
}

/* ---- Definitions ---- */

static void test_metadata(void) {
        sd_id128_t uuid;

        story_begin("");
        uuid = define("db1", "");
        strbuf_done(&story.trace);
        expect_str(CALL(get_metadata, uuid, 1, NULL, 0), "metadata not found: Requested metadata element is not present");
        expect_int(answer.err->domain, ==, ERROR_FROM_DOMAIN);
        expect_str(CALL(set_metadata, uuid, 1, "t", NULL, NULL, 1), "Requested operation is not valid: domain is not running");
        expect_str(CALL(set_metadata, uuid, 1, "a\nb", NULL, NULL, 2), "metadata title can't contain newlines");
        expect_str(CALL(set_metadata, uuid, 7, "a", NULL, NULL, 2), "invalid argument: unknown metadata type '7'");
        expect_str(CALL(set_metadata, uuid, 1, "Data base", NULL, NULL, 0), NULL);
        expect_trace("metadata/1 ");
        expect_str(view_of(uuid)->title, "Data base");
        expect_str(CALL(get_metadata, uuid, 1, NULL, 0), NULL);
        expect_str(answer.text, "Data base");
        expect_str(CALL(create, &caller, uuid, 0), NULL);
        expect_str(CALL(set_metadata, uuid, 1, "live", NULL, NULL, 0), NULL);
        expect_str(CALL(get_metadata, uuid, 1, NULL, 1), NULL);
        expect_str(answer.text, "live");
        expect_str(CALL(get_metadata, uuid, 1, NULL, 2), NULL);
        expect_str(answer.text, "Data base");
        expect_str(CALL(set_autostart, uuid, true), NULL);
        expect(view_of(uuid)->autostart);
        expect_str(CALL(destroy, uuid, 0), NULL);
        restart_daemon();
        expect_str(view_of(uuid)->title, "Data base");
        expect(view_of(uuid)->autostart);
        story_end();
}

static bool has_message(void *userdata) {
        return view_of(*(sd_id128_t *) userdata)->n_messages > 0;
}

/* QEMU does not say when it can no longer be migrated: it is asked again at every change of state. */
static void test_blockers(void) {
        sd_id128_t uuid = start("\"blocked\": [\"SEV: Migration is not implemented\"]", "");

        until(has_message, &uuid);
        expect_str(view_of(uuid)->messages[0], "not migratable: SEV: Migration is not implemented");
        expect_str(CALL(suspend, uuid), NULL);
        expect_int(view_of(uuid)->n_messages, ==, 1);
        expect_str(CALL(destroy, uuid, 0), NULL);
        expect_int(view_of(uuid)->n_messages, ==, 0);
        story_end();
}

static void test_stats(void) {
        sd_id128_t uuid = start("", "");

        expect_str(CALL(stats, &uuid, 1, 0, 0), NULL);
        expect_str(CALL(stats, NULL, 0, 1 << 29, 1u << 31),
                   "argument unsupported: Stats types bits 0x20000000 are not supported by this daemon or QEMU");
        expect_str(CALL(job_stats, uuid, 0), NULL);
        expect_str(CALL(abort_job, uuid, 0), "Requested operation is not valid: no job is active on the domain");
        expect_str(CALL(destroy, uuid, 0), NULL);
        expect_str(CALL(job_stats, uuid, 0), "Requested operation is not valid: domain is not running");
        expect_str(CALL(job_stats, uuid, 1), NULL);
        story_end();
}

/* One emulator for all stories, so that it is probed once. */
static void share_emulator(void) {
        CLEANUP(free) char *wrapper = NULL, *cache = NULL;

        if (!mkdtemp(shared))
                exit(1);
        wrapper = xasprintf("#!/bin/sh\nexec /usr/bin/python3 %s/sim-qemu/sim-qemu.py %s/script.json \"$@\"\n", getenv("TESTS_DIR"), shared);
        write_text(shared, "qemu-system-x86_64", wrapper, 0755);
        cache = xasprintf("%s/cache", shared);
        if (mkdir(cache, 0700) < 0)
                exit(1);
}

static int run_all(void) {
        return tap_run((const TapTest[]) {
                { "a guest's life", test_life },
                { "started paused", test_paused },
                { "transient, then stored, then not", test_transient },
                { "ends with its client", test_autodestroy },
                { "a name and a uuid belong together", test_names },
                { "the guest shuts down", test_guest_shuts_down },
                { "reboot by the power button", test_reboot },
                { "on_poweroff restart", test_on_poweroff_restart },
                { "the guest panics", test_panic },
                { "QEMU is killed from outside", test_killed },
                { "the monitor is lost", test_monitor_lost },
                { "QEMU says what none would say", test_random_events },
                { "QEMU ignores SIGTERM", test_stubborn },
                { "QEMU refuses to start", test_qemu_refuses },
                { "each step of a start made to fail", test_each_step_fails },
                { "destroyed during a start", test_destroy_during_start },
                { "refused by policy", test_refused_by_policy },
                { "UEFI variables", test_nvram },
                { "the CPU of the first start is remembered", test_pin },
                { "a start with an intent", test_start_request },
                { "devices are set up before the guest runs", test_set_up_devices },
                { "jobs queue, with a bound; reads and destroy do not", test_queue },
                { "the daemon ends while jobs wait", test_daemon_ends_with_jobs },
                { "a second daemon finds the guest", test_found_again },
                { "QEMU died while no daemon ran", test_died_meanwhile },
                { "the daemon died during a start", test_start_interrupted },
                { "status files that are none", test_bad_status_files },
                { "title and autostart", test_metadata },
                { "why it cannot migrate", test_blockers },
                { "statistics and jobs", test_stats },
                {},
        });
}

int main(void) {
        int r;

        log_set_level(getenv("DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
        share_emulator();
        r = run_all();
        nftw(shared, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return r;
}
