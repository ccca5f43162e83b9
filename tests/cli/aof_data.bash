# SPDX-License-Identifier: MIT
# Commands of an AOF, written by hand; sourced by the tests.

# resp COMMAND...: each command's arguments are separated by blanks; they are printf's words.
resp() {
    local command argument
    local -a arguments

    for command; do
        read -ra arguments <<<"$command"
        printf '*%d\r\n' ${#arguments[@]}
        for argument in "${arguments[@]}"; do
            # shellcheck disable=SC2059 # it is a format
            printf -v argument "$argument"
            printf '$%d\r\n%s\r\n' ${#argument} "$argument"
        done
    done
}

# commands_of FILE: one a line.
commands_of() {
    tr -d '\r' <"$1" | awk '/^\*/ { if (line) print line; line = ""; next } /^\$/ { next } { line = line " " $0 } END { if (line) print line }'
}
