/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/why.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "drivers/qemu/qemu_driver.h"
#include "util/fs.h"
#include "util/log.h"

#define EXCERPT_BYTES 1000
#define WHY_MAX (24 * STDERR_TAIL_BYTES)        /* every byte of it may need an escape */

/* ---- stderr ---- */

struct StderrTail {
        int fd;
        sd_event_source *source;
        char *ring;
        size_t start, len;              /* the oldest byte, and how many there are */
};

static void tail_keep(StderrTail *tail, const char *bytes, size_t n) {
        if (!tail->ring)
                tail->ring = xmalloc(STDERR_TAIL_BYTES);
        for (size_t i = 0; i < n; i++) {
                tail->ring[(tail->start + tail->len) % STDERR_TAIL_BYTES] = bytes[i];
                if (tail->len < STDERR_TAIL_BYTES)
                        tail->len++;
                else
                        tail->start = (tail->start + 1) % STDERR_TAIL_BYTES;
        }
}

void stderr_tail_drain(StderrTail *tail) {
        char bytes[4096];
        ssize_t n;

        for (int i = 0; i < STDERR_TAIL_BYTES / (int) sizeof(bytes); i++) {
                n = read(tail->fd, bytes, sizeof(bytes));
                if (n <= 0)
                        return;
                tail_keep(tail, bytes, n);
        }
}

static int on_stderr(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        stderr_tail_drain(userdata);
        return 0;
}

int stderr_tail_open_writer(int dir_fd, const char *name, Error **err) {
        int fd;

        if (mkfifoat(dir_fd, name, 0600) < 0 && errno != EEXIST)
                return error_set_errno(err, errno, "cannot make the FIFO '%s' for QEMU's messages", name);
        fd = openat(dir_fd, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? error_set_errno(err, errno, "cannot open the FIFO '%s' for QEMU's messages", name) : fd;
}

int stderr_tail_open(sd_event *loop, int dir_fd, const char *name, StderrTail **ret, Error **err) {
        StderrTail *tail;
        int fd = stderr_tail_open_writer(dir_fd, name, err), r;

        if (fd < 0)
                return -1;
        tail = xnew(StderrTail);
        tail->fd = fd;
        r = sd_event_add_io(loop, &tail->source, fd, EPOLLIN, on_stderr, tail);
        if (r < 0) {
                stderr_tail_free(tail);
                return error_set_errno(err, -r, "cannot watch the FIFO '%s'", name);
        }
        *ret = tail;
        return 0;
}

StderrTail *stderr_tail_free(StderrTail *tail) {
        if (!tail)
                return NULL;
        sd_event_source_disable_unref(tail->source);
        close_fd(tail->fd);
        free(tail->ring);
        free(tail);
        return NULL;
}

char *stderr_tail_text(const StderrTail *tail) {
        char *text = xmalloc((tail ? tail->len : 0) + 1);
        size_t n = 0;

        for (; tail && n < tail->len; n++)
                text[n] = tail->ring[(tail->start + n) % STDERR_TAIL_BYTES];
        text[n] = 0;
        return text;
}

char *stderr_tail_excerpt(const StderrTail *tail) {
        CLEANUP(free) char *text = stderr_tail_text(tail);
        size_t end = strlen(text);
        char *from = text, *line;

        while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r' || text[end - 1] == ' '))
                text[--end] = 0;
        if (end > EXCERPT_BYTES) {
                from = text + end - EXCERPT_BYTES;
                line = strchr(from, '\n');
                from = line ? line + 1 : from;
        }
        return *from ? xstrdup(from) : NULL;
}

/* ---- the story ---- */

static void why_name(sd_id128_t uuid, char name[64]) {
        snprintf(name, 64, SD_ID128_UUID_FORMAT_STR ".json", SD_ID128_FORMAT_VAL(uuid));
}

static void add_exit(json_object *story, const ProcessExit *how) {
        CLEANUP(free) char *text = process_exit_text(how);

        json_add_string(story, "exit", text);
        if (how->known)
                json_add_int(story, how->signal ? "signal" : "exit_status", how->signal ? how->signal : how->status);
}

/* QEMU's bytes may be anything; JSON wants UTF-8, so what is not is shown as '?'. */
static void add_text(json_object *story, const char *key, char *text) {
        json_object *probe;
        CLEANUP(free) char *quoted = NULL;

        probe = json_object_new_string(text);
        quoted = json_text(probe);
        json_object_put(probe);
        if (json_parse(quoted, strlen(quoted), "text", &probe, NULL) < 0) {
                for (char *c = text; *c; c++)
                        if ((unsigned char) *c >= 0x80)
                                *c = '?';
        } else {
                json_object_put(probe);
        }
        json_add_string(story, key, text);
}

static void add_live(json_object *story, DomainLive *live) {
        CLEANUP(free) char *errors = NULL, *sent = xstrdup(live->last_sent), *received = xstrdup(live->last_received);

        if (live->errors)
                stderr_tail_drain(live->errors);
        errors = stderr_tail_text(live->errors);
        add_text(story, "stderr", errors);
        if (live->qmp) {
                sent = xstrdup(qmp_client_last_sent(live->qmp));
                received = xstrdup(qmp_client_last_received(live->qmp));
        }
        if (sent)
                add_text(story, "last_sent", sent);
        if (received)
                add_text(story, "last_received", received);
}

static int64_t now_msec(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_object *story_new(const Domain *domain) {
        json_object *story = json_object_new_object();
        char uuid[SD_ID128_UUID_STRING_MAX];

        json_add_string(story, "domain", domain->name);
        json_add_string(story, "uuid", sd_id128_to_uuid_string(domain->uuid, uuid));
        json_add_int(story, "time", now_msec() / 1000);
        json_add_int(story, "time_msec", now_msec());
        return story;
}

/* ---- Domains that are no more ---- */

/* The latest of that name; NULL: none. */
static GoneDomain *gone_find(QemuDriver *driver, const char *name) {
        GoneDomain *found = NULL;

        for (size_t i = 0; i < N_ELEMENTS(driver->gone); i++)
                if (streq(driver->gone[i].name, name) && (!found || driver->gone[i].time > found->time))
                        found = &driver->gone[i];
        return found;
}

static GoneDomain *gone_find_uuid(QemuDriver *driver, sd_id128_t uuid) {
        for (size_t i = 0; i < N_ELEMENTS(driver->gone); i++)
                if (driver->gone[i].name && sd_id128_equal(driver->gone[i].uuid, uuid))
                        return &driver->gone[i];
        return NULL;
}

/* The oldest makes room, and its story goes with it unless a domain of that UUID is there again. */
static void gone_add(QemuDriver *driver, const char *name, sd_id128_t uuid, int64_t time) {
        GoneDomain *gone = gone_find_uuid(driver, uuid);

        if (!gone) {
                gone = &driver->gone[driver->n_gone++ % N_ELEMENTS(driver->gone)];
                if (gone->name && !driver_find_uuid(driver, gone->uuid))
                        why_forget(driver, gone->uuid);
        }
        free(gone->name);
        *gone = (GoneDomain) { .name = xstrdup(name), .uuid = uuid, .time = time };
}

static void why_load_file(QemuDriver *driver, const char *file) {
        CLEANUP(json_put) json_object *story = NULL;
        CLEANUP(free) char *text = NULL;
        sd_id128_t uuid;
        size_t len;

        if (fs_read_at(driver->why_fd, file, WHY_MAX, &text, &len) < 0 || json_parse(text, len, file, &story, NULL) < 0 ||
            !json_get_string(story, "domain") || sd_id128_from_string(json_get_string(story, "uuid") ? json_get_string(story, "uuid") : "", &uuid) < 0)
                unlinkat(driver->why_fd, file, 0);
        else
                gone_add(driver, json_get_string(story, "domain"), uuid, json_get_int(story, "time_msec", 0));
}

/* Stories of domains that are stored are not even read. */
static bool belongs_to_nobody(QemuDriver *driver, const char *file) {
        char text[SD_ID128_UUID_STRING_MAX];
        sd_id128_t uuid;

        if (strlen(file) != sizeof(text) - 1 + strlen(".json"))
                return false;
        snprintf(text, sizeof(text), "%.36s", file);
        return sd_id128_from_string(text, &uuid) >= 0 && !driver_find_uuid(driver, uuid);
}

void why_load(QemuDriver *driver) {
        int fd = openat(driver->why_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        for (struct dirent *entry; dir && (entry = readdir(dir));)
                if (belongs_to_nobody(driver, entry->d_name))
                        why_load_file(driver, entry->d_name);
        if (dir)
                closedir(dir);
}

void why_done(QemuDriver *driver) {
        for (size_t i = 0; i < N_ELEMENTS(driver->gone); i++)
                free(driver->gone[i].name);
}

/* ---- the end ---- */

/* The old story goes first: ext4 writes a file out at once when it is renamed over another, and a destroy would wait for the disk. */
static int story_write(int dir_fd, const char *name, const char *text) {
        unlinkat(dir_fd, name, 0);
        return fs_replace_at(dir_fd, name, text, strlen(text), 0600, false);
}

void why_record(Domain *domain, const char *operation, const char *step, const Error *err, json_object *report) {
        CLEANUP(json_put) json_object *story = story_new(domain);
        CLEANUP(free) char *text = NULL;
        char name[64];
        int r;

        json_add_string(story, "operation", operation);
        json_add_string(story, "step", step);
        json_add_string(story, "error", err ? err->message : NULL);
        if (report)
                json_add(story, "report", json_object_get(report));
        if (domain->live) {
                if (domain->live->exited)
                        add_exit(story, &domain->live->exit);
                add_live(story, domain->live);
        }
        text = json_text(story);
        why_name(domain->uuid, name);
        r = story_write(domain->driver->why_fd, name, text);
        if (!domain->persistent)
                gone_add(domain->driver, domain->name, domain->uuid, json_get_int(story, "time_msec", 0));
        if (r < 0)
                log_warning("domain '%s': cannot keep the story of its end: %s", domain->name, strerror(-r));
}

void why_forget(QemuDriver *driver, sd_id128_t uuid) {
        char name[64];

        why_name(uuid, name);
        unlinkat(driver->why_fd, name, 0);
}

/* ---- the verb ---- */

static void why_answer_live(const Domain *domain, Reply *reply) {
        CLEANUP(json_put) json_object *story = story_new(domain);
        CLEANUP(free) char *text = NULL, *holder = domain->job ? domain_job_text(domain->job) : NULL;

        json_add_bool(story, "running", true);
        json_add_string(story, "job", holder);
        json_add_int(story, "pid", domain->view.pid);
        add_live(story, domain->live);
        text = json_text(story);
        reply_text(reply, text);
}

/* Of a domain that is stopped, or of one that is no more (then it is named by UUID). */
static int why_read(QemuDriver *driver, sd_id128_t uuid, const char *what, char **ret, Error **err) {
        char name[64];
        int r;

        why_name(uuid, name);
        r = fs_read_at(driver->why_fd, name, WHY_MAX, ret, NULL);
        if (r == -ENOENT)
                return error_set(err, ERROR_OPERATION_INVALID, "nothing is known of an earlier start or end of domain '%s'; it has not been started here", what);
        return r < 0 ? error_set_errno(err, -r, "cannot read what is known of domain '%s'", what) : 0;
}

void qemu_why(Driver *base, const char *request, Reply *reply) {
        QemuDriver *driver = qemu_driver(base);
        CLEANUP(json_put) json_object *asked = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;
        const char *name = NULL;
        const GoneDomain *gone;
        sd_id128_t uuid;
        Domain *domain;

        if (json_parse(request, strlen(request), "the request", &asked, &err) >= 0) {
                name = json_get_string(asked, "domain");
                if (!name)
                        error_set(&err, ERROR_INVALID_ARG, "the request names no 'domain'");
        }
        domain = name ? driver_find_text(driver, name) : NULL;
        if (domain && domain->live) {
                why_answer_live(domain, reply);
                return;
        }
        gone = name ? gone_find(driver, name) : NULL;
        if (domain || gone)
                uuid = domain ? domain->uuid : gone->uuid;
        else if (!err && sd_id128_from_string(name, &uuid) < 0)
                error_set(&err, ERROR_NO_DOMAIN, "no domain with matching name '%s'", name);
        if (!err)
                why_read(driver, uuid, name, &text, &err);
        if (err)
                reply_fail(reply, err);
        else
                reply_text(reply, text);
}
