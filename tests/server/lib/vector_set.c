/* SPDX-License-Identifier: MIT */
/* A module for tests: values of the type "vectorset" that are saved in another way each time, as those of
 * Redis 8 are. VADD KEY makes one. The few functions that it needs are declared here: there may be no
 * redismodule.h. */
#include <stdint.h>
#include <stdlib.h>

struct methods {
    uint64_t version;
    void *(*load)(void *io, int encver);
    void (*save)(void *io, void *value);
    void (*rewrite)(void *aof, void *key, void *value);
    size_t (*usage)(const void *value);
    void (*digest)(void *digest, void *value);
    void (*free)(void *value);
};

static uint64_t (*load_unsigned)(void *io);
static void (*save_unsigned)(void *io, uint64_t number);
static void *(*create_type)(void *ctx, const char *name, int encver, struct methods *methods);
static int (*create_command)(void *ctx, const char *name, int (*run)(void *ctx, void **argv, int argc),
                             const char *flags, int first, int last, int step);
static void (*set_attributes)(void *ctx, const char *name, int version, int api);
static void *(*open_key)(void *ctx, void *name, int mode);
static void (*close_key)(void *key);
static int (*set_value)(void *key, void *type, void *value);
static int (*reply_ok)(void *ctx, const char *text);
static void *type;

static void *load(void *io, int encver)
{
    (void)encver;
    (void)load_unsigned(io);
    return malloc(1);
}

static void save(void *io, void *value)
{
    static uint64_t saved;

    (void)value;
    save_unsigned(io, ++saved);
}

static int add(void *ctx, void **argv, int argc)
{
    void *key = open_key(ctx, argv[argc - 1], 3);

    set_value(key, type, malloc(1));
    close_key(key);
    return reply_ok(ctx, "OK");
}

int RedisModule_OnLoad(void *ctx, void **argv, int argc)
{
    int (*get)(const char *name, void *into) = *(int (**)(const char *, void *))ctx;
    struct methods methods = {.version = 1, .load = load, .save = save, .free = free};

    (void)argv, (void)argc;
    get("RedisModule_LoadUnsigned", &load_unsigned);
    get("RedisModule_SaveUnsigned", &save_unsigned);
    get("RedisModule_CreateDataType", &create_type);
    get("RedisModule_CreateCommand", &create_command);
    get("RedisModule_SetModuleAttribs", &set_attributes);
    get("RedisModule_OpenKey", &open_key);
    get("RedisModule_CloseKey", &close_key);
    get("RedisModule_ModuleTypeSetValue", &set_value);
    get("RedisModule_ReplyWithSimpleString", &reply_ok);
    set_attributes(ctx, "vectorset", 1, 1);
    type = create_type(ctx, "vectorset", 0, &methods);
    return type ? create_command(ctx, "vadd", add, "write", 1, 1, 1) : 1;
}
