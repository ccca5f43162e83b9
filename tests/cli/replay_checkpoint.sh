#!/bin/bash
# SPDX-License-Identifier: MIT
# A checkpoint of another run, or that cannot be gone on from, is refused before a target is asked; one that is
# done needs none.
try() {
    echo "$ replay $*"
    "$RDBFERRY" replay "$@" --checkpoint job -v 2>&1
    echo "$?"
}

# checkpoint STATE COMMANDS FAILED HASH
checkpoint() {
    cat >job <<END
{
  "rdbferry_checkpoint": 1, "state": "$1", "run": "abcdefghijklmnop", "started": 1700000000000,
  "position": {"input": 0, "offset": 4096}, "written_until": {"input": 0, "offset": 67108864},
  "commands": $2, "failed": $3, "skipped": 0, "dead_letter": {"path": "dead", "bytes": 5},
  "options": {
    "target": "redis://127.0.0.1:1", "keys": "--match user:*\\\\x0a--db 0", "expired": "keep", "rules": "map-db 1=0",
    "shift_expiry": "", "on_exists": "skip", "on_collision": "fail"
  },
  "inputs": [{"path": "in.rdb"$4}]
}
END
}

cp "$TESTDATA/servers/redis-7.0.15.rdb" in.rdb
same=(in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --map-db "1=0" --on-exists skip)

checkpoint "done" false 0
try "${same[@]}" --resume
checkpoint "done" false 3
try "${same[@]}" --resume
checkpoint stopped false 0
try "${same[@]}"
try "${same[@]}" --resume
checkpoint running true 0
try "${same[@]}" --resume
checkpoint running false 0 ', "size": 351602, "xxh3": "00000000000000000000000000000000"'
try "${same[@]}" --resume

echo "--- other options"
checkpoint running false 0
try in.rdb redis://:secret@127.0.0.2:1 -k 'user:*' -d 0 --map-db 1=0 --on-exists skip --resume
try in.rdb redis://127.0.0.1:1 -k 'user:*' --map-db 1=0 --on-exists skip --resume
try in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --on-exists skip --resume
try in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --map-db 1=0 --resume
try "${same[@]}" --expired drop --resume
try "${same[@]}" --shift-expiry auto --resume
try "${same[@]}" --on-collision skip --resume
try in.rdb "${same[@]}" --resume

echo "--- no checkpoint"
for text in '' '{' '[]' '{"rdbferry_checkpoint": 1}' '{"a": "\u0000"}' "$(sed 's/"running"/"walking"/' job)" \
    "$(sed 's/checkpoint": 1/checkpoint": 2/' job)" "$(sed 's/klmnop/klm\/op/' job)" "$(sed '$d' job)"; do
    printf '%s' "$text" >job
    try "${same[@]}" --resume
done
rm job
mkdir job
try "${same[@]}" --resume
rmdir job
try missing.rdb redis://127.0.0.1:1
try "${same[@]}" --resume
"$RDBFERRY" replay "${same[@]}" --checkpoint missing/job 2>&1
echo "$?"

echo "--- locked"
exec 9<>job.lock
flock 9
try "${same[@]}" --resume --metrics-file metrics --report report
exec 9<&-
grep -o '"result": "[a-z]*"' report
ls

echo "--- dead letters"
# dead TEXT: what is left of the file
dead() {
    printf '%s' "$1" >dead
    try "${same[@]}" --resume --dead-letter "${2-dead}" --report report --metrics-file metrics
    [ -e dead ] && cat dead && echo
    grep -o '"result": "[a-z]*"' report
    grep -E '^rdbferry_replay_(up|finished|exit_status) ' metrics
}
checkpoint running false 0
dead whole-and-torn
dead cut
dead theirs ./dead
rm job
dead theirs
checkpoint running false 0
sed -i 's/"bytes": 5/"bytes": "five"/' job
dead whole-and-torn
