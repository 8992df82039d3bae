/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_buses.c - addresses on the smaller buses: CCW (s390x), SPAPR-VIO (POWER), virtio-serial ports. */
#include "conf/completion.h"

bool device_is_virtio(const DeviceRef *device) {
        switch (device->kind) {
        case DEVICE_DISK:
                return disk_is_virtio(device->def);
        case DEVICE_INTERFACE:
                return interface_is_virtio(device->def);
        case DEVICE_CONTROLLER: {
                const ControllerDef *controller = device->def;
                return controller->type == CONTROLLER_VIRTIO_SERIAL ||
                       (controller->type == CONTROLLER_SCSI &&
                        (controller->model == CONTROLLER_VIRTIO_SCSI || controller->model >= CONTROLLER_VIRTIO));
        }
        case DEVICE_MEMBALLOON:
                return ((const MemballoonDef *) device->def)->model != MEMBALLOON_NONE;
        case DEVICE_INPUT:
                return ((const InputDef *) device->def)->bus == INPUT_BUS_VIRTIO;
        case DEVICE_VIDEO:
                return ((const VideoDef *) device->def)->type == VIDEO_VIRTIO;
        case DEVICE_RNG:
        case DEVICE_FILESYSTEM:
        case DEVICE_VSOCK:
                return true;
        case DEVICE_HOSTDEV: {
                const HostdevDef *hostdev = device->def;
                return hostdev->type == HOSTDEV_SCSI_HOST || (hostdev->type == HOSTDEV_MDEV && streq(hostdev->model, "vfio-ccw"));
        }
        default:
                return false;
        }
}

/* ---- CCW ---- */

#define CCW_CSSID_VIRTIO 0xfe

typedef struct CcwPass {
        const Completion *completion;
        DeviceRef *devices;
        size_t n_devices;
} CcwPass;

static int collect_ccw(const DeviceRef *device, void *userdata) {
        CcwPass *pass = userdata;

        if (device->info && (device->info->address.type == ADDRESS_CCW || device_is_virtio(device)))
                *ARRAY_APPEND(pass->devices, pass->n_devices) = *device;
        return 0;
}

static bool ccw_complete(const DeviceAddress *address) {
        return address->type == ADDRESS_CCW && address->ccw.cssid.set && address->ccw.ssid.set && address->ccw.devno.set;
}

static uint32_t ccw_key(const DeviceAddress *address) {
        return address->ccw.cssid.value << 18 | address->ccw.ssid.value << 16 | address->ccw.devno.value;
}

static int compare_keys(const void *a, const void *b) {
        const uint32_t *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* All keys in use, sorted; the free ones are found in one walk. */
static uint32_t *ccw_keys(const CcwPass *pass, size_t *ret_n) {
        uint32_t *keys = xnew_n(uint32_t, pass->n_devices + 1);
        size_t n = 0;

        for (size_t i = 0; i < pass->n_devices; i++)
                if (ccw_complete(&pass->devices[i].info->address))
                        keys[n++] = ccw_key(&pass->devices[i].info->address);
        qsort(keys, n, sizeof(keys[0]), compare_keys);
        *ret_n = n;
        return keys;
}

static int check_ccw(const uint32_t *keys, size_t n, Error **err) {
        for (size_t i = 1; i < n; i++)
                if (keys[i] == keys[i - 1])
                        return error_set(err, ERROR_INTERNAL, "The CCW devno '%x.%x.%04x' is in use already ", keys[i] >> 18,
                                         keys[i] >> 16 & 3, keys[i] & 0xffff);
        return 0;
}

static int assign_ccw(CcwPass *pass, Error **err) {
        CLEANUP(free) uint32_t *keys = NULL;
        uint32_t next = CCW_CSSID_VIRTIO << 18;
        size_t n;

        keys = ccw_keys(pass, &n);
        if (check_ccw(keys, n, err) < 0)
                return -1;
        for (size_t i = 0; i < pass->n_devices; i++) {
                DeviceAddress *address = &pass->devices[i].info->address;
                CLEANUP(free) char *path = NULL;

                if (address->type && (address->type != ADDRESS_CCW || ccw_complete(address)))
                        continue;
                while (bsearch(&next, keys, n, sizeof(keys[0]), compare_keys))
                        next++;
                if ((next & 0x3ffff) == 0x3ffff)
                        return error_set(err, ERROR_INTERNAL, "There are no more free CCW devnos.");
                address->type = ADDRESS_CCW;
                address->ccw.cssid = OPT_UINT(next >> 18);
                address->ccw.ssid = OPT_UINT(next >> 16 & 3);
                address->ccw.devno = OPT_UINT(next & 0xffff);
                next++;
                if (!pass->completion->facts->note)
                        continue;
                path = device_ref_path(&pass->devices[i]);
                completion_note(pass->completion, "the next free device number", "%s: ccw %x.%x.%04x", path,
                                address->ccw.cssid.value, address->ccw.ssid.value, address->ccw.devno.value);
        }
        return 0;
}

/* libvirt gives them by kind, in this order. */
static const DeviceKind ccw_order[] = {
        DEVICE_DISK,  DEVICE_INTERFACE,  DEVICE_HOSTDEV,    DEVICE_VIDEO, DEVICE_CONTROLLER,
        DEVICE_INPUT, DEVICE_FILESYSTEM, DEVICE_MEMBALLOON, DEVICE_RNG,   DEVICE_VSOCK,
};

static unsigned ccw_rank(DeviceKind kind) {
        for (unsigned i = 0; i < N_ELEMENTS(ccw_order); i++)
                if (ccw_order[i] == kind)
                        return i;
        return N_ELEMENTS(ccw_order);
}

static int compare_refs(const void *a, const void *b) {
        const DeviceRef *x = a, *y = b;

        if (ccw_rank(x->kind) != ccw_rank(y->kind))
                return ccw_rank(x->kind) < ccw_rank(y->kind) ? -1 : 1;
        return x->index < y->index ? -1 : x->index > y->index;
}

int complete_ccw(Completion *completion, Error **err) {
        CcwPass pass = { .completion = completion };
        int r;

        if (completion->kind != MACHINE_S390)
                return 0;
        domain_def_each_device(completion->def, collect_ccw, &pass);
        if (pass.n_devices > 0)
                qsort(pass.devices, pass.n_devices, sizeof(DeviceRef), compare_refs);
        r = assign_ccw(&pass, err);
        free(pass.devices);
        return r;
}

/* ---- SPAPR-VIO ---- */

typedef struct SpaprPass {
        const DomainDef *def;
        uint64_t reg;
        const DeviceInfo *except;
        Error **err;
} SpaprPass;

static int has_reg(const DeviceRef *device, void *userdata) {
        const SpaprPass *pass = userdata;

        return device->info && device->info != pass->except && device->kind != DEVICE_CONSOLE &&
               device->info->address.type == ADDRESS_SPAPR_VIO && device->info->address.spapr_reg.set &&
               device->info->address.spapr_reg.value == pass->reg;
}

/* Each kind of device begins at its own number and goes up in pages. */
static int assign_reg(const Completion *completion, DeviceInfo *info, uint64_t first, Error **err) {
        SpaprPass pass = { .def = completion->def, .reg = first, .except = info };
        bool given = info->address.type == ADDRESS_SPAPR_VIO && info->address.spapr_reg.set;

        if (given)
                pass.reg = info->address.spapr_reg.value;
        while (domain_def_each_device(completion->def, has_reg, &pass)) {
                if (given)
                        return error_set(err, ERROR_XML, "spapr-vio address %#llx already in use", (unsigned long long) pass.reg);
                pass.reg += 0x1000;
        }
        info->address.type = ADDRESS_SPAPR_VIO;
        if (!given)
                completion_note(completion, "the next free number of its kind", "spapr-vio %#llx", (unsigned long long) pass.reg);
        info->address.spapr_reg = OPT_U64(pass.reg);
        return 0;
}

static bool reg_wanted(const DeviceInfo *info) {
        return !info->address.type || info->address.type == ADDRESS_SPAPR_VIO;
}

int complete_spapr(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        LIST_FOR(interface, &def->interfaces)
                if (streq(interface->model, "spapr-vlan") && reg_wanted(&interface->info) &&
                    assign_reg(completion, &interface->info, 0x1000, err) < 0)
                        return -1;
        LIST_FOR(controller, &def->controllers)
                if (controller->type == CONTROLLER_SCSI && controller->model == CONTROLLER_IBMVSCSI &&
                    reg_wanted(&controller->info) && assign_reg(completion, &controller->info, 0x2000, err) < 0)
                        return -1;
        LIST_FOR(serial, &def->serials)
                if (serial->target == SERIAL_TARGET_SPAPR_VIO && reg_wanted(&serial->info) &&
                    assign_reg(completion, &serial->info, 0x30000000, err) < 0)
                        return -1;
        if (def->nvram && reg_wanted(&def->nvram->info) && assign_reg(completion, &def->nvram->info, 0x3000, err) < 0)
                return -1;
        LIST_FOR(tpm, &def->tpms)
                if (tpm->model == TPM_SPAPR && reg_wanted(&tpm->info) && assign_reg(completion, &tpm->info, 0x4000, err) < 0)
                        return -1;
        return 0;
}

/* ---- virtio-serial ---- */

#define DEFAULT_PORTS 31

static bool port_taken(const DomainDef *def, const DeviceInfo *except, unsigned controller, unsigned port) {
        LIST_FOR(channel, &def->channels) {
                const DeviceAddress *address = &channel->info.address;

                if (&channel->info != except && address->type == ADDRESS_VIRTIO_SERIAL &&
                    address->virtio_serial.controller == controller && address->virtio_serial.port == port)
                        return true;
        }
        return false;
}

/* On the lowest controller that has room; a new one when all are full. */
static int assign_port(Completion *completion, DeviceInfo *info, Error **err) {
        DomainDef *def = completion->def;
        bool given = info->address.type == ADDRESS_VIRTIO_SERIAL;
        unsigned first = given ? info->address.virtio_serial.controller : 0;

        for (unsigned index = first; index < 256 && (!given || index == first); index++) {
                const ControllerDef *controller =
                        completion_need_controller(completion, CONTROLLER_VIRTIO_SERIAL, index, "the others have no free port");
                unsigned n = controller->ports.set ? controller->ports.value : DEFAULT_PORTS;

                for (unsigned port = 1; port < n; port++) {
                        if (port_taken(def, info, index, port))
                                continue;
                        info->address.type = ADDRESS_VIRTIO_SERIAL;
                        info->address.virtio_serial.controller = index;
                        info->address.virtio_serial.port = port;
                        completion_note(completion, "the next free port", "a channel: virtio-serial %u port %u", index, port);
                        return 0;
                }
        }
        return error_set(err, ERROR_XML, "Unable to find a free virtio-serial port");
}

int complete_virtio_serial(Completion *completion, Error **err) {
        LIST_FOR(channel, &completion->def->channels) {
                const DeviceAddress *address = &channel->info.address;

                if (channel->target != CHANNEL_TARGET_VIRTIO ||
                    (address->type == ADDRESS_VIRTIO_SERIAL && address->virtio_serial.port > 0))
                        continue;
                if (assign_port(completion, &channel->info, err) < 0)
                        return -1;
        }
        return 0;
}
