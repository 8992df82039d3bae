/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/migration_cookie.h"

#include "util/strbuf.h"
#include "util/xml.h"

void migration_cookie_done(MigrationCookie *cookie) {
        free(cookie->name);
        free(cookie->host_name);
        free(cookie->persistent_xml);
        *cookie = (MigrationCookie) {};
}

static void add_element(StrBuf *xml, const char *name, const char *text) {
        strbuf_addf(xml, "  <%s>", name);
        strbuf_add_xml(xml, text);
        strbuf_addf(xml, "</%s>\n", name);
}

char *migration_cookie_format(const MigrationCookie *cookie, size_t *ret_len) {
        CLEANUP(strbuf_done) StrBuf xml = {};

        strbuf_add(&xml, "<qemu-migration>\n");
        add_element(&xml, "name", cookie->name);
        add_element(&xml, "uuid", SD_ID128_TO_UUID_STRING(cookie->uuid));
        add_element(&xml, "hostname", cookie->host_name);
        add_element(&xml, "hostuuid", SD_ID128_TO_UUID_STRING(cookie->host_uuid));
        if (cookie->start_flag)
                strbuf_addf(&xml, "  <ward:policy xmlns:ward='" WARD_POLICY_URI "' migratable='%s'/>\n",
                            table_name(&intent_table, cookie->start_flag));
        if (cookie->persistent_xml) {
                strbuf_add(&xml, "  <feature name='persistent'/>\n");
                strbuf_add(&xml, cookie->persistent_xml);
        }
        if (cookie->has_stats)
                migration_stats_format(&cookie->stats, &xml);
        strbuf_add(&xml, "</qemu-migration>\n");
        *ret_len = xml.len + 1;
        return strbuf_steal(&xml);
}

static bool is_named(const xmlNode *node, const char *name, const char *uri) {
        return streq((const char *) node->name, name) && streq(node->ns ? (const char *) node->ns->href : NULL, uri);
}

static char *text_of(xmlNode *node) {
        xmlChar *text = xmlNodeGetContent(node);
        char *copy = xstrdup(text ? (const char *) text : "");

        xmlFree(text);
        return copy;
}

static int read_uuid(xmlNode *node, sd_id128_t *ret, Error **err) {
        CLEANUP(free) char *text = text_of(node);

        if (sd_id128_from_string(text, ret) < 0)
                return error_set(err, ERROR_INTERNAL, "migration cookie: <%s> is not a UUID: '%s'", (const char *) node->name, text);
        return 0;
}

static void read_stats(xmlNode *node, MigrationCookie *cookie) {
        cookie->has_stats = true;
        for (xmlNode *child = node->children; child; child = child->next) {
                CLEANUP(free) char *text = NULL;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                text = text_of(child);
                migration_stats_parse_child(&cookie->stats, (const char *) child->name, text);
        }
}

static char *subtree_text(xmlNode *node) {
        xmlBuffer *buffer = xmlBufferCreate();
        char *text;

        if (!buffer || xmlNodeDump(buffer, node->doc, node, 0, 0) < 0)
                abort();
        text = xstrdup((const char *) xmlBufferContent(buffer));
        xmlBufferFree(buffer);
        return text;
}

static int read_policy(xmlNode *node, MigrationCookie *cookie, Error **err) {
        xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *) "migratable");
        int flag = table_value(&intent_table, (const char *) value);

        xmlFree(value);
        if (flag < 0)
                return error_set(err, ERROR_INTERNAL, "migration cookie: the policy of the source is not one this daemon knows");
        cookie->start_flag = flag;
        return 0;
}

static void set_text(char **target, char *text) {
        free(*target);
        *target = text;
}

static int read_child(xmlNode *node, MigrationCookie *cookie, Error **err) {
        if (is_named(node, "name", NULL))
                set_text(&cookie->name, text_of(node));
        else if (is_named(node, "uuid", NULL))
                return read_uuid(node, &cookie->uuid, err);
        else if (is_named(node, "hostname", NULL))
                set_text(&cookie->host_name, text_of(node));
        else if (is_named(node, "hostuuid", NULL))
                return read_uuid(node, &cookie->host_uuid, err);
        else if (is_named(node, "domain", NULL))
                set_text(&cookie->persistent_xml, subtree_text(node));
        else if (is_named(node, "statistics", NULL))
                read_stats(node, cookie);
        else if (is_named(node, "policy", WARD_POLICY_URI))
                return read_policy(node, cookie, err);
        return 0;
}

int migration_cookie_parse(const void *data, size_t len, sd_id128_t own_host, MigrationCookie *ret, Error **err) {
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        xmlNode *root;

        *ret = (MigrationCookie) {};
        if (len == 0)
                return 0;
        if (((const char *) data)[len - 1] != 0)
                return error_set(err, ERROR_INTERNAL, "migration cookie was not NULL terminated");
        if (xml_parse(data, len - 1, "(migration cookie)", &doc, err) < 0 || xml_root(doc, "qemu-migration", &root, err) < 0)
                return -1;
        for (xmlNode *node = root->children; node; node = node->next)
                if (node->type == XML_ELEMENT_NODE && read_child(node, &cookie, err) < 0)
                        return -1;
        if (!cookie.name || sd_id128_is_null(cookie.uuid) || sd_id128_is_null(cookie.host_uuid))
                return error_set(err, ERROR_INTERNAL, "migration cookie: name, uuid or hostuuid is missing");
        if (sd_id128_equal(cookie.host_uuid, own_host))
                return error_set(err, ERROR_INTERNAL, "Attempt to migrate guest to the same host %s", SD_ID128_TO_UUID_STRING(own_host));
        *ret = cookie;
        cookie = (MigrationCookie) {};
        return 0;
}

void migration_uri_done(MigrationUri *uri) {
        free(uri->host);
        *uri = (MigrationUri) {};
}

static int parse_port(const char *text, unsigned *ret) {
        char *end;
        unsigned long port;

        if (*text < '0' || *text > '9')
                return -1;
        port = strtoul(text, &end, 10);
        if ((*end && !streq(end, "/")) || port < 1 || port > 65535)
                return -1;
        *ret = (unsigned) port;
        return 0;
}

/* A host is letters, digits, '.', '-', '_', or an IPv6 address: nothing that QEMU's own syntax would read as more. */
static bool host_ok(const char *host, size_t len, bool v6) {
        static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";

        return len > 0 && len < 256 && (strspn(host, letters) >= len || (v6 && strspn(host, "0123456789abcdefABCDEF:.%") >= len));
}

int migration_uri_parse(const char *text, MigrationUri *ret, Error **err) {
        const char *host = text, *rest;
        MigrationUri uri = {};
        bool v6;
        size_t len;

        if (strncmp(text, "tcp://", 6) == 0)
                host += 6;
        else if (strncmp(text, "tcp:", 4) == 0)
                host += 4;
        else
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "unsupported scheme %.*s in migration URI %s; use tcp://HOST[:PORT]",
                                 (int) strcspn(text, ":"), text, text);
        uri.legacy = host == text + 4;
        v6 = *host == '[';
        host += v6;
        len = strcspn(host, v6 ? "]" : ":/");
        rest = host + len + (v6 && host[len] == ']');
        if (!host_ok(host, len, v6) || (v6 && host[len] != ']'))
                return error_set(err, ERROR_INVALID_ARG, "missing or malformed host in migration URI: %s", text);
        if (*rest == ':' ? parse_port(rest + 1, &uri.port) < 0 : *rest && !streq(rest, "/"))
                return error_set(err, ERROR_INVALID_ARG, "malformed port in migration URI: %s", text);
        uri.host = xstrndup(host, len);
        *ret = uri;
        return 0;
}

static char *with_brackets(const char *host) {
        return strchr(host, ':') ? xasprintf("[%s]", host) : xstrdup(host);
}

char *migration_uri_text(const MigrationUri *uri) {
        CLEANUP(free) char *host = with_brackets(uri->host);

        return xasprintf("tcp:%s%s:%u", uri->legacy ? "" : "//", host, uri->port);
}

char *migration_uri_qemu(const char *host, unsigned port) {
        CLEANUP(free) char *text = with_brackets(host);

        return xasprintf("tcp:%s:%u", text, port);
}
