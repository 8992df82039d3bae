/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/domain_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/linkhash.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "conf/definition_file.h"
#include "util/fs.h"
#include "util/log.h"

#define FILE_SUFFIX ".xml"
#define FILE_NAME_SIZE (SD_ID128_UUID_STRING_MAX + sizeof(FILE_SUFFIX))
#define MAX_WAITING 8192
#define LOCK_WAIT_MSEC 1000

typedef struct Slot Slot;
typedef struct Change Change;

/* A change that was asked for. Those of one domain are given to the disk one after another, so each finds what the one before
 * it left: an autostart that follows a definition which could not be stored does not store it after all. */
struct Change {
        Slot *slot;
        Change *next;
        enum { CHANGE_PUT, CHANGE_AUTOSTART, CHANGE_REMOVE } kind;
        bool autostart;
        StoredDomain *domain;           /* what is stored when the disk says yes */
        DomainStoreDone done;
        void *userdata;
};

/* A UUID with its name: from the first put that was accepted to the remove that is done. */
struct Slot {
        DomainStore *store;
        sd_id128_t uuid;
        StoredDomain *current;          /* NULL: not yet on the disk */
        Change *first, *last;
        bool busy;                      /* first is with the disk, or being answered */
        char name[];
};

struct DomainStore {
        int dir_fd;                     /* holds the lock */
        SyncWriter *writer;
        struct lh_table *by_uuid, *by_name;     /* of Slots; the keys are in the Slot */
        size_t n_stored, n_waiting, n_deleted;
};

static unsigned long uuid_hash(const void *key) {
        sd_id128_t uuid;

        memcpy(&uuid, key, sizeof(uuid));
        return (uuid.qwords[0] ^ (uuid.qwords[1] >> 7)) * UINT64_C(0x9e3779b97f4a7c15) >> 16;
}

static int uuid_equal(const void *a, const void *b) {
        return memcmp(a, b, sizeof(sd_id128_t)) == 0;
}

static Slot *slot_by_name(const DomainStore *store, const char *name) {
        void *slot = NULL;

        return lh_table_lookup_ex(store->by_name, name, &slot) ? slot : NULL;
}

static Slot *slot_by_uuid(const DomainStore *store, sd_id128_t uuid) {
        void *slot = NULL;

        return lh_table_lookup_ex(store->by_uuid, &uuid, &slot) ? slot : NULL;
}

static Slot *slot_new(DomainStore *store, const char *name, sd_id128_t uuid) {
        size_t size = strlen(name) + 1;
        Slot *slot = xcalloc(1, sizeof(Slot) + size);

        slot->store = store;
        slot->uuid = uuid;
        memcpy(slot->name, name, size);
        lh_table_insert(store->by_uuid, &slot->uuid, slot);
        lh_table_insert(store->by_name, slot->name, slot);
        return slot;
}

/* json-c leaves a mark where an entry was, which every failing look-up steps over: they are cleared before they add up. */
static void clear_marks(DomainStore *store) {
        if (++store->n_deleted * 2 < (size_t) store->by_uuid->size)
                return;
        store->n_deleted = 0;
        lh_table_resize(store->by_uuid, store->by_uuid->size);
        lh_table_resize(store->by_name, store->by_name->size);
}

/* Ends a slot that holds nothing and waits for nothing. */
static void slot_drop_if_empty(Slot *slot) {
        DomainStore *store = slot->store;

        if (slot->current || slot->first)
                return;
        lh_table_delete(store->by_uuid, &slot->uuid);
        lh_table_delete(store->by_name, slot->name);
        free(slot);
        clear_marks(store);
}

static void slot_set(Slot *slot, StoredDomain *domain) {
        slot->store->n_stored += (domain != NULL) - (slot->current != NULL);
        free(slot->current);
        slot->current = domain;
}

static void change_free(Change *change) {
        change->slot->store->n_waiting--;
        free(change->domain);
        free(change);
}

static Change *slot_pop(Slot *slot) {
        Change *change = slot->first;

        slot->first = change->next;
        if (!slot->first)
                slot->last = NULL;
        return change;
}

static void on_written(void *userdata, int r);

static char *file_name(sd_id128_t uuid, char name[static FILE_NAME_SIZE]) {
        sd_id128_to_uuid_string(uuid, name);
        memcpy(name + SD_ID128_UUID_STRING_MAX - 1, FILE_SUFFIX, sizeof(FILE_SUFFIX));
        return name;
}

static int no_domain(const Slot *slot, Error **err) {
        char uuid[SD_ID128_UUID_STRING_MAX];

        return error_set(err, ERROR_NO_DOMAIN, "no domain with matching uuid '%s' (%s)",
                         sd_id128_to_uuid_string(slot->uuid, uuid), slot->name);
}

/* Gives the slot's first change to the writer, made of what is stored now. */
static int change_submit(Change *change, Error **err) {
        Slot *slot = change->slot;
        CLEANUP(free) char *text = NULL;
        char name[FILE_NAME_SIZE];
        size_t len;
        int r;

        if (change->kind != CHANGE_PUT && !slot->current)
                return no_domain(slot, err);
        file_name(slot->uuid, name);
        if (change->kind == CHANGE_REMOVE) {
                r = sync_writer_remove(slot->store->writer, name, on_written, change);
        } else {
                if (change->kind == CHANGE_AUTOSTART)
                        change->domain = definition_new(&slot->current->facts, slot->current->xml, slot->current->xml_len);
                if (change->kind == CHANGE_AUTOSTART)
                        change->domain->facts.autostart = change->autostart;
                else if (slot->current)
                        change->domain->facts.autostart = slot->current->facts.autostart;
                text = definition_write(change->domain, &len);
                r = sync_writer_replace(slot->store->writer, name, text, len, 0600, on_written, change);
        }
        if (r < 0)
                return error_set_errno(err, r, "cannot store a change of domain '%s'", slot->name);
        slot->busy = true;
        return 0;
}

/* The slot's next change goes to the disk; those that cannot even be given to the writer are answered here. */
static void slot_advance(Slot *slot) {
        while (slot->first && !slot->busy) {
                CLEANUP(error_free) Error *err = NULL;
                Change *change;

                if (change_submit(slot->first, &err) == 0)
                        return;
                change = slot_pop(slot);
                slot->busy = true;
                change->done(NULL, err, change->userdata);
                slot->busy = false;
                change_free(change);
        }
        slot_drop_if_empty(slot);
}

/* A file that somebody has removed by hand is removed. */
static void on_written(void *userdata, int r) {
        Change *change = userdata;
        Slot *slot = change->slot;
        CLEANUP(error_free) Error *err = NULL;

        if (change->kind == CHANGE_REMOVE && r == -ENOENT)
                r = 0;
        slot_pop(slot);
        if (r == 0)
                slot_set(slot, STEAL(change->domain));
        else
                error_set_errno(&err, r, "cannot %s the definition of domain '%s'",
                                change->kind == CHANGE_REMOVE ? "remove" : "store", slot->name);
        change->done(r == 0 ? slot->current : NULL, err, change->userdata);
        change_free(change);
        slot->busy = false;             /* until here done() could only queue, so the slot is still there */
        slot_advance(slot);
}

static int ask(Slot *slot, Change template, Error **err) {
        DomainStore *store = slot->store;
        Change *change;

        if (store->n_waiting >= MAX_WAITING) {
                free(template.domain);
                error_set(err, ERROR_RESOURCE_BUSY, "cannot store a change of domain '%s': %zu changes are waiting for the disk",
                          slot->name, store->n_waiting);
                slot_drop_if_empty(slot);
                return -1;
        }
        change = xnew(Change);
        *change = template;
        change->slot = slot;
        store->n_waiting++;
        if (slot->last)
                slot->last->next = change;
        else
                slot->first = change;
        slot->last = change;
        if (slot->busy || change_submit(change, err) == 0)
                return 0;
        slot_pop(slot);
        change_free(change);
        slot_drop_if_empty(slot);
        return -1;
}

int domain_store_check(const DomainStore *store, const char *name, sd_id128_t uuid, Error **err) {
        char text[SD_ID128_UUID_STRING_MAX];
        const Slot *slot = slot_by_uuid(store, uuid);

        if (slot && !streq(slot->name, name))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_FAILED,
                                      "domain '%s' is already defined with uuid %s", slot->name,
                                      sd_id128_to_uuid_string(uuid, text));
        slot = slot_by_name(store, name);
        if (slot && !sd_id128_equal(slot->uuid, uuid))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_FAILED, "domain '%s' already exists with uuid %s",
                                      name, sd_id128_to_uuid_string(slot->uuid, text));
        return 0;
}

int domain_store_put(DomainStore *store, const DomainFacts *facts, const char *xml, DomainStoreDone done, void *userdata,
                     Error **err) {
        Slot *slot;

        if (domain_store_check(store, facts->name, facts->uuid, err) < 0)
                return -1;
        slot = slot_by_uuid(store, facts->uuid);
        if (!slot)
                slot = slot_new(store, facts->name, facts->uuid);
        return ask(slot,
                   (Change){ .kind = CHANGE_PUT,
                             .domain = definition_new(facts, xml, strlen(xml)),
                             .done = done,
                             .userdata = userdata },
                   err);
}

static Slot *existing_slot(DomainStore *store, sd_id128_t uuid, Error **err) {
        char text[SD_ID128_UUID_STRING_MAX];
        Slot *slot = slot_by_uuid(store, uuid);

        if (!slot)
                error_set(err, ERROR_NO_DOMAIN, "no domain with matching uuid '%s'", sd_id128_to_uuid_string(uuid, text));
        return slot;
}

int domain_store_set_autostart(DomainStore *store, sd_id128_t uuid, bool autostart, DomainStoreDone done, void *userdata,
                               Error **err) {
        Slot *slot = existing_slot(store, uuid, err);

        return slot ? ask(slot, (Change){ .kind = CHANGE_AUTOSTART, .autostart = autostart, .done = done, .userdata = userdata },
                          err) :
                      -1;
}

int domain_store_remove(DomainStore *store, sd_id128_t uuid, DomainStoreDone done, void *userdata, Error **err) {
        Slot *slot = existing_slot(store, uuid, err);

        return slot ? ask(slot, (Change) { .kind = CHANGE_REMOVE, .done = done, .userdata = userdata }, err) : -1;
}

/* ---- Loading ---- */

typedef struct Loader {
        DomainStore *store;
        char *text;                     /* read into again and again, so that definitions lie side by side in memory */
        size_t size, len;
} Loader;

static int load_text(Loader *loader, const char *name) {
        CLEANUP(close) int fd = openat(loader->store->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0)
                return -errno;
        loader->len = 0;
        for (;;) {
                ssize_t n = read(fd, loader->text + loader->len, loader->size - loader->len - 1);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                loader->len += n;
                loader->text[loader->len] = 0;
                if (n == 0)
                        return 0;
                if (loader->size > 16 * 1024 * 1024)
                        return -EFBIG;
                if (loader->size - loader->len < 2)
                        loader->text = xrealloc(loader->text, loader->size *= 2, 1);
        }
}

static void skipped(const char *name, const char *why) {
        log_error("definition '%s' is left alone and not loaded: %s", name, why);
}

static void load_one(Loader *loader, const char *name) {
        CLEANUP(free) StoredDomain *domain = NULL;
        CLEANUP(error_free) Error *err = NULL;
        char expected[FILE_NAME_SIZE];
        const char *why;
        Slot *slot;
        int r = load_text(loader, name);

        if (r < 0)
                return skipped(name, strerror(-r));
        if (definition_read(loader->text, loader->len, &domain, &why) < 0)
                return skipped(name, why);
        if (!streq(file_name(domain->facts.uuid, expected), name))
                return skipped(name, "its name is not the UUID in it");
        if (domain_store_check(loader->store, domain->facts.name, domain->facts.uuid, &err) < 0)
                return skipped(name, err->message);
        slot = slot_new(loader->store, domain->facts.name, domain->facts.uuid);
        slot_set(slot, STEAL(domain));
}

static bool has_suffix(const char *name, const char *suffix) {
        size_t n = strlen(name), m = strlen(suffix);

        return n > m && streq(name + n - m, suffix);
}

/* What a torn write left is not a definition yet: the file it was to replace is there. */
static void load_entry(Loader *loader, const char *name) {
        if (strncmp(name, FS_TEMP_PREFIX, strlen(FS_TEMP_PREFIX)) == 0)
                unlinkat(loader->store->dir_fd, name, 0);
        else if (has_suffix(name, FILE_SUFFIX))
                load_one(loader, name);
        else if (!streq(name, ".") && !streq(name, ".."))
                log_warning("'%s' among the definitions is not one: ignored", name);
}

static int load_all(DomainStore *store, Error **err) {
        Loader loader = { .store = store, .size = 65536 };
        int fd = openat(store->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir) {
                error_set_errno(err, errno, "cannot list the definitions");
                close_fd(fd);
                return -1;
        }
        loader.text = xmalloc(loader.size);
        for (struct dirent *entry; (entry = readdir(dir));)
                load_entry(&loader, entry->d_name);
        free(loader.text);
        closedir(dir);
        return 0;
}

/* A daemon that was killed a moment ago, or its writer, may still be on its way out. */
static int lock_directory(int fd, Error **err) {
        for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 10) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return error_set_errno(err, errno, "cannot lock the definitions");
                if (waited >= LOCK_WAIT_MSEC)
                        return error_set(err, ERROR_OPERATION_FAILED, "the definitions are in use by another virtwardd: "
                                         "stop it, or give this one a state directory of its own");
                nanosleep(&(struct timespec) { .tv_nsec = 10000000 }, NULL);
        }
        return 0;
}

int domain_store_open(sd_event *loop, int dir_fd, const SyncWriterHook *hook, DomainStore **ret, Error **err) {
        CLEANUP(domain_store_free) DomainStore *store = xnew(DomainStore);
        int r;

        store->by_uuid = lh_table_new(64, NULL, uuid_hash, uuid_equal);
        store->by_name = lh_kchar_table_new(64, NULL);
        store->dir_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (store->dir_fd < 0)
                return error_set_errno(err, errno, "cannot open the directory of the definitions");
        if (lock_directory(store->dir_fd, err) < 0)
                return -1;
        r = sync_writer_new(loop, store->dir_fd, hook, &store->writer);
        if (r < 0)
                return error_set_errno(err, r, "cannot start the process that writes definitions");
        if (load_all(store, err) < 0)
                return -1;
        *ret = STEAL(store);
        return 0;
}

DomainStore *domain_store_free(DomainStore *store) {
        struct lh_entry *entry, *next;

        if (!store)
                return NULL;
        sync_writer_free(store->writer);
        lh_foreach_safe(store->by_uuid, entry, next) {
                Slot *slot = (Slot *) lh_entry_v(entry);

                free(slot->current);
                free(slot);
        }
        lh_table_free(store->by_uuid);
        lh_table_free(store->by_name);
        close_fd(store->dir_fd);
        free(store);
        return NULL;
}

int domain_store_flush(DomainStore *store, uint64_t timeout_usec) {
        return sync_writer_flush(store->writer, timeout_usec);
}

/* ---- Looking ---- */

const StoredDomain *domain_store_find_name(const DomainStore *store, const char *name) {
        const Slot *slot = slot_by_name(store, name);

        return slot ? slot->current : NULL;
}

const StoredDomain *domain_store_find_uuid(const DomainStore *store, sd_id128_t uuid) {
        const Slot *slot = slot_by_uuid(store, uuid);

        return slot ? slot->current : NULL;
}

size_t domain_store_count(const DomainStore *store) {
        return store->n_stored;
}

void domain_store_each(const DomainStore *store, bool (*each)(const StoredDomain *domain, void *userdata), void *userdata) {
        struct lh_entry *entry;

        lh_foreach(store->by_uuid, entry) {
                const Slot *slot = lh_entry_v(entry);

                if (slot->current && !each(slot->current, userdata))
                        return;
        }
}
