#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sim-qemu - the simulated VMM: speaks QMP on the descriptor it was handed, as a JSON script tells it to.

    sim-qemu.py SCRIPT ARGUMENTS...

ARGUMENTS are those of a real QEMU. The script is a JSON object; every member is optional:

    "real"           a real QEMU that is executed instead when it is only probed
    "stderr"         printed at once
    "exit"           exit status: ends at once, after printing
    "on"             {command: action}; an action is done when that command comes, before its answer:
                       {"error": {"class": ..., "desc": ...}}  answers with it
                       {"return": ...}                         answers with it
                       {"hang": true}                          never answers anything again
                       {"exit": 3, "stderr": "..."}            prints and ends
                       {"kill": 9}                             sends itself a signal
                       {"close": true}                         closes the monitor and lives on
                       {"say": [{"event": ..., "data": ...}]}  sends these after the answer
    "blocked"        blocked-reasons of query-migrate
    "powerdown"      what system_powerdown makes: "ignore" (default) or "shutdown"
    "sigterm"        "exit" (default) or "ignore"
    "greeting"       sent instead of the greeting, as it is
    "log"            file to which every command is appended, a line each

Whatever it answers about itself says that it is simulated.
"""
import json
import os
import re
import selectors
import signal
import socket
import sys
import time

PACKAGE = "simulated by virtward's tests"


class Vmm:
    def __init__(self, script, arguments):
        self.script = script
        self.arguments = arguments
        self.status = "prelaunch" if "-S" in arguments else "running"
        if "-incoming" in arguments:
            self.status = "inmigrate"
        self.hung = False
        self.peer = None
        self.buffer = b""
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(fileno=self.monitor_fd())
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def monitor_fd(self):
        for argument in self.arguments:
            found = re.match(r"socket,.*id=charmonitor,.*fd=(\d+)", argument)
            if found:
                return int(found.group(1))
        sys.exit("sim-qemu: no monitor descriptor among the arguments")

    # ---- wire ----

    def say(self, message):
        if self.peer:
            try:
                self.peer.sendall(json.dumps(message).encode() + b"\r\n")
            except OSError:
                self.close()

    def event(self, name, data=None):
        now = time.time()
        message = {"timestamp": {"seconds": int(now), "microseconds": int(now % 1 * 1e6)}, "event": name}
        if data is not None:
            message["data"] = data
        self.say(message)

    def accept(self):
        if self.peer:
            return
        self.peer, _ = self.listener.accept()
        self.selector.register(self.peer, selectors.EVENT_READ, self.read)
        greeting = self.script.get("greeting")
        if greeting is not None:
            self.peer.sendall(greeting.encode())
        else:
            self.say({"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": PACKAGE}, "capabilities": []}})

    def close(self):
        if self.peer:
            self.selector.unregister(self.peer)
            self.peer.close()
            self.peer = None
            self.buffer = b""

    def read(self):
        try:
            data = self.peer.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.buffer += data
        while b"\n" in self.buffer and not self.hung and self.peer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            if line.strip():
                self.command(json.loads(line))

    # ---- commands ----

    def command(self, request):
        name, arguments = request["execute"], request.get("arguments", {})
        if "log" in self.script:
            with open(self.script["log"], "a") as log:
                log.write(json.dumps([name, arguments]) + "\n")
        action = self.script.get("on", {}).get(name, {})
        if "stderr" in action:
            print(action["stderr"], file=sys.stderr, flush=True)
        if "exit" in action:
            os._exit(action["exit"])
        if "kill" in action:
            os.kill(os.getpid(), action["kill"])
        if action.get("hang"):
            self.hung = True
            return
        if action.get("close"):
            self.close()
            return
        if "error" in action:
            self.say({"error": action["error"], "id": request.get("id")})
            return
        result = action["return"] if "return" in action else self.answer(name, arguments)
        if isinstance(result, Exception):
            self.say({"error": {"class": "CommandNotFound", "desc": str(result)}, "id": request.get("id")})
        else:
            self.say({"return": result, "id": request.get("id")})
        for said in action.get("say", []):
            self.event(said["event"], said.get("data"))
        if name == "quit":
            self.end("host-qmp-quit")

    def answer(self, name, arguments):
        method = getattr(self, "do_" + name.replace("-", "_"), None)
        if not method:
            return ValueError("The command %s has not been found" % name)
        return method(arguments)

    def do_qmp_capabilities(self, arguments):
        return {}

    def do_query_version(self, arguments):
        return {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": PACKAGE}

    def do_query_status(self, arguments):
        return {"status": self.status, "running": self.status == "running", "singlestep": False}

    def do_cont(self, arguments):
        if self.status != "running":
            self.status = "running"
            self.event("RESUME")
        return {}

    def do_stop(self, arguments):
        if self.status == "running":
            self.status = "paused"
            self.event("STOP")
        return {}

    def do_system_reset(self, arguments):
        self.event("RESET", {"guest": False, "reason": "host-qmp-system-reset"})
        return {}

    def do_system_powerdown(self, arguments):
        self.event("POWERDOWN")
        if self.script.get("powerdown") == "shutdown":
            self.status = "shutdown"
            self.event("SHUTDOWN", {"guest": True, "reason": "guest-shutdown"})
            self.event("STOP")
        return {}

    def do_quit(self, arguments):
        return {}

    def do_query_migrate(self, arguments):
        blocked = self.script.get("blocked", [])
        return {"blocked-reasons": blocked} if blocked else {}

    def do_migrate_set_capabilities(self, arguments):
        return {}

    def do_set_link(self, arguments):
        return {}

    do_set_password = do_expire_password = do_qom_set = do_balloon = do_set_link

    def do_query_chardev(self, arguments):
        names = [re.match(r".*?id=([^,]+)", a).group(1) for a in self.arguments if re.match(r"pty,.*id=", a)]
        return [{"label": name, "filename": "pty:/dev/pts/%d" % (100 + i), "frontend-open": True} for i, name in enumerate(names)]

    # ---- life ----

    def end(self, reason):
        self.event("SHUTDOWN", {"guest": False, "reason": reason})
        os._exit(0)

    def on_sigterm(self, *unused):
        if self.script.get("sigterm") != "ignore":
            self.end("host-signal")

    def run(self):
        signal.signal(signal.SIGTERM, self.on_sigterm)
        while True:
            for key, _ in self.selector.select():
                key.data()


def main():
    with open(sys.argv[1]) as file:
        script = json.load(file)
    arguments = sys.argv[2:]
    if not any("id=charmonitor" in a for a in arguments):
        real = script.get("real")
        if not real:
            sys.exit("sim-qemu: cannot be probed: the script names no real QEMU")
        os.execv(real, [real] + arguments)
    if "stderr" in script:
        print(script["stderr"], file=sys.stderr, flush=True)
    if "exit" in script:
        sys.exit(script["exit"])
    Vmm(script, arguments).run()


main()
