/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/domain_def.h"

#include <ctype.h>
#include "conf/elements.h"
#include "util/xml.h"

NAMES(virt_type_table, VIRT_TYPE_MAX, "domain type", "", "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware",
      "hyperv", "vbox", "phyp", "parallels", "bhyve", "vz", "hvf");
NAMES(lifecycle_action_table, ACTION_TYPE_MAX, "lifecycle action", "", "destroy", "restart", "rename-restart", "preserve",
      "coredump-destroy", "coredump-restart");
WORDS_OF(placement_words, "vcpu placement", "static", "auto");
WORDS_OF(lockfailure_words, "on_lockfailure action", "poweroff", "restart", "pause", "ignore");
WORDS_OF(seclabel_words, "seclabel type", "dynamic", "static", "none");
WORDS_OF(deprecation_words, "deprecation behavior", "none", "omit", "reject", "crash");

/* ---- seclabel, qemu namespace ---- */

static const Row seclabel_rows[] = {
        WORD("@type", Seclabel, type, seclabel_words, .flags = ROW_HOST),
        STRING("@model", Seclabel, model, .flags = ROW_HOST),
        YESNO("@relabel", Seclabel, relabel, .flags = ROW_HOST),
        STRING("label", Seclabel, label, .flags = ROW_HOST),
        STRING("imagelabel", Seclabel, imagelabel, .flags = ROW_LIVE),
        STRING("baselabel", Seclabel, baselabel, .flags = ROW_HOST),
        {}
};
const Element seclabel_element = { sizeof(Seclabel), seclabel_rows };

static const Row arg_rows[] = { STRING("@value", QemuArg, value, .flags = ROW_REQUIRED), {} };
static const Element arg_element = { sizeof(QemuArg), arg_rows };

static const Row env_rows[] = {
        STRING("@name", QemuEnv, name, .flags = ROW_REQUIRED),
        STRING("@value", QemuEnv, value),
        {}
};

static int check_env(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const char *name = ((const QemuEnv *) object)->name;

        for (const char *p = name; *p; p++)
                if (!isalpha((unsigned char) *p) && *p != '_' && (p == name || !isdigit((unsigned char) *p)))
                        return element_refuse(parser, node, "name", ERROR_XML, "environment name", err,
                                              "it must be of letters, digits and '_', and not begin with a digit");
        if (!*name)
                return element_refuse(parser, node, "name", ERROR_XML, "environment name", err, "it must not be empty");
        return 0;
}
static const Element env_element = { sizeof(QemuEnv), env_rows, check_env };

static const Row capability_rows[] = { STRING("@capability", QemuCapability, name, .flags = ROW_REQUIRED), {} };
static const Element capability_element = { sizeof(QemuCapability), capability_rows };

/* ---- domain ---- */

static const Row domain_rows[] = {
        ENUM("@type", DomainDef, virt_type, virt_type_table, .flags = ROW_REQUIRED),
        OPTUINT("@id", DomainDef, id, .flags = ROW_LIVE),
        { "@xmlns:qemu", &row_qemu_xmlns, offsetof(DomainDef, qemu) },
        STRING("name", DomainDef, name, .flags = ROW_REQUIRED),
        UUID("uuid", DomainDef, uuid),
        FLAG("genid", DomainDef, has_genid),
        UUID("genid", DomainDef, genid),
        STRING("title", DomainDef, title, .flags = ROW_HOST),
        STRING("description", DomainDef, description, .flags = ROW_HOST),
        { "metadata", &row_metadata, offsetof(DomainDef, metadata), &metadata_item_element, .flags = ROW_HOST },
        UINT("maxMemory@slots", DomainDef, memory_slots),
        KIB("maxMemory", DomainDef, max_memory_kib),
        ONOFF("memory@dumpCore", DomainDef, dump_core, .flags = ROW_HOST),
        KIB("memory", DomainDef, memory_kib),
        OPTKIB("currentMemory", DomainDef, current_memory_kib, .flags = ROW_HOST),
        STRUCT("blkiotune", DomainDef, blkio_tune, blkio_tune_element, .flags = ROW_HOST),
        STRUCT("memtune", DomainDef, mem_tune, mem_tune_element, .flags = ROW_HOST),
        STRUCT("memoryBacking", DomainDef, memory_backing, memory_backing_element, .flags = ROW_HOST),
        WORD("vcpu@placement", DomainDef, vcpu_placement, placement_words, .flags = ROW_HOST),
        CPUSET("vcpu@cpuset", DomainDef, vcpu_set, .flags = ROW_HOST),
        UINT("vcpu@current", DomainDef, current_vcpus),
        UINT("vcpu", DomainDef, vcpus),
        LIST("vcpus/vcpu", DomainDef, vcpu_list, vcpu_element),
        UINT("iothreads", DomainDef, iothreads, .flags = ROW_HOST),
        LIST("iothreadids/iothread", DomainDef, iothread_ids, iothread_element, .flags = ROW_HOST),
        UNSUPPORTED("defaultiothread"),
        STRUCT("cputune", DomainDef, cpu_tune, cpu_tune_element, .flags = ROW_HOST),
        STRUCT("numatune", DomainDef, numa_tune, numa_tune_element, .flags = ROW_HOST),
        STRING("resource/partition", DomainDef, resource_partition, .flags = ROW_HOST),
        STRING("resource/fibrechannel@appid", DomainDef, fibrechannel_appid, .flags = ROW_HOST),
        UNSUPPORTED("sysinfo"),
        UNSUPPORTED("bootloader"),
        UNSUPPORTED("bootloader_args"),
        STRUCT("os", DomainDef, os, os_element, .flags = ROW_REQUIRED),
        UNSUPPORTED("idmap"),
        STRUCT("features", DomainDef, features, features_element),
        POINTER("cpu", DomainDef, cpu, cpu_element),
        STRUCT("clock", DomainDef, clock, clock_element),
        ENUM("on_poweroff", DomainDef, on_poweroff, lifecycle_action_table, .flags = ROW_HOST),
        ENUM("on_reboot", DomainDef, on_reboot, lifecycle_action_table, .flags = ROW_HOST),
        ENUM("on_crash", DomainDef, on_crash, lifecycle_action_table, .flags = ROW_HOST),
        WORD("on_lockfailure", DomainDef, on_lockfailure, lockfailure_words, .flags = ROW_HOST),
        YESNO("pm/suspend-to-mem@enabled", DomainDef, pm_suspend_to_mem),
        YESNO("pm/suspend-to-disk@enabled", DomainDef, pm_suspend_to_disk),
        UNSUPPORTED("perf"),
        STRING("devices/emulator", DomainDef, emulator, .flags = ROW_HOST),
        LIST("devices/disk", DomainDef, disks, disk_element),
        LIST("devices/controller", DomainDef, controllers, controller_element),
        LIST("devices/lease", DomainDef, leases, lease_element, .flags = ROW_HOST),
        LIST("devices/filesystem", DomainDef, filesystems, filesystem_element),
        LIST("devices/interface", DomainDef, interfaces, interface_element),
        LIST("devices/smartcard", DomainDef, smartcards, smartcard_element),
        LIST("devices/serial", DomainDef, serials, serial_element),
        LIST("devices/parallel", DomainDef, parallels, parallel_element),
        LIST("devices/console", DomainDef, consoles, console_element),
        LIST("devices/channel", DomainDef, channels, channel_element),
        LIST("devices/input", DomainDef, inputs, input_element),
        LIST("devices/tpm", DomainDef, tpms, tpm_element),
        LIST("devices/graphics", DomainDef, graphics, graphics_element),
        LIST("devices/sound", DomainDef, sounds, sound_element),
        LIST("devices/audio", DomainDef, audios, audio_element),
        LIST("devices/video", DomainDef, videos, video_element),
        LIST("devices/hostdev", DomainDef, hostdevs, hostdev_element),
        LIST("devices/redirdev", DomainDef, redirdevs, redirdev_element),
        UNSUPPORTED("devices/redirfilter"),
        LIST("devices/hub", DomainDef, hubs, hub_element),
        LIST("devices/watchdog", DomainDef, watchdogs, watchdog_element),
        POINTER("devices/memballoon", DomainDef, memballoon, memballoon_element),
        LIST("devices/rng", DomainDef, rngs, rng_element),
        POINTER("devices/nvram", DomainDef, nvram, nvram_element),
        LIST("devices/panic", DomainDef, panics, panic_element),
        LIST("devices/shmem", DomainDef, shmems, shmem_element),
        LIST("devices/memory", DomainDef, memories, memory_device_element),
        POINTER("devices/iommu", DomainDef, iommu, iommu_element),
        POINTER("devices/vsock", DomainDef, vsock, vsock_element),
        UNSUPPORTED("devices/crypto"),
        LIST("seclabel", DomainDef, seclabels, seclabel_element, .flags = ROW_HOST),
        LIST("qemu:commandline/qemu:arg", DomainDef, qemu.args, arg_element),
        LIST("qemu:commandline/qemu:env", DomainDef, qemu.env, env_element),
        LIST("qemu:capabilities/qemu:add", DomainDef, qemu.add, capability_element),
        LIST("qemu:capabilities/qemu:del", DomainDef, qemu.del, capability_element),
        WORD("qemu:deprecation@behavior", DomainDef, qemu.deprecation, deprecation_words, .flags = ROW_HOST),
        UNSUPPORTED("qemu:override"),
        UNSUPPORTED("keywrap"),
        POINTER("launchSecurity", DomainDef, launch_security, launch_security_element),
        {}
};

/* The namespace is declared when something of it is printed. */
static bool print_qemu_xmlns(const Row *row, const void *field, StrBuf *text) {
        const QemuNamespace *qemu = field;

        if (qemu->args.n + qemu->env.n + qemu->add.n + qemu->del.n == 0 && !qemu->deprecation)
                return false;
        strbuf_add(text, QEMU_NAMESPACE_URI);
        return true;
}
const RowType row_qemu_xmlns = { .storage = STORE_NONE, .print = print_qemu_xmlns };

int domain_name_check(const char *name, Error **err) {
        if (!*name)
                return error_set(err, ERROR_XML, "name must not be empty");
        if (strchr(name, '/'))
                return error_set(err, ERROR_XML, "name %s cannot contain '/'", name);
        if (strchr(name, '\n'))
                return error_set(err, ERROR_XML, "name cannot contain '\\n'");
        for (const char *p = name; *p; p++)     /* it is carried by logs and by QEMU's command line */
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        return error_set(err, ERROR_XML, "name cannot contain the control character 0x%02x", (unsigned) *p);
        if (streq(name, ".") || streq(name, ".."))
                return error_set(err, ERROR_XML, "name '%s' is not allowed: it is a directory's", name);
        if (strlen(name) > DOMAIN_NAME_MAX)
                return error_set(err, ERROR_XML, "name '%.40s...' is longer than %d bytes", name, DOMAIN_NAME_MAX);
        if (name[strspn(name, " ")] == 0)
                return error_set(err, ERROR_XML, "name must contain at least one non-blank character");
        return 0;
}

static int refuse_child(const Parser *parser, const xmlNode *node, const char *child, const char *rest, Error **err) {
        CLEANUP(free) char *subject = xasprintf("<%s>", child);

        return element_refuse(parser, element_child(node, child), NULL, ERROR_XML, subject, err, "%s", rest);
}

/* Memory that guests are given in <numa> cells counts when <memory> is not said. */
static uint64_t memory_of_cells(const DomainDef *def) {
        uint64_t sum = 0;

        for (size_t i = 0; def->cpu && i < def->cpu->cells.n; i++)
                if (__builtin_add_overflow(sum, def->cpu->cells.items[i]->memory_kib, &sum))
                        return UINT64_MAX;
        return sum;
}

/* Beyond this a size in bytes would not fit in 63 bits. */
#define MEMORY_MAX_KIB (INT64_MAX / 1024)

static int check_memory(const Parser *parser, const xmlNode *node, DomainDef *def, Error **err) {
        uint64_t total = def->memory_kib ? def->memory_kib : memory_of_cells(def);
        OptU64 *current = &def->current_memory_kib;

        if (total == 0)
                return error_set(err, ERROR_XML, "Memory size must be specified via <memory> or in the <numa> configuration");
        if (total > MEMORY_MAX_KIB || def->max_memory_kib > MEMORY_MAX_KIB)
                return error_set(err, ERROR_XML, "memory of %llu KiB is more than any machine can have",
                                 (unsigned long long) total);
        if ((def->max_memory_kib != 0) != (def->memory_slots != 0))
                return refuse_child(parser, node, "maxMemory",
                                    "both maximum memory size and number of memory slots must be specified", err);
        if (def->max_memory_kib && def->max_memory_kib < total)
                return refuse_child(parser, node, "maxMemory",
                                    "the maximum memory size must be equal or greater than the actual memory size", err);
        if (current->set && current->value > total)             /* as libvirt does */
                current->value = total;
        return 0;
}

#define VCPUS_MAX 4096

static int check_vcpus(const Parser *parser, const xmlNode *node, const DomainDef *def, Error **err) {
        const xmlNode *vcpu = element_child(node, "vcpu");

        if (!vcpu)
                return 0;
        if (def->vcpus == 0 || def->vcpus > VCPUS_MAX)
                return element_refuse(parser, vcpu, NULL, ERROR_XML, "<vcpu>", err, "it must be from 1 to %d", VCPUS_MAX);
        if (element_attribute(vcpu, "current") && def->current_vcpus == 0)
                return element_refuse(parser, vcpu, "current", ERROR_XML, "vcpu current", err, "it must be 1 or more");
        if (def->current_vcpus > def->vcpus)
                return element_refuse(parser, vcpu, "current", ERROR_XML, "vcpu current", err,
                                      "maxvcpus must not be less than current vcpus (%u < %u)", def->vcpus, def->current_vcpus);
        return 0;
}

static int check_type(const Parser *parser, const xmlNode *node, const DomainDef *def, Error **err) {
        CLEANUP(free) char *subject = NULL;

        if (def->virt_type == VIRT_QEMU || def->virt_type == VIRT_KVM)
                return 0;
        subject = xasprintf("domain type '%s'", table_name(&virt_type_table, def->virt_type));
        return element_refuse(parser, node, "type", ERROR_CONFIG_UNSUPPORTED, subject, err,
                              "virtward runs types 'qemu' and 'kvm'");
}

static int check_domain(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        DomainDef *def = object;

        if (domain_name_check(def->name, err) < 0)
                return -1;
        if (def->title && strchr(def->title, '\n'))
                return refuse_child(parser, node, "title", "Domain title can't contain newlines", err);
        if (check_type(parser, node, def, err) < 0 || check_memory(parser, node, def, err) < 0 ||
            check_vcpus(parser, node, def, err) < 0)
                return -1;
        return domain_def_read_intent(def, err);
}

const Element domain_element = { sizeof(DomainDef), domain_rows, check_domain };

#define MERGES_MAX 1000

static bool is_blank_text(const xmlNode *node) {
        return node->type == XML_TEXT_NODE && node->content[strspn((const char *) node->content, " \t\r\n")] == 0;
}

/* Takes a comment out. The texts around it become one; not so blanks, which say nothing either. True: merged. */
static bool drop_comment(xmlNode *node, xmlNode **next) {
        xmlNode *before = node->prev, *after = node->next;

        xmlUnlinkNode(node);
        xmlFreeNode(node);
        if (!before || !after || before->type != XML_TEXT_NODE || after->type != XML_TEXT_NODE)
                return false;
        if (is_blank_text(before) && is_blank_text(after))
                return false;
        *next = after->next;
        xmlTextMerge(before, after);
        return true;
}

/* Comments and processing instructions say nothing, but would cut a text in two. Source text is kept for metadata. Each
 * merge copies the text so far, so there is a limit. */
static void drop_comments(xmlNode *node, size_t *n_merged) {
        for (xmlNode *next; node && *n_merged <= MERGES_MAX; node = next) {
                next = node->next;
                if (node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE)
                        *n_merged += drop_comment(node, &next);
                else if (node->type == XML_ELEMENT_NODE && node->children)
                        drop_comments(node->children, n_merged);
        }
}

int domain_def_read(const char *xml, size_t len, unsigned flags, struct json_object *findings, DomainDef **ret, Error **err) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        const Parser parser = { .text = xml, .len = len, .inactive = flags & DOMAIN_PARSE_INACTIVE, .findings = findings };
        size_t n_merged = 0;
        xmlNode *root;

        if (xml_parse(xml, len, "(domain_definition)", &doc, err) < 0 || xml_root(doc, "domain", &root, err) < 0)
                return -1;
        drop_comments(root->children, &n_merged);
        if (n_merged > MERGES_MAX)
                return error_set(err, ERROR_XML, "more than %d comments inside of texts", MERGES_MAX);
        def = xnew(DomainDef);
        if (element_parse(&parser, &domain_element, root, def, err) < 0)
                return -1;
        *ret = STEAL(def);
        return 0;
}

int domain_def_parse(const char *xml, size_t len, unsigned flags, DomainDef **ret, Error **err) {
        return domain_def_read(xml, len, flags, NULL, ret, err);
}

char *domain_def_format(const DomainDef *def, unsigned flags) {
        Printer printer = {
                .flags = (flags & DOMAIN_FORMAT_SECURE ? PRINT_SECRETS : 0) |
                         (flags & DOMAIN_FORMAT_INACTIVE ? PRINT_INACTIVE : 0),
        };

        strbuf_reserve(&printer.buf, 4096);
        element_print(&printer, "domain", &domain_element, def);
        strbuf_done(&printer.scratch);
        return strbuf_steal(&printer.buf);
}

DomainDef *domain_def_free(DomainDef *def) {
        return element_free(&domain_element, def);
}

DomainDef *domain_def_copy(const DomainDef *def) {
        DomainDef *copy = xnew(DomainDef);

        element_copy(&domain_element, copy, def);
        return copy;
}

char *domain_def_difference(const DomainDef *a, const DomainDef *b, bool abi_only) {
        CLEANUP(strbuf_done) StrBuf path = {}, what = {};

        strbuf_add(&path, "/domain");
        if (element_equal(&domain_element, a, b, abi_only, &path, &what))
                return NULL;
        return xasprintf("%s: %s", path.text, what.text ? what.text : "differ");
}

bool domain_def_equal(const DomainDef *a, const DomainDef *b) {
        return element_equal(&domain_element, a, b, false, NULL, NULL);
}
