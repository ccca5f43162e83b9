/* SPDX-License-Identifier: MIT */
/* Asks each library for its version. */
#include "base/libraries.h"
#include <lz4.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

/* The first word after the name, or the text itself: "OpenSSL 3.0.17 1 Jul 2025", "10.42 2022-12-11". */
static void copy_number(const char *text, struct library *out)
{
    const char *number = text + strcspn(text, "0123456789");
    snprintf(out->version, sizeof out->version, "%.*s", (int)strcspn(number, " "), number);
}

bool library_at(size_t index, struct library *out)
{
    static const char *const names[] = {"OpenSSL", "PCRE2", "lz4", "zlib", "zstd", "xxHash"};
    char pcre2[64] = "";
    unsigned xxhash = XXH_versionNumber();
    if (index >= sizeof names / sizeof *names)
        return false;
    out->name = names[index];
    switch (index) {
    case 0: copy_number(OpenSSL_version(OPENSSL_VERSION), out); break;
    case 1:
        if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof pcre2)
            pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
        copy_number(pcre2, out);
        break;
    case 2: copy_number(LZ4_versionString(), out); break;
    case 3: copy_number(zlibVersion(), out); break;
    case 4: copy_number(ZSTD_versionString(), out); break;
    default:
        snprintf(out->version, sizeof out->version, "%u.%u.%u", xxhash / 10000, xxhash / 100 % 100,
                 xxhash % 100);
        break;
    }
    return true;
}
