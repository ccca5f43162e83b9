/* SPDX-License-Identifier: MIT */
/* Targets as values: construction, formatting without secrets, destruction. */
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/address.h"
#include <stdio.h>
#include <stdlib.h>

enum { PORT_MAX = 65535 };

/* --- addresses --------------------------------------------------------------------------------------- */

static bool is_ipv6(const char *host)
{
    return strchr(host, ':') != NULL;
}

void address_format(const rf_address *address, char out[ADDRESS_TEXT])
{
    if (address->port == 0)
        snprintf(out, ADDRESS_TEXT, "%s", address->host);
    else
        snprintf(out, ADDRESS_TEXT, is_ipv6(address->host) ? "[%.253s]:%d" : "%.253s:%d", address->host,
                 address->port);
}

rf_slice address_host(const rf_address *address)
{
    const char *host = address->port == 0 ? "127.0.0.1" : address->host;
    return slice_of(host, strlen(host));
}

rf_code address_make(rf_slice host, int64_t port, rf_address *out, rf_error *error)
{
    if (host.len == 0 || memchr(host.ptr, '\0', host.len))
        return fail(error, RF_E_ARGUMENT, "missing host");
    if (port < 0 || port > PORT_MAX)
        return fail(error, RF_E_ARGUMENT, "port out of range: %lld", (long long)port);
    char *copy = strndup((const char *)host.ptr, host.len);
    if (!copy)
        return fail(error, RF_E_MEMORY, "out of memory");
    *out = (rf_address){copy, (int)port};
    return RF_OK;
}

/* Host names and addresses contain no spaces or control characters. */
static bool is_host(rf_slice host)
{
    enum { HOST_MAX = 253 };
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] <= ' ' || host.ptr[i] > '~')
            return false;
    return host.len > 0 && host.len <= HOST_MAX;
}

rf_code address_from_server(rf_slice host, int64_t port, rf_address *out, rf_error *error)
{
    if (!is_host(host))
        return fail(error, RF_E_TARGET, "the target reports an invalid host");
    if (port < 1 || port > PORT_MAX)
        return fail(error, RF_E_TARGET, "the target reports a port out of range: %lld", (long long)port);
    return address_make(host, port, out, error);
}

bool address_equal(const rf_address *a, const rf_address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

void address_free(rf_address *address)
{
    free(address->host);
    *address = (rf_address){0};
}

rf_code rf_target_add_address(rf_target *target, const char *host, int port, rf_error *error)
{
    rf_address address;
    TRY(address_make(slice_of(host, strlen(host)), port, &address, error));
    rf_address *grown = realloc(target->addresses, (target->address_count + 1) * sizeof *grown);
    if (!grown) {
        address_free(&address);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    grown[target->address_count++] = address;
    target->addresses = grown;
    return RF_OK;
}

/* --- formatting ---------------------------------------------------------------------------------------- */

/* Text in a buffer of limited size, and the length that it would have without the limit. */
struct text {
    char *out;
    size_t size, length;
};

static void put_char(struct text *text, char c)
{
    if (text->length + 1 < text->size)
        text->out[text->length] = c;
    text->length++;
}

static void put_text(struct text *text, const char *from)
{
    for (; *from; from++)
        put_char(text, *from);
}

static void put_number(struct text *text, int64_t n)
{
    char digits[NUMBER_TEXT_MAX + 1];
    digits[number_print_i64((uint8_t *)digits, n)] = '\0';
    put_text(text, digits);
}

/* Characters that are special in a URL or not printable are written as %XX. */
static void put_encoded(struct text *text, const char *from, const char *allowed)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char always[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *from; from++) {
        if (strchr(always, *from) || strchr(allowed, *from)) {
            put_char(text, *from);
        } else {
            put_char(text, '%');
            put_char(text, hex[(uint8_t)*from >> 4]);
            put_char(text, hex[(uint8_t)*from & 15]);
        }
    }
}

static void put_address(struct text *text, const rf_address *address)
{
    bool bracketed = is_ipv6(address->host);
    put_text(text, bracketed ? "[" : "");
    put_encoded(text, address->host, bracketed ? ":" : "");
    put_text(text, bracketed ? "]:" : ":");
    put_number(text, address->port);
}

static void put_unix(struct text *text, const rf_target *target)
{
    put_text(text, "unix://");
    put_encoded(text, target->addresses[0].host, "/");
    if (target->db != 0) {
        put_text(text, "?db=");
        put_number(text, target->db);
    }
}

static void put_network(struct text *text, const rf_target *target)
{
    static const char *const kinds[] = {
        [RF_TARGET_ANY] = "://", [RF_TARGET_SENTINEL] = "+sentinel://", [RF_TARGET_CLUSTER] = "+cluster://"};
    put_text(text, target->tls ? "rediss" : "redis");
    put_text(text, kinds[target->kind]);
    for (size_t i = 0; i < target->address_count; i++) {
        put_text(text, i > 0 ? "," : "");
        put_address(text, &target->addresses[i]);
    }
    if (target->name) {
        put_char(text, '/');
        put_encoded(text, target->name, "");
    }
    if (target->db != 0) {
        put_char(text, '/');
        put_number(text, target->db);
    }
}

size_t rf_target_format(const rf_target *target, char *out, size_t size)
{
    struct text text = {out, size, 0};
    if (target->address_count > 0)
        (target->addresses[0].port == 0 ? put_unix : put_network)(&text, target);
    if (size > 0)
        out[text.length < size ? text.length : size - 1] = '\0';
    return text.length;
}

/* --- destruction --------------------------------------------------------------------------------------- */

static void free_secret(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void rf_target_free(rf_target *target)
{
    for (size_t i = 0; i < target->address_count; i++)
        address_free(&target->addresses[i]);
    free(target->addresses);
    for (size_t i = 0; i < target->map_count; i++) {
        address_free(&target->maps[i].from);
        address_free(&target->maps[i].to);
    }
    free(target->maps);
    free_secret(target->password);
    free_secret(target->sentinel_password);
    char *const strings[] = {target->name,      target->user, target->sentinel_user, target->cacert,
                             target->cacertdir, target->cert, target->key,           target->sni};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free(strings[i]);
    *target = (rf_target){0};
}
