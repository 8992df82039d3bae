/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_misc.c - input, watchdog, balloon, random numbers, panic, TPM, NVRAM, hubs; and the elements that are refused. */
#include <stdio.h>

#include "drivers/qemu/cl.h"
#include "drivers/qemu/net_vsock.h"

/* Driver, id, address: most small devices are no more. Takes device over; adds it as -device. */
static int finish_device(Cl *cl, json_object *device, const DeviceInfo *info, Error **err) {
        CLEANUP(json_put) json_object *owned = device;

        if (cl_add_address(cl, owned, info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(owned));
        return 0;
}

/* ---- Hubs: before what is plugged into them ---- */

int cl_chapter_hubs(Cl *cl, Error **err) {
        LIST_FOR(hub, &cl->def->hubs)
                if (cl_need_device(cl, "usb-hub", "<hub>", err) < 0 || finish_device(cl, cl_device("usb-hub", &hub->info), &hub->info, err) < 0)
                        return -1;
        return 0;
}

/* ---- Input ---- */

static int add_input(Cl *cl, const InputDef *input, Error **err) {
        static const char *const usb[INPUT_TYPE_MAX] = { [INPUT_MOUSE] = "usb-mouse", [INPUT_TABLET] = "usb-tablet", [INPUT_KEYBOARD] = "usb-kbd" };
        static const char *const virtio[INPUT_TYPE_MAX] = { [INPUT_MOUSE] = "virtio-mouse", [INPUT_TABLET] = "virtio-tablet",
                                                            [INPUT_KEYBOARD] = "virtio-keyboard", [INPUT_PASSTHROUGH] = "virtio-input-host" };
        CLEANUP(free) char *driver = NULL;
        json_object *device;

        if (input->bus == INPUT_BUS_PS2)
                return 0;               /* the machine has them */
        if (input->bus == INPUT_BUS_USB && usb[input->type])
                driver = xstrdup(usb[input->type]);
        else if (input->bus == INPUT_BUS_VIRTIO && virtio[input->type])
                driver = cl_virtio_type(virtio[input->type], &input->info, streq(input->model, "virtio") ? NULL : input->model);
        else
                return cl_unsupported(err, "<input type='%s' bus='%s'>", table_name(&input_type_table, input->type),
                                      table_name(&input_bus_table, input->bus));
        if (cl_need_device(cl, driver, "<input>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        if (input->bus == INPUT_BUS_VIRTIO)
                cl_add_virtio(cl, device, &input->virtio);
        json_add_string(device, "id", input->info.alias);
        if (input->type == INPUT_PASSTHROUGH)
                json_add_string(device, "evdev", input->evdev);
        return finish_device(cl, device, &input->info, err);
}

int cl_chapter_inputs(Cl *cl, Error **err) {
        LIST_FOR(input, &cl->def->inputs)
                if (add_input(cl, input, err) < 0)
                        return -1;
        return 0;
}

/* ---- Watchdog, balloon, random numbers ---- */

static const char *watchdog_action(WatchdogAction action) {
        /* The daemon dumps and then resumes it. */
        return action == WATCHDOG_DUMP ? "pause" : action ? table_name(&watchdog_action_table, action) : "reset";
}

static int add_watchdogs(Cl *cl, Error **err) {
        static const char *const drivers[WATCHDOG_MODEL_TYPE_MAX] = { [WATCHDOG_I6300ESB] = "i6300esb", [WATCHDOG_IB700] = "ib700",
                                                                      [WATCHDOG_DIAG288] = "diag288" };

        LIST_FOR(watchdog, &cl->def->watchdogs) {
                const char *driver = drivers[watchdog->model];

                if (watchdog->model == WATCHDOG_ITCO) {
                        cl_add(cl, "-global", "ICH9-LPC.noreboot=off");
                        continue;
                }
                if (!driver)
                        return cl_unsupported(err, "<watchdog model='%s'>", table_name(&watchdog_model_table, watchdog->model));
                if (cl_need_device(cl, driver, "<watchdog>", err) < 0 ||
                    finish_device(cl, cl_device(driver, &watchdog->info), &watchdog->info, err) < 0)
                        return -1;
        }
        if (cl->def->watchdogs.n)
                cl_add(cl, "-watchdog-action", watchdog_action(cl->def->watchdogs.items[0]->action));
        return 0;
}

static int add_balloon(Cl *cl, Error **err) {
        static const char *const models[MEMBALLOON_TYPE_MAX] = { [MEMBALLOON_VIRTIO_TRANSITIONAL] = "virtio-transitional",
                                                                 [MEMBALLOON_VIRTIO_NON_TRANSITIONAL] = "virtio-non-transitional" };
        const MemballoonDef *balloon = cl->def->memballoon;
        CLEANUP(free) char *driver = NULL;
        json_object *device;

        if (!balloon || balloon->model == MEMBALLOON_NONE || balloon->model == MEMBALLOON_UNSET)
                return 0;
        if (balloon->model == MEMBALLOON_XEN)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Memory balloon device type 'xen' is not supported by this version of qemu");
        driver = cl_virtio_type("virtio-balloon", &balloon->info, models[balloon->model]);
        if (cl_need_device(cl, driver, "<memballoon>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        cl_add_virtio(cl, device, &balloon->virtio);
        json_add_string(device, "id", balloon->info.alias);
        cl_json_bool(device, "deflate-on-oom", balloon->autodeflate);
        cl_json_bool(device, "free-page-reporting", balloon->free_page_reporting);
        return finish_device(cl, device, &balloon->info, err);
}

static int add_rng_backend(Cl *cl, const RngDef *rng, const char *id, Error **err) {
        CLEANUP(json_put) json_object *object = json_object_new_object();

        switch (rng->backend) {
        case RNG_RANDOM: case RNG_BACKEND_UNSET:
                json_add_string(object, "qom-type", "rng-random");
                json_add_string(object, "id", id);
                json_add_string(object, "filename", rng->device ? rng->device : "/dev/urandom");
                break;
        case RNG_BUILTIN:
                json_add_string(object, "qom-type", "rng-builtin");
                json_add_string(object, "id", id);
                break;
        default: {
                CLEANUP(free) char *chardev = xasprintf("char%s", rng->info.alias);

                if (cl_add_chardev(cl, &rng->egd, chardev, "<rng>", err) < 0)
                        return -1;
                json_add_string(object, "qom-type", "rng-egd");
                json_add_string(object, "id", id);
                json_add_string(object, "chardev", chardev);
        }
        }
        cl_add_json(cl, "-object", STEAL(object));
        return 0;
}

static int add_rng(Cl *cl, const RngDef *rng, Error **err) {
        CLEANUP(free) char *backend = xasprintf("obj%s", rng->info.alias);
        CLEANUP(free) char *driver = cl_virtio_type("virtio-rng", &rng->info, streq(rng->model, "virtio") ? NULL : rng->model);
        json_object *device;

        if (cl_need_device(cl, driver, "<rng>", err) < 0 || add_rng_backend(cl, rng, backend, err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        cl_add_virtio(cl, device, &rng->virtio);
        json_add_string(device, "rng", backend);
        json_add_string(device, "id", rng->info.alias);
        if (rng->rate_bytes) {
                json_add_uint(device, "max-bytes", rng->rate_bytes);
                json_add_uint(device, "period", rng->rate_period ? rng->rate_period : 1000);
        }
        return finish_device(cl, device, &rng->info, err);
}

/* ---- Panic, TPM, NVRAM, hub ---- */

static int add_panic(Cl *cl, const PanicDef *panic, Error **err) {
        json_object *device;

        if (panic->model != PANIC_ISA && panic->model != PANIC_PVPANIC)
                return 0;               /* part of the machine (pseries, s390) or of the CPU (hyperv) */
        if (cl_need_device(cl, panic->model == PANIC_PVPANIC ? "pvpanic-pci" : "pvpanic", "<panic>", err) < 0)
                return -1;
        if (panic->model == PANIC_PVPANIC)
                return finish_device(cl, cl_device("pvpanic-pci", &panic->info), &panic->info, err);
        device = json_object_new_object();
        json_add_string(device, "driver", "pvpanic");
        if (panic->info.address.type == ADDRESS_ISA && panic->info.address.isa.iobase.set)
                json_add_uint(device, "ioport", panic->info.address.isa.iobase.value);
        cl_add_json(cl, "-device", device);
        return 0;
}

static int add_tpm(Cl *cl, const TpmDef *tpm, Error **err) {
        static const char *const drivers[TPM_MODEL_TYPE_MAX] = { [TPM_TIS] = "tpm-tis", [TPM_CRB] = "tpm-crb", [TPM_SPAPR] = "tpm-spapr" };
        const char *driver = drivers[tpm->model];
        CLEANUP(free) char *path = cl_escape(tpm->device ? tpm->device : "/dev/tpm0");
        CLEANUP(free) char *id = xasprintf("tpm-%s", tpm->info.alias);
        json_object *device;

        if (tpm->backend != TPM_PASSTHROUGH || !driver)
                return cl_unsupported(err, "<tpm> with <backend type='%s'>", table_name(&tpm_backend_table, tpm->backend));
        if (cl_need_device(cl, driver, "<tpm>", err) < 0)
                return -1;
        cl_addf(cl, "-tpmdev", "passthrough,id=%s,path=%s", id, path);
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        json_add_string(device, "tpmdev", id);
        json_add_string(device, "id", tpm->info.alias);
        return finish_device(cl, device, &tpm->info, err);
}

static int add_redirdev(Cl *cl, const RedirdevDef *redirdev, Error **err) {
        CLEANUP(free) char *chardev = xasprintf("char%s", redirdev->info.alias);
        json_object *device;

        if (cl_need_device(cl, "usb-redir", "<redirdev>", err) < 0 || cl_add_chardev(cl, &redirdev->source, chardev, "<redirdev>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", "usb-redir");
        json_add_string(device, "chardev", chardev);
        json_add_string(device, "id", redirdev->info.alias);
        if (redirdev->info.boot_order)
                json_add_uint(device, "bootindex", redirdev->info.boot_order);
        return finish_device(cl, device, &redirdev->info, err);
}

static int add_vsock(Cl *cl, Error **err) {
        const VsockDef *vsock = cl->def->vsock;
        CLEANUP(free) char *driver = vsock ? cl_virtio_type("vhost-vsock", &vsock->info, vsock->model) : NULL, *number = NULL;
        json_object *device;
        int fd;

        if (!vsock)
                return 0;
        if (cl_need_device(cl, driver, "<vsock>", err) < 0)
                return -1;
        fd = cl->params->open_vsock ? cl->params->open_vsock(cl->params->userdata, vsock->cid, err) : net_vsock_open(vsock->cid, err);
        if (fd < 0)
                return -1;
        number = xasprintf("%d", cl_add_fd(cl, fd));
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        cl_add_virtio(cl, device, &vsock->virtio);
        json_add_string(device, "id", vsock->info.alias);
        json_add_uint(device, "guest-cid", vsock->cid);
        json_add_string(device, "vhostfd", number);
        return finish_device(cl, device, &vsock->info, err);
}

/* Elements that QEMU would need more for than arguments. */
static int refuse_others(const Cl *cl, Error **err) {
        const DomainDef *def = cl->def;
        const struct {
                const char *element;
                bool present;
        } rows[] = {
                { "<smartcard>", def->smartcards.n }, { "<lease>", def->leases.n },
                { "<shmem>", def->shmems.n },
                /* libvirt prints its default, "/machine", for every running guest. */
                { "<resource>", def->resource_partition && !streq(def->resource_partition, "/machine") },
                { "<blkiotune>", def->blkio_tune.weight || def->blkio_tune.devices.n },
                { "<numatune placement='auto'>", streq(def->numa_tune.placement, "auto") },
                { "<numatune> with <memory mode='restrictive'>", streq(def->numa_tune.mode, "restrictive") },
                { "<qemu:capabilities>", def->qemu.add.n || def->qemu.del.n },
                { "<fibrechannel>", def->fibrechannel_appid },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (rows[i].present)
                        return cl_unsupported(err, "%s", rows[i].element);
        return 0;
}

int cl_chapter_misc(Cl *cl, Error **err) {
        const DomainDef *def = cl->def;

        if (refuse_others(cl, err) < 0)
                return -1;
        LIST_FOR(tpm, &def->tpms)
                if (add_tpm(cl, tpm, err) < 0)
                        return -1;
        if (add_watchdogs(cl, err) < 0 || add_balloon(cl, err) < 0)
                return -1;
        LIST_FOR(rng, &def->rngs)
                if (add_rng(cl, rng, err) < 0)
                        return -1;
        LIST_FOR(redirdev, &def->redirdevs)
                if (add_redirdev(cl, redirdev, err) < 0)
                        return -1;
        if (add_vsock(cl, err) < 0)
                return -1;
        if (def->nvram && def->nvram->info.address.spapr_reg.set)
                cl_addf(cl, "-global", "spapr-nvram.reg=0x%llx", (unsigned long long) def->nvram->info.address.spapr_reg.value);
        LIST_FOR(panic, &def->panics)
                if (add_panic(cl, panic, err) < 0)
                        return -1;
        if (def->features.vmcoreinfo == TRISTATE_YES)
                cl_add(cl, "-device", "{\"driver\":\"vmcoreinfo\"}");
        return 0;
}
