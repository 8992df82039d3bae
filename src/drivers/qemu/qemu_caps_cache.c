/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qemu_caps_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>

#include "drivers/qemu/qemu_arch.h"
#include "drivers/qemu/qemu_binaries.h"
#include "drivers/qemu/qemu_identity.h"
#include "drivers/qemu/qemu_probe.h"
#include "util/fs.h"
#include "util/log.h"

/* Of the files; another number than ours is another file. Raised whenever a probe asks or keeps something new. */
#define CACHE_FORMAT 4
#define MAX_CACHE_FILE (16 * 1024 * 1024)

typedef struct CacheEntry CacheEntry;

struct QemuCapsRequest {
        CacheEntry *entry;              /* owns it */
        QemuCapsRequest *next;
        QemuCapsCallback callback;
        void *userdata;
};

struct CacheEntry {                     /* one binary */
        QemuCapsCache *cache;
        char *binary;
        char *identity;                 /* that caps belongs to, or that is being probed */
        QemuCaps *caps;                 /* owned; NULL: not known (yet) */
        QemuProbe *probes[QEMU_ACCEL_MAX];
        QemuProbeAnswer answers[QEMU_ACCEL_MAX];        /* owned; nothing in it: not asked */
        unsigned n_running;
        QemuCapsRequest *requests;      /* oldest first */
        char *note, *note_identity;
        bool drop;                      /* caps is not wanted in memory for itself */
};

struct QemuCapsCache {
        sd_event *loop;
        int dir_fd;
        char *host_identity;            /* NULL: not yet asked for */
        QemuBinaries *binaries;
        QemuProbeUser user;
        struct lh_table *entries;       /* binary -> CacheEntry, owned */
};

static const char *const accel_names[QEMU_ACCEL_MAX] = { "tcg", "kvm" };

static void answer_done(QemuProbeAnswer *answer) {
        json_put(answer->common);
        cpu_host_free(answer->cpu_host);
        error_free(answer->err);
        *answer = (QemuProbeAnswer) {};
}

static void entry_free(struct lh_entry *item) {
        CacheEntry *entry = (CacheEntry *) lh_entry_v(item);

        for (int i = 0; i < QEMU_ACCEL_MAX; i++) {
                qemu_probe_free(entry->probes[i]);
                answer_done(&entry->answers[i]);
        }
        qemu_caps_unref(entry->caps);
        free(entry->note);
        free(entry->note_identity);
        free(entry->identity);
        free(entry->binary);
        free(entry);
}

QemuCapsCache *qemu_caps_cache_new(sd_event *loop, int dir_fd, const char *search_path) {
        QemuCapsCache *cache = xnew(QemuCapsCache);

        cache->loop = sd_event_ref(loop);
        cache->dir_fd = dir_fd < 0 ? -1 : fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
        cache->binaries = qemu_binaries_new(search_path);
        cache->entries = lh_kchar_table_new(16, entry_free);
        return cache;
}

void qemu_caps_cache_set_user(QemuCapsCache *cache, uid_t uid, gid_t gid) {
        cache->user = (QemuProbeUser) { .change = true, .uid = uid, .gid = gid };
}

const char *const *qemu_caps_cache_binaries(QemuCapsCache *cache) {
        return qemu_binaries_list(cache->binaries);
}

const char *qemu_caps_cache_default_binary(QemuCapsCache *cache, const char *arch) {
        return qemu_binaries_default(cache->binaries, arch);
}

/* ---- Files ---- */

/* "qemu-system-x86_64-9a0364b9e99bb480.json": the name for people, the hash (FNV-1a) of the whole path against two of one name. */
static char *file_name(const char *binary) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        const char *slash = strrchr(binary, '/');
        char *name;

        for (const char *c = binary; *c; c++)
                hash = (hash ^ (uint8_t) *c) * UINT64_C(0x100000001b3);
        name = xasprintf("%.100s-%016llx.json", slash ? slash + 1 : binary, (unsigned long long) hash);
        for (char *c = name; *c; c++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *c))
                        *c = '_';
        return name;
}

static QemuCaps *read_file(QemuCapsCache *cache, const char *binary, const char *identity) {
        CLEANUP(free) char *name = file_name(binary), *text = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(json_put) json_object *json = NULL;
        QemuCaps *caps = NULL;
        size_t len;
        int r = cache->dir_fd < 0 ? -ENOENT : fs_read_at(cache->dir_fd, name, MAX_CACHE_FILE, &text, &len);

        if (r == -ENOENT)
                return NULL;
        if (r < 0 || json_parse(text, len, name, &json, &err) < 0) {
                log_warning("cache file '%s' is ignored: %s", name, err ? err->message : strerror(-r));
                return NULL;
        }
        if (!streq(json_get_string(json, "identity"), identity) || json_get_int(json, "format", 0) != CACHE_FORMAT ||
            !streq(json_get_string(json, "written_by"), VERSION))
                return NULL;
        free(STEAL(text));
        if (qemu_caps_from_json(STEAL(json), name, &caps, &err) < 0)
                log_warning("cache file '%s' is ignored: %s", name, err->message);
        malloc_trim(0);                 /* JSON is many times as large as what is kept of it */
        return caps;
}

static void write_file(QemuCapsCache *cache, const char *binary, json_object *json) {
        CLEANUP(free) char *name = file_name(binary), *text = NULL;
        int r;

        if (cache->dir_fd < 0)
                return;
        text = json_text(json);
        r = fs_replace_at(cache->dir_fd, name, text, strlen(text), 0600, false);
        if (r < 0)
                log_warning("what was probed of '%s' could not be kept: %s", binary, strerror(-r));
}

/* ---- In memory ---- */

static CacheEntry *find_entry(QemuCapsCache *cache, const char *binary) {
        void *found = NULL;
        CacheEntry *entry;

        if (lh_table_lookup_ex(cache->entries, binary, &found))
                return found;
        entry = xnew(CacheEntry);
        entry->cache = cache;
        entry->binary = xstrdup(binary);
        lh_table_insert(cache->entries, entry->binary, entry);
        return entry;
}

static int identity_now(QemuCapsCache *cache, const char *binary, char **ret, Error **err) {
        if (!cache->host_identity)
                cache->host_identity = qemu_identity_of_host();
        return qemu_identity(cache->host_identity, binary, ret, err);
}

/* The caps of identity (taken over) from memory or disk. */
static QemuCaps *entry_lookup(CacheEntry *entry, char *identity) {
        CLEANUP(free) char *now = identity;
        QemuCaps *caps;

        entry->drop = false;
        if (entry->caps && streq(entry->identity, now))
                return entry->caps;
        if (entry->n_running)
                return NULL;
        caps = read_file(entry->cache, entry->binary, now);
        qemu_caps_unref(entry->caps);
        entry->caps = caps;
        free(entry->identity);
        entry->identity = STEAL(now);
        return caps;
}

QemuCaps *qemu_caps_cache_peek(QemuCapsCache *cache, const char *binary) {
        char *identity;

        if (identity_now(cache, binary, &identity, NULL) < 0)
                return NULL;
        return entry_lookup(find_entry(cache, binary), identity);
}

/* ---- Probing ---- */

static void entry_drop(CacheEntry *entry) {
        if (entry->drop && entry->caps && qemu_caps_n_refs(entry->caps) == 1)
                entry->caps = qemu_caps_unref(entry->caps);
}

static void answer_requests(CacheEntry *entry, const Error *err) {
        QemuCaps *caps = entry->caps ? qemu_caps_ref(entry->caps) : NULL;
        QemuCapsRequest *request;

        while ((request = entry->requests)) {
                QemuCapsCallback callback = request->callback;
                void *userdata = request->userdata;

                entry->requests = request->next;
                free(request);
                callback(caps, caps ? NULL : err, userdata);
        }
        qemu_caps_unref(caps);
        entry_drop(entry);
}

static json_object *accel_json(QemuProbeAnswer *answer) {
        json_object *object = json_object_new_object();

        json_add_bool(object, "usable", answer->common && !answer->err);
        if (answer->err)
                json_add_string(object, "reason", answer->err->detail);
        else if (answer->cpu_host)
                json_add(object, "cpu", cpu_host_to_json(answer->cpu_host));
        return object;
}

/* What both tell is taken from the first that answered; SEV is KVM's to tell. */
static json_object *merge_answers(CacheEntry *entry) {
        QemuProbeAnswer *tcg = &entry->answers[QEMU_ACCEL_TCG], *kvm = &entry->answers[QEMU_ACCEL_KVM];
        json_object *json = json_object_get((tcg->err ? kvm : tcg)->common), *accels = json_object_new_object(), *sev;

        for (int i = 0; i < QEMU_ACCEL_MAX; i++)
                json_add(accels, accel_names[i], accel_json(&entry->answers[i]));
        json_add(json, "accels", accels);
        sev = kvm->err ? NULL : json_get_object(kvm->common, "sev");
        if (sev)
                json_add(json, "sev", json_object_get(sev));
        if (!kvm->err && kvm->common && json_get_string(kvm->common, "sev_error"))
                json_add_string(json, "sev_error", json_get_string(kvm->common, "sev_error"));
        json_add_string(json, "identity", entry->identity);
        json_add_int(json, "format", CACHE_FORMAT);
        json_add_string(json, "written_by", VERSION);
        return json;
}

static void entry_finish(CacheEntry *entry) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(json_put) json_object *json = NULL;

        if (entry->answers[QEMU_ACCEL_TCG].err && entry->answers[QEMU_ACCEL_KVM].err) {
                err = error_copy(entry->answers[QEMU_ACCEL_TCG].err);
                error_prefix(&err, "cannot probe QEMU binary '%s'", entry->binary);
        } else {
                json = merge_answers(entry);
                write_file(entry->cache, entry->binary, json);
                qemu_caps_from_json(STEAL(json), entry->binary, &entry->caps, &err);
        }
        for (int i = 0; i < QEMU_ACCEL_MAX; i++)
                answer_done(&entry->answers[i]);
        malloc_trim(0);
        answer_requests(entry, err);
}

static void on_probed(QemuProbe *probe, QemuProbeAnswer *answer, void *userdata) {
        CacheEntry *entry = userdata;

        for (int i = 0; i < QEMU_ACCEL_MAX; i++) {
                if (entry->probes[i] != probe)
                        continue;
                entry->answers[i] = *answer;
                *answer = (QemuProbeAnswer) {};
                entry->probes[i] = qemu_probe_free(probe);
        }
        if (--entry->n_running == 0)
                entry_finish(entry);
}

/* Why it is not even worth starting a QEMU with KVM; false: it is. */
static bool kvm_is_hopeless(const char *binary, Error **err) {
        const char *arch = qemu_caps_binary_arch(binary);
        CLEANUP(close) int fd = -1;

        if (arch && !qemu_arch_can_kvm(qemu_arch_by_name(arch))) {
                error_set(err, ERROR_INTERNAL, "KVM on this %s host runs no %s guests", qemu_arch_of_host(), arch);
                return true;
        }
        fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
        if (fd >= 0)
                return false;
        error_set(err, ERROR_INTERNAL, "/dev/kvm: %s", strerror(errno));
        return true;
}

static int entry_probe_accel(CacheEntry *entry, QemuAccel accel) {
        if (qemu_probe_new(entry->cache->loop, entry->binary, accel, &entry->cache->user, on_probed, entry, &entry->probes[accel],
                           &entry->answers[accel].err) < 0)
                return -1;
        entry->n_running++;
        return 0;
}

static int entry_probe(CacheEntry *entry, Error **err) {
        if (!kvm_is_hopeless(entry->binary, &entry->answers[QEMU_ACCEL_KVM].err))
                entry_probe_accel(entry, QEMU_ACCEL_KVM);
        entry_probe_accel(entry, QEMU_ACCEL_TCG);
        if (entry->n_running)
                return 0;
        error_move(err, STEAL(entry->answers[QEMU_ACCEL_TCG].err));
        answer_done(&entry->answers[QEMU_ACCEL_KVM]);
        return -1;
}

static QemuCapsRequest *add_request(CacheEntry *entry, QemuCapsCallback callback, void *userdata) {
        QemuCapsRequest *request = xnew(QemuCapsRequest), **last = &entry->requests;

        *request = (QemuCapsRequest) { .entry = entry, .callback = callback, .userdata = userdata };
        while (*last)
                last = &(*last)->next;
        *last = request;
        return request;
}

QemuCapsRequest *qemu_caps_cache_get(QemuCapsCache *cache, const char *binary, QemuCapsCallback callback, void *userdata) {
        CLEANUP(error_free) Error *err = NULL;
        CacheEntry *entry;
        QemuCaps *caps;
        char *identity;

        if (identity_now(cache, binary, &identity, &err) < 0) {
                callback(NULL, err, userdata);
                return NULL;
        }
        entry = find_entry(cache, binary);
        caps = entry_lookup(entry, identity);
        if (!caps && entry->n_running == 0 && entry_probe(entry, &err) < 0) {
                callback(NULL, err, userdata);
                return NULL;
        }
        if (!caps)
                return add_request(entry, callback, userdata);
        callback(caps, NULL, userdata);
        return NULL;
}

void qemu_caps_request_cancel(void *userdata) {
        QemuCapsRequest *request = userdata, **link = &request->entry->requests;

        while (*link != request)
                link = &(*link)->next;
        *link = request->next;
        free(request);
}

/* ---- Notes, and the end ---- */

const char *qemu_caps_cache_note(QemuCapsCache *cache, const char *binary) {
        CacheEntry *entry = find_entry(cache, binary);
        CLEANUP(free) char *identity = NULL;

        if (!entry->note || identity_now(cache, binary, &identity, NULL) < 0 || !streq(identity, entry->note_identity))
                return NULL;
        return entry->note;
}

void qemu_caps_cache_set_note(QemuCapsCache *cache, const char *binary, const char *note, bool keep) {
        CacheEntry *entry = find_entry(cache, binary);

        free(entry->note);
        free(entry->note_identity);
        entry->note = xstrdup(note);
        entry->note_identity = xstrdup(entry->identity);
        entry->drop = !keep && cache->dir_fd >= 0;
        entry_drop(entry);
}

sd_event *qemu_caps_cache_loop(QemuCapsCache *cache) {
        return cache->loop;
}

QemuCapsCache *qemu_caps_cache_free(QemuCapsCache *cache) {
        CLEANUP(error_free) Error *err = NULL;
        struct lh_entry *item;

        if (!cache)
                return NULL;
        error_set(&err, ERROR_OPERATION_ABORTED, "the daemon ends");
        lh_foreach(cache->entries, item) {
                CacheEntry *entry = (CacheEntry *) lh_entry_v(item);

                entry->caps = qemu_caps_unref(entry->caps);
                answer_requests(entry, err);
        }
        lh_table_free(cache->entries);
        qemu_binaries_free(cache->binaries);
        close_fd(cache->dir_fd);
        sd_event_unref(cache->loop);
        free(cache->host_identity);
        free(cache);
        return NULL;
}
