#!/bin/bash
# SPDX-License-Identifier: MIT
# A checkpoint of another run, or that cannot be gone on from, is refused before a target is asked; one that is
# done needs none.
try() {
    echo "$ replay $*"
    "$RDBFERRY" replay --retry-for 0 "$@" --checkpoint job -v 2>&1
    echo "$?"
}

# seal: the lines of stdin and their checksum, into the checkpoint
seal() {
    cat >job
    printf 'checksum %s\n' "$(gzip -c job | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')" >>job
}

# lines STATE COMMANDS FAILED [SIZE HASH]
lines() {
    cat <<END
rdbferry-checkpoint 3
state $1
run abcdefghijklmnop
started 1700000000000
position 0 4096
written-until 0 67108864
commands $2
failed $3
skipped 0
dead-letter 5 dead
target redis://127.0.0.1:1
keys --match user:*\\x0a--db 0
expired keep
rules map-db 1=0
shift-expiry 
on-exists skip
deletions 
on-collision fail
log 
input ${4--} ${5--} in.rdb
END
}
checkpoint() { lines "$@" | seal; }

cp "$TESTDATA/servers/redis-7.0.15.rdb" in.rdb
same=(in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --map-db "1=0" --on-exists skip)

checkpoint "done" none 0
try "${same[@]}" --resume
checkpoint "done" none 3
try "${same[@]}" --resume
checkpoint stopped none 0
try "${same[@]}"
try "${same[@]}" --resume
checkpoint running plain 0
try "${same[@]}" --resume
checkpoint running none 0 351602 00000000000000000000000000000000
try "${same[@]}" --resume

echo "--- other options"
checkpoint running none 0
try in.rdb redis://:secret@127.0.0.2:1 -k 'user:*' -d 0 --map-db 1=0 --on-exists skip --resume
try in.rdb redis://127.0.0.1:1 -k 'user:*' --map-db 1=0 --on-exists skip --resume
try in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --on-exists skip --resume
sed '$d; s/^deletions $/deletions --since/; s/^on-exists skip$/on-exists replace/' job >since
checkpoint running none 0 && sed '$d' job >plain
seal <since
try in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --map-db 1=0 --on-exists replace --resume
seal <plain && rm plain since
try in.rdb redis://127.0.0.1:1 -k 'user:*' -d 0 --map-db 1=0 --resume
try "${same[@]}" --expired drop --resume
try "${same[@]}" --shift-expiry auto --resume
try "${same[@]}" --on-collision skip --resume
try in.rdb "${same[@]}" --resume

echo "--- no checkpoint"
for text in '' x 'rdbferry-checkpoint 3' '{"rdbferry_checkpoint": 1, "state": "running"}' "$(sed '$d' job)" "$(sed 's/4096/4097/' job)"; do
    printf '%s' "$text" >job
    try "${same[@]}" --resume
done

echo "--- changed"
lines running none 0 >plain
python3 - "$RDBFERRY" "${same[@]}" <<'END'
import subprocess, sys, zlib
lines = open("plain", "rb").read()
def seal(text):
    return text + b"checksum %08x\n" % zlib.crc32(text)
def resume(text):
    open("job", "wb").write(text)
    done = subprocess.run([sys.argv[1], "replay", *sys.argv[2:], "--checkpoint", "job", "--resume"],
                          capture_output=True, text=True)
    return f"{done.returncode} {done.stderr}"
# With a checksum that is right.
for old, new in [("t 3", "t 2"), ("running", "walking"), ("klmnop", "klm.op"), ("position 0", "position 1"),
                 ("n 0 4096", "n 0 67108865"), ("n 0 4096", "n 0 18446744073709551615"), ("n 0 4096", "n 0 -1"),
                 ("until 0", "until 1"), ("commands none", "commands maybe"), ("failed 0", "failed none"),
                 ("letter 5", "letter five"), ("input - -", "input x -"), ("skipped 0\n", ""),
                 ("in.rdb\n", "in.rdb\nmore\n"), ("", "\0")]:
    print(repr(old), repr(new), resume(seal(lines.replace(old.encode(), new.encode(), 1))), end="")
# Without.
whole = seal(lines)
damaged = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:] for at in range(0, len(whole), 37)]
cut = [whole[:at] for at in range(0, len(whole), 37)]
print(*sorted({resume(text) for text in damaged + cut}), sep="", end="")
END
rm plain

rm job
mkdir job
try "${same[@]}" --resume
rmdir job
try missing.rdb redis://127.0.0.1:1
try "${same[@]}" --resume
"$RDBFERRY" replay --retry-for 0 "${same[@]}" --checkpoint missing/job 2>&1
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
checkpoint running none 0
dead whole-and-torn
dead cut
dead theirs ./dead
rm job
dead theirs
checkpoint running none 0
sed -i 's/letter 5/letter five/' job
dead whole-and-torn
