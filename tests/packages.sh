# SPDX-License-Identifier: LGPL-2.1-or-later
# packages.sh - sourced by ./check and ./quickstart: installs what tests/packages lists and the machine lacks.

# packages_missing NEED...: names of packages of these needs that are not installed.
packages_missing() {
        local package need
        while read -r package need _; do
                case "$package" in ''|'#'*) continue ;; esac
                case " $* " in *" $need "*) ;; *) continue ;; esac
                dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s ' "$package"
        done < tests/packages
}

# as_root COMMAND...: as it is for root, through sudo when that asks for no password; else fails.
as_root() {
        if [ "$(id -u)" = 0 ]; then
                "$@"
        else
                sudo -n "$@"
        fi
}

# packages_install NEED...: 0 when nothing of these is missing in the end. Says what it does.
packages_install() {
        local missing log="${PACKAGES_LOG:-/dev/null}"
        command -v dpkg-query >/dev/null || { echo "not a Debian system: install what tests/packages lists by hand"; return 0; }
        missing=$(packages_missing "$@")
        [ -n "$missing" ] || return 0
        if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
                echo "missing Debian packages: $missing"
                echo "install them with: sudo apt-get install --no-install-recommends $missing"
                return 1
        fi
        echo "installing Debian packages: $missing"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >>"$log" 2>&1
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >>"$log" 2>&1 </dev/null
        missing=$(packages_missing "$@")
        [ -z "$missing" ] || { echo "could not be installed: $missing${PACKAGES_LOG:+ (see $PACKAGES_LOG)}"; return 1; }
}
