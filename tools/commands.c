/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/commands.c - the table of wardsh's commands: a row each, from which parsing, help and completion come. */
#include "commands.h"

#define MIGRATABLE "required|preferred|no"

static const OptionRow no_options[] = { {} };

static const OptionRow list_options[] = {
        { "running", 'r', .help = "only domains that run or are paused" },
        { "name", 'n', .help = "only names, one per line" },
        {}
};
static const OptionRow define_options[] = {
        { "validate", .help = "check against the schema too" },
        {}
};
static const OptionRow start_options[] = {
        { "migratable", 'm', .value = "LEVEL", .bare = "required", .choices = MIGRATABLE,
          .help = "what this start asks for; without a LEVEL: required" },
        { "paused", 'p', .help = "leave the guest paused" },
        {}
};
static const OptionRow destroy_options[] = {
        { "graceful", 'g', .help = "only if QEMU ends by itself when asked" },
        {}
};
static const OptionRow shutdown_options[] = {
        { "agent", .help = "ask the agent in the guest" },
        { "acpi", .help = "press the power button" },
        {}
};
static const OptionRow undefine_options[] = {
        { "nvram", .help = "remove its UEFI variables too" },
        { "keep-nvram", .help = "keep its UEFI variables" },
        { "managed-save", .help = "remove its saved state too" },
        {}
};
static const OptionRow dumpxml_options[] = {
        { "inactive", 'i', .help = "the stored definition, not the live one" },
        { "migratable", .help = "without what an older peer does not know" },
        { "security-info", .help = "with secrets (not on a read-only connection)" },
        {}
};
static const OptionRow domstate_options[] = {
        { "reason", .help = "why it is in that state, too" },
        {}
};
static const OptionRow autostart_options[] = {
        { "disable", 'd', .help = "do not start it with the host any more" },
        {}
};
static const OptionRow migrate_options[] = {
        { "live", 'l', .help = "while the guest runs" },
        { "persistent", .help = "define it at the destination" },
        { "undefinesource", .help = "undefine it here afterwards" },
        { "p2p", .help = "the daemons talk to each other; DEST_URI is seen from this host's daemon" },
        { "unsafe", .help = "even where the disks' caches make that unsafe" },
        { "paused", .help = "leave it paused at the destination" },
        { "bandwidth", .value = "MIB", .help = "at most so many MiB/s" },
        { "migrateuri", .value = "URI", .help = "where the memory goes, such as tcp://10.0.0.2" },
        { "dname", .value = "NAME", .help = "its name at the destination" },
        {}
};
static const OptionRow explain_options[] = {
        { "migratable", 'm', .value = "LEVEL", .bare = "required", .choices = MIGRATABLE,
          .help = "as if the start asked for it; without a LEVEL: required" },
        { "host", .value = "FACTS.json", .help = "as if on the host of that file (see host facts)" },
        {}
};
static const OptionRow policy_options[] = {
        { "tech", 't', .value = "TECH", .help = "only rules of that technology, such as sev-snp" },
        {}
};
static const OptionRow event_options[] = {
        { "count", 'n', .value = "N", .help = "end after N events" },
        { "timeout", .value = "SEC", .help = "end after SEC seconds" },
        { "lifecycle", .help = "only starts, stops and the like" },
        {}
};

const Command wardsh_commands[] = {
        { "list", "", list_options, "all domains and their states", NULL, cmd_list },
        { "define", "FILE", define_options, "store a domain's definition",
          "FILE is libvirt's domain XML; - reads standard input. What virtward does not know is refused with its line, never "
          "dropped.", cmd_define },
        { "start", "DOM", start_options, "start a guest",
          "With --migratable the start has an intent that libvirt's own call cannot carry: `required' refuses before QEMU runs "
          "whatever would keep the guest from being migrated. `wardsh explain start DOM' says in advance whether it would be "
          "refused, and why.", cmd_start },
        { "destroy", "DOM", destroy_options, "stop a guest at once, as by pulling the plug", NULL, cmd_verb },
        { "shutdown", "DOM", shutdown_options, "ask a guest to power off", NULL, cmd_verb },
        { "reboot", "DOM", shutdown_options, "ask a guest to reboot", NULL, cmd_verb },
        { "reset", "DOM", no_options, "press a guest's reset button", NULL, cmd_verb },
        { "suspend", "DOM", no_options, "pause a guest", NULL, cmd_verb },
        { "resume", "DOM", no_options, "let a paused guest go on", NULL, cmd_verb },
        { "undefine", "DOM", undefine_options, "forget a domain's definition", NULL, cmd_verb },
        { "dumpxml", "DOM", dumpxml_options, "a domain's XML", NULL, cmd_dumpxml },
        { "domstate", "DOM", domstate_options, "a domain's state", NULL, cmd_domstate },
        { "dominfo", "DOM", no_options, "what a domain is and whether it could be migrated", NULL, cmd_dominfo },
        { "autostart", "DOM", autostart_options, "start a domain with the host", NULL, cmd_autostart },
        { "migrate", "DOM DEST_URI", migrate_options, "move a guest to another daemon",
          "DEST_URI is a libvirt URI, or the path of a daemon's socket on this machine. -v shows progress. Interrupting it "
          "cancels the migration: the guest stays here.", cmd_migrate },
        { "explain start", "DOM|FILE", explain_options, "would it start, and if not, why not",
          "Asks the same function as a real start; nothing is started. FILE (with a / or .xml in its name, or - for standard "
          "input) is domain XML that need not be defined. The exit status is 0 for allow, 3 for refuse, 1 when it could not be "
          "asked.", cmd_explain },
        { "explain migrate", "DOM|FILE", explain_options, "could it be migrated, and if not, why not",
          "As explain start.", cmd_explain },
        { "lint", "FILE", no_options, "all that is wrong with a definition, with line and column",
          "FILE is domain XML that need not be defined; - reads standard input. The exit status is 0 when it would be taken, 3 when it "
          "would be refused, 1 when it could not be asked.", cmd_lint },
        { "diff", "DOM|FILE", no_options, "what completion, or a start, has added to a definition, and why",
          "For a FILE: each pass of completion with all that it adds. For a running DOM: what its live definition has beyond the stored "
          "one.", cmd_diff },
        { "why", "DOM", no_options, "how a domain last ended or failed to start", NULL, cmd_why },
        { "policy show", "", policy_options, "the rules in force, per technology and operation", NULL, cmd_policy_show },
        { "host facts", "", no_options, "what was probed on this host, as JSON",
          "The output is what explain takes with --host on any machine.", cmd_host_facts },
        { "event", "[DOM]", event_options, "print events as they happen",
          "Follows until it is interrupted, --count or --timeout end it. With --json an object per line.", cmd_event },
        { "uri", "", no_options, "the URI of the daemon, for other libvirt clients", NULL, cmd_uri },
        { "version", "", no_options, "versions of wardsh, daemon and QEMU", NULL, cmd_version },
        { "help", "[COMMAND...]", no_options, "this text, or all about a command", NULL, cmd_help },
        { "complete", "[WORD...]", no_options, "what could come next, for shells", NULL, cmd_complete, .hidden = true },
        {}
};
