/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/test-complete.c - completion: what it adds and says of it, what it refuses, aliases; and that a completed definition stays
 * as it is (over all files of the directory given). How it agrees with libvirt is tests/integration/agree-libvirt.py. */
#include "conf/complete.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "conf/completion.h"
#include "conf/pci_topology.h"
#include "tap.h"
#include "util/fs.h"

static const char *corpus;              /* the directory */

/* ---- a small world to complete in ---- */

typedef struct World {
        StrBuf notes;
        const char *lacks;              /* a device type that the emulator has not */
} World;

static void world_done(World *world) {
        strbuf_done(&world->notes);
}

static bool find_machine(void *userdata, const char *asked, CompletionMachine *ret) {
        static const struct {
                const char *alias;
                CompletionMachine machine;
        } rows[] = {
                { "pc", { "pc-i440fx-7.2", "qemu64", 255 } },
                { "q35", { "pc-q35-7.2", "qemu64", 288 } },
                { "s390-ccw-virtio", { "s390-ccw-virtio-7.2", "qemu", 248 } },
                { "pseries", { "pseries-7.2", "POWER9", 16384 } },
                { "isapc", { "isapc", "486", 1 } },
                { "old", { "pc-i440fx-4.2", "host", 255 } },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (streq(asked, rows[i].alias) || streq(asked, rows[i].machine.name)) {
                        *ret = rows[i].machine;
                        return true;
                }
        return false;
}

static bool has_device(void *userdata, const char *type) {
        const World *world = userdata;

        return !streq(type, world->lacks);
}

static void note(void *userdata, const char *pass, const char *what, const char *why) {
        World *world = userdata;

        strbuf_addf(&world->notes, "%s: %s (%s)\n", pass, what, why);
}

static CompletionFacts facts_for(World *world) {
        return (CompletionFacts) { .arch = "x86_64", .emulator = "/usr/bin/qemu", .default_machine = "pc", .nvram_dir = "/nvram",
                                   .find_machine = find_machine, .has_device = has_device, .note = note, .userdata = world };
}

static char *domain(const char *machine, const char *devices) {
        const char *arch = streq(machine, "pseries") ? "ppc64" : streq(machine, "s390-ccw-virtio") ? "s390x" : "x86_64";

        return xasprintf(
                "<domain type='qemu'><name>g</name><memory>65536</memory><os><type arch='%s' machine='%s'>hvm</type></os>"
                "<devices>%s</devices></domain>",
                arch, machine, devices);
}

/* Completes; the definition, or NULL with the message in *ret_error (freed by the caller). */
static DomainDef *complete(World *world, const char *xml, char **ret_error) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CompletionFacts facts = facts_for(world);

        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &def, &err) < 0 ||
            domain_def_complete(def, &facts, &err) < 0) {
                *ret_error = xstrdup(err->message);
                return NULL;
        }
        return STEAL(def);
}

static DomainDef *must_complete(World *world, const char *machine, const char *devices) {
        CLEANUP(free) char *xml = domain(machine, devices);
        CLEANUP(free) char *error = NULL;
        DomainDef *def = complete(world, xml, &error);

        expect_str(error, NULL);
        return def;
}

static void expect_refusal(const char *machine, const char *devices, const char *words) {
        CLEANUP(free) char *xml = domain(machine, devices);
        CLEANUP(free) char *error = NULL;
        World world = {};

        domain_def_free(complete(&world, xml, &error));
        world_done(&world);
        expect(error != NULL);
        if (!strstr(error, words))
                expect_str(error, words);
}

/* ---- tests ---- */

static void test_what_is_added_is_said(void) {
        World world = {};
        DomainDef *def =
                must_complete(&world, "q35", "<disk type='file'><source file='/x'/><target dev='sda' bus='sata'/></disk>");

        expect(strstr(world.notes.text, "machine: /domain/os/type/@machine: pc-q35-7.2 (that alias stands for it today)\n"));
        expect(strstr(world.notes.text, "identity: /domain/uuid (chosen at random)\n"));
        expect(strstr(world.notes.text,
                      "default-devices: <controller type='sata' index='0'> (machines of this type have one)\n"));
        expect(strstr(world.notes.text, "disks: disk 'sda': drive 0:0:0 (what its name stands for)\n"));
        expect(strstr(world.notes.text, "pci-addresses: <controller type='pci' index='1'> (the devices need more PCI slots)\n"));
        expect(strstr(world.notes.text, "pci-addresses: /domain/devices/memballoon: pci 0000:02:00.0"));
        domain_def_free(def);
        world_done(&world);
}

static void test_nothing_is_said_of_a_completed_definition(void) {
        CLEANUP(free) char *text = NULL;
        World world = {}, again = {};
        char *error = NULL;
        DomainDef *def = must_complete(&world, "pc", "<graphics type='vnc'/><interface type='user'/>");

        text = domain_def_format(def, DOMAIN_FORMAT_INACTIVE);
        domain_def_free(def);
        def = complete(&again, text, &error);
        expect_str(error, NULL);
        expect_str(again.notes.text, NULL);
        domain_def_free(def);
        world_done(&world);
}

static char *completed_text(const char *xml) {
        World world = {};
        char *error = NULL, *text = NULL;
        DomainDef *def = complete(&world, xml, &error);

        if (def)
                text = domain_def_format(def, DOMAIN_FORMAT_INACTIVE | DOMAIN_FORMAT_SECURE);
        domain_def_free(def);
        free(error);
        world_done(&world);
        return text;
}

/* Controllers that were added come after the others, and go beside their like when the text is read again: as in libvirt, the
 * order may change once, and nothing else. */
static void check_fixed_point(const char *name, const char *xml) {
        CLEANUP(free) char *first = completed_text(xml);
        CLEANUP(free) char *second = first ? completed_text(first) : NULL;
        CLEANUP(free) char *third = second ? completed_text(second) : NULL;

        if (!first)
                return;                                 /* refused: other tests say why */
        if (!third || !streq(second, third) || strlen(first) != strlen(second))
                printf("# %s\n%s\n%s\n", name, first, second ? second : "refused");
        expect(third && streq(second, third));
        expect_int(strlen(first), ==, strlen(second));
}

static void test_fixed_point(void) {
        DIR *dir;
        int n = 0;

        if (!corpus)
                skip("no directory of definitions is given");
        dir = opendir(corpus);
        expect(dir != NULL);
        for (struct dirent *entry; (entry = readdir(dir));) {
                CLEANUP(free) char *xml = NULL;

                if (!strstr(entry->d_name, ".xml"))
                        continue;
                expect_int(fs_read_at(dirfd(dir), entry->d_name, 1 << 20, &xml, NULL), ==, 0);
                check_fixed_point(entry->d_name, xml);
                n++;
        }
        closedir(dir);
        expect_int(n, >, 100);
}

static void test_refusals(void) {
        static const struct {
                const char *machine, *devices, *words;
        } rows[] = {
                { "nosuch", "", "unsupported configuration: Emulator '/usr/bin/qemu' does not support machine type 'nosuch'" },
                { "pc",
                  "<controller type='pci' index='0' model='pcie-root'/>",
                  "The PCI controller with index='0' must be model='pci-root' for this machine type, but model='pcie-root' was "
                  "found instead" },
                { "pc",
                  "<controller type='pci' index='1' model='pci-root'/>",
                  "pci-root and pcie-root controllers should have index 0" },
                { "q35",
                  "<controller type='pci' index='1' model='pci-expander-bus'/>",
                  "pci-expander-bus controllers are only supported on 440fx-based" },
                { "pc",
                  "<controller type='pci' index='1' model='pcie-expander-bus'/>",
                  "pcie-expander-bus controllers are not supported" },
                { "pc",
                  "<controller type='scsi' index='0'/><controller type='scsi' index='0'/>",
                  "Multiple 'scsi' controllers with index '0'" },
                { "pc",
                  "<interface type='user'><address type='pci' bus='0' slot='1' function='0'/></interface>",
                  "Attempted double use of PCI Address 0000:00:01.0" },
                { "pc",
                  "<interface type='user'><address type='pci' domain='1' bus='0' slot='4' function='0'/></interface>",
                  "Only PCI domain 0 is available" },
                { "q35",
                  "<interface type='user'><model type='virtio'/><address type='pci' bus='3' slot='1' function='0'/></interface>",
                  "slot must be <= 0" },
                { "q35",
                  "<controller type='sata' index='0'><address type='pci' bus='0' slot='3' function='0'/></controller>",
                  "Primary SATA controller must have PCI address 0:0:1f.2" },
                { "pc",
                  "<controller type='usb' index='0' model='piix3-uhci'><address type='pci' bus='0' slot='3' function='0'/>"
                  "</controller>",
                  "PIIX3 USB controller at index 0 must have PCI address 0:0:1.2" },
                { "q35",
                  "<controller type='pci' index='1' model='pcie-to-pci-bridge'><address type='pci' bus='0' slot='5' function='0'/>"
                  "</controller>",
                  "cannot be plugged into the PCI controller with index='0'" },
                { "q35",
                  "<controller type='pci' index='1' model='pcie-expander-bus'><target busNr='2'/></controller>"
                  "<controller type='pci' index='2' model='pcie-expander-bus'/>",
                  "No free busNr" },
                { "pc", "<disk type='file'><source file='/a'/><target dev='sda1x' bus='scsi'/></disk>", "" },
                { "pc",
                  "<disk type='file'><source file='/a'/><target dev='vda'/></disk><disk type='file'><source file='/b'/>"
                  "<target dev='vda'/></disk>",
                  "target 'vda' duplicated" },
                { "pc",
                  "<disk type='file'><source file='/a'/><target dev='sda'/></disk><disk type='file'><source file='/b'/>"
                  "<target dev='sdb'/><address type='drive' unit='0'/></disk>",
                  "Found duplicate drive address for disk with target name" },
                { "q35", "<disk type='file'><source file='/a'/><target dev='hda'/></disk>", "IDE controllers are unsupported" },
                { "pc", "<disk type='file'><source file='/a'/><target dev='hde'/></disk>", "Only 1 IDE controller is supported" },
                { "pc",
                  "<disk type='file' device='floppy'><source file='/a'/><target dev='fdc'/></disk>",
                  "Only a single fdc controller" },
                { "pc",
                  "<controller type='usb' model='none'/><input type='tablet' bus='usb'/>",
                  "USB is disabled for this domain, but USB devices are present" },
                { "pc",
                  "<input type='tablet' bus='usb'><address type='usb' bus='0' port='9'/></input>",
                  "requested USB port 9 not present on USB bus 0" },
                { "pc",
                  "<input type='tablet' bus='usb'><address type='usb' bus='0' port='1.1'/></input>",
                  "there is no hub at port 1.1" },
                { "pc", "<input type='tablet' bus='usb'><address type='usb' bus='3' port='1'/></input>", "Missing USB bus 3" },
                { "pc",
                  "<input type='tablet' bus='usb'><address type='usb' bus='0' port='1'/></input><input type='keyboard' bus='usb'>"
                  "<address type='usb' bus='0' port='1'/></input>",
                  "Duplicate USB address bus 0 port 1" },
                { "pc", "<console type='pty'/><console type='pty'/>", "Only the first console can be a serial port" },
                { "pc", "<panic/><panic model='isa'/>", "Multiple panic devices with model 'isa'" },
                { "pc",
                  "<video><model type='vga'/></video><video><model type='cirrus'/></video>",
                  "video type 'cirrus' is only valid as primary video device" },
                { "pc",
                  "<video><model type='vga'/></video><video><model type='none'/></video>",
                  "a 'none' video type must be the only video device" },
                { "pc", "<iommu model='intel'/>", "IOMMU device: 'intel' is only supported with Q35 machines" },
                { "pc", "<redirdev bus='usb' type='spicevmc'/>", "chardev 'spicevmc' not supported without spice graphics" },
                { "pc", "<graphics type='spice' tlsPort='5901'/>", "spice TLS port set in XML configuration" },
                { "pc", "<watchdog model='diag288'/>", "diag288 model of watchdog is allowed for s390 and s390x only" },
                { "pc", "<panic model='s390'/>", "only S390 guests support panic device of model 's390'" },
                { "pseries", "<panic model='isa'/>", "only i686 and x86_64 guests support panic device of model 'isa'" },
                { "pc",
                  "<serial type='pty'><target type='sclp-serial'/></serial>",
                  "Serial device with target type 'sclp-serial'" },
                { "pc", "<serial type='unix'/>", "Missing source path attribute for char device" },
                { "pc", "<nvram/>", "nvram device is only supported for PPC64" },
                { "pc",
                  "<interface type='user'><model type='virtio'/><address type='ccw' cssid='0xfe' ssid='0' devno='1'/></interface>",
                  "cannot use CCW address type" },
                { "pc",
                  "<interface type='user'><alias name='ua-a'/></interface><interface type='user'><alias name='ua-a'/></interface>",
                  "non unique alias detected: ua-a" },
                { "pc",
                  "<interface type='user'><boot order='1'/></interface><interface type='user'><boot order='1'/></interface>",
                  "boot order '1' used for more than one device" },
                { "pc",
                  "<disk type='file' device='cdrom'><target dev='vda' bus='virtio'/></disk>",
                  "disk type of 'vda' does not support ejectable media" },
                { "s390-ccw-virtio",
                  "<interface type='user'><model type='virtio'/><address type='ccw' cssid='0xfe' ssid='0' devno='1'/></interface>"
                  "<interface type='user'><model type='virtio'/><address type='ccw' cssid='0xfe' ssid='0' devno='1'/></interface>",
                  "The CCW devno 'fe.0.0001' is in use already" },
                { "pseries",
                  "<interface type='user'><model type='spapr-vlan'/><address type='spapr-vio' reg='0x1000'/></interface>"
                  "<interface type='user'><model type='spapr-vlan'/><address type='spapr-vio' reg='0x1000'/></interface>",
                  "spapr-vio address 0x1000 already in use" },
                { "old", "", "QEMU reports invalid default CPU model 'host'" },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                expect_refusal(rows[i].machine, rows[i].devices, rows[i].words);
}

static char *whole(const char *middle) {
        return xasprintf("<domain type='qemu'><name>g</name>%s</domain>", middle);
}

static void test_refused_resources(void) {
        static const struct {
                const char *middle, *words;
        } rows[] = {
                { "<memory>65536</memory><vcpu>300</vcpu><os><type machine='pc'>hvm</type></os>",
                  "Maximum CPUs greater than specified machine type limit 255" },
                { "<memory>65536</memory><vcpu>4</vcpu><os><type>hvm</type></os><cpu><topology sockets='1' cores='3' threads='1'/>"
                  "</cpu>",
                  "CPU topology doesn't match maximum vcpu count" },
                { "<memory>65536</memory><os><loader type='pflash' readonly='yes'>/f</loader><type>hvm</type></os>",
                  "UEFI requires ACPI on this architecture" },
                { "<memory>65536</memory><genid/><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>",
                  "does not support the 'genid' capability" },
                { "<maxMemory slots='1'>8388608</maxMemory><memory>2097152</memory><os><type>hvm</type></os><cpu><numa>"
                  "<cell cpus='0' memory='1048576'/></numa></cpu><devices><memory model='dimm'><target><size>524288</size><node>"
                  "0</node></target></memory><memory model='dimm'><target><size>524288</size><node>0</node></target></memory>"
                  "</devices>",
                  "slot '1' exceeds slots count '1'" },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                CLEANUP(free) char *xml = whole(rows[i].middle);
                CLEANUP(free) char *error = NULL;
                World world = {};

                domain_def_free(complete(&world, xml, &error));
                expect(error != NULL);
                if (!strstr(error, rows[i].words))
                        expect_str(error, rows[i].words);
                world_done(&world);
        }
}

static void test_what_the_emulator_lacks(void) {
        static const struct {
                const char *lacks, *devices;
                ControllerModel usb;
                const char *nic, *video;
        } rows[] = {
                { "qemu-xhci", "", CONTROLLER_NEC_XHCI, "rtl8139", "cirrus" },
                { "rtl8139", "", CONTROLLER_QEMU_XHCI, "e1000", "cirrus" },
                { "cirrus-vga", "", CONTROLLER_QEMU_XHCI, "rtl8139", "vga" },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                World world = { .lacks = rows[i].lacks };
                DomainDef *def = must_complete(&world, "q35", "<interface type='user'/><graphics type='vnc'/>");

                expect_int(completion_find_controller(def, CONTROLLER_USB, 0)->model, ==, rows[i].usb);
                expect_str(def->interfaces.items[0]->model, rows[i].nic);
                expect_str(table_name(&video_type_table, def->videos.items[0]->type), rows[i].video);
                domain_def_free(def);
                world_done(&world);
        }
}

static void test_identity(void) {
        World world = {};
        DomainDef *a = must_complete(&world, "pc", "<interface type='user'/>"),
                  *b = must_complete(&world, "pc", "<interface type='user'/>");
        const uint8_t prefix[] = { 0x52, 0x54, 0x00 };

        expect(!sd_id128_is_null(a->uuid) && !sd_id128_equal(a->uuid, b->uuid));
        expect(memcmp(a->interfaces.items[0]->mac.bytes, prefix, 3) == 0);
        expect(memcmp(&a->interfaces.items[0]->mac, &b->interfaces.items[0]->mac, sizeof(MacAddress)) != 0);
        domain_def_free(a);
        domain_def_free(b);
        world_done(&world);
}

static void test_nvram(void) {
        CLEANUP(free)
        char *xml = whole(
                "<memory>65536</memory><os><type machine='q35'>hvm</type><loader readonly='yes' type='pflash'>/f</loader></os>"
                "<features><acpi/></features>");
        World world = {};
        char *error = NULL;
        DomainDef *def = complete(&world, xml, &error);

        expect_str(error, NULL);
        expect_str(def->os.nvram, "/nvram/g_VARS.fd");
        domain_def_free(def);
        world_done(&world);
}

static void test_disk_names(void) {
        expect_int(disk_target_index("vda"), ==, 0);
        expect_int(disk_target_index("sdz"), ==, 25);
        expect_int(disk_target_index("vdaa"), ==, 26);
        expect_int(disk_target_index("hdb1"), ==, 1);
        expect_int(disk_target_index("xvdc"), ==, 2);
        expect_int(disk_target_index("vd"), ==, -1);
        expect_int(disk_target_index("vda0x"), ==, -1);
        expect_int(disk_target_index("nvme0"), ==, -1);
        expect_int(disk_target_index(NULL), ==, -1);
        expect_int(disk_target_index("vdzzzzzzzzzzzzzz"), ==, -1);
}

static int print_alias(const DeviceRef *device, void *userdata) {
        if (device->info)
                strbuf_addf(userdata, "%s ", device->info->alias);
        return 0;
}

static void expect_aliases(const char *machine, const char *devices, const char *aliases) {
        World world = {};
        DomainDef *def = must_complete(&world, machine, devices);
        StrBuf buf = {};

        domain_def_assign_aliases(def);
        domain_def_assign_aliases(def);                 /* a second time changes nothing */
        domain_def_each_device(def, print_alias, &buf);
        expect_str(buf.text, aliases);
        strbuf_done(&buf);
        domain_def_free(def);
        world_done(&world);
}

static void test_aliases(void) {
        expect_aliases("pc",
                       "<disk type='file'><source file='/a'/><target dev='vda'/></disk><disk type='file' device='cdrom'><target "
                       "dev='hdc'/></disk>"
                       "<interface type='user'/><interface type='user'><alias name='ua-mine'/></interface><console "
                       "type='pty'/><rng model='virtio'><backend model='random'/></rng>",
                       "virtio-disk0 ide0-1-0 usb pci.0 ide net0 ua-mine serial0 serial0 input0 input1 balloon0 rng0 ");
        expect_aliases("q35",
                       "<disk type='file'><source file='/a'/><target dev='sdb' bus='sata'/></disk><channel type='unix'><target "
                       "type='virtio'/></channel>",
                       "sata0-0-1 usb ide pcie.0 virtio-serial0 pci.1 pci.2 pci.3 pci.4 channel0 input0 input1 balloon0 ");
        expect_aliases("pc",
                       "<controller type='scsi' model='virtio-scsi'/><disk type='file'><source file='/a'/><target dev='sda' "
                       "bus='scsi'/></disk>",
                       "scsi0-0-0-0 scsi0 usb pci.0 input0 input1 balloon0 ");
        expect_aliases("pc", "<disk type='file'><source file='/a'/><target dev='sda' bus='scsi'/></disk>",
                       "scsi0-0-0 usb pci.0 scsi0 input0 input1 balloon0 ");
}

/* The bus is finite: so many ports that no slot is left for another. */
static void test_pci_is_finite(void) {
        PciTopology topology = { .express = true, .may_grow = true };
        CLEANUP(error_free) Error *err = NULL;
        PciAddress address;
        int n = 0;

        pci_topology_set_bus(&topology, 0, CONTROLLER_PCIE_ROOT);
        while (n < 10000 &&
               pci_topology_next(&topology, PCI_CONNECT_EXPRESS | PCI_CONNECT_HOTPLUG, PCI_ANY_FUNCTION, &address, &err) == 0)
                n++;
        expect_int(n, ==, PCI_MAX_BUSES - 2);
        expect_str(err->message, "XML error: No more available PCI slots");
        pci_topology_done(&topology);
}

static void test_slots_are_shared_only_by_consent(void) {
        PciTopology topology = {};
        PciAddress first, second, third;

        pci_topology_set_bus(&topology, 0, CONTROLLER_PCIE_ROOT);
        expect_int(pci_topology_next(&topology, PCI_CONNECT_ROOT_PORT | PCI_CONNECT_SHARE_SLOT, PCI_ANY_FUNCTION, &first, NULL),
                   ==, 0);
        expect_int(pci_topology_next(&topology, PCI_CONNECT_EXPRESS, PCI_ANY_FUNCTION, &second, NULL), ==, 0);
        expect_int(pci_topology_next(&topology, PCI_CONNECT_ROOT_PORT | PCI_CONNECT_SHARE_SLOT, PCI_ANY_FUNCTION, &third, NULL),
                   ==, 0);
        expect_int(first.slot, ==, 1);
        expect_int(second.slot, ==, 2);
        expect_int(third.slot, ==, 1);
        expect_int(third.function, ==, 1);
        pci_topology_done(&topology);
}

int main(int argc, char **argv) {
        static const TapTest tests[] = {
                { "what is added is said, with the reason", test_what_is_added_is_said },
                { "nothing is added to a completed definition", test_nothing_is_said_of_a_completed_definition },
                { "a completed definition completes to itself", test_fixed_point },
                { "refusals", test_refusals },
                { "refused resources", test_refused_resources },
                { "what the emulator lacks", test_what_the_emulator_lacks },
                { "uuid and MAC address", test_identity },
                { "the path of UEFI variables", test_nvram },
                { "disk names", test_disk_names },
                { "aliases", test_aliases },
                { "PCI is finite", test_pci_is_finite },
                { "slots are shared only by consent", test_slots_are_shared_only_by_consent },
                {},
        };

        corpus = argv[1];
        return tap_run(tests);
}
