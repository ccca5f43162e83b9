/* SPDX-License-Identifier: MIT */
/* Maps the addresses that servers announce to reachable ones.
 *
 *   FROM=TO    each a host or host:port, with IPv6 addresses in brackets
 *
 * FROM without a port matches each port of the host; TO without a port keeps it. A FROM with a port has
 * precedence. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/address.h"
#include <stdlib.h>
#include <strings.h>

static rf_code invalid(const char *what, rf_error *error)
{
    return fail(error, RF_E_ARGUMENT, "%s: FROM and TO must be HOST or HOST:PORT", what);
}

/* Parses "host", "host:7000", "[::1]" or "[::1]:7000"; port 0: none. */
static rf_code parse_end(rf_slice text, rf_address *out, rf_error *error)
{
    bool bracketed = text.len > 0 && *text.ptr == '[';
    const uint8_t *end = text.len ? memchr(text.ptr, bracketed ? ']' : ':', text.len) : NULL;
    size_t length = end ? (size_t)(end - text.ptr) : text.len;
    rf_slice host = {text.ptr + bracketed, length - bracketed};
    rf_slice rest = {text.ptr + length + bracketed, text.len - length - bracketed};
    int64_t port = 0;
    if ((bracketed && !end) || host.len == 0)
        return invalid("missing host", error);
    if (!bracketed && rest.len > 0 && memchr(rest.ptr + 1, ':', rest.len - 1))
        return invalid("IPv6 address without brackets", error);
    if (rest.len > 0 && (*rest.ptr != ':' || !number_parse_i64(slice_of(rest.ptr + 1, rest.len - 1), &port) ||
                         port < 1 || port > UINT16_MAX))
        return invalid("invalid port", error);
    return address_make(host, port, out, error);
}

static bool has_from(const rf_target *target, const rf_address *from)
{
    for (size_t i = 0; i < target->map_count; i++)
        if (target->maps[i].from.port == from->port && strcasecmp(target->maps[i].from.host, from->host) == 0)
            return true;
    return false;
}

static rf_code parse(const rf_target *target, const char *text, rf_address_map *map, rf_error *error)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return invalid("missing '='", error);
    TRY(parse_end(slice_of(text, (size_t)(equals - text)), &map->from, error));
    TRY(parse_end(slice_of(equals + 1, strlen(equals + 1)), &map->to, error));
    return has_from(target, &map->from) ? invalid("address is already mapped", error) : RF_OK;
}

rf_code rf_target_map_address(rf_target *target, const char *from_to, rf_error *error)
{
    rf_address_map map = {{0}, {0}};
    rf_address_map *grown = realloc(target->maps, (target->map_count + 1) * sizeof *grown);
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    target->maps = grown;
    rf_code code = parse(target, from_to, &map, error);
    if (code == RF_OK) {
        grown[target->map_count++] = map;
    } else {
        address_free(&map.from);
        address_free(&map.to);
    }
    return code;
}

static rf_code copy_map(const rf_address_map *from, rf_address_map *out, rf_error *error)
{
    *out = (rf_address_map){{0}, {0}};
    rf_code code = address_make(slice_of(from->from.host, strlen(from->from.host)), from->from.port,
                                &out->from, error);
    if (code == RF_OK)
        code = address_make(slice_of(from->to.host, strlen(from->to.host)), from->to.port, &out->to, error);
    if (code != RF_OK)
        address_free(&out->from);
    return code;
}

rf_code rf_target_copy_maps(const rf_target *from, rf_target *target, rf_error *error)
{
    size_t count = target->map_count + from->map_count;
    if (from->map_count == 0)
        return RF_OK;
    rf_address_map *grown = realloc(target->maps, count * sizeof *grown);
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    target->maps = grown;
    for (size_t i = 0; i < from->map_count; i++) {
        TRY(copy_map(&from->maps[i], &grown[target->map_count], error));
        target->map_count++;
    }
    return RF_OK;
}

rf_address address_mapped(const rf_target *target, const rf_address *address)
{
    rf_address found = *address;
    for (size_t i = 0; address->port > 0 && i < target->map_count; i++) {
        const rf_address_map *map = &target->maps[i];
        if ((map->from.port != 0 && map->from.port != address->port) ||
            strcasecmp(map->from.host, address->host) != 0)
            continue;
        found = (rf_address){map->to.host, map->to.port ? map->to.port : address->port};
        if (map->from.port != 0)
            break;
    }
    return found;
}
