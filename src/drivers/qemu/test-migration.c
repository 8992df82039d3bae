/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tap.h"

#include "drivers/qemu/migration_cookie.h"

static const char *const host_a = "5eed0000-1111-4222-8333-00000000000a", *const host_b = "5eed0000-1111-4222-8333-00000000000b";

static sd_id128_t id(const char *text) {
        sd_id128_t value;

        expect_int(sd_id128_from_string(text, &value), ==, 0);
        return value;
}

static void test_cookie_round_trip(void) {
        CLEANUP(migration_cookie_done) MigrationCookie in = {}, out = {};
        CLEANUP(free) char *text = NULL;
        size_t len;

        in = (MigrationCookie) { .name = xstrdup("a&b"), .uuid = id("d00e25f2-bdf6-417d-8e03-1ca456359d78"), .host_name = xstrdup("alpha"),
                                 .host_uuid = id(host_a), .persistent_xml = xstrdup("<domain type='qemu'><name>x</name></domain>"),
                                 .start_flag = INTENT_REQUIRED, .has_stats = true };
        migration_stats_set(&in.stats, STAT_DOWNTIME, 12);
        migration_stats_set(&in.stats, STAT_MEMORY_TOTAL, 1000);
        text = migration_cookie_format(&in, &len);
        expect_int(len, ==, strlen(text) + 1);
        expect_int(migration_cookie_parse(text, len, id(host_b), &out, NULL), ==, 0);
        expect_str(out.name, "a&b");
        expect_str(out.host_name, "alpha");
        expect(sd_id128_equal(out.uuid, in.uuid) && sd_id128_equal(out.host_uuid, in.host_uuid));
        expect_str(out.persistent_xml, "<domain type=\"qemu\"><name>x</name></domain>");
        expect_int(out.start_flag, ==, INTENT_REQUIRED);
        expect(out.has_stats && out.stats.set[STAT_DOWNTIME] && !out.stats.set[STAT_SETUP_TIME]);
        expect_int(out.stats.value[STAT_DOWNTIME_NET], ==, 12);
        expect_int(out.stats.value[STAT_DATA_TOTAL], ==, 1000);
}

static void refuse(const char *text, size_t len, const char *part) {
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        CLEANUP(error_free) Error *err = NULL;

        expect_int(migration_cookie_parse(text, len, id(host_a), &cookie, &err), ==, -1);
        expect_contains(err->message, part);
        expect(cookie.name == NULL);
}

static void test_cookie_refused(void) {
        static const char same[] = "<qemu-migration><name>x</name><uuid>d00e25f2-bdf6-417d-8e03-1ca456359d78</uuid>"
                                   "<hostname>h</hostname><hostuuid>5eed0000-1111-4222-8333-00000000000a</hostuuid></qemu-migration>";
        static const char no_host[] = "<qemu-migration><name>x</name><uuid>d00e25f2-bdf6-417d-8e03-1ca456359d78</uuid></qemu-migration>";
        static const char policy[] = "<qemu-migration><p:policy xmlns:p='https://virtward.org/xmlns/policy/1' migratable='maybe'/></qemu-migration>";

        refuse(same, sizeof(same), "Attempt to migrate guest to the same host 5eed0000-1111-4222-8333-00000000000a");
        refuse(no_host, sizeof(no_host), "hostuuid is missing");
        refuse(policy, sizeof(policy), "policy of the source");
        refuse("<qemu-migration/>", 17, "not NULL terminated");
        refuse("<qemu-migration><uuid>x</uuid></qemu-migration>", 48, "not a UUID: 'x'");
        refuse("<other/>", 9, "<other>, not <qemu-migration>");
        refuse("<!DOCTYPE a><qemu-migration/>", 30, "document type");
}

static void test_cookie_empty(void) {
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};

        expect_int(migration_cookie_parse(NULL, 0, id(host_a), &cookie, NULL), ==, 0);
        expect(cookie.name == NULL);
}

static void test_uri(void) {
        static const struct {
                const char *text, *host, *again;
                unsigned port;
        } good[] = {
                { "tcp://127.0.0.1", "127.0.0.1", NULL, 0 },
                { "tcp://127.0.0.1/", "127.0.0.1", NULL, 0 },
                { "tcp://b.example.org:49152", "b.example.org", "tcp://b.example.org:49152", 49152 },
                { "tcp:virtb:49400", "virtb", "tcp:virtb:49400", 49400 },
                { "tcp://[::1]:1", "::1", "tcp://[::1]:1", 1 },
        };

        for (size_t i = 0; i < N_ELEMENTS(good); i++) {
                CLEANUP(migration_uri_done) MigrationUri uri = {};
                CLEANUP(free) char *again = NULL;

                expect_int(migration_uri_parse(good[i].text, &uri, NULL), ==, 0);
                expect_str(uri.host, good[i].host);
                expect_int(uri.port, ==, good[i].port);
                again = migration_uri_text(&uri);
                if (good[i].again)
                        expect_str(again, good[i].again);
        }
}

static void test_uri_refused(void) {
        static const struct {
                const char *text, *part;
        } bad[] = {
                { "foo://127.0.0.1:1", "unsupported scheme foo in migration URI foo://127.0.0.1:1" },
                { "rdma://127.0.0.1:1", "unsupported scheme rdma" },
                { "tcp://", "missing or malformed host" },
                { "tcp://a,b:1", "malformed host" },
                { "tcp://[::1:1", "malformed host" },
                { "tcp://h:0", "malformed port" },
                { "tcp://h:65536", "malformed port" },
                { "tcp://h:1,to=9", "malformed port" },
                { "tcp://h/x", "malformed port" },
        };

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                CLEANUP(migration_uri_done) MigrationUri uri = {};
                CLEANUP(error_free) Error *err = NULL;

                if (migration_uri_parse(bad[i].text, &uri, &err) == 0)
                        tap_fail(__FILE__, __LINE__, "taken: %s", bad[i].text);
                expect_contains(err->message, bad[i].part);
        }
}

static void test_uri_for_qemu(void) {
        CLEANUP(free) char *v4 = migration_uri_qemu("0.0.0.0", 49152), *v6 = migration_uri_qemu("::", 49152);

        expect_str(v4, "tcp:0.0.0.0:49152");
        expect_str(v6, "tcp:[::]:49152");
}

static void test_stats(void) {
        static const char answer[] = "{\"status\":\"active\",\"expected-downtime\":300,\"setup-time\":1,\"ram\":{\"total\":100,\"transferred\":60,"
                                     "\"remaining\":40,\"mbps\":8.0,\"duplicate\":3,\"page-size\":4096}}";
        CLEANUP(json_put) json_object *object = NULL;
        Param params[MIGRATION_STAT_MAX + 1];
        MigrationStats stats = {};
        size_t n;

        expect_int(json_parse(answer, sizeof(answer) - 1, "t", &object, NULL), ==, 0);
        migration_stats_read(&stats, object, 250);
        expect_int(stats.value[STAT_DATA_REMAINING], ==, 40);
        expect_int(stats.value[STAT_MEMORY_BPS], ==, 1000000);
        expect_int(stats.value[STAT_DOWNTIME], ==, 300);
        n = migration_stats_params(&stats, JOB_OPERATION_MIGRATION_OUT, params);
        expect_str(params[0].name, "operation");
        expect_int(params[0].i, ==, 5);
        expect_str(params[1].name, "time_elapsed");
        expect_int(params[1].u, ==, 250);
        for (size_t i = 0; i < n; i++)
                expect(!streq(params[i].name, "memory_normal"));        /* QEMU did not say it */
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "cookie there and back", test_cookie_round_trip },
                { "broken cookies and the same host are refused", test_cookie_refused },
                { "an empty cookie is taken as such", test_cookie_empty },
                { "migration URIs", test_uri },
                { "migration URIs that are refused", test_uri_refused },
                { "addresses as QEMU reads them", test_uri_for_qemu },
                { "statistics from query-migrate", test_stats },
                {},
        });
}
