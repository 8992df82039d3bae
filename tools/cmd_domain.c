/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_domain.c - define, start, the verbs that act on one domain, and what a domain says of itself. */
#include <stdio.h>
#include "commands.h"
#include "names.h"
#include "output.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GVirDomain, g_object_unref)       /* 4.0.0 brings none */

static void free_strings(char **strings, int n) {
        for (int i = 0; i < n; i++)
                free(strings[i]);
        free(strings);
}

ExitCode cmd_define(Shell *shell, const Args *args) {
        unsigned flags = args_has(args, "validate") ? VIR_DOMAIN_DEFINE_VALIDATE : 0;
        CLEANUP(free) char *xml = shell_read_file(shell, args->words[0]);
        CLEANUP(virDomainFree) virDomainPtr domain = NULL;

        if (!xml || !shell_connect(shell))
                return SHELL_FAILED;
        domain = virDomainDefineXMLFlags(shell->handle, xml,
                                         flags); /* glib's would print the XML anew: the error's line would be another */
        if (!domain)
                return shell_fail_libvirt(shell, NULL);
        return shell_done_with(shell, virDomainGetName(domain), "defined");
}

/* ---- start ---- */

static ExitCode start_with_intent(Shell *shell, const char *name, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *report = NULL;

        shell->intent = args_get(args, "migratable");
        json_add_string(request, "domain", name);
        json_add_string(request, "migratable", shell->intent);
        json_add_bool(request, "paused", args_has(args, "paused"));
        if (!shell_call(shell, WARD_PROC_START, request, name, &report))
                return SHELL_FAILED;
        return shell->json ? shell_put_json(STEAL(report))
                           : shell_done_with(shell, name, args_has(args, "paused") ? "started, paused" : "started");
}

/* A GVirDomain around a virDomain; g_object_unref() it. */
static GVirDomain *glib_domain(virDomainPtr domain) {
        return g_object_new(GVIR_TYPE_DOMAIN, "handle", domain, NULL);
}

ExitCode cmd_start(Shell *shell, const Args *args) {
        bool paused = args_has(args, "paused");
        CLEANUP(virDomainFree) virDomainPtr domain = NULL;
        g_autoptr(GVirDomain) glib = NULL;

        if (args_has(args, "migratable"))
                return start_with_intent(shell, args->words[0], args);
        domain = shell_domain(shell, args->words[0]);
        if (!domain)
                return SHELL_FAILED;
        glib = glib_domain(domain);
        if (!gvir_domain_start(glib, paused ? GVIR_DOMAIN_START_PAUSED : 0, NULL))
                return shell_fail_libvirt(shell, args->words[0]);
        return shell_done_with(shell, virDomainGetName(domain), paused ? "started, paused" : "started");
}

/* ---- verbs ---- */

static gboolean domain_suspend(GVirDomain *domain, guint flags, GError **error) {
        return gvir_domain_suspend(domain, error);
}

static gboolean domain_resume(GVirDomain *domain, guint flags, GError **error) {
        return gvir_domain_resume(domain, error);
}

static gboolean domain_reset(GVirDomain *domain, guint flags, GError **error) {
        virDomainPtr handle = NULL;     /* not in libvirt-glib */
        int r;

        g_object_get(domain, "handle", &handle, NULL);
        r = virDomainReset(handle, flags);
        virDomainFree(handle);
        return r == 0;
}

typedef struct VerbFlag {
        const char *option;
        guint flag;
} VerbFlag;

static const VerbFlag destroy_flags[] = { { "graceful", VIR_DOMAIN_DESTROY_GRACEFUL }, {} };
static const VerbFlag shutdown_flags[] = { { "acpi", VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN },
                                           { "agent", VIR_DOMAIN_SHUTDOWN_GUEST_AGENT },
                                           {} };
static const VerbFlag undefine_flags[] = {
        { "managed-save", VIR_DOMAIN_UNDEFINE_MANAGED_SAVE }, { "nvram", VIR_DOMAIN_UNDEFINE_NVRAM },
        { "keep-nvram", VIR_DOMAIN_UNDEFINE_KEEP_NVRAM }, {},
};
static const VerbFlag no_flags[] = { {} };

static const struct {
        const char *command, *done;
        gboolean (*run)(GVirDomain *domain, guint flags, GError **error);
        const VerbFlag *flags;
} verbs[] = {
        { "destroy", "destroyed", gvir_domain_stop, destroy_flags },
        { "shutdown", "is asked to shut down", gvir_domain_shutdown, shutdown_flags },
        { "reboot", "is asked to reboot", gvir_domain_reboot, shutdown_flags },
        { "reset", "reset", domain_reset, no_flags },
        { "suspend", "suspended", domain_suspend, no_flags },
        { "resume", "resumed", domain_resume, no_flags },
        { "undefine", "undefined", gvir_domain_delete, undefine_flags },
};

ExitCode cmd_verb(Shell *shell, const Args *args) {
        CLEANUP(virDomainFree) virDomainPtr domain = shell_domain(shell, args->words[0]);
        g_autoptr(GVirDomain) glib = NULL;
        size_t i = 0;
        guint flags = 0;

        if (!domain)
                return SHELL_FAILED;
        while (strcmp(verbs[i].command, shell->command->name) != 0)
                i++;
        for (const VerbFlag *row = verbs[i].flags; row->option; row++)
                if (args_has(args, row->option))
                        flags |= row->flag;
        glib = glib_domain(domain);
        if (!verbs[i].run(glib, flags, NULL))
                return shell_fail_libvirt(shell, args->words[0]);
        return shell_done_with(shell, virDomainGetName(domain), verbs[i].done);
}

ExitCode cmd_autostart(Shell *shell, const Args *args) {
        bool disable = args_has(args, "disable");
        CLEANUP(virDomainFree) virDomainPtr domain = shell_domain(shell, args->words[0]);

        if (!domain)
                return SHELL_FAILED;
        if (virDomainSetAutostart(domain, !disable) < 0)
                return shell_fail_libvirt(shell, args->words[0]);
        return shell_done_with(shell, virDomainGetName(domain),
                               disable ? "is not started with the host any more" : "will be started with the host");
}

/* ---- what a domain says ---- */

ExitCode cmd_dumpxml(Shell *shell, const Args *args) {
        unsigned flags = (args_has(args, "inactive") ? VIR_DOMAIN_XML_INACTIVE : 0) |
                         (args_has(args, "migratable") ? VIR_DOMAIN_XML_MIGRATABLE : 0) |
                         (args_has(args, "security-info") ? VIR_DOMAIN_XML_SECURE : 0);
        CLEANUP(virDomainFree) virDomainPtr domain = shell_domain(shell, args->words[0]);
        CLEANUP(free) char *xml = NULL;
        json_object *object;

        if (!domain)
                return SHELL_FAILED;
        xml = virDomainGetXMLDesc(domain, flags);
        if (!xml)
                return shell_fail_libvirt(shell, args->words[0]);
        if (!shell->json)
                return shell_put_text(xml);
        object = json_object_new_object();
        json_add_string(object, "name", virDomainGetName(domain));
        json_add_string(object, "xml", xml);
        return shell_put_json(object);
}

ExitCode cmd_domstate(Shell *shell, const Args *args) {
        CLEANUP(virDomainFree) virDomainPtr domain = shell_domain(shell, args->words[0]);
        int state = 0, reason = 0;
        json_object *object;

        if (!domain)
                return SHELL_FAILED;
        if (virDomainGetState(domain, &state, &reason, 0) < 0)
                return shell_fail_libvirt(shell, args->words[0]);
        if (!shell->json) {
                printf(args_has(args, "reason") ? "%s (%s)\n" : "%s\n", state_name(state), state_reason_name(state, reason));
                return SHELL_OK;
        }
        object = json_object_new_object();
        json_add_string(object, "name", virDomainGetName(domain));
        json_add_string(object, "state", state_name(state));
        json_add_string(object, "reason", state_reason_name(state, reason));
        return shell_put_json(object);
}

static json_object *info_json(virDomainPtr domain) {
        json_object *object = json_object_new_object(), *messages = json_object_new_array();
        char uuid[VIR_UUID_STRING_BUFLEN] = "", **texts = NULL;
        int state = 0, reason = 0, autostart = 0, n;
        virDomainInfo info = { 0 };

        virDomainGetUUIDString(domain, uuid);
        virDomainGetState(domain, &state, &reason, 0);
        virDomainGetInfo(domain, &info);
        virDomainGetAutostart(domain, &autostart);
        n = virDomainGetMessages(domain, &texts, 0);
        json_add_string(object, "name", virDomainGetName(domain));
        json_add_string(object, "uuid", uuid);
        if (virDomainIsActive(domain) == 1)
                json_add_int(object, "id", (int) virDomainGetID(domain));
        json_add_string(object, "state", state_name(state));
        json_add_string(object, "reason", state_reason_name(state, reason));
        json_add_int(object, "vcpus", info.nrVirtCpu);
        json_add_uint(object, "max_memory_kib", info.maxMem);
        json_add_uint(object, "memory_kib", info.memory);
        json_add_uint(object, "cpu_time_ns", info.cpuTime);
        json_add_bool(object, "persistent", virDomainIsPersistent(domain) == 1);
        json_add_bool(object, "autostart", autostart);
        for (int i = 0; i < n; i++)
                json_append_string(messages, texts[i]);
        json_add(object, "messages", messages);
        free_strings(texts, n);
        return object;
}

static void print_value(const char *key, json_object *value) {
        CLEANUP(free) char *text = NULL;

        if (json_object_is_type(value, json_type_array)) {
                for (size_t i = 0; i < json_object_array_length(value); i++)
                        print_value(i == 0 ? key : "", json_object_array_get_idx(value, i));
                return;
        }
        text = text_safe(json_object_get_string(value));
        printf("%-16s%s\n", key, text);
}

ExitCode cmd_dominfo(Shell *shell, const Args *args) {
        CLEANUP(virDomainFree) virDomainPtr domain = shell_domain(shell, args->words[0]);
        CLEANUP(json_put) json_object *info = NULL;

        if (!domain)
                return SHELL_FAILED;
        info = info_json(domain);
        if (shell->json)
                return shell_put_json(STEAL(info));
        json_object_object_foreach(info, key, value)
                print_value(key, value);
        return SHELL_OK;
}
