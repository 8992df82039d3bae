/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(input_type_table, INPUT_TYPE_MAX, "input type", "", "mouse", "tablet", "keyboard", "passthrough", "evdev");
NAMES(input_bus_table, INPUT_BUS_TYPE_MAX, "input bus", "", "ps2", "usb", "xen", "parallels", "virtio", "none");
NAMES(memballoon_model_table, MEMBALLOON_TYPE_MAX, "memballoon model", "", "virtio", "xen", "none", "virtio-transitional",
      "virtio-non-transitional");
NAMES(rng_backend_table, RNG_BACKEND_TYPE_MAX, "rng backend", "", "random", "egd", "builtin");
NAMES(watchdog_model_table, WATCHDOG_MODEL_TYPE_MAX, "watchdog model", "", "i6300esb", "ib700", "diag288", "itco");
NAMES(watchdog_action_table, WATCHDOG_ACTION_TYPE_MAX, "watchdog action", "", "reset", "shutdown", "poweroff", "pause", "dump",
      "none", "inject-nmi");
NAMES(panic_model_table, PANIC_MODEL_TYPE_MAX, "panic model", "", "isa", "pseries", "hyperv", "s390", "pvpanic");
NAMES(tpm_model_table, TPM_MODEL_TYPE_MAX, "TPM model", "", "tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy");
NAMES(tpm_backend_table, TPM_BACKEND_TYPE_MAX, "TPM backend", "", "passthrough", "emulator", "external");
NAMES(iommu_model_table, IOMMU_MODEL_TYPE_MAX, "iommu model", "", "intel", "smmuv3", "virtio");
NAMES(memory_model_table, MEMORY_MODEL_TYPE_MAX, "memory device model", "", "dimm", "nvdimm", "virtio-pmem", "virtio-mem",
      "sgx-epc");
VIRTIO_MODEL_WORDS;
WORDS_OF(grab_words, "input grab", "all");
WORDS_OF(toggle_words, "input grabToggle", "ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock");
WORDS_OF(tpm_version_words, "TPM version", "1.2", "2.0");
WORDS_OF(hub_words, "hub type", "usb");
WORDS_OF(shmem_model_words, "shmem model", "ivshmem", "ivshmem-plain", "ivshmem-doorbell");
WORDS_OF(role_words, "shmem role", "master", "peer");
WORDS_OF(memory_access_words, "memory access mode", "shared", "private");

/* ---- input ---- */

static const Row input_rows[] = {
        ENUM("@type", InputDef, type, input_type_table, .flags = ROW_REQUIRED),
        ENUM("@bus", InputDef, bus, input_bus_table),
        WORD("@model", InputDef, model, virtio_model_words),
        VIRTIO_ROWS(InputDef),
        STRING("source@evdev", InputDef, evdev, WHEN(InputDef, type, BIT(INPUT_PASSTHROUGH)), .flags = ROW_REQUIRED | ROW_HOST),
        STRING("source@dev", InputDef, evdev, WHEN(InputDef, type, BIT(INPUT_EVDEV)), .flags = ROW_REQUIRED | ROW_HOST),
        WORD("source@grab", InputDef, grab, grab_words, WHEN(InputDef, type, BIT(INPUT_EVDEV)), .flags = ROW_HOST),
        WORD("source@grabToggle", InputDef, grab_toggle, toggle_words, WHEN(InputDef, type, BIT(INPUT_EVDEV)), .flags = ROW_HOST),
        ONOFF("source@repeat", InputDef, repeat, WHEN(InputDef, type, BIT(INPUT_EVDEV)), .flags = ROW_HOST),
        INCLUDE("", InputDef, info, device_info_element),
        {}
};

static int check_input(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const InputDef *input = object;
        bool needs_source = input->type == INPUT_PASSTHROUGH || input->type == INPUT_EVDEV;

        if (needs_source && !element_child(node, "source"))
                return element_refuse(parser, node, NULL, ERROR_XML, "<input>", err, "element <source> is missing");
        if (input->bus == INPUT_BUS_PS2 && input->type == INPUT_TABLET)
                return element_refuse(parser, node, "bus", ERROR_XML, "input bus 'ps2'", err,
                                      "ps2 bus does not support tablet input device");
        return 0;
}
const Element input_element = { sizeof(InputDef), input_rows, check_input };

/* ---- memory balloon, rng, vsock ---- */

static const Row memballoon_rows[] = {
        ENUM("@model", MemballoonDef, model, memballoon_model_table, .flags = ROW_REQUIRED),
        ONOFF("@autodeflate", MemballoonDef, autodeflate),
        ONOFF("@freePageReporting", MemballoonDef, free_page_reporting),
        UINT("stats@period", MemballoonDef, stats_period, .flags = ROW_HOST),
        INCLUDE("", MemballoonDef, info, device_info_element),
        VIRTIO_ROWS(MemballoonDef),
        {}
};
const Element memballoon_element = { sizeof(MemballoonDef), memballoon_rows };

#define OF_BACKEND(name) WHEN(RngDef, backend, BIT(RNG_##name))

static const Row rng_rows[] = {
        WORD("@model", RngDef, model, virtio_model_words, .flags = ROW_REQUIRED),
        UINT("rate@bytes", RngDef, rate_bytes, .flags = ROW_REQUIRED | ROW_HOST),
        UINT("rate@period", RngDef, rate_period, .flags = ROW_HOST),
        ENUM("backend@model", RngDef, backend, rng_backend_table, .flags = ROW_REQUIRED | ROW_HOST),
        INCLUDE("backend", RngDef, egd, char_type_element, OF_BACKEND(EGD)),
        INCLUDE("backend", RngDef, egd, char_source_element, OF_BACKEND(EGD)),
        STRING("backend", RngDef, device, OF_BACKEND(RANDOM), .flags = ROW_HOST),
        VIRTIO_ROWS(RngDef),
        INCLUDE("", RngDef, info, device_info_element),
        {}
};

static int check_rng(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        if (!element_child(node, "backend"))
                return element_refuse(parser, node, NULL, ERROR_XML, "<rng>", err, "element <backend> is missing");
        return 0;
}
const Element rng_element = { sizeof(RngDef), rng_rows, check_rng };

static const Row vsock_rows[] = {
        WORD("@model", VsockDef, model, virtio_model_words),
        YESNO("cid@auto", VsockDef, auto_cid),
        UINT("cid@address", VsockDef, cid),
        INCLUDE("", VsockDef, info, device_info_element),
        VIRTIO_ROWS(VsockDef),
        {}
};

static int check_vsock(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const xmlNode *cid = element_child(node, "cid");

        if (cid && element_attribute(cid, "address") && ((const VsockDef *) object)->cid < 3)
                return element_refuse(parser, cid, "address", ERROR_XML, "vsock address", err, "it must be 3 or more");
        return 0;
}
const Element vsock_element = { sizeof(VsockDef), vsock_rows, check_vsock };

/* ---- watchdog, panic, hub, iommu, nvram ---- */

static const Row watchdog_rows[] = {
        ENUM("@model", WatchdogDef, model, watchdog_model_table, .flags = ROW_REQUIRED),
        ENUM("@action", WatchdogDef, action, watchdog_action_table, .fallback = WATCHDOG_RESET),
        INCLUDE("", WatchdogDef, info, device_info_element),
        {}
};
const Element watchdog_element = { sizeof(WatchdogDef), watchdog_rows };

static const Row panic_rows[] = {
        ENUM("@model", PanicDef, model, panic_model_table),
        INCLUDE("", PanicDef, info, device_info_element),
        {}
};
const Element panic_element = { sizeof(PanicDef), panic_rows };

static const Row hub_rows[] = {
        WORD("@type", HubDef, type, hub_words, .flags = ROW_REQUIRED),
        INCLUDE("", HubDef, info, device_info_element),
        {}
};
const Element hub_element = { sizeof(HubDef), hub_rows };

static const Row iommu_rows[] = {
        ENUM("@model", IommuDef, model, iommu_model_table, .flags = ROW_REQUIRED),
        ONOFF("driver@intremap", IommuDef, intremap),
        ONOFF("driver@caching_mode", IommuDef, caching_mode),
        ONOFF("driver@eim", IommuDef, eim),
        ONOFF("driver@iotlb", IommuDef, iotlb),
        UINT("driver@aw_bits", IommuDef, aw_bits),
        INCLUDE("", IommuDef, info, device_info_element),
        {}
};
const Element iommu_element = { sizeof(IommuDef), iommu_rows };

static const Row nvram_rows[] = {
        INCLUDE("", NvramDef, info, device_info_element),
        {}
};
const Element nvram_element = { sizeof(NvramDef), nvram_rows };

/* ---- tpm ---- */

#define OF_TPM(name) WHEN(TpmDef, backend, BIT(TPM_##name))

static const Row tpm_rows[] = {
        ENUM("@model", TpmDef, model, tpm_model_table),
        ENUM("backend@type", TpmDef, backend, tpm_backend_table, .flags = ROW_REQUIRED),
        WORD("backend@version", TpmDef, version, tpm_version_words, OF_TPM(EMULATOR)),
        YESNO("backend@persistent_state", TpmDef, persistent_state, OF_TPM(EMULATOR)),
        STRING("backend/device@path", TpmDef, device, OF_TPM(PASSTHROUGH), .flags = ROW_HOST),
        STRING("backend/encryption@secret", TpmDef, encryption_secret, OF_TPM(EMULATOR), .flags = ROW_HOST),
        FLAG("backend/active_pcr_banks/sha1", TpmDef, pcr_sha1, OF_TPM(EMULATOR)),
        FLAG("backend/active_pcr_banks/sha256", TpmDef, pcr_sha256, OF_TPM(EMULATOR)),
        FLAG("backend/active_pcr_banks/sha384", TpmDef, pcr_sha384, OF_TPM(EMULATOR)),
        FLAG("backend/active_pcr_banks/sha512", TpmDef, pcr_sha512, OF_TPM(EMULATOR)),
        ENUM("backend/source@type", TpmDef, source.type, char_type_table, OF_TPM(EXTERNAL), .flags = ROW_REQUIRED | ROW_HOST),
        ENUM("backend/source@mode", TpmDef, source.mode, char_mode_table, OF_TPM(EXTERNAL), .flags = ROW_HOST),
        STRING("backend/source@path", TpmDef, source.path, OF_TPM(EXTERNAL), .flags = ROW_REQUIRED | ROW_HOST),
        INCLUDE("", TpmDef, info, device_info_element),
        {}
};

static int check_tpm(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const TpmDef *tpm = object;

        if (!tpm->backend)
                return element_refuse(parser, node, NULL, ERROR_XML, "<tpm>", err, "missing TPM device backend");
        if (tpm->backend == TPM_EXTERNAL && tpm->source.type != CHAR_UNIX)
                return element_refuse(parser, element_child(node, "backend"), "type", ERROR_XML, "TPM backend 'external'", err,
                                      "it needs <source type='unix' mode='connect' path=/>");
        return 0;
}
const Element tpm_element = { sizeof(TpmDef), tpm_rows, check_tpm };

/* ---- shared memory ---- */

static int read_mib(const Row *row, const char *text, const char *unit, void *field) {
        uint64_t bytes;
        int r = row_bytes.read(row, text, unit, &bytes);

        if (r == 0)
                *(uint64_t *) field = bytes;
        return r;
}

/* libvirt prints the size of a shmem in M, whatever unit it was given in. */
static bool is_in_mib(const void *field) {
        return *(const uint64_t *) field % (1 << 20) == 0;
}

static const char *mib_unit(const void *field) {
        return is_in_mib(field) ? "M" : "bytes";
}

static bool print_mib(const Row *row, const void *field, StrBuf *text) {
        uint64_t bytes = *(const uint64_t *) field;

        if (bytes)
                strbuf_addf(text, "%llu", (unsigned long long) (is_in_mib(field) ? bytes >> 20 : bytes));
        return bytes;
}

static const RowType row_mib = {
        .storage = STORE_PLAIN,
        .size = sizeof(uint64_t),
        .unit = "M",
        .unit_of = mib_unit,
        .want = "a size",
        .read = read_mib,
        .print = print_mib,
};

static const Row shmem_rows[] = {
        STRING("@name", ShmemDef, name, .flags = ROW_REQUIRED | ROW_HOST),
        WORD("@role", ShmemDef, role, role_words),
        WORD("model@type", ShmemDef, model, shmem_model_words),
        { "size", &row_mib, FIELD_IS(ShmemDef, size_bytes, uint64_t) },
        FLAG("server", ShmemDef, has_server, .flags = ROW_HOST),
        STRING("server@path", ShmemDef, server, .flags = ROW_HOST),
        FLAG("msi", ShmemDef, has_msi),
        ONOFF("msi@enabled", ShmemDef, msi),
        OPTUINT("msi@vectors", ShmemDef, msi_vectors),
        ONOFF("msi@ioeventfd", ShmemDef, msi_ioeventfd),
        INCLUDE("", ShmemDef, info, device_info_element),
        {}
};

static int check_shmem(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const ShmemDef *shmem = object;

        if (!*shmem->name || strchr(shmem->name, '/') || streq(shmem->name, ".") || streq(shmem->name, ".."))
                return element_refuse(parser, node, "name", ERROR_XML, "shmem name", err, "it must be a file name without '/'");
        if (shmem->size_bytes % (1 << 20))
                return element_refuse(parser, element_child(node, "size"), NULL, ERROR_XML, "shmem size", err,
                                      "it must be a multiple of 1 MiB");
        return 0;
}
const Element shmem_element = { sizeof(ShmemDef), shmem_rows, check_shmem };

/* ---- memory devices, leases ---- */

static const Row memory_device_rows[] = {
        ENUM("@model", MemoryDeviceDef, model, memory_model_table, .flags = ROW_REQUIRED),
        WORD("@access", MemoryDeviceDef, access, memory_access_words, .flags = ROW_HOST),
        YESNO("@discard", MemoryDeviceDef, discard, .flags = ROW_HOST),
        UUID("uuid", MemoryDeviceDef, uuid),
        CPUSET("source/nodemask", MemoryDeviceDef, nodemask, .flags = ROW_HOST),
        KIB("source/pagesize", MemoryDeviceDef, pagesize_kib, .flags = ROW_HOST),
        STRING("source/path", MemoryDeviceDef, path, .flags = ROW_HOST),
        KIB("source/alignsize", MemoryDeviceDef, alignsize_kib, .flags = ROW_HOST),
        FLAG("source/pmem", MemoryDeviceDef, pmem, .flags = ROW_HOST),
        KIB("target/size", MemoryDeviceDef, size_kib, .flags = ROW_REQUIRED),
        OPTUINT("target/node", MemoryDeviceDef, node),
        KIB("target/label/size", MemoryDeviceDef, label_kib),
        KIB("target/block", MemoryDeviceDef, block_kib),
        OPTKIB("target/requested", MemoryDeviceDef, requested_kib, .flags = ROW_HOST),
        KIB("target/current", MemoryDeviceDef, current_kib, .flags = ROW_LIVE),
        FLAG("target/readonly", MemoryDeviceDef, readonly),
        INCLUDE("", MemoryDeviceDef, info, device_info_element),
        {}
};

static int check_memory_device(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        if (!((const MemoryDeviceDef *) object)->size_kib)
                return element_refuse(parser, node, NULL, ERROR_XML, "<memory>", err, "its <target><size> is missing");
        return 0;
}
const Element memory_device_element = { sizeof(MemoryDeviceDef), memory_device_rows, check_memory_device };

static const Row lease_rows[] = {
        STRING("lockspace", LeaseDef, lockspace, .flags = ROW_HOST),
        STRING("key", LeaseDef, key, .flags = ROW_REQUIRED | ROW_HOST),
        STRING("target@path", LeaseDef, target_path, .flags = ROW_REQUIRED | ROW_HOST),
        OPTU64("target@offset", LeaseDef, target_offset, .flags = ROW_HOST),
        {}
};
const Element lease_element = { sizeof(LeaseDef), lease_rows };
