/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/cmd_host.c - the daemon and wardsh themselves: uri, version, host facts, help, completion. */
#include <stdio.h>
#include "commands.h"
#include "output.h"

ExitCode cmd_uri(Shell *shell, const Args *args) {
        json_object *object;

        if (!shell_connect(shell))
                return SHELL_FAILED;
        if (!shell->json) {
                printf("%s\n", shell->target->uri);
                return SHELL_OK;
        }
        object = json_object_new_object();
        json_add_string(object, "uri", shell->target->uri);
        json_add_string(object, "socket", shell->target->socket);
        return shell_put_json(object);
}

static char *version_text(unsigned long version) {
        return xasprintf("%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
}

static bool has_private_program(Shell *shell) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;

        if (!shell->target->socket || ward_client_open(shell->target->socket, shell->target->name, &shell->ward, &err) < 0)
                return false;
        return ward_client_call(shell->ward, WARD_PROC_POLICY_SHOW, "{}", &text, &err) == 0;
}

ExitCode cmd_version(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *versions = json_object_new_object();
        CLEANUP(free) char *library = NULL, *daemon = NULL, *qemu = NULL;
        unsigned long number = 0;

        if (!shell_connect(shell))
                return SHELL_FAILED;
        json_add_string(versions, "wardsh", VERSION);
        if (virGetVersion(&number, NULL, NULL) == 0)
                json_add_string(versions, "libvirt library", library = version_text(number));
        json_add_string(versions, "daemon", has_private_program(shell) ? "virtwardd" : "another libvirt daemon");
        if (virConnectGetLibVersion(shell->handle, &number) == 0)
                json_add_string(versions, "speaks as libvirt", daemon = version_text(number));
        if (virConnectGetVersion(shell->handle, &number) == 0 && number > 0)
                json_add_string(versions, "QEMU", qemu = version_text(number));
        if (shell->json)
                return shell_put_json(STEAL(versions));
        json_object_object_foreach(versions, key, value)
                printf("%-18s%s\n", key, json_object_get_string(value));
        return SHELL_OK;
}

ExitCode cmd_host_facts(Shell *shell, const Args *args) {
        CLEANUP(json_put) json_object *request = json_object_new_object(), *facts = NULL;

        if (!shell_call(shell, WARD_PROC_HOST_FACTS, request, NULL, &facts))
                return SHELL_FAILED;
        return shell_put_json(STEAL(facts));
}

ExitCode cmd_help(Shell *shell, const Args *args) {
        CLEANUP(strbuf_done) StrBuf out = {};
        const Command *command;
        size_t n;

        if (shell->json)
                return shell_put_json(help_json(shell->commands));
        if (args->n_words == 0) {
                help_add_overview(shell->commands, &out);
                return shell_put_text(out.text);
        }
        command = command_find(shell->commands, args->words, args->n_words, &n);
        if (!command) {
                const char *near = command_nearest(shell->commands, args->words[0]);
                CLEANUP(free) char *hint =
                        near ? xasprintf("did you mean `wardsh help %s'?", near) : xstrdup("`wardsh help' lists the commands");

                return shell_usage(shell, hint, "there is no command '%s'", args->words[0]);
        }
        help_add_command(command, &out);
        return shell_put_text(out.text);
}

ExitCode cmd_complete(Shell *shell, const Args *args) {
        CLEANUP(strbuf_done) StrBuf out = {};

        help_add_candidates(shell->commands, args->words, args->n_words, &out);
        return shell_put_text(out.text ? out.text : "");
}
