/* SPDX-License-Identifier: MIT */
/* Other formats by their first bytes: one table of fixed bytes, then formats that take a closer look. */
#include "aof/foreign.h"
#include "base/bytes.h"
#include "base/number.h"
#include "base/utf8.h"
#include <string.h>

#define BYTES(literal)                                  \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }
#define DECOMPRESS(name, command) name, "decompress it first (" command ")"
#define DECRYPT                   "decrypt it first"
#define DECODE                    "decode it first (base64 -d)"
#define SERVER_REPLY              "an error reply of a server", "resolve the error and take the dump again"
#define FAILED_DOWNLOAD           "it may be the error page of a download"
#define FETCH                     "fetch the file itself"
#define NO_DATA                   "it holds no keys; pass an RDB or AOF"
#define NOT_AN_INPUT              "pass an RDB or AOF"
#define RESAVED                   "a text editor or a transfer changed it; take the file from its source again"

/* clang-format off */
static const struct {
    size_t offset;
    rf_slice bytes;
    const char *what, *advice;
} formats[] = {
    {0, BYTES("\xfd" "7zXZ\0"), DECOMPRESS("xz data", "xz -d")},
    {0, BYTES("BZh"), DECOMPRESS("bzip2 data", "bzip2 -d")},
    {0, BYTES("LZIP"), DECOMPRESS("lzip data", "lzip -d")},
    {0, BYTES("\x89LZO\0"), DECOMPRESS("lzop data", "lzop -d")},
    {0, BYTES("\x1f\x9d"), DECOMPRESS("compress data", "uncompress")},
    {0, BYTES("\x02\x21\x4c\x18"), DECOMPRESS("lz4 data in the legacy format", "lz4 -d")},
    {0, BYTES("\xff\x06\0\0sNaPpY"), "Snappy data", "decompress it first"},
    {0, BYTES("PK\3\4"), "a zip archive", "unpack it first (unzip)"},
    {0, BYTES("PK\5\6"), "an empty zip archive", NOT_AN_INPUT},
    {0, BYTES("7z\xbc\xaf\x27\x1c"), "a 7z archive", "unpack it first (7z x)"},
    {0, BYTES("Rar!\x1a\x07"), "a rar archive", "unpack it first"},
    {257, BYTES("ustar"), "a tar archive", "unpack it first (tar -x)"},
    {0, BYTES("070701"), "a cpio archive", "unpack it first"},
    {0, BYTES("age-encryption.org/v1"), "a file encrypted with age", DECRYPT},
    {0, BYTES("-----BEGIN AGE ENCRYPTED FILE-----"), "a file encrypted with age", DECRYPT},
    {0, BYTES("-----BEGIN PGP MESSAGE-----"), "a file encrypted with GPG", DECRYPT},
    {0, BYTES("\x8c\x0d\x04"), "a file encrypted with GPG", DECRYPT},
    {0, BYTES("\x85\x01\x0c\x03"), "a file encrypted with GPG", DECRYPT},
    {0, BYTES("\x85\x02\x0c\x03"), "a file encrypted with GPG", DECRYPT},
    {0, BYTES("Salted__"), "a file encrypted with OpenSSL", DECRYPT},
    {0, BYTES("UkVESVMw"), "an RDB in base64", DECODE},
    {0, BYTES("VkFMS0VZ"), "an RDB in base64", DECODE},
    {0, BYTES("H4sIA"), "gzip data in base64", DECODE},
    {0, BYTES("524544495330"), "an RDB in hexadecimal", "decode it first (xxd -r -p)"},
    {0, BYTES("00000000: 5245 4449 53"), "a hex dump of an RDB", "decode it first (xxd -r)"},
    {0, BYTES("\x7f" "ELF"), "a program (ELF)", NOT_AN_INPUT},
    {0, BYTES("SQLite format 3\0"), "an SQLite database", NOT_AN_INPUT},
    {0, BYTES("%PDF-"), "a PDF document", NOT_AN_INPUT},
    {0, BYTES("<!DOCTYPE"), "an HTML page", FAILED_DOWNLOAD},
    {0, BYTES("<!doctype"), "an HTML page", FAILED_DOWNLOAD},
    {0, BYTES("<html"), "an HTML page", FAILED_DOWNLOAD},
    {0, BYTES("<HTML"), "an HTML page", FAILED_DOWNLOAD},
    {0, BYTES("<?xml"), "an XML document", FAILED_DOWNLOAD},
    {0, BYTES("\xef\xbb\xbf"), "text with a UTF-8 byte order mark", RESAVED},
    {0, BYTES("\xff\xfe"), "UTF-16 text", RESAVED},
    {0, BYTES("\xfe\xff"), "UTF-16 text", RESAVED},
    {0, BYTES("version https://git-lfs.github.com/spec/"), "a Git LFS pointer", FETCH " (git lfs pull)"},
    {0, BYTES("/annex/objects/"), "a git-annex pointer", FETCH " (git annex get)"},
    {0, BYTES("# Redis configuration file"), "a redis.conf", NO_DATA},
    {0, BYTES("# Valkey configuration file"), "a valkey.conf", NO_DATA},
    {0, BYTES("vars currentEpoch"), "a nodes.conf", NO_DATA ", and this file with --topology"},
    {0, BYTES("-NOAUTH"), SERVER_REPLY},
    {0, BYTES("-ERR"), SERVER_REPLY},
    {0, BYTES("-NOPERM"), SERVER_REPLY},
    {0, BYTES("-LOADING"), SERVER_REPLY},
    {0, BYTES("-DENIED"), SERVER_REPLY},
    {0, BYTES("NOAUTH "), SERVER_REPLY},
    {0, BYTES("WRONGPASS "), SERVER_REPLY},
    {0, BYTES("NOPERM "), SERVER_REPLY},
    {0, BYTES("ERR "), SERVER_REPLY},
    {0, BYTES("(error) "), SERVER_REPLY},
    {0, BYTES("AUTH failed: "), SERVER_REPLY},
    {0, BYTES("Could not connect to "), "an error message of redis-cli",
     "resolve the error and take the dump again"},
    {0, BYTES("$-1\r\n"), "a null reply of a server", "take a dump with redis-cli --rdb"},
    {0, BYTES("+OK\r\n"), "replies of a server", "take a dump with redis-cli --rdb"},
    {0, BYTES("{\"db\":"), "JSON lines", "they are an output only; " NOT_AN_INPUT},
};
/* clang-format on */

static bool begins_with(rf_slice text, rf_slice start)
{
    return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}

static rf_slice from(rf_slice text, size_t n)
{
    return (rf_slice){text.ptr + n, text.len - n};
}

static bool found(struct foreign *out, const char *what, const char *advice)
{
    *out = (struct foreign){.what = what, .advice = advice};
    return true;
}

static bool found_damaged(struct foreign *out, const char *what)
{
    *out = (struct foreign){.what = what, .advice = "take the file from its source again", .damaged = true};
    return true;
}

static bool has_fixed_bytes(rf_slice head, struct foreign *out)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (head.len >= formats[i].offset && begins_with(from(head, formats[i].offset), formats[i].bytes))
            return found(out, formats[i].what, formats[i].advice);
    return false;
}

/* --- an RDB or AOF that was changed ------------------------------------------------------------------- */

/* The digits after the first byte; *end: what follows them. */
static bool header_number(rf_slice text, char mark, uint64_t *number, rf_slice *end)
{
    size_t n = 1;
    while (n < text.len && n <= NUMBER_TEXT_MAX && text.ptr[n] >= '0' && text.ptr[n] <= '9')
        n++;
    if (text.len == 0 || *text.ptr != mark || !number_parse_u64((rf_slice){text.ptr + 1, n - 1}, number))
        return false;
    *end = from(text, n);
    return true;
}

/* "*3\n$3\nSET\n": servers accept a header that ends in LF, but not a string that does. */
static bool has_lf_only(rf_slice text)
{
    uint64_t count, length;
    return header_number(text, '*', &count, &text) && begins_with(text, SLICE("\n")) &&
           header_number(from(text, 1), '$', &length, &text) && begins_with(text, SLICE("\n")) &&
           length < text.len - 1 && text.ptr[1 + length] == '\n';
}

bool foreign_line_ends(rf_slice commands, struct foreign *out)
{
    uint64_t count;
    rf_slice end;
    if (has_lf_only(commands))
        return found_damaged(out, "an AOF whose line ends were changed from CRLF to LF (by git or a "
                                  "text-mode transfer)");
    if (header_number(commands, '*', &count, &end) && begins_with(end, SLICE("\r\r\n")))
        return found_damaged(out, "an AOF whose line ends were changed from LF to CRLF (by a text-mode "
                                  "transfer)");
    return false;
}

bool foreign_rdb(rf_slice head, struct foreign *out)
{
    enum { HEADER = 9 };
    static const rf_slice reencoded[] = {BYTES("\xef\xbf\xbd"), BYTES("\xc3\xba"), BYTES("\xc3\xbe")};
    static const rf_slice with_cr[] = {BYTES("\xfa\r\nredis-bits"), BYTES("\xfa\r\nvalkey-ver")};
    for (size_t i = 0; i < sizeof reencoded / sizeof *reencoded && head.len > HEADER; i++)
        if (begins_with(from(head, HEADER), reencoded[i]))
            return found_damaged(out, "an RDB that was converted to UTF-8 as if it were text");
    for (size_t i = 0; i < sizeof with_cr / sizeof *with_cr; i++)
        if (memmem(head.ptr, head.len, with_cr[i].ptr, with_cr[i].len))
            return found_damaged(out, "an RDB in which LF was changed to CRLF (by a text-mode transfer)");
    return false;
}

/* --- text --------------------------------------------------------------------------------------------- */

static rf_slice skip_space(rf_slice text)
{
    while (text.len > 0 && memchr(" \t\r\n", *text.ptr, 4))
        text = from(text, 1);
    return text;
}

static bool is_json(rf_slice head, struct foreign *out)
{
    rf_slice text = skip_space(head);
    if (text.len == 0 || (*text.ptr != '{' && *text.ptr != '['))
        return false;
    text = skip_space(from(text, 1));
    return text.len > 0 && memchr("\"{}[]", *text.ptr, 5) && found(out, "JSON", NOT_AN_INPUT);
}

/* A line of nodes.conf: "<40 hexadecimal digits> 10.0.0.1:6379@16379,..." */
static bool is_nodes_conf(rf_slice head, struct foreign *out)
{
    enum { ID = 40 };
    for (size_t i = 0; i < ID; i++)
        if (i >= head.len || !memchr("0123456789abcdef", head.ptr[i], 16))
            return false;
    return begins_with(from(head, ID), SLICE(" ")) &&
           found(out, "a nodes.conf", NO_DATA ", and this file with --topology");
}

static bool is_manifest(rf_slice head, struct foreign *out)
{
    const uint8_t *end = memchr(head.ptr, '\n', head.len);
    return begins_with(head, SLICE("file ")) && end &&
           memmem(head.ptr, (size_t)(end - head.ptr), " seq ", 5) &&
           found(out, "an AOF manifest", "pass its file or the AOF directory by name");
}

static rf_slice next_line(rf_slice text)
{
    const uint8_t *end = memchr(text.ptr, '\n', text.len);
    return end ? from(text, (size_t)(end + 1 - text.ptr)) : (rf_slice){text.ptr + text.len, 0};
}

/* The first line that is neither empty nor a comment is a common setting. */
static bool is_configuration(rf_slice head, struct foreign *out)
{
    static const char *const settings[] = {
        "bind ",       "port ",     "dir ",     "save ",        "include ",        "user ",     "daemonize ",
        "appendonly ", "sentinel ", "cluster-", "requirepass ", "protected-mode ", "maxmemory", "logfile "};
    rf_slice text = skip_space(head);
    while (text.len > 0 && *text.ptr == '#')
        text = skip_space(next_line(text));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (begins_with(text, slice_of(settings[i], strlen(settings[i]))))
            return found(out, "a configuration file of a server", NO_DATA);
    return false;
}

/* Without control characters; the last one may be cut off. A part of a magic string is not text. */
static bool is_text(rf_slice head, struct foreign *out)
{
    if (begins_with(SLICE("REDIS"), head) || begins_with(SLICE("VALKEY"), head))
        return false;
    for (rf_slice text = head; text.len > 0;) {
        uint32_t character;
        size_t n = utf8_next(text, &character);
        if (n == 0 && (head.len < FOREIGN_HEAD || text.len >= 4))
            return false;
        if (n == 0)
            break;
        if (utf8_is_control(character) && !memchr("\t\r\n", *text.ptr, 3))
            return false;
        text = from(text, n);
    }
    return found(out, "text", NOT_AN_INPUT);
}

/* --- bytes -------------------------------------------------------------------------------------------- */

static bool is_zero(rf_slice head, struct foreign *out)
{
    for (size_t i = 0; i < head.len; i++)
        if (head.ptr[i] != 0)
            return false;
    return found(out, "zeros", "the file was created, but its data never written; take another copy");
}

/* The first field of an RDB, without the header. */
static bool lacks_its_head(rf_slice head, struct foreign *out)
{
    static const rf_slice fields[] = {BYTES("\xfa\x09redis-ver"), BYTES("\xfa\x0avalkey-ver")};
    enum { NEAR = 16 };
    rf_slice start = {head.ptr, head.len < NEAR ? head.len : NEAR};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (memmem(start.ptr, start.len, fields[i].ptr, fields[i].len))
            return found_damaged(out, "an RDB whose first bytes are missing");
    return false;
}

static bool begins_later(rf_slice head, struct foreign *out)
{
    static const rf_slice magics[] = {BYTES("REDIS00"), BYTES("VALKEY0")};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (memmem(head.ptr, head.len, magics[i].ptr, magics[i].len))
            return found(out, "other data, followed by an RDB",
                         "remove what precedes its magic string (\"REDIS\" or \"VALKEY\")");
    return false;
}

bool foreign_recognise(rf_slice head, struct foreign *out)
{
    static bool (*const looks[])(rf_slice head, struct foreign * out) = {
        has_fixed_bytes, is_json,        is_manifest,  is_nodes_conf, is_configuration,
        is_zero,         lacks_its_head, begins_later, is_text};
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (head.len > 0 && looks[i](head, out))
            return true;
    return false;
}
