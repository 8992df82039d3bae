/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_metadata.c - title, description and the metadata elements of others, live and stored. */
#include "drivers/qemu/domain_define.h"
#include "drivers/qemu/domain_status.h"

/* libvirt's virDomainMetadataType and virDomainModificationImpact. */
enum { METADATA_DESCRIPTION, METADATA_TITLE, METADATA_ELEMENT, METADATA_TYPE_MAX };
enum { AFFECT_LIVE = 1, AFFECT_CONFIG = 2 };

/* "Current" becomes live or stored; < 0 when what is asked for does not exist. */
static int impact_resolve(const Domain *domain, unsigned *flags, Error **err) {
        if (!(*flags & (AFFECT_LIVE | AFFECT_CONFIG)))
                *flags |= domain->live ? AFFECT_LIVE : AFFECT_CONFIG;
        if (*flags & AFFECT_LIVE && !domain->live)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain is not running");
        if (*flags & AFFECT_CONFIG && !domain->persistent)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "transient domains do not have any persistent config");
        return 0;
}

static int metadata_check(Domain *domain, int type, unsigned *flags, const char *function, Error **err) {
        if (flags_check(*flags, AFFECT_LIVE | AFFECT_CONFIG, function, err) < 0 || impact_resolve(domain, flags, err) < 0)
                return -1;
        if (type < 0 || type >= METADATA_TYPE_MAX)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG, "unknown metadata type '%d'", type);
        return 0;
}

/* ---- get ---- */

static int metadata_get(Domain *domain, int type, const char *uri, unsigned flags, char **ret, Error **err) {
        CLEANUP(domain_def_free) DomainDef *stored = NULL;
        const DomainDef *def;
        char *value;

        if ((flags & AFFECT_LIVE) && (flags & AFFECT_CONFIG))
                return error_set_plain(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG,
                                       "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive");
        if (metadata_check(domain, type, &flags, "qemuDomainGetMetadata", err) < 0)
                return -1;
        if (!(flags & AFFECT_LIVE) && domain_stored_def(domain, &stored, err) < 0)
                return -1;
        def = stored ? stored : domain->live->def;
        value = type == METADATA_TITLE ? xstrdup(def->title) : type == METADATA_DESCRIPTION ? xstrdup(def->description)
                                                             : domain_def_metadata_bare(def, uri ? uri : "");
        if (!value)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_NO_DOMAIN_METADATA, "Requested metadata element is not present");
        *ret = value;
        return 0;
}

void qemu_get_metadata(Driver *base, sd_id128_t uuid, int type, const char *uri, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);

        if (domain)
                metadata_get(domain, type, uri, flags, &text, &err);
        if (err)
                reply_fail(reply, err);
        else
                reply_text(reply, text);
}

/* ---- set ---- */

typedef struct MetadataChange {
        sd_id128_t uuid;
        int type;
        char *uri;
        Reply *reply;
} MetadataChange;

static void put_text(char **field, const char *text) {
        free(*field);
        *field = text && *text ? xstrdup(text) : NULL;
}

static int def_apply(DomainDef *def, int type, const char *metadata, const char *key, const char *uri, Error **err) {
        if (type == METADATA_ELEMENT)
                return domain_def_set_metadata(def, metadata, key, uri, err);
        put_text(type == METADATA_TITLE ? &def->title : &def->description, metadata);
        return 0;
}

static void metadata_tell(Domain *domain, const MetadataChange *change) {
        DomainEvent event = { .id = DOMAIN_EVENT_METADATA_CHANGE, .metadata = { .type = change->type, .uri = change->uri } };

        domain_tell(domain, &event);
}

static void metadata_change_end(MetadataChange *change, Domain *domain, const Error *err) {
        if (!err && domain)
                metadata_tell(domain, change);
        if (err)
                reply_fail(change->reply, err);
        else
                reply_none(change->reply);
        free(change->uri);
        free(change);
}

static void on_metadata_stored(Domain *domain, const Error *err, void *userdata) {
        metadata_change_end(userdata, domain, err);
}

static int set_live(Domain *domain, int type, const char *metadata, const char *key, const char *uri, Error **err) {
        if (def_apply(domain->live->def, type, metadata, key, uri, err) < 0)
                return -1;
        domain_publish(domain);
        domain_status_write(domain);
        return 0;
}

/* Both copies are changed before anything is told; the stored one is done when the disk has it. */
static int metadata_set(Domain *domain, const MetadataChange *change, const char *metadata, const char *key, unsigned flags, bool *ret_waits,
                        Error **err) {
        CLEANUP(domain_def_free) DomainDef *stored = NULL;

        if (flags & AFFECT_CONFIG && (domain_stored_def(domain, &stored, err) < 0 ||
                                      def_apply(stored, change->type, metadata, key, change->uri, err) < 0))
                return -1;
        if (flags & AFFECT_LIVE && set_live(domain, change->type, metadata, key, change->uri, err) < 0)
                return -1;
        *ret_waits = stored != NULL;
        if (stored)
                domain_store_def(domain->driver, stored, true, on_metadata_stored, (void *) change);
        return 0;
}

static int metadata_args_check(int type, const char *metadata, const char *key, const char *uri, Error **err) {
        if (type == METADATA_TITLE && metadata && strchr(metadata, '\n'))
                return error_set_plain(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG, "metadata title can't contain newlines");
        if (type == METADATA_ELEMENT && (!uri || (metadata && !key)))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG, "a metadata element needs a namespace URI and a key");
        return 0;
}

void qemu_set_metadata(Driver *base, sd_id128_t uuid, int type, const char *metadata, const char *key, const char *uri, unsigned flags,
                       Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);
        MetadataChange *change;
        bool waits = false;

        if (!domain || metadata_check(domain, type, &flags, "qemuDomainSetMetadata", &err) < 0 ||
            metadata_args_check(type, metadata, key, uri, &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        change = xnew(MetadataChange);
        *change = (MetadataChange) { .uuid = uuid, .type = type, .uri = type == METADATA_ELEMENT ? xstrdup(uri) : NULL, .reply = reply };
        if (metadata_set(domain, change, metadata, key, flags, &waits, &err) < 0 || !waits)
                metadata_change_end(change, domain, err);
}
