/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests/fuzz/fuzz-rpc-frame.c - a stranger's bytes on a connection of the RPC server, over the fake driver.
 *
 * The first byte of an input says how: 1 the connection is opened first, 2 it came in by the read-only socket, 4 the driver
 * answers slow calls only after the peer has gone, 8 the bytes come in two pieces. The rest is the stream. */
#include "rpc/test-peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        RpcConfig config = rpc_config_default;
        uint8_t how = size > 0 ? data[0] : 0;
        size_t len = size > 0 ? size - 1 : 0, half = how & 8 ? len / 2 : 0;
        Peer peer;

        config.mode = RPC_MODE_SESSION;
        config.max_output_bytes = 256 * 1024;
        bench_start(&config, 3);
        peer = peer_connect(how & 2);
        if (how & 1)
                ask_with(&peer, 1, WireOptTextFlags, NULL, 0);
        if (how & 4)
                fake_driver_hold(bench.fake);
        if (half > 0)
                peer_send_bytes(&peer, data + 1, half);
        bench_turns();
        if (len > half)
                peer_send_bytes(&peer, data + 1 + half, len - half);
        bench_turns();
        peer_receive(&peer);
        peer_close(&peer);
        fake_driver_release(bench.fake);
        bench_stop();
        return 0;
}
