# SPDX-License-Identifier: LGPL-2.1-or-later
"""harness.py - private daemons for tests, and what they may not leave behind.

    def test_something(t):              # the words of its docstring or name are the subtest's name
        daemon = t.daemon()             # a virtwardd in directories of its own, ready
        ...
    harness.main(globals())             # runs every test_*, prints TAP

After each test every daemon is stopped and the test fails if a process is left, a socket or status file is left in a
runtime directory, a daemon had more descriptors than when it was ready, it ended badly, or a sanitizer spoke. This process is a
subreaper, so guests that outlive a daemon become its children and are seen. KEEP=1 keeps the directories.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
BUILD = os.path.join(TOP, os.environ.get('VIRTWARD_BUILD', 'build'))
VIRTWARDD = os.path.join(BUILD, 'daemon', 'virtwardd')
WARDSH = os.path.join(BUILD, 'tools', 'wardsh')
DEADLINE = 60                   # seconds that anything may take on a busy machine; never a measure
SANITIZER_WORDS = ('AddressSanitizer', 'LeakSanitizer', 'runtime error:')
PR_SET_CHILD_SUBREAPER = 36

GUEST = """<domain type='qemu'>
  <name>{name}</name>
  {uuid}
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  {metadata}
  <os><type arch='x86_64' machine='{machine}'>hvm</type>{boot}</os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""


class Skip(Exception):
    pass


class Failure(Exception):
    pass


def need(path_or_command):
    if not (os.path.exists(path_or_command) or shutil.which(path_or_command)):
        raise Skip('%s is not installed' % path_or_command)


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, wanted, what='value'):
    if got != wanted:
        raise Failure('%s is %r, wanted %r' % (what, got, wanted))


def sanitized():
    """Whether the daemon is built with AddressSanitizer: then freed memory is kept for a while, and sizes mean nothing."""
    with open(VIRTWARDD, 'rb') as f:
        return b'__asan_init' in f.read()


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise Failure('%r lacks %r' % (text, part))


def wait_for(condition, what, seconds=DEADLINE):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure('waited %d s for %s' % (seconds, what))
        time.sleep(0.02)


def read(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def guest_xml(name, uuid=None, memory=32, machine='pc', boot='', devices='', migratable=None):
    metadata = ("<metadata><ward:policy xmlns:ward='https://virtward.org/xmlns/policy/1' migratable='%s'/></metadata>" % migratable
                if migratable else '')
    return GUEST.format(name=name, uuid='<uuid>%s</uuid>' % uuid if uuid else '', memory=memory, machine=machine, boot=boot,
                        devices=devices, metadata=metadata)


# ---- processes ----

def children(pid='self'):
    """Pids of direct children, zombies too."""
    pids = []
    try:
        for task in os.listdir('/proc/%s/task' % pid):
            pids += [int(p) for p in read('/proc/%s/task/%s/children' % (pid, task)).split()]
    except OSError:
        pass                    # it has just ended
    return pids


def descendants(pid='self'):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def state_of(pid):
    try:
        return read('/proc/%d/stat' % pid).rsplit(')', 1)[1].split()[0]
    except OSError:
        return None


def command_of(pid):
    try:
        return read('/proc/%d/cmdline' % pid).replace('\0', ' ').strip()
    except OSError:
        return ''


def is_alive(pid):
    return state_of(pid) not in (None, 'Z')


def guests_of(name):
    """Pids of QEMUs below this process that run a guest of that name."""
    return [p for p in descendants() if is_alive(p) and 'guest=%s,' % name in command_of(p) + ',']


def descriptors(pid):
    found = []
    for fd in os.listdir('/proc/%d/fd' % pid):
        try:
            name = os.readlink('/proc/%d/fd/%s' % (pid, fd))
            found.append('socket' if name.startswith('socket:') else name)
        except OSError:
            pass
    return sorted(found)


# ---- a daemon ----

class Daemon:
    """One virtwardd with state and runtime directories of its own."""

    def __init__(self, top, options=(), config='', policy=None, mode='session', env=None, wrapper=()):
        self.top, self.mode, self.wrapper = top, mode, list(wrapper)
        self.state, self.runtime, self.etc = (os.path.join(top, d) for d in ('state', 'run', 'etc'))
        self.socket = os.path.join(self.runtime, 'virtward-sock')
        self.ro_socket = self.socket + '-ro'
        self.uri = 'qemu+unix:///%s?socket=%s' % (mode, self.socket)
        self.ro_uri = 'qemu+unix:///%s?socket=%s' % (mode, self.ro_socket)
        self.log_path = os.path.join(top, 'virtwardd.log')
        self.options, self.env = list(options), dict(env or {})
        self.process = None
        self.descriptors_at_start = None        # None: not known
        self.expect_exit = 0
        os.makedirs(self.etc, exist_ok=True)
        self.config_path = os.path.join(self.etc, 'virtwardd.conf')
        write(self.config_path, 'dbus = no\n' + config)
        if policy is not None:
            write(os.path.join(self.etc, 'policy.conf'), policy)

    def command(self):
        return self.wrapper + [VIRTWARDD, '--' + self.mode, '--config', self.config_path, '--state-dir', self.state,
                               '--runtime-dir', self.runtime] + self.options

    def spawn(self, extra_env=None, **more):
        log = open(self.log_path, 'ab')
        env = dict(os.environ, **self.env)
        env.pop('JOURNAL_STREAM', None)
        env.update(extra_env or {})
        with log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, **more)
        return self.process

    def start(self, **more):
        """Returns when the daemon has said READY=1."""
        path = os.path.join(self.top, 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(0.1)
            self.spawn({'NOTIFY_SOCKET': path}, **more)
            try:
                self.wait_ready(notify)
            finally:
                os.unlink(path)
        self.descriptors_at_start = descriptors(self.process.pid)
        return self

    def wait_ready(self, notify):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                if b'READY=1' in notify.recv(4096).split(b'\n'):
                    return
            except socket.timeout:
                pass
            if self.process.poll() is not None:
                raise Failure('virtwardd ended with %d before it was ready: %s' % (self.process.returncode, self.log()))
        raise Failure('virtwardd was not ready in %d s: %s' % (DEADLINE, self.log()))

    def run_to_end(self, **more):
        """For a daemon that is expected not to start: (exit status, what it logged)."""
        self.spawn(**more)
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise Failure('virtwardd started, and should not have: %s' % self.log()) from None
        self.process = None
        return status, self.log()

    def log(self):
        return read(self.log_path) if os.path.exists(self.log_path) else ''

    @property
    def pid(self):
        return self.process.pid

    def check_descriptors(self):
        """None more than at the start, once clients are gone and guests are not counted: theirs are the monitor's and the pipes'."""
        def leaked():
            now = descriptors(self.pid)
            extra = list(now)
            for kind in self.descriptors_at_start:
                if kind in extra:
                    extra.remove(kind)
            return [kind for kind in extra if kind != 'anon_inode:[timerfd]']       # sd-event makes one per clock when it is first needed
        end = time.monotonic() + 5
        while leaked() and time.monotonic() < end:
            time.sleep(0.02)
        check(not leaked(), 'virtwardd holds descriptors it had not at the start: %s' % leaked())

    def stop(self, number=signal.SIGTERM):
        """Ends it, and returns the exit status."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure('virtwardd did not end within %d s of signal %d' % (DEADLINE, number))

    def kill(self):
        return self.stop(signal.SIGKILL)

    def restart(self):
        equal(self.stop(), 0, 'exit status')
        return self.start()

    def left_in_runtime(self):
        found = []
        for where, _, names in os.walk(self.runtime):
            found += [os.path.join(where, n) for n in names]
        return sorted(f for f in found if not f.endswith(('/virtwardd.lock', '/autostarted')))


# ---- clients ----

def client_env(top):
    """No configuration, cache or bus of the user's."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(('LIBVIRT', 'VIRSH', 'XDG', 'DBUS'))}
    env.update(HOME=top, LC_ALL='C', XDG_RUNTIME_DIR=top)
    return env


def run(command, top, ok=True, **more):
    done = subprocess.run(command, env=client_env(top), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=DEADLINE * 2, check=False, **more)
    if ok is not None and (done.returncode == 0) != ok:
        raise Failure('%s: exit status %d\n%s%s' % (' '.join(command), done.returncode, done.stdout, done.stderr))
    return done


class Test:
    """What a test gets: a directory, daemons, clients."""

    def __init__(self, name):
        self.name = name
        self.top = tempfile.mkdtemp(prefix='vw-')       # short: a socket's path has 107 bytes
        self.daemons = []
        self.stops = []

    def make_daemon(self, **options):
        daemon = Daemon(os.path.join(self.top, 'd%d' % len(self.daemons)), **options)
        self.daemons.append(daemon)
        return daemon

    def daemon(self, **options):
        return self.make_daemon(**options).start()

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def file(self, name, text):
        write(self.path(name), text)
        return self.path(name)

    def at_end(self, function):
        self.stops.append(function)

    def virsh(self, daemon, *args, ok=True, uri=None):
        need('virsh')
        return run(['virsh', '-q', '-c', uri or daemon.uri] + list(args), self.top, ok)

    def wardsh(self, daemon, *args, ok=True):
        need(WARDSH)
        return run([WARDSH, '-c', daemon.uri] + list(args), self.top, ok)

    def libvirt(self, daemon, uri=None):
        """An open connection of libvirt-python, closed at the end."""
        try:
            import libvirt
        except ImportError:
            raise Skip('python3-libvirt is not installed') from None
        libvirt.registerErrorHandler(lambda *_: None, None)
        connection = libvirt.open(uri or daemon.uri)

        def close():
            try:
                connection.close()
            except libvirt.libvirtError:
                pass            # the test has closed it
        self.at_end(close)
        return connection

    def define(self, daemon, name, **options):
        self.virsh(daemon, 'define', self.file(name + '.xml', guest_xml(name, **options)))

    # -- the end --

    def finish(self, failed):
        """Stops everything; returns what was left behind."""
        left = []
        for stop in reversed(self.stops):
            stop()
        for daemon in self.daemons:
            left += self.finish_daemon(daemon, failed)
        left += self.reap()
        for daemon in self.daemons:
            left += ['a sanitizer spoke: %s' % line for line in daemon.log().splitlines() if any(w in line for w in SANITIZER_WORDS)]
        return left

    def finish_daemon(self, daemon, failed):
        left = []
        if daemon.process is None:
            return left
        running = [p for p in descendants(daemon.pid) if 'guest=' in command_of(p)]
        if daemon.descriptors_at_start and not failed and not running and daemon.process.poll() is None:
            try:
                daemon.check_descriptors()
            except Failure as failure:
                left.append(str(failure))
        status = daemon.stop()
        if status != daemon.expect_exit:
            left.append('virtwardd ended with status %d' % status)
        elif not running and not failed:
            left += ['left in the runtime directory: %s' % f for f in daemon.left_in_runtime()]
        return left

    def reap(self):
        """Ends what is still there. Helpers get a moment to end by themselves."""
        end = time.monotonic() + 3
        while time.monotonic() < end and any(is_alive(p) for p in descendants()):
            time.sleep(0.02)
        left = []
        for pid in descendants():
            if is_alive(pid):
                left.append('process %d is left: %s' % (pid, command_of(pid)[:100]))
                os.kill(pid, signal.SIGKILL)
        for pid in children():
            os.waitpid(pid, 0)
        return left

    def clean(self, failed):
        if os.environ.get('KEEP'):
            print('# kept: %s' % self.top)
            return
        if failed:
            for daemon in self.daemons:
                for line in daemon.log().splitlines()[-30:]:
                    print('# %s: %s' % (os.path.basename(daemon.top), line))
        shutil.rmtree(self.top, ignore_errors=True)


def run_test(name, function):
    """(whether it passed, reason of a skip or None)."""
    test = Test(name)
    failed, skipped = False, None
    try:
        function(test)
    except Skip as skip:
        skipped = str(skip)
    except Exception as error:          # also what a client library raises
        failed = True
        text = str(error) if isinstance(error, Failure) else traceback.format_exc()
        print('\n'.join('# ' + line for line in text.splitlines()))
        if isinstance(error, Failure):
            frames = [f for f in traceback.extract_tb(error.__traceback__) if os.path.basename(f.filename).startswith('test_')]
            print('\n'.join('# at %s:%d: %s' % (os.path.basename(f.filename), f.lineno, f.line) for f in frames))
    try:
        left = test.finish(failed)
    except Failure as failure:
        left = [str(failure)] + test.reap()
    for line in left:
        print('# %s' % line)
    test.clean(failed or left)
    return not failed and not left, skipped


def main(names):
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'cannot become a subreaper')
    wanted = sys.argv[1:]
    tests = [(n, f) for n, f in names.items() if n.startswith('test_') and (not wanted or n in wanted)]
    print('1..%d' % len(tests), flush=True)
    bad = 0
    for number, (name, function) in enumerate(tests, 1):
        passed, skipped = run_test(name, function)
        bad += not passed
        print('%sok %d - %s%s' % ('' if passed else 'not ', number, name[5:].replace('_', ' '),
                                  ' # SKIP ' + skipped if skipped is not None else ''), flush=True)
    return 1 if bad else 0


