/* SPDX-License-Identifier: MIT */
/* Builds a target from redis-cli's options, a URL and the environment. */
#include "cmd/options/target_options.h"
#include "cmd/options/parse.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_PORT = 6379, PORT_MAX = 65535, RETRY_FOR_MS = 60 * 1000 };

rf_code opt_map_address(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    (void)row;
    return rf_target_map_address(into, argument, error);
}

rf_code opt_rate(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    (void)row, (void)error;
    size_t length = strlen(argument);
    if (length > 2 && strcmp(argument + length - 2, "/s") == 0)
        length -= 2;
    char size[32];
    if (length >= sizeof size)
        return RF_E_ARGUMENT;
    snprintf(size, sizeof size, "%.*s", (int)length, argument);
    uint64_t rate;
    if (!parse_size(size, &rate) || rate == 0)
        return RF_E_ARGUMENT;
    *(uint64_t *)into = rate;
    return RF_OK;
}

/* 0 is as good as the shortest time, and differs from an option that is not given. */
rf_code opt_retry_for(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    int64_t *ms = into;
    (void)row, (void)error;
    if (!parse_duration(argument, ms))
        return RF_E_ARGUMENT;
    *ms = *ms > 0 ? *ms : 1;
    return RF_OK;
}

static void log_wait(void *ctx, rf_log_level level, const char *text)
{
    (void)ctx;
    (level == RF_LOG_NOTE ? message_note : message_warning)("%s", text);
}

#define AT(member) .offset = offsetof(struct target_options, member)

/* clang-format off */
const struct option_row target_rows[] = {
    {OPTION_STRING, 'h', "host", "HOST", "server name or address (127.0.0.1)", AT(host)},
    {OPTION_STRING, 'p', "port", "PORT", "server port (6379)", AT(port)},
    {OPTION_STRING, 's', "socket", "PATH", "unix socket of the server", AT(socket)},
    {OPTION_STRING, 0, "user", "NAME", "ACL user name", AT(user)},
    {OPTION_STRING, 'a', "pass", "PASSWORD", "password; better: $REDISCLI_AUTH", AT(password)},
    {OPTION_STRING, 0, "pass-file", "FILE", "read the password from the first line of FILE", AT(password_file)},
    {OPTION_STRING, 0, "sentinel-user", "NAME", "user name for the Sentinels", AT(sentinel_user)},
    {OPTION_STRING, 0, "sentinel-pass", "PASSWORD",
     "password for the Sentinels; better:\n"
     "$RDBFERRY_SENTINEL_AUTH", AT(sentinel_password)},
    {OPTION_STRING, 0, "sentinel-pass-file", "FILE",
     "read the password for the Sentinels from FILE", AT(sentinel_password_file)},
    {OPTION_HANDLER, 0, "map-address", "FROM=TO",
     "connect to TO where servers announce FROM:\n"
     "10.0.0.5:6379=127.0.0.1:7000, or HOST=HOST", AT(mapping), .handle = opt_map_address},
    {OPTION_FLAG, 0, "tls", .help = "use TLS", AT(tls)},
    {OPTION_STRING, 0, "cacert", "FILE",
     "TLS: CA certificates to trust, instead of the\n"
     "system's", AT(cacert)},
    {OPTION_STRING, 0, "cacertdir", "DIR", "TLS: directory of CA certificates to trust", AT(cacertdir)},
    {OPTION_STRING, 0, "cert", "FILE", "TLS: client certificate", AT(cert)},
    {OPTION_STRING, 0, "key", "FILE", "TLS: private key of the client certificate", AT(key)},
    {OPTION_STRING, 0, "sni", "HOST",
     "TLS: server name for SNI and for the check of the\n"
     "server's certificate", AT(sni)},
    {OPTION_FLAG, 0, "insecure", .help = "TLS: do not verify the server's certificate", AT(insecure)},
    {OPTION_DURATION, 0, "timeout", "DURATION", "timeout for connecting (10s) and for replies (60s)",
     AT(timeout_ms)},
    {OPTION_HANDLER, 0, "retry-for", "DURATION",
     "how long to wait for a target that is not available,\n"
     "and to retry transient errors (60s)", AT(retry_for_ms), .handle = opt_retry_for},
    {.kind = OPTION_END},
};
/* clang-format on */

bool target_options_given(const struct target_options *options)
{
    const char *const strings[] = {options->host,
                                   options->port,
                                   options->socket,
                                   options->user,
                                   options->password,
                                   options->sentinel_user,
                                   options->sentinel_password,
                                   options->password_file,
                                   options->sentinel_password_file,
                                   options->cacert,
                                   options->cacertdir,
                                   options->cert,
                                   options->key,
                                   options->sni};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (strings[i])
            return true;
    return options->tls || options->insecure || options->timeout_ms > 0 || options->retry_for_ms > 0 ||
           options->mapping.map_count > 0;
}

void target_options_free(struct target_options *options)
{
    rf_target_free(&options->mapping);
}

/* --- passwords in argv ------------------------------------------------------------------------------ */

static void wipe(const char *text, size_t length)
{
    memset((char *)(uintptr_t)text, 'x', length);
}

/* The credentials are between "://" and the last '@'. */
static void wipe_url(const char *url)
{
    const char *start = strstr(url, "://"), *end = strrchr(url, '@');
    if (start && end > start)
        wipe(start + 3, (size_t)(end - start - 3));
}

static void wipe_passwords(const struct target_options *options, const char *url)
{
    const char *const passwords[] = {options->password, options->sentinel_password};
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++)
        if (passwords[i])
            wipe(passwords[i], strlen(passwords[i]));
    if (url)
        wipe_url(url);
}

/* --- parts ------------------------------------------------------------------------------------------ */

struct resolving {
    struct target_options *options;
    const struct target_words *words;
    const char *command;
    rf_target *target;
    rf_error error;
};

/* Replaces the URL's text, if the option was given. */
static bool set_text(const char *given, char **into)
{
    if (!given)
        return true;
    char *copy = strdup(given);
    if (!copy)
        return false;
    free(*into);
    *into = copy;
    return true;
}

/* The value of the first variable that is not empty, unless the password is given elsewhere. */
static const char *password_of(const char *given, const char *in_url, const char *const *variables)
{
    for (; !given && !in_url && *variables; variables++) {
        const char *value = getenv(*variables);
        if (value && *value)
            return value;
    }
    return given;
}

enum { PASSWORD_MAX = 64 * 1024 };

/* stdio would keep a copy in its buffer. Returns false with errno. */
static bool read_start(const char *path, char *text, size_t size, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    for (*length = 0; got > 0 && *length<size; *length += got> 0 ? (size_t)got : 0)
        while ((got = read(fd, text + *length, size - *length)) < 0 && errno == EINTR)
            ;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    errno = reason;
    return got >= 0;
}

/* The first line, without its end. */
static const char *check_password(const char *text, size_t length, size_t *kept)
{
    const char *end = memchr(text, '\n', length);
    *kept = end ? (size_t)(end - text) : length;
    if (!end && length == PASSWORD_MAX)
        return "the first line is too long";
    *kept -= *kept > 0 && text[*kept - 1] == '\r';
    if (memchr(text, '\0', *kept))
        return "the password contains a NUL byte";
    return *kept > 0 ? NULL : "the first line is empty";
}

static bool read_password(const struct resolving *r, const char *option, const char *path, char **into)
{
    size_t length, kept = 0;
    char *text = malloc(PASSWORD_MAX);
    if (!text)
        return message_usage(r->command, "out of memory");
    const char *fault = read_start(path, text, PASSWORD_MAX, &length) ? check_password(text, length, &kept)
                                                                      : strerror(errno);
    if (!fault) {
        if (*into)
            explicit_bzero(*into, strlen(*into));
        free(*into);
        *into = strndup(text, kept);
        fault = *into ? NULL : "out of memory";
    }
    explicit_bzero(text, PASSWORD_MAX);
    free(text);
    return fault
               ? message_usage(r->command, "option '--%s%s': '%s': %s", r->words->prefix, option, path, fault)
               : true;
}

static bool read_passwords(const struct resolving *r)
{
    const struct target_options *options = r->options;
    rf_target *target = r->target;
    if ((options->password && options->password_file) ||
        (options->sentinel_password && options->sentinel_password_file))
        return message_usage(r->command, "a password cannot be given both by an option and in a file");
    return (!options->password_file ||
            read_password(r, "pass-file", options->password_file, &target->password)) &&
           (!options->sentinel_password_file ||
            read_password(r, "sentinel-pass-file", options->sentinel_password_file,
                          &target->sentinel_password));
}

static bool set_texts(struct resolving *r)
{
    const struct target_options *options = r->options;
    rf_target *target = r->target;
    const char *password = password_of(options->password, target->password, r->words->variables);
    const char *sentinels = target->kind == RF_TARGET_SENTINEL
                                ? password_of(options->sentinel_password, target->sentinel_password,
                                              r->words->sentinel_variables)
                                : NULL;
    if (set_text(options->user, &target->user) && set_text(password, &target->password) &&
        set_text(options->sentinel_user, &target->sentinel_user) &&
        set_text(sentinels, &target->sentinel_password) && set_text(options->cacert, &target->cacert) &&
        set_text(options->cacertdir, &target->cacertdir) && set_text(options->cert, &target->cert) &&
        set_text(options->key, &target->key) && set_text(options->sni, &target->sni))
        return true;
    r->error = (rf_error){.code = RF_E_MEMORY, .offset = -1, .file_offset = -1, .db = -1};
    return false;
}

static bool set_address(struct resolving *r)
{
    const struct target_options *options = r->options;
    uint64_t port = DEFAULT_PORT;
    const char *host = options->host ? options->host : "127.0.0.1";
    if (options->socket && (options->host || options->port))
        return message_usage(r->command, "--socket cannot be combined with --host or --port");
    if (options->port && (!parse_count(options->port, &port) || port == 0 || port > PORT_MAX))
        return message_usage(r->command, "option '--port' requires a number from 1 to 65535");
    return rf_target_add_address(r->target, options->socket ? options->socket : host,
                                 options->socket ? 0 : (int)port, &r->error) == RF_OK;
}

static bool set_tls(struct resolving *r)
{
    const struct target_options *options = r->options;
    bool about_tls = options->cacert || options->cacertdir || options->cert || options->key || options->sni ||
                     options->insecure;
    r->target->tls |= options->tls;
    r->target->insecure = options->insecure;
    if (about_tls && !r->target->tls)
        return message_usage(r->command, "certificate options and --%sinsecure require %sa rediss:// URL",
                             r->words->prefix, *r->words->prefix ? "" : "--tls or ");
    if (r->target->tls && r->target->addresses[0].port == 0)
        return message_usage(r->command, "TLS is not supported over a unix socket");
    if (!options->cert != !options->key)
        return message_usage(r->command, "--%scert and --%skey must be given together", r->words->prefix,
                             r->words->prefix);
    return true;
}

static bool resolve(struct resolving *r, const char *url)
{
    struct target_options *options = r->options;
    rf_target *target = r->target;
    if (url && (options->host || options->port || options->socket))
        return message_usage(r->command, "a target URL cannot be combined with --host, --port or --socket");
    if (url && rf_target_parse(url, target, &r->error) != RF_OK)
        return false;
    if (!url && !set_address(r))
        return false;
    if (rf_target_copy_maps(&options->mapping, target, &r->error) != RF_OK)
        return false;
    bool of_sentinels = options->sentinel_user || options->sentinel_password ||
                        options->sentinel_password_file;
    if (of_sentinels && target->kind != RF_TARGET_SENTINEL)
        return message_usage(r->command, "%soptions for the Sentinels require a redis+sentinel:// URL",
                             *r->words->prefix ? "source " : "");
    if (!read_passwords(r) || !set_texts(r))
        return false;
    if (options->timeout_ms > INT_MAX)
        return message_usage(r->command, "option '--%stimeout' must not exceed 24 days", r->words->prefix);
    target->timeout_ms = (int)options->timeout_ms;
    target->wait = (rf_target_wait){
        .retry_for_ms = options->retry_for_ms > 0 ? options->retry_for_ms : RETRY_FOR_MS, .on_log = log_wait};
    return set_tls(r);
}

bool target_options_resolve_as(const struct target_words *words, struct target_options *options,
                               const char *url, const char *command, rf_target *out, int *status)
{
    struct resolving r = {.options = options, .words = words, .command = command, .target = out};
    *out = (rf_target){0};
    *status = STATUS_USAGE;
    bool resolved = resolve(&r, url);
    wipe_passwords(options, url);
    if (r.error.code == RF_OK)
        return resolved;
    *status = (int)status_of(r.error.code);
    if (*status == STATUS_USAGE)
        message_usage(command, "%s", r.error.message);
    else
        message_failure(&r.error);
    return false;
}

bool target_options_resolve(struct target_options *options, const char *url, const char *command,
                            rf_target *out, int *status)
{
    static const struct target_words words = {.prefix = "",
                                              .variables = {"REDISCLI_AUTH", "VALKEYCLI_AUTH", NULL},
                                              .sentinel_variables = {"RDBFERRY_SENTINEL_AUTH", NULL}};
    return target_options_resolve_as(&words, options, url, command, out, status);
}
