/* SPDX-License-Identifier: MIT */
/* Parses target URLs.
 *
 *   scheme "://" [user [":" password] "@"] host [":" port] ("," host [":" port])* ["/" path] ["?" query]
 *
 * The part before the first '/' or '?' is the authority; the last '@' in it ends the credentials. Messages
 * never show the URL, because it may contain a password. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/address.h"
#include <stdlib.h>
#include <strings.h>

enum { PORT = 6379, SENTINEL_PORT = 26379 };

struct scheme {
    const char *name;
    rf_target_kind kind;
    bool tls;
    int port; /* default port; 0: a unix socket */
};

/* clang-format off */
#define SCHEMES(plain, tls)                                          \
    {plain,             RF_TARGET_ANY,      false, PORT},            \
    {tls,               RF_TARGET_ANY,      true,  PORT},            \
    {plain "+sentinel", RF_TARGET_SENTINEL, false, SENTINEL_PORT},   \
    {tls "+sentinel",   RF_TARGET_SENTINEL, true,  SENTINEL_PORT},   \
    {plain "+cluster",  RF_TARGET_CLUSTER,  false, PORT},            \
    {tls "+cluster",    RF_TARGET_CLUSTER,  true,  PORT},            \
    {plain "+unix",     RF_TARGET_ANY,      false, 0}
/* clang-format on */

static const struct scheme schemes[] = {
    SCHEMES("redis", "rediss"),
    SCHEMES("valkey", "valkeys"),
    {"unix", RF_TARGET_ANY, false, 0},
};

/* The scheme of a URL, and the position after "://". NULL if it is not one of these. */
static const struct scheme *scheme_of(const char *url, const char **after_scheme)
{
    const char *end = strstr(url, "://");
    for (size_t i = 0; end && i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i].name);
        if ((size_t)(end - url) == length && strncasecmp(url, schemes[i].name, length) == 0) {
            *after_scheme = end + 3;
            return &schemes[i];
        }
    }
    return NULL;
}

bool rf_target_is_url(const char *text)
{
    const char *after_scheme;
    return scheme_of(text, &after_scheme) != NULL;
}

/* --- splitting ----------------------------------------------------------------------------------------- */

/* Returns the part before the first `separator`; *rest becomes the part after it, or empty. */
static rf_slice cut(rf_slice *rest, char separator)
{
    const uint8_t *at = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    size_t length = at ? (size_t)(at - rest->ptr) : rest->len;
    rf_slice part = {rest->ptr, length};
    size_t used = at ? length + 1 : length;
    rest->ptr += used;
    rest->len -= used;
    return part;
}

struct url {
    rf_slice credentials, hosts;
    rf_slice path;     /* including its '/' */
    bool has_stray_at; /* an '@' after the authority: usually a password with a '/' in it */
    rf_slice query;
    bool has_credentials;
};

static struct url split(const char *text)
{
    struct url url = {0};
    size_t length = strcspn(text, "/?");
    rf_slice authority = slice_of(text, length);
    const uint8_t *at = length ? memrchr(authority.ptr, '@', length) : NULL;
    url.has_credentials = at != NULL;
    if (at) {
        url.credentials = (rf_slice){authority.ptr, (size_t)(at - authority.ptr)};
        authority = (rf_slice){at + 1, length - url.credentials.len - 1};
    }
    url.hosts = authority;
    rf_slice rest = slice_of(text + length, strlen(text + length));
    url.has_stray_at = memchr(rest.ptr, '@', rest.len) != NULL;
    url.path = cut(&rest, '?');
    url.query = rest;
    return url;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Decodes "%41" to "A"; NUL is not allowed. */
static bool decode(rf_slice text, char *to)
{
    for (size_t i = 0; i < text.len; i++) {
        int c = text.ptr[i];
        if (c == '%') {
            int high = text.len - i > 2 ? hex_digit(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
            if (low < 0)
                return false;
            c = high << 4 | low;
            i += 2;
        }
        if (c == 0)
            return false;
        *to++ = (char)c;
    }
    *to = '\0';
    return true;
}

/* Percent-decodes a text; the caller frees it. */
static rf_code decoded(rf_slice text, char **out, rf_error *error)
{
    char *copy = malloc(text.len + 1);
    *out = NULL;
    if (!copy)
        return fail(error, RF_E_MEMORY, "out of memory");
    if (!decode(text, copy)) {
        free(copy);
        return fail(error, RF_E_ARGUMENT,
                    "invalid target URL: '%%' must be followed by two hexadecimal digits");
    }
    *out = copy;
    return RF_OK;
}

/* --- parts --------------------------------------------------------------------------------------------- */

static rf_code parse_credentials(const struct url *url, rf_target *target, rf_error *error)
{
    rf_slice password = url->credentials;
    rf_slice user = cut(&password, ':');
    bool has_password = user.len < url->credentials.len;
    if (user.len > 0)
        TRY(decoded(user, &target->user, error));
    return has_password ? decoded(password, &target->password, error) : RF_OK;
}

static rf_code parse_db(rf_slice text, rf_target *target, rf_error *error)
{
    if (text.len == 0)
        return RF_OK;
    if (!number_parse_db(text, &target->db))
        return fail(error, RF_E_ARGUMENT, "invalid database in the target URL");
    return RF_OK;
}

/* Cuts off "[::1]", without its brackets, or a name; *rest is the part after it. */
static rf_code cut_host(rf_slice *rest, rf_slice *host, rf_error *error)
{
    bool bracketed = rest->len > 0 && *rest->ptr == '[';
    const uint8_t *end = rest->len ? memchr(rest->ptr, bracketed ? ']' : ':', rest->len) : NULL;
    if (bracketed && !end)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: missing ']'");
    size_t length = end ? (size_t)(end - rest->ptr) : rest->len;
    *host = (rf_slice){rest->ptr + bracketed, length - bracketed};
    rest->ptr += length + bracketed;
    rest->len -= length + bracketed;
    return RF_OK;
}

static rf_code parse_host(rf_slice text, int default_port, rf_target *target, rf_error *error)
{
    rf_slice host;
    int64_t port = default_port;
    char *name;
    TRY(cut_host(&text, &host, error));
    if (host.len == 0)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: missing host");
    if (text.len > 0) {
        rf_slice digits = {text.ptr + 1, text.len - 1};
        if (*text.ptr != ':' || !number_parse_i64(digits, &port) || port < 1 || port > UINT16_MAX)
            return fail(error, RF_E_ARGUMENT, "invalid port in the target URL%s",
                        memchr(digits.ptr, ':', digits.len) ? "; put IPv6 addresses in brackets" : "");
    }
    TRY(decoded(host, &name, error));
    rf_code code = rf_target_add_address(target, name, (int)port, error);
    free(name);
    return code;
}

static rf_code parse_hosts(rf_slice hosts, const struct scheme *scheme, rf_target *target, rf_error *error)
{
    do {
        TRY(parse_host(cut(&hosts, ','), scheme->port, target, error));
    } while (hosts.len > 0);
    if (scheme->kind == RF_TARGET_ANY && target->address_count > 1)
        return fail(error, RF_E_ARGUMENT,
                    "several hosts are only possible with redis+sentinel:// and redis+cluster://");
    return RF_OK;
}

/* Parses "/db", "/name/db" or nothing. */
static rf_code parse_path(rf_slice path, const struct scheme *scheme, rf_target *target, rf_error *error)
{
    cut(&path, '/');
    if (scheme->kind == RF_TARGET_SENTINEL) {
        rf_slice name = cut(&path, '/');
        if (name.len > 0)
            TRY(decoded(name, &target->name, error));
    }
    if (scheme->kind == RF_TARGET_CLUSTER && path.len > 0)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: a cluster URL must not name a database");
    return parse_db(path, target, error);
}

static rf_code parse_unix(const struct url *url, rf_target *target, rf_error *error)
{
    char *path;
    if (url->hosts.len > 0 || url->path.len < 2)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: a unix socket requires an absolute path");
    TRY(decoded(url->path, &path, error));
    rf_code code = rf_target_add_address(target, path, 0, error);
    free(path);
    TRY(code);
    rf_slice value = url->query;
    rf_slice name = cut(&value, '=');
    if (!slice_equal(name, SLICE("db")) && name.len > 0)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: only ?db=N may follow the path");
    return parse_db(value, target, error);
}

static rf_code parse_network(const struct url *url, const struct scheme *scheme, rf_target *target,
                             rf_error *error)
{
    if (url->has_stray_at)
        return fail(error, RF_E_ARGUMENT,
                    "invalid target URL: '@' after the host (write '/' in a password as %%2F)");
    if (url->query.len > 0)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: unexpected '?'");
    TRY(parse_hosts(url->hosts, scheme, target, error));
    return parse_path(url->path, scheme, target, error);
}

static rf_code parse(const char *text, rf_target *target, rf_error *error)
{
    const struct scheme *scheme = scheme_of(text, &text);
    if (!scheme)
        return fail(error, RF_E_ARGUMENT, "invalid target URL: unknown scheme");
    struct url url = split(text);
    target->kind = scheme->kind;
    target->tls = scheme->tls;
    if (url.has_credentials)
        TRY(parse_credentials(&url, target, error));
    return scheme->port == 0 ? parse_unix(&url, target, error) : parse_network(&url, scheme, target, error);
}

rf_code rf_target_parse(const char *url, rf_target *out, rf_error *error)
{
    *out = (rf_target){0};
    rf_code code = parse(url, out, error);
    if (code != RF_OK)
        rf_target_free(out);
    return code;
}
