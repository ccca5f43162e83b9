#!/bin/bash
# SPDX-License-Identifier: MIT
# Outputs, reports and messages do not depend on the number of threads, nor on where blocks of the input end.
generate() {
    "${RDBGEN:-$(dirname "$RDBFERRY")/rdbgen}" --seed 7 --no-modules "$@"
}
generate --kind mixed --scale 0.001 -o mixed.rdb
generate --kind strings --scale 0.002 -o strings.rdb
size=$(stat -c %s mixed.rdb)
head -c $((size * 2 / 3)) mixed.rdb >cut.rdb
cp strings.rdb damaged.rdb
printf '\xc3\x05\x40AAAAAA' | dd of=damaged.rdb bs=1 seek=$((size / 9)) conv=notrunc status=none
"$RDBFERRY" convert mixed.rdb --map-db 0=3 -o three.rdb -q
"$RDBFERRY" convert three.rdb strings.rdb -o dbs.rdb -q
"$RDBFERRY" convert strings.rdb three.rdb strings.rdb -o first-strings.rdb -q --on-collision skip
"$RDBFERRY" convert dbs.rdb -o tagged.rdb --rename 's/^session:([0-9]*9)$/session:{\1}/' -q
cp "$TESTDATA"/servers/{redis-8.8,valkey-9.1.0}.rdb "$TESTDATA"/faults/{module-aux,keydb-member-expiry}.rdb .

# log COUNT [TAIL]: many commands of a few keys each, now and then one that passes in order, and three databases.
log() {
    awk -v count="$1" -v tail="${2-}" '
        function put(text, words, n, i) {
            n = split(text, words, " ")
            printf "*%d\r\n", n
            for (i = 1; i <= n; i++)
                printf "$%d\r\n%s\r\n", length(words[i]), words[i]
        }
        BEGIN {
            for (i = 0; i < count; i++) {
                if (i % 701 == 0)
                    printf "#TS:%d\r\n", 1700000000 + i
                if (i % 97 == 0)
                    put("SELECT " i % 3)
                put("SET user:" i % 500 ":cart value-of-" i)
                put("DEL user:" i % 7 ":a user:" i % 11 ":b k" i)
                if (i % 999 == 700)
                    put("MULTI") put("INCR user:1:n") put("RPUSH user:2:l " i) put("EXEC") put("FUNCTION LOAD " i)
                if (i == 1200)
                    put("FLUSHDB")
            }
            put(tail)
        }'
}
log 2500 "EXPIRE user:1:cart 100" >log.aof
log 300 "NOSUCH a b" >unknown.aof
log 300 "SET {user:3}:cart x" >collision.aof
"$RDBFERRY" convert mixed.rdb -o preamble.aof --preamble --target-version 7.0 -q --drop-detail --drop-unsupported
cat log.aof >>preamble.aof

# run COMMAND...: with one thread, and with more; what is written to "out" and printed must be the same. The commands
# take turns in which number of threads has small blocks. Each number has a place with the inputs.
pairs=("1:0 2:0 7:200" "1:0 2:200 7:0") turn=0
places=(1 2 7)
mkdir "${places[@]}"
for place in "${places[@]}"; do
    ln ./*.rdb ./*.aof "$place"
done
unlike='s/in [0-9.]* s\b/in s/
    /seconds"\|_at"\|"now"\|bytes_read"\|bytes_decoded"/d
    s/"threads", "[0-9]*"/"threads"/
    s/"median_ttl": [0-9]*/"median_ttl"/'
run() {
    local pair threads block

    rm -rf {1,2,7}/{out*,report.json}
    for pair in ${pairs[turn++ % 2]}; do
        threads=${pair%:*} block=${pair#*:}
        cd "$threads" || exit
        RDBFERRY_TEST_BLOCK_SIZE=$block "$RDBFERRY" "$@" --threads "$threads" --report report.json \
            >printed 2>&1
        echo "status $?" >>printed
        cd ..
    done
    sed -i "$unlike" {1,2,7}/{printed,report.json}
    for threads in 2 7; do
        if ! diff -r 1 "$threads" >differences; then
            echo "$*: differs with $threads threads"
            head -5 differences
            return
        fi
    done
    echo "$*: $(grep -h ^status 1/printed)"
}

for input in damaged.rdb cut.rdb redis-8.8.rdb valkey-9.1.0.rdb module-aux.rdb keydb-member-expiry.rdb; do
    run convert "$input" -o out.aof --target-version 8.0 --drop-detail --drop-unsupported
    run convert "$input" -o out.rdb --target-version 7.0 -v --drop-detail --drop-unsupported
done
run convert mixed.rdb strings.rdb -o outdir --to aof-dir --on-collision skip
run convert mixed.rdb -o out.aof.lz4 --check
run convert mixed.rdb -o out.jsonl --rename 's/[0-4]/x/' -k '*[0-4]'
run convert mixed.rdb -o out.jsonl --rename 's/^.*[02468]/x/'
run split mixed.rdb -o outdir --shards 3 --flatten-dbs --to aof --force
run split dbs.rdb -o outdir --shards 3 --flatten-dbs
run split strings.rdb -o outdir --shards 5 --flatten-dbs --rename 's/^k/{k}/' -v
run split strings.rdb -o outdir --shards 3 -v
run split tagged.rdb -o outdir --shards 3 --flatten-dbs --hash-tag 'session:{*}' --prefix-db0
run convert first-strings.rdb -o out.aof --flatten-dbs
run convert tagged.rdb -o out.rdb --flatten-dbs --hash-tag '*:{*}' --on-collision skip
run convert tagged.rdb strings.rdb -o out.aof --flatten-dbs
run convert strings.rdb -o out.rdb --rename 's/[0-9]{4}$/x/'
run split damaged.rdb -o outdir --shards 2 --flatten-dbs --to jsonl
rules=(--flatten-dbs --hash-tag '{user:*}:*')
run convert log.aof -o out.aof
run convert preamble.aof -o outdir --to aof-dir "${rules[@]}"
run convert preamble.aof -o out.aof --preamble --rename 's/^user:/u:/' -k 'user:*' -k 'k1*'
run convert collision.aof -o out.jsonl "${rules[@]}"
run split unknown.aof -o outdir --shards 3 --to aof "${rules[@]}"
run split log.aof -o outdir --shards 3 --to aof-dir "${rules[@]}"
for input in mixed.rdb damaged.rdb redis-8.8.rdb; do
    run verify "$input" --digest=sha256
    run verify "$input" --against mixed.rdb --limit 0
done
run inspect damaged.rdb --json --top 100
run inspect redis-8.8.rdb --json
run inspect dbs.rdb mixed.rdb --json -k '*[0-4]' --delimiter :_
run inspect mixed.rdb --keys
run inspect mixed.rdb --keys --sort key --limit 50
run diff mixed.rdb redis-8.8.rdb --limit 0
run diff dbs.rdb damaged.rdb --jsonl --rename 's/1/x/' -d 0
