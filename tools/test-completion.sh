#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/test-completion.sh - the completion file in a real bash, against libvirt's test driver. Arguments: wardsh, the file.
set -u
wardsh=$(readlink -f "$1")
source "$2"
n=0 failed=0

# expect "wanted candidates, sorted" "what is typed after wardsh"
expect()
{
        local wanted=$1 got
        COMP_LINE="$wardsh $2"
        COMP_POINT=${#COMP_LINE}
        _wardsh
        got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
        n=$((n + 1))
        if [[ ${got% } == "$wanted" ]]; then
                echo "ok $n - $2"
        else
                echo "# got '${got% }', wanted '$wanted'"
                echo "not ok $n - $2"
                failed=1
        fi
}

cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
touch guest.xml guest.json

echo "1..11"
expect "migrate" "mig"
expect "facts" "host "
expect "test" "-c test:///default start "
expect "test" "--connect=test:///default dumpxml te"
expect "" "-c test:///nowhere start "
expect "preferred" "start --migratable=p"
expect "no preferred required" "start --migratable="
expect "--migratable" "start --mig"
expect "guest.json guest.xml" "define gu"
expect "guest.json" "explain start --host=guest.j"
expect "migrate start" "help explain "
exit $failed
