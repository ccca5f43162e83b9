/* SPDX-License-Identifier: MIT */
/* Parses the lines of INFO, and MODULE LIST. */
#include "net/info.h"

#include "base/bytes.h"

bool info_line(rf_slice *info, rf_slice *line)
{
    if (info->len == 0)
        return false;
    const uint8_t *end = memchr(info->ptr, '\n', info->len);
    size_t length = end ? (size_t)(end - info->ptr) : info->len;
    size_t used = end ? length + 1 : length;
    *line = (rf_slice){info->ptr, length - (length > 0 && info->ptr[length - 1] == '\r')};
    info->ptr += used;
    info->len -= used;
    return true;
}

bool info_field(rf_slice info, const char *name, rf_slice *value)
{
    size_t length = strlen(name);
    for (rf_slice line; info_line(&info, &line);)
        if (line.len > length && line.ptr[length] == ':' && memcmp(line.ptr, name, length) == 0) {
            *value = (rf_slice){line.ptr + length + 1, line.len - length - 1};
            return true;
        }
    return false;
}

rf_server info_version(rf_slice text, rf_dialect dialect)
{
    char digits[32];
    size_t n = 0;
    rf_server server = {0};
    while (n < text.len && n + 1 < sizeof digits && memchr("0123456789.", text.ptr[n], 11)) {
        digits[n] = (char)text.ptr[n];
        n++;
    }
    digits[n] = '\0';
    rf_server_parse(digits, &server);
    server.dialect = dialect;
    return server;
}

rf_server info_server(rf_slice info)
{
    rf_slice version;
    if (info_field(info, "valkey_version", &version))
        return info_version(version, RF_VALKEY);
    if (info_field(info, "redis_version", &version))
        return info_version(version, RF_REDIS);
    return (rf_server){0};
}

/* (Garnet libs/server/Metrics/Info/GarnetInfoMetrics.cs, Resp/KeyAdminCommands.cs) */
bool info_is_garnet(rf_slice info)
{
    rf_slice version;
    return info_field(info, "garnet_version", &version);
}

static bool contains(rf_slice text, rf_slice part)
{
    return memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

unsigned info_count_replicas(rf_slice info, bool all)
{
    unsigned count = 0;
    for (rf_slice line; info_line(&info, &line);)
        count += line.len > 5 && memcmp(line.ptr, "slave", 5) == 0 && contains(line, SLICE("state=online")) &&
                 (all || !contains(line, SLICE(",port=0,")));
    return count;
}

rf_slice info_mode(rf_slice info)
{
    rf_slice mode;
    if (info_field(info, "redis_mode", &mode) || info_field(info, "server_mode", &mode))
        return mode;
    return SLICE("standalone");
}

/* --- MODULE LIST ---------------------------------------------------------------------------------------- */

static bool add_name(struct buffer *names, rf_slice *rest)
{
    struct reply head = reply_next(rest);
    bool good = true;
    for (int64_t left = head.kind == REPLY_ARRAY ? head.number : 0; left > 1; left -= 2) {
        struct reply what = reply_next(rest);
        reply_skip(rest, what);
        struct reply value = reply_next(rest);
        reply_skip(rest, value);
        if (slice_equal(what.text, SLICE("name")) && value.text.len > 0)
            good = good && buffer_append(names, value.text) && buffer_append(names, SLICE("\0"));
    }
    return good;
}

bool module_list_names(struct reply list, rf_slice rest, struct buffer *names)
{
    bool good = true;
    for (int64_t left = list.number; left > 0 && good; left--)
        good = add_name(names, &rest);
    return good && buffer_append(names, SLICE("\0"));
}
