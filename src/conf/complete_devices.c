/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_devices.c - the devices that every machine of a kind has, and what devices that were asked for leave open. */
#include <strings.h>
#include <sys/random.h>

#include "conf/completion.h"

/* ---- default devices ---- */

static bool find_input(const DomainDef *def, InputType type, InputBus bus) {
        LIST_FOR(input, &def->inputs)
                if (input->type == type && input->bus == bus)
                        return true;
        return false;
}

static void need_input(Completion *completion, InputType type, InputBus bus, const char *why) {
        InputDef *added;

        if (find_input(completion->def, type, bus))
                return;
        added = xnew(InputDef);
        added->type = type;
        added->bus = bus;
        LIST_APPEND(&completion->def->inputs, added);
        completion_note(completion, why, "<input type='%s' bus='%s'>", table_name(&input_type_table, type),
                        table_name(&input_bus_table, bus));
}

/* Without a bus: PS/2 where the machine has it, else what its other devices are on. */
static void default_input_bus(Completion *completion, InputDef *input) {
        if (input->bus)
                return;
        if (input->type == INPUT_EVDEV)         /* an object of QEMU's own, on no bus */
                return;
        if (input->type == INPUT_PASSTHROUGH || completion->kind == MACHINE_S390)
                input->bus = INPUT_BUS_VIRTIO;
        else if (input->type != INPUT_TABLET && completion_is_x86(completion))
                input->bus = INPUT_BUS_PS2;
        else
                input->bus = INPUT_BUS_USB;
}

static bool has_usb(const DomainDef *def) {
        return completion_find_controller(def, CONTROLLER_USB, 0) != NULL;
}

static ControllerModel q35_usb_model(const Completion *completion) {
        static const struct {
                const char *type;
                ControllerModel model;
        } rows[] = {
                { "qemu-xhci", CONTROLLER_QEMU_XHCI },
                { "nec-usb-xhci", CONTROLLER_NEC_XHCI },
                { "ich9-usb-ehci1", CONTROLLER_ICH9_EHCI1 },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (completion_has_device(completion, rows[i].type))
                        return rows[i].model;
        return CONTROLLER_USB_NONE;
}

static void default_usb(Completion *completion) {
        ControllerModel model = completion->kind == MACHINE_Q35 ? q35_usb_model(completion) : CONTROLLER_MODEL_UNSET;

        if (!has_usb(completion->def) && model != CONTROLLER_USB_NONE)
                completion_add_controller(completion, CONTROLLER_USB, 0, model, "machines of this type have one");
}

static int default_pci_root(Completion *completion, ControllerModel model, Error **err) {
        const ControllerDef *root = completion_find_controller(completion->def, CONTROLLER_PCI, 0);

        if (!root)
                completion_add_controller(completion, CONTROLLER_PCI, 0, model, "the machine's own bus");
        else if (root->model != model)
                return error_set_from(err, ERROR_FROM_QEMU, ERROR_XML,
                                      "The PCI controller with index='0' must be model='%s' for this machine type, "
                                      "but model='%s' was found instead",
                                      table_name(&controller_model_table, model),
                                      table_name(&controller_model_table, root->model));
        return 0;
}

static void default_panic(Completion *completion, PanicModel model) {
        PanicDef *added;

        LIST_FOR(panic, &completion->def->panics)
                if (!panic->model || panic->model == model)
                        return;
        added = xnew(PanicDef);
        added->model = model;
        LIST_APPEND(&completion->def->panics, added);
        completion_note(completion, "the firmware reports a guest's panic in any case", "<panic model='%s'>",
                        table_name(&panic_model_table, model));
}

/* A row per kind of machine: what each of them has. */
static const struct MachineDevices {
        MachineKind kind;
        bool usb, sata, ps2, usb_input_with_graphics;
        ControllerModel pci_root;
        PanicModel panic;
} machine_devices[] = {
        { MACHINE_Q35, true, true, true, false, CONTROLLER_PCIE_ROOT, PANIC_MODEL_UNSET },
        { MACHINE_I440FX, true, false, true, false, CONTROLLER_PCI_ROOT, PANIC_MODEL_UNSET },
        { MACHINE_ISAPC, false, false, true, false, CONTROLLER_MODEL_UNSET, PANIC_MODEL_UNSET },
        { MACHINE_MICROVM, false, false, true, false, CONTROLLER_MODEL_UNSET, PANIC_MODEL_UNSET },
        { MACHINE_S390, false, false, false, false, CONTROLLER_PCI_ROOT, PANIC_S390 },
        { MACHINE_PSERIES, true, false, false, true, CONTROLLER_PCI_ROOT, PANIC_PSERIES },
};

static int add_machine_devices(Completion *completion, const struct MachineDevices *row, Error **err) {
        const char *why = "machines of this type have one";
        DomainDef *def = completion->def;

        if (row->ps2) {
                need_input(completion, INPUT_MOUSE, INPUT_BUS_PS2, why);
                need_input(completion, INPUT_KEYBOARD, INPUT_BUS_PS2, why);
        }
        if (row->usb)
                default_usb(completion);
        if (row->sata)
                completion_need_controller(completion, CONTROLLER_SATA, 0, why);
        if (row->pci_root && default_pci_root(completion, row->pci_root, err) < 0)
                return -1;
        if (row->usb_input_with_graphics && def->graphics.n > 0) {
                need_input(completion, INPUT_KEYBOARD, INPUT_BUS_USB, "a screen needs a keyboard");
                if (!find_input(def, INPUT_TABLET, INPUT_BUS_USB))
                        need_input(completion, INPUT_MOUSE, INPUT_BUS_USB, "a screen needs a mouse");
        }
        if (row->panic)
                default_panic(completion, row->panic);
        return 0;
}

int complete_default_devices(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        LIST_FOR(input, &def->inputs)
                default_input_bus(completion, input);
        for (size_t i = 0; i < N_ELEMENTS(machine_devices); i++)
                if (machine_devices[i].kind == completion->kind && add_machine_devices(completion, &machine_devices[i], err) < 0)
                        return -1;
        if (!def->memballoon) {
                def->memballoon = xnew(MemballoonDef);
                def->memballoon->model = MEMBALLOON_VIRTIO;
                completion_note(completion, "every guest has one unless it says model='none'", "<memballoon model='virtio'>");
        }
        return 0;
}

/* ---- what devices leave open ---- */

bool interface_is_virtio(const InterfaceDef *interface) {
        return streq(interface->model, "virtio") || streq(interface->model, "virtio-transitional") ||
               streq(interface->model, "virtio-non-transitional");
}

/* libvirt knows these in any mixture of capitals. */
static const char *const known_models[] = {
        "rtl8139",
        "e1000",
        "vmxnet3",
        "Am79C970A",
        "Am79C973",
        "82540EM",
        "82545EM",
        "82543GC",
        "e1000e",
        "virtio",
        "virtio-transitional",
        "virtio-non-transitional",
        "usb-net",
        "spapr-vlan",
        "lan9118",
        "smc91c111",
};

static void canonical_model(InterfaceDef *interface) {
        for (size_t i = 0; i < N_ELEMENTS(known_models); i++)
                if (interface->model && strcasecmp(interface->model, known_models[i]) == 0) {
                        free(interface->model);
                        interface->model = xstrdup(known_models[i]);
                        return;
                }
}

static int complete_interface(Completion *completion, InterfaceDef *interface, Error **err) {
        if (!interface->mac.set) {
                static const uint8_t prefix[] = { 0x52, 0x54, 0x00 };

                memcpy(interface->mac.bytes, prefix, sizeof(prefix));
                if (getrandom(interface->mac.bytes + sizeof(prefix), 3, 0) != 3)
                        return error_set(err, ERROR_INTERNAL, "no random numbers for a MAC address");
                interface->mac.set = true;
                completion_note(completion, "chosen at random", "a MAC address for an interface");
        }
        canonical_model(interface);
        if (interface->model || interface->type == INTERFACE_HOSTDEV)
                return 0;
        interface->model = xstrdup(completion->kind == MACHINE_S390 ? "virtio" :
                                   completion_has_device(completion, "rtl8139") ? "rtl8139" :
                                   completion_has_device(completion, "e1000") ? "e1000" : "virtio");
        completion_note(completion, "the default of this machine", "an interface: model '%s'", interface->model);
        return 0;
}

static void complete_panic(Completion *completion, PanicDef *panic) {
        if (!panic->model)
                panic->model = completion->kind == MACHINE_PSERIES ? PANIC_PSERIES :
                               completion->kind == MACHINE_S390    ? PANIC_S390 :
                                                                     PANIC_ISA;
}

static int check_panics(const DomainDef *def, Error **err) {
        for (size_t i = 0; i < def->panics.n; i++)
                for (size_t j = 0; j < i; j++)
                        if (def->panics.items[i]->model == def->panics.items[j]->model)
                                return error_set(err, ERROR_XML, "Multiple panic devices with model '%s'",
                                                 table_name(&panic_model_table, def->panics.items[i]->model));
        return 0;
}

static void complete_tpm(Completion *completion, TpmDef *tpm) {
        if (!tpm->model)
                tpm->model = completion->kind == MACHINE_PSERIES ? TPM_SPAPR : TPM_TIS;
        if (tpm->backend == TPM_EMULATOR)
                completion_default_text(&tpm->version, "2.0");
        if (tpm->backend == TPM_PASSTHROUGH)
                completion_default_text(&tpm->device, "/dev/tpm0");
}

static void complete_watchdog(Completion *completion, WatchdogDef *watchdog) {
        if (!watchdog->model)
                watchdog->model = completion->kind == MACHINE_S390 ? WATCHDOG_DIAG288 : WATCHDOG_I6300ESB;
        if (!watchdog->action)
                watchdog->action = WATCHDOG_RESET;
}

static void complete_shmem(ShmemDef *shmem) {
        completion_default_text(&shmem->model, "ivshmem");
        if (shmem->size_bytes == 0 && streq(shmem->model, "ivshmem-plain"))
                shmem->size_bytes = 4 * 1024 * 1024;
}

int complete_devices(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        LIST_FOR(interface, &def->interfaces)
                if (complete_interface(completion, interface, err) < 0)
                        return -1;
        LIST_FOR(panic, &def->panics)
                complete_panic(completion, panic);
        if (check_panics(def, err) < 0)
                return -1;
        LIST_FOR(rng, &def->rngs) {
                completion_default_text(&rng->model, "virtio");
                if (rng->backend == RNG_RANDOM)
                        completion_default_text(&rng->device, "/dev/random");
        }
        LIST_FOR(tpm, &def->tpms)
                complete_tpm(completion, tpm);
        LIST_FOR(watchdog, &def->watchdogs)
                complete_watchdog(completion, watchdog);
        LIST_FOR(shmem, &def->shmems)
                complete_shmem(shmem);
        LIST_FOR(filesystem, &def->filesystems) {
                completion_default_text(&filesystem->type, "mount");
                completion_default_text(&filesystem->accessmode, "passthrough");
        }
        LIST_FOR(hostdev, &def->hostdevs)
                if (hostdev->type == HOSTDEV_MDEV && streq(hostdev->model, "vfio-pci") && !hostdev->display)
                        hostdev->display = TRISTATE_NO;
        LIST_FOR(redirdev, &def->redirdevs)
                completion_default_text(&redirdev->bus, "usb");
        if (def->vsock) {
                completion_default_text(&def->vsock->model, "virtio");
                if (!def->vsock->cid && !def->vsock->auto_cid)
                        def->vsock->auto_cid = TRISTATE_YES;
        }
        return 0;
}
