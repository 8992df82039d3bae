/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/test-events.c - who registered hears, once, in the layout it registered for. */
#include "rpc/test-peer.h"

static const DomainView *first, *second;

static void start(void) {
        RpcConfig config = rpc_config_default;

        config.mode = RPC_MODE_SESSION;
        bench_start(&config, 2);
        first = fake_driver(bench.fake)->verbs->find_name(fake_driver(bench.fake), "fake1");
        second = fake_driver(bench.fake)->verbs->find_name(fake_driver(bench.fake), "fake2");
}

static int subscribe(Peer *peer, int event, const DomainView *of) {
        WireDomain dom = { .name = (char *) "any" };
        WireInt id = { -1 };

        if (of)
                dom.uuid = of->uuid;
        ask_with(peer, 316, WireDomainEventArgs, event, of ? &dom : NULL);
        expect_value(peer, WireInt, &id);
        return id.value;
}

static void emit(const DomainView *domain, int event) {
        fake_driver_emit(bench.fake, &(DomainEvent) { .id = DOMAIN_EVENT_LIFECYCLE, .domain = domain, .lifecycle = { event, 1 } });
}

/* The next message must be that event; its payload, behind the callback ID when id is not -1, is decoded. */
static void expect_event(Peer *peer, int procedure, int id, xdrproc_t body, void *value) {
        FrameHeader header;
        const uint8_t *payload;
        int got_id = -1;
        size_t len;
        XDR xdr;

        expect(peer_take(peer, &header, &payload, &len));
        expect_int(header.type, ==, FRAME_EVENT);
        expect_int(header.procedure, ==, procedure);
        expect_int(header.serial, ==, 1);
        expect_int(header.status, ==, 0);
        xdrmem_create(&xdr, (char *) payload, (u_int) len, XDR_DECODE);
        if (id >= 0)
                expect(xdr_int(&xdr, &got_id));
        expect_int(got_id, ==, id);
        expect(body(&xdr, value));
        expect_int(xdr_getpos(&xdr), ==, len);
}

static void expect_lifecycle(Peer *peer, int procedure, int id, const DomainView *domain, int event) {
        WireDomainEventNumbers body = {};

        expect_event(peer, procedure, id, (xdrproc_t) xdr_WireDomainEventNumbers, &body);
        expect_str(body.dom.name, domain->name);
        expect(sd_id128_equal(body.dom.uuid, domain->uuid));
        expect_int(body.event, ==, event);
        expect_int(body.detail, ==, 1);
        xdr_free((xdrproc_t) xdr_WireDomainEventNumbers, (char *) &body);
}

static void test_each_hears_once(void) {
        Peer a, b, deaf;
        int id_a, id_b;

        start();
        a = peer_open(false, 0);
        b = peer_open(true, 0);
        deaf = peer_open(false, 0);
        id_a = subscribe(&a, 0, NULL);
        id_b = subscribe(&b, 0, NULL);
        expect_int(id_a, !=, id_b);
        emit(first, 5);
        expect_lifecycle(&a, 318, id_a, first, 5);
        expect_lifecycle(&b, 318, id_b, first, 5);
        expect_nothing(&a);
        expect_nothing(&deaf);
        peer_close(&a);
        emit(first, 5);                 /* one that has gone is not missed */
        expect_lifecycle(&b, 318, id_b, first, 5);
        peer_close(&b);
        peer_close(&deaf);
        bench_stop();
}

static void test_filter(void) {
        int all, one;
        Peer peer;

        start();
        peer = peer_open(false, 0);
        one = subscribe(&peer, 0, second);
        emit(first, 2);
        expect_nothing(&peer);
        all = subscribe(&peer, 0, NULL);
        emit(first, 2);
        expect_lifecycle(&peer, 318, all, first, 2);
        ask_with(&peer, 317, WireInt, all);
        expect_ok(&peer);
        emit(second, 2);
        expect_lifecycle(&peer, 318, one, second, 2);
        expect_nothing(&peer);
        peer_close(&peer);
        bench_stop();
}

static void test_refused(void) {
        WireDomain dom = { .name = (char *) "any", .uuid = SD_ID128_NULL };
        Peer a, b;
        int id;

        start();
        a = peer_open(false, 0);
        b = peer_open(false, 0);
        id = subscribe(&a, 0, NULL);
        ask_with(&a, 316, WireDomainEventArgs, 0, NULL);
        expect_error(&a, 8, 0, "invalid argument: event callback already tracked");
        subscribe(&b, 0, NULL);         /* the same of another connection is another */
        ask_with(&a, 316, WireDomainEventArgs, 0, &dom);
        expect_value(&a, WireInt, &(WireInt) {});
        ask_with(&a, 316, WireDomainEventArgs, 28, NULL);
        expect_error(&a, 1, 7, "internal error: unsupported event ID 28");
        ask_with(&a, 316, WireDomainEventArgs, -1, NULL);
        expect_error(&a, 1, 7, "internal error: unsupported event ID -1");
        ask_with(&a, 317, WireInt, 4711);
        expect_error(&a, 1, 7, "internal error: domain event callback 4711 not registered");
        ask_with(&b, 317, WireInt, id);         /* of a */
        CLEANUP(free) char *message = xasprintf("internal error: domain event callback %d not registered", id);
        expect_error(&b, 1, 7, message);
        peer_close(&a);
        peer_close(&b);
        bench_stop();
}

/* virsh event --all, and libvirt-dbus, register for everything and stop at the first refusal. */
static void test_all_are_accepted(void) {
        static const int families[] = { 313, 368, 374, 380 };
        WireInt id;
        Peer peer;

        start();
        peer = peer_open(true, 0);
        for (int event = 0; event <= 27; event++)
                subscribe(&peer, event, NULL);
        for (size_t i = 0; i < N_ELEMENTS(families); i++)
                for (int event = 0; event < 2; event++) {
                        ask_with(&peer, families[i], WireNamedEventArgs, event, NULL);
                        expect_value(&peer, WireInt, &id);
                        expect_int(id.value, ==, event);
                }
        ask_with(&peer, 313, WireNamedEventArgs, 2, NULL);
        expect_error(&peer, 1, 7, "internal error: unsupported network event ID 2");
        ask_with(&peer, 314, WireInt, 0);
        expect_ok(&peer);
        ask_with(&peer, 314, WireInt, 0);
        expect_error(&peer, 1, 7, "internal error: network event callback 0 not registered");
        peer_close(&peer);
        bench_stop();
}

static void test_legacy(void) {
        WireInt registered;
        int id;
        Peer old, new;

        start();
        old = peer_open(false, 0);
        new = peer_open(false, 0);
        id = subscribe(&new, 0, NULL);
        ask(&old, 105);
        expect_value(&old, WireInt, &registered);
        ask(&old, 105);
        expect_error(&old, 8, 0, "invalid argument: event callback already tracked");
        ask_with(&old, 167, WireInt, 20);
        expect_error(&old, 1, 7, "internal error: unsupported event ID 20");
        emit(first, 3);
        expect_lifecycle(&old, 107, -1, first, 3);
        expect_lifecycle(&new, 318, id, first, 3);
        ask(&old, 106);
        expect_value(&old, WireInt, &registered);
        ask(&old, 106);
        expect_error(&old, 1, 7, "internal error: domain event 0 not registered");
        emit(first, 3);
        expect_nothing(&old);
        peer_close(&old);
        peer_close(&new);
        bench_stop();
}

static void test_layouts(void) {
        static const Param params[] = { { "operation", PARAM_INT, .i = 4 }, { "error", PARAM_STRING, .s = "none" } };
        WireDomainEventIoErrorReason io = {};
        WireDomainEventHyper balloon = {};
        WireDomainEventMetadata metadata = {};
        WireDomainEventParams job = {};
        int ids[28];
        Peer peer;

        start();
        peer = peer_open(false, 0);
        for (int event = 0; event < 28; event++)
                ids[event] = subscribe(&peer, event, NULL);
        fake_driver_emit(bench.fake, &(DomainEvent) { .id = DOMAIN_EVENT_IO_ERROR_REASON, .domain = first,
                                                      .io_error = { "/d", "disk0", "enospc", 1 } });
        expect_event(&peer, 324, ids[6], (xdrproc_t) xdr_WireDomainEventIoErrorReason, &io);
        expect_str(io.reason, "enospc");
        fake_driver_emit(bench.fake, &(DomainEvent) { .id = DOMAIN_EVENT_BALLOON_CHANGE, .domain = first, .number = 1 << 20 });
        expect_event(&peer, 331, ids[13], (xdrproc_t) xdr_WireDomainEventHyper, &balloon);
        expect_int(balloon.number, ==, 1 << 20);
        fake_driver_emit(bench.fake,
                         &(DomainEvent) { .id = DOMAIN_EVENT_METADATA_CHANGE, .domain = first, .metadata = { 1, NULL } });
        expect_event(&peer, 379, ids[23], (xdrproc_t) xdr_WireDomainEventMetadata, &metadata);
        expect(!metadata.uri);
        fake_driver_emit(bench.fake, &(DomainEvent) { .id = DOMAIN_EVENT_JOB_COMPLETED, .domain = first, .job = { params, 2 } });
        expect_event(&peer, 363, ids[21], (xdrproc_t) xdr_WireDomainEventParams, &job);
        expect_int(job.params.params_len, ==, 2);
        expect_str(job.params.params_val[1].value.WireValue_u.s, "none");
        xdr_free((xdrproc_t) xdr_WireDomainEventIoErrorReason, (char *) &io);
        xdr_free((xdrproc_t) xdr_WireDomainEventHyper, (char *) &balloon);
        xdr_free((xdrproc_t) xdr_WireDomainEventMetadata, (char *) &metadata);
        xdr_free((xdrproc_t) xdr_WireDomainEventParams, (char *) &job);
        peer_close(&peer);
        bench_stop();
}

/* ---- QEMU's own events ---- */

static int monitor_subscribe(Peer *peer, const char *name, unsigned flags) {
        WireInt id = { -1 };

        peer_ask_program(peer, QEMU_PROGRAM, 4, (xdrproc_t) xdr_WireMonitorEventArgs,
                         &(WireMonitorEventArgs) { NULL, (char *) name, flags });
        expect_value(peer, WireInt, &id);
        return id.value;
}

static void expect_monitor_event(Peer *peer, int id, const char *name) {
        WireMonitorEvent event = {};

        expect_event(peer, 6, id, (xdrproc_t) xdr_WireMonitorEvent, &event);
        expect_str(event.event, name);
        expect_str(event.details, "{}");
        xdr_free((xdrproc_t) xdr_WireMonitorEvent, (char *) &event);
}

static void test_monitor_events(void) {
        int exact, pattern, any;
        Peer a, b, c;

        start();
        a = peer_open(false, 0);
        b = peer_open(false, 0);
        c = peer_open(false, 0);
        exact = monitor_subscribe(&a, "RTC_CHANGE", 0);
        pattern = monitor_subscribe(&b, "^(block|rtc)_", 3);
        any = monitor_subscribe(&c, NULL, 0);
        fake_driver_emit_monitor(bench.fake, first, "RTC_CHANGE", "{}");
        expect_monitor_event(&a, exact, "RTC_CHANGE");
        expect_monitor_event(&b, pattern, "RTC_CHANGE");
        expect_monitor_event(&c, any, "RTC_CHANGE");
        fake_driver_emit_monitor(bench.fake, first, "STOP", "{}");
        expect_nothing(&a);
        expect_nothing(&b);
        expect_monitor_event(&c, any, "STOP");
        peer_ask_program(&c, QEMU_PROGRAM, 5, (xdrproc_t) xdr_WireInt, &(WireInt) { any });
        expect_ok(&c);
        peer_close(&a);
        peer_close(&b);
        peer_close(&c);
        bench_stop();
}

static void test_bad_patterns(void) {
        static const char *const patterns[] = { "(a{1,255}){1,255}", "(.*)\\1", "((" };
        FrameHeader header;
        const uint8_t *payload;
        size_t len;
        Peer peer;

        start();
        peer = peer_open(false, 0);
        for (size_t i = 0; i < N_ELEMENTS(patterns); i++) {
                peer_ask_program(&peer, QEMU_PROGRAM, 4, (xdrproc_t) xdr_WireMonitorEventArgs,
                                 &(WireMonitorEventArgs) { NULL, (char *) patterns[i], 1 });
                expect(peer_take(&peer, &header, &payload, &len));
                expect_int(header.status, ==, FRAME_ERROR);
        }
        peer_close(&peer);
        bench_stop();
}

/* A listener that does not read is closed at its limit; the others hear everything. */
static void test_deaf_listener(void) {
        RpcConfig config = rpc_config_default;
        Peer deaf, other;
        int id;

        config.mode = RPC_MODE_SESSION;
        config.max_output_bytes = 64 * 1024;
        bench_start(&config, 1);
        first = fake_driver(bench.fake)->verbs->find_name(fake_driver(bench.fake), "fake1");
        deaf = peer_open(false, 0);
        other = peer_open(false, 0);
        subscribe(&deaf, 0, NULL);
        id = subscribe(&other, 0, NULL);
        for (int i = 0; i < 20000 && rpc_server_n_clients(bench.server) == 2; i++) {
                emit(first, 4);
                expect_lifecycle(&other, 318, id, first, 4);
        }
        expect_int(rpc_server_n_clients(bench.server), ==, 1);
        peer_close(&deaf);
        peer_close(&other);
        bench_stop();
}

/* One that reads nothing at all is ended long before it could hold what a large answer may. */
static void test_unheard_events_are_bounded(void) {
        Peer deaf;

        start();
        deaf = peer_open(false, 0);
        subscribe(&deaf, 0, NULL);
        for (int i = 0; i < 100000 && rpc_server_n_clients(bench.server) == 1; i++)
                emit(first, 4);
        expect_int(rpc_server_n_clients(bench.server), ==, 0);
        peer_close(&deaf);
        bench_stop();
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "each listener hears an event once, by its own number", test_each_hears_once },
                { "a listener for one domain hears of that one", test_filter },
                { "what is refused, in libvirt's words", test_refused },
                { "every event and every family is accepted", test_all_are_accepted },
                { "listeners without callback IDs", test_legacy },
                { "layouts of the events", test_layouts },
                { "QEMU's own events, by name and by pattern", test_monitor_events },
                { "patterns that could take for ever are refused", test_bad_patterns },
                { "a listener that does not read harms nobody", test_deaf_listener },
                { "events that are not read are bounded", test_unheard_events_are_bounded },
                {}
        });
}
