#!/bin/bash
# SPDX-License-Identifier: MIT
# The progress line on terminals of several widths, of a run whose output is read slowly.
. "$(dirname "$0")/diff_data.bash"
{
    printf 'REDIS0009\xfe\x00'
    python3 -B -c '
import random, sys
make = random.Random(1)
for i in range(24000):
    value = make.randbytes(1024)
    sys.stdout.buffer.write(b"\0\x05%05d\x44\x00" % i + value)'
    printf '\xff\0\0\0\0\0\0\0\0'
} >in.rdb
cat >watch.py <<'END_OF_PYTHON'
import fcntl, os, pty, re, struct, subprocess, sys, termios, threading, time

width = int(sys.argv[1])
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
command = [os.environ["RDBFERRY"], "convert", "in.rdb", "-o", "-", "--to", "aof"]
process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave)
os.close(slave)
drawn = b""

def collect():
    global drawn
    try:
        while part := os.read(master, 4096):
            drawn += part
    except OSError:  # the end of a terminal
        pass

thread = threading.Thread(target=collect)
thread.start()
for _ in range(100):
    process.stdout.read(200_000)
    time.sleep(0.04)
process.stdout.read()
thread.join()
lines = [line for line in re.split(rb"\r\x1b\[K|\r\n", drawn) if b"%" in line]
assert all(len(line) < width for line in lines), lines
last = [line for line in lines if b":" in line][-1].decode()
text = re.sub(r"[0-9.]+", "N", last).replace("  ", " ").strip()
print(f"{width}: {text}" if process.wait() == 0 else process.returncode)
END_OF_PYTHON
for width in 40 30 12 80 200; do
    python3 -B watch.py $width >at.$width &
done
wait
cat at.200 at.80 at.40 at.30 at.12
