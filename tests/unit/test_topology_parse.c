/* SPDX-License-Identifier: MIT */
/* Topologies out of texts: those of real servers (testdata/topology), every trap in a nodes.conf, and texts
 * that are none. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/shards.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static rf_code parse(rf_slice text, rf_topology **topology, rf_error *error)
{
    *topology = NULL;
    *error = (rf_error){0};
    rf_code code = rf_topology_parse(text, "some.txt", topology, error);
    cr_assert((code == RF_OK) == (*topology != NULL));
    cr_assert(code == RF_OK || error->code == code);
    return code;
}

static void expect_shards(const char *name, rf_slice text, const char *expected)
{
    struct buffer read = {0};
    rf_topology *topology;
    rf_error error;
    rf_slice exact = exact_copy(text.ptr, text.len);
    cr_assert_eq(parse(exact, &topology, &error), RF_OK, "%s: %s", name, error.message);
    exact_free(exact);
    const char *fault = shards_fault(topology);
    cr_expect_null(fault, "%s: %s", name, fault);
    shards_print(topology, &read);
    cr_expect(slice_equal(buffer_slice(&read), slice_of(expected, strlen(expected))), "%s:\n%.*s", name,
              (int)read.len, (const char *)read.data);
    rf_topology_free(topology);
    buffer_free(&read);
}

static void expect_fault(const char *text, rf_code code, const char *message)
{
    rf_topology *topology;
    rf_error error;
    rf_slice exact = exact_copy(text, strlen(text));
    cr_expect_eq(parse(exact, &topology, &error), code, "%.80s: %s", text, error.message);
    cr_expect(strncmp(error.message, "some.txt: ", 10) == 0 && strstr(error.message + 10, message),
              "%.80s: %s", text, error.message);
    exact_free(exact);
    rf_topology_free(topology);
}

/* --- real servers ------------------------------------------------------------------------------------ */

#define ID_1 "20a070191c1ef1ac7ec8a81e050897d156d53957"
#define ID_2 "a4de65042624792348d630fad581da35c0ae4146"
#define ID_3 "664f56da380298c6ba3bbb4f02512867828b2a09"
#define ID_7 "6716a1f9084c9ec6bd123584ef5eb1016ba608a6"

static const char three[] = "127.0.0.1-7001 127.0.0.1 7001 " ID_1 " 0-99 101-5460\n"
                            "127.0.0.1-7002 127.0.0.1 7002 " ID_2 " 100-100 5461-10922\n"
                            "127.0.0.1-7003 127.0.0.1 7003 " ID_3 " 10923-16383\n";
static const char alone[] = ID_7 " - 0 " ID_7 " 0-16383\n";
static const char backup[] =
    "127.0.0.1-27812 127.0.0.1 27812 db803727422c858b5b94ef65258004b92d791421 0-2 4-4\n"
    "127.0.0.1-27811 127.0.0.1 27811 5afeb8d9f8e73c2995a736f116ee05f87c335b15 3-3 "
    "5-16383\n";

static const struct {
    const char *name, *expected;
} goldens[] = {
    {"plain/nodes.conf", three},    {"plain/nodes.file", three}, {"plain/nodes.terminal", three},
    {"hostname/nodes.file", three}, {"alone/nodes.conf", alone}, {"alone/nodes.file", alone},
    {"backup/nodes.json", backup},
};

/* The caller's to free with exact_free(). */
static rf_slice read_golden(const char *name)
{
    static char text[64 * 1024];
    char path[256];
    snprintf(path, sizeof path, "testdata/topology/%s", name);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    cr_assert(size > 0 && size < sizeof text, "%s", path);
    return exact_copy(text, size);
}

typedef void golden_fn(const char *name, rf_slice text, const char *expected);

static void for_golden(golden_fn *fn)
{
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        rf_slice text = read_golden(goldens[i].name);
        fn(goldens[i].name, text, goldens[i].expected);
        exact_free(text);
    }
}

Test(topology_parse, of_real_servers)
{
    for_golden(expect_shards);
}

/* --- cut and damaged --------------------------------------------------------------------------------- */

/* What is read, whatever it is, makes sense. */
static rf_code read_any(const char *name, rf_slice text, struct buffer *shards)
{
    rf_topology *topology;
    rf_error error;
    rf_code code = parse(text, &topology, &error);
    cr_assert(code == RF_OK || code == RF_E_FORMAT || code == RF_E_ARGUMENT, "%s: %d", name, code);
    const char *fault = code == RF_OK ? shards_fault(topology) : NULL;
    cr_assert_null(fault, "%s: %s", name, fault);
    if (code == RF_OK && shards)
        shards_print(topology, shards);
    rf_topology_free(topology);
    return code;
}

/* What is left out either does not matter, or is missed. */
static void cut(const char *name, rf_slice text, const char *expected)
{
    for (size_t length = 0; length < text.len; length++) {
        struct buffer shards = {0};
        rf_slice prefix = exact_copy(text.ptr, length);
        if (read_any(name, prefix, &shards) == RF_OK)
            cr_assert(slice_equal(buffer_slice(&shards), slice_of(expected, strlen(expected))),
                      "%s, %zu:\n%.*s", name, length, (int)shards.len, (const char *)shards.data);
        buffer_free(&shards);
        exact_free(prefix);
    }
}

Test(topology_parse, cut_anywhere)
{
    for_golden(cut);
}

static uint64_t state;

static void damage(const char *name, rf_slice text, const char *expected)
{
    static const char special[] = "\n\r \"()[]{}<>,:;-+@?*$%~#=_019\\";
    (void)expected;
    for (int round = 0; round < 60; round++) {
        rf_slice changed = exact_copy(text.ptr, text.len);
        uint8_t *bytes = (uint8_t *)(uintptr_t)changed.ptr;
        for (uint64_t changes = 1 + next_random(&state) % 3; changes > 0; changes--) {
            uint64_t random = next_random(&state);
            bytes[random % text.len] = random >> 60 ? (uint8_t)special[(random >> 32) % (sizeof special - 1)]
                                                    : (uint8_t)(random >> 24);
        }
        read_any(name, changed, NULL);
        exact_free(changed);
    }
}

Test(topology_parse, damaged_at_random)
{
    state = (uint64_t)time(NULL) * 2654435761u | 1;
    printf("seed %llu\n", (unsigned long long)state);
    for_golden(damage);
}

/* --- nodes.conf -------------------------------------------------------------------------------------- */

#define A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C    "cccccccccccccccccccccccccccccccccccccccc"
#define REST " master - 0 0 1 connected "
#define ALL  REST "0-16383\n"

static const struct {
    const char *text, *expected;
} nodes[] = {
    /* addresses */
    {A " 10.0.0.1:7000" ALL, "10.0.0.1-7000 10.0.0.1 7000 " A " 0-16383\n"}, /* 3.x */
    {A " 10.0.0.1:7000@17000,host.example.net" ALL, "10.0.0.1-7000 10.0.0.1 7000 " A " 0-16383\n"},
    {A " 10.0.0.1:7000@17000,,tls-port=0,shard-id=" B ALL, "10.0.0.1-7000 10.0.0.1 7000 " A " 0-16383\n"},
    {A " 10.0.0.1:7000@17000,h,nodename=x@y:1,availability-zone=a" ALL,
     "10.0.0.1-7000 10.0.0.1 7000 " A " 0-16383\n"},
    {A " fe80::1:7000@17000" ALL, "fe80__1-7000 fe80::1 7000 " A " 0-16383\n"},
    {A " ::1:7000" ALL, "__1-7000 ::1 7000 " A " 0-16383\n"},
    {A " :0@0" ALL, A " - 0 " A " 0-16383\n"},
    {A " :7000@17000 myself,master,noaddr - 0 0 0 connected 0-16383\n", A " - 0 " A " 0-16383\n"},
    {A " :7000@17000,host.example.net" ALL, "host.example.net-7000 host.example.net 7000 " A " 0-16383\n"},
    {A " ?:7000@17000" ALL, A " - 0 " A " 0-16383\n"},
    {A " a/../b$c:7000" ALL, "a_.._b_c-7000 a/../b$c 7000 " A " 0-16383\n"},
    /* lines: ends, blank ones, variables, blanks at the end */
    {"\n\n" A " h:1" REST "0-16383", "h-1 h 1 " A " 0-16383\n"},
    {"\r\n" A " h:1" REST "0-16383\r\n\r\nvars currentEpoch 6 lastVoteEpoch 0\r\n",
     "h-1 h 1 " A " 0-16383\n"},
    {"vars currentEpoch 6 lastVoteEpoch 0\n" A " h:1" REST "0-16383  \n\n\n\n", "h-1 h 1 " A " 0-16383\n"},
    /* who is a shard */
    {A " h:1 master,fail - 1 1 1 disconnected 0-16383\n", "h-1 h 1 " A " 0-16383\n"},
    {A " h:1 myself,primary - 1 1 1 connected 0-16383\n", "h-1 h 1 " A " 0-16383\n"},
    {A " h:1" ALL B " h:2 slave " A " 0 0 1 connected\n" C " h:3" REST "\n", "h-1 h 1 " A " 0-16383\n"},
    {A " h:1" ALL B " h:2 handshake - 0 0 0 disconnected\n" C " :0 noaddr,noflags - 0 0 0 disconnected\n",
     "h-1 h 1 " A " 0-16383\n"},
    /* which slots: those on their way are still with whoever has them */
    {A " h:1 myself,master - 0 0 1 connected 0 2-99 101-16383 [2->-" B "] [1-<-" B "]\n" B " h:2" REST
       "1 100\n",
     "h-1 h 1 " A " 0-0 2-99 101-16383\nh-2 h 2 " B " 1-1 100-100\n"},
    {A " h:1 myself,slave - 0 0 1 connected [2->-" B "]\n" B " h:2" REST "0-16383\n",
     "h-2 h 2 " B " 0-16383\n"},
    /* in the order of their slots */
    {A " h:1" REST "9-16383\n" B " h:2" REST "0-2 8\n" C " h:3" REST "3-7\n",
     "h-2 h 2 " B " 0-2 8-8\nh-3 h 3 " C " 3-7\nh-1 h 1 " A " 9-16383\n"},
    /* names that would be the same */
    {A " h:1" REST "0-9\n" B " h:1" REST "10-19\n" C " h:1" REST "20-16383\n",
     "h-1 h 1 " A " 0-9\nh-1-2 h 1 " B " 10-19\nh-1-3 h 1 " C " 20-16383\n"},
    {A " h/:1" REST "0-9\n" B " h_:1" REST "10-16383\n", "h_-1 h/ 1 " A " 0-9\nh_-1-2 h_ 1 " B " 10-16383\n"},
    {A " h-1:2" REST "0\n" B " h:1" REST "1\n" C " h:1" REST "2-16383\n",
     "h-1-2 h-1 2 " A " 0-0\nh-1 h 1 " B " 1-1\nh-1-3 h 1 " C " 2-16383\n"},
};

Test(topology_parse, nodes)
{
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        expect_shards(nodes[i].text, slice_of(nodes[i].text, strlen(nodes[i].text)), nodes[i].expected);
}

Test(topology_parse, nodes_that_make_no_sense)
{
    static const struct {
        const char *text;
        rf_code code;
        const char *message;
    } wrong[] = {
        {A "\n", RF_E_FORMAT, "line 1: a node's line must have at least 8 words, not 1"},
        {A " h:1 master - 0 0 0\n", RF_E_FORMAT, "not 7"},
        {A " h:1" REST "0-9\n\naa h:2" REST "10-16383\n", RF_E_FORMAT,
         "line 3: a node's line must begin with its ID"},
        {A " h" ALL, RF_E_FORMAT, "'h' is not an address"},
        {A " h@1:2" ALL, RF_E_FORMAT, "'h@1:2' is not an address"},
        {A " h:" ALL, RF_E_FORMAT, "'' is not a port"},
        {A " h:65536" ALL, RF_E_FORMAT, "'65536' is not a port"},
        {A " h:99999999999999999999" ALL, RF_E_FORMAT, "'99999999999999999999' is not a port"},
        {A " h:1@x" ALL, RF_E_FORMAT, "'x' is not a port"},
        {A " h\t:1" ALL, RF_E_FORMAT, "'h?' is not a host"},
        {A " h:1" REST "0-16384\n", RF_E_FORMAT, "line 1: '0-16384' is not a slot or a slot range"},
        {A " h:1" REST "18446744073709551616\n", RF_E_FORMAT, "is not a slot or a slot range"},
        {A " h:1" REST "5-3\n", RF_E_FORMAT, "'5-3' is not a slot"},
        {A " h:1" REST "0-5\t\n", RF_E_FORMAT, "'0-5?' is not a slot"},
        {A " h:1" REST "[5->-" B "\n", RF_E_FORMAT, "'[5->-bbbb"},
        {"vars currentEpoch 0 lastVoteEpoch 0\n", RF_E_ARGUMENT, "slots 0-16383 are not assigned to a shard"},
        {A " h:1 myself,slave - 0 0 1 connected 0-16383\n", RF_E_ARGUMENT,
         "slots 0-16383 are not assigned to a shard"},
        {A " h:1" REST "0-5460\n" B " h:2" REST "5471-16383\n", RF_E_ARGUMENT,
         "slots 5461-5470 are not assigned to a shard"},
        {A " h:1" REST "0-12\n" B " h:2" REST "12-16383\n", RF_E_ARGUMENT,
         "slot 12 belongs to both h-1 and h-2"},
        {A " h:1" REST "9-16383\n" B " h:2" REST "0-9\n", RF_E_ARGUMENT,
         "slot 9 belongs to both h-1 and h-2"},
        {A " h:1" REST "0-99 99\n", RF_E_ARGUMENT, "slot 99 is listed twice for h-1"},
        {A " h:1" ALL A " h:1" ALL, RF_E_ARGUMENT, "slot 0 is listed twice for h-1"},
        {A " h:1" ALL B " h:1" ALL, RF_E_ARGUMENT, "slot 0 belongs to both h-1 and h-1-2"},
        {A " h:1" REST "[1->-" B "]\n", RF_E_ARGUMENT, "slots 0-16383 are not assigned to a shard"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_fault(wrong[i].text, wrong[i].code, wrong[i].message);
}

/* --- nodes.json --------------------------------------------------------------------------------------- */

#define NODE(id, more) "{\"name\":\"" id "\"," more "}"
#define SLOTS(slots)   "\"host\":\"h\",\"port\":1,\"slots\":" slots
#define ALL_OF(more)   "[" NODE(A, SLOTS("[[0,16383]]") more) "]"

static const struct {
    const char *text, *expected;
} backups[] = {
    {ALL_OF(""), "h-1 h 1 " A " 0-16383\n"},
    {"\n [\t{ \"slots\" : [ [ 0 ,\r\n 16383 ] ] ,\"port\":1,\"host\":\"h\",\"name\":\"" A "\" } ] \n",
     "h-1 h 1 " A " 0-16383\n"},
    {"[" NODE(A, SLOTS("[[0],[3,16383]]")) "," NODE(B, SLOTS("[]")) "," NODE(C, SLOTS("[[1,1],[2]]")) "]",
     "h-1 h 1 " A " 0-0 3-16383\nh-1-2 h 1 " C " 1-2\n"},
    {"[" NODE(A, "\"host\":\"\",\"port\":7000,\"slots\":[[0,16383]]") "]", A " - 0 " A " 0-16383\n"},
    {"[" NODE(A, "\"host\":\"?\",\"port\":7000,\"slots\":[[0,16383]]") "]", A " - 0 " A " 0-16383\n"},
    {"[" NODE(A, "\"host\":\"fe80::1\",\"port\":65535,\"slots\":[[0,16383]]") "]",
     "fe80__1-65535 fe80::1 65535 " A " 0-16383\n"},
    /* members that look like others, inside of others */
    {ALL_OF(",\"replicate\":null,\"flags\":\"slots\",\"migrating\":{\"slots\":\"" B "\",\"name\":[[1,2]]}"),
     "h-1 h 1 " A " 0-16383\n"},
    {ALL_OF(",\"x\":\"\\\"}]\\\\\",\"y\":{},\"z\":[-1.5e+3,true,[[]]]"), "h-1 h 1 " A " 0-16383\n"},
    {ALL_OF(",\"deep\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), "h-1 h 1 " A " 0-16383\n"},
};

Test(topology_parse, backups)
{
    for (size_t i = 0; i < sizeof backups / sizeof *backups; i++)
        expect_shards(backups[i].text, slice_of(backups[i].text, strlen(backups[i].text)),
                      backups[i].expected);
}

Test(topology_parse, backups_that_make_no_sense)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"[", "line 1: unexpected end, expected '{'"},
        {"[{\"name\"\n:\n", "line 3: unexpected end, expected a value"},
        {"[" NODE(A, SLOTS("[[0,16383]]")), "unexpected end, expected ','"},
        {"[" NODE(A, SLOTS("[[0,16383]]")) "\n,\n]", "line 3: expected '{', found ']'"},
        {"[,]", "expected '{', found ',]'"},
        {"[0]", "expected '{', found '0]'"},
        {ALL_OF("") "[]", "expected nothing more, found '[]'"},
        {ALL_OF(","), "expected a string, found '}]'"},
        {ALL_OF(",x"), "expected a string, found 'x}]'"},
        {ALL_OF(",\"x\" 1"), "expected ':', found '1}]'"},
        {ALL_OF(",\"x\":"), "expected a value, found '}]'"},
        {ALL_OF(",\"x\":[1 2]"), "expected ',', found '2]}]'"},
        {ALL_OF(",\"x\":[1,,2]"), "expected a value, found ',2]}]'"},
        {ALL_OF(",\"x\":[1,]"), "expected a value, found ']}]'"},
        {ALL_OF(",\"x\":[1}"), "expected ',', found '}}]'"},
        {ALL_OF(",\"x\":{1:2}"), "expected a string, found '1:2}}]'"},
        {ALL_OF(",\"x\":'y'"), "expected a value, found ''y'}]'"},
        {ALL_OF(",\n\"x"), "line 2: unterminated string"},
        {ALL_OF(",\"x\\\""), "unterminated string"},
        {ALL_OF(",\"x\n\":1"), "unterminated string"},
        {ALL_OF(",\"deep\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), "nested too deeply"},
        {"[" NODE("x", SLOTS("[[0,16383]]")) "]", "a node without an id"},
        {ALL_OF(",\"slots\":[]"), "a node with \"slots\" twice"},
        {"[" NODE(A, "\"host\":\"h\",\"slots\":[[0,16383]]") "]", "a node without \"port\""},
        {"[" NODE(A, "\"host\":\"h\",\"port\":1") "]", "a node without \"slots\""},
        {"[" NODE(A, "\"host\":null,\"port\":1,\"slots\":[]") "]", "expected a string, found 'null,"},
        {"[" NODE(A, "\"host\":\"a b\",\"port\":1,\"slots\":[]") "]", "'a b' is not a host"},
        {"[" NODE(A, "\"host\":\"h\",\"port\":65536,\"slots\":[]") "]", "'65536' is not a port"},
        {"[" NODE(A, "\"host\":\"h\",\"port\":-1,\"slots\":[]") "]", "'-1' is not a port"},
        {"[" NODE(A, SLOTS("{}")) "]", "expected '[', found '{}"},
        {"[" NODE(A, SLOTS("[0,16383]")) "]", "expected '[', found '0,16383]"},
        {"[" NODE(A, SLOTS("[[]]")) "]", "expected a value, found ']]"},
        {"[" NODE(A, SLOTS("[[0,1,2]]")) "]", "expected ']', found ',2]]"},
        {"[" NODE(A, SLOTS("[[\n0,16384]]")) "]", "line 2: '0' to '16384' is not a slot range"},
        {"[" NODE(A, SLOTS("[[9,8]]")) "]", "'9' to '8' is not a slot range"},
        {"[" NODE(A, SLOTS("[[99999999999999999999999]]")) "]", "is not a slot range"},
        {"[" NODE(A, SLOTS("[[1.5]]")) "]", "'1.5' to '1.5' is not a slot range"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_fault(wrong[i].text, RF_E_FORMAT, wrong[i].message);
}

Test(topology_parse, backups_with_slots_of_nobody_or_two)
{
    expect_fault("[]", RF_E_ARGUMENT, "slots 0-16383 are not assigned to a shard");
    expect_fault("[" NODE(A, SLOTS("[]")) "]", RF_E_ARGUMENT, "slots 0-16383 are not assigned to a shard");
    expect_fault("[" NODE(A, SLOTS("[[0,12],[14,16383]]")) "]", RF_E_ARGUMENT,
                 "slot 13 is not assigned to a shard");
    expect_fault("[" NODE(A, SLOTS("[[0,12]]")) "," NODE(B, SLOTS("[[12,16383]]")) "]", RF_E_ARGUMENT,
                 "slot 12 belongs to both h-1 and h-1-2");
    expect_fault("[" NODE(A, SLOTS("[[0,16383],[5]]")) "]", RF_E_ARGUMENT, "slot 5 is listed twice for h-1");
}

/* --- others ------------------------------------------------------------------------------------------- */

#define USE "not a topology: use CLUSTER NODES output, nodes.conf, nodes.json or a redis:// URL: "

Test(topology_parse, other_formats)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "line 1: empty"},
        {"\n \n", "line 3: empty"},
        {"Could not connect to Redis at 127.0.0.1:6379: Connection refused\n",
         "line 1: " USE "Could not connect"},
        {"\nERR This instance has cluster support disabled\n\n", "line 2: " USE "ERR This"},
        {"\x1b[31mred", USE "?[31mred"},
        {"{\"name\":\"" A "\"}", USE "{"},
        /* CLUSTER SLOTS and SHARDS: to a file, to a terminal, as JSON, over the wire */
        {"0\n16383\nh\n7000\n" A "\n\n", "line 1: " USE "0"},
        {"1) 1) (integer) 0\n   2) (integer) 16383\n", USE "1) 1) (integer) 0"},
        {"[[0,16383,[\"h\",7000,\"" A "\",{}]]]\n", "line 1: " USE "[[0,16383"},
        {"*1\r\n*3\r\n:0\r\n:16383\r\n", USE "*1"},
        {"slots\n0\n16383\nnodes\nid\n" A "\n", USE "slots"},
        {"1) 1# \"slots\" => 1) (integer) 0\n", USE "1) 1# \"slots\""},
        {"[{\"slots\":[0,16383],\"nodes\":[{\"id\":\"" A "\",\"port\":1}]}]\n", "line 1: " USE "{\"slots\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_fault(wrong[i].text, RF_E_FORMAT, wrong[i].message);
}

/* --- large ones --------------------------------------------------------------------------------------- */

static void append(struct buffer *buffer, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        cr_assert(buffer_append(buffer, slice_of(text, strlen(text))));
}

static void expect_large(const char *before, const char *repeated, size_t times, const char *behind,
                         rf_code code, const char *message)
{
    struct buffer text = {0};
    rf_topology *topology;
    rf_error error;
    append(&text, before, 1);
    append(&text, repeated, times);
    append(&text, behind, 1);
    cr_expect_eq(parse(buffer_slice(&text), &topology, &error), code, "%.40s: %s", repeated, error.message);
    cr_expect(strstr(error.message, message), "%.40s: %s", repeated, error.message);
    buffer_free(&text);
}

Test(topology_parse, large_nonsense)
{
    enum { MANY = 2000000 };
    expect_large("", "[", MANY, "", RF_E_FORMAT, "not a topology");
    expect_large("", "[{", MANY, "", RF_E_FORMAT, "expected a string");
    expect_large("[{\"x\":", "[", MANY, "", RF_E_FORMAT, "nested too deeply");
    expect_large("[{\"x\":", "{\"x\":", MANY, "", RF_E_FORMAT, "nested too deeply");
    expect_large("[{\"x\":[", "[],", MANY, "0]}]", RF_E_FORMAT, "not a topology");
    expect_large("[{\"x\":\"", "\\\"", MANY, "", RF_E_FORMAT, "unterminated string");
    expect_large("[{\"x\":", "1", MANY, "}]", RF_E_FORMAT, "not a topology");
    expect_large("[", "{},", MANY, "]", RF_E_FORMAT, "not a topology");
    expect_large("[" NODE(A, SLOTS("[")), "[7],", MANY, "[8]]}]", RF_E_FORMAT, "expected a value");
    expect_large("[{\"name\":\"" A "\"," SLOTS("["), "[7],", MANY, "[8]]}]", RF_E_ARGUMENT,
                 "slot 7 is listed twice");
    expect_large("[", NODE(A, SLOTS("[]")) ",", 20000, NODE(A, SLOTS("[[7]]")) "]", RF_E_ARGUMENT,
                 "not assigned to a shard");
    expect_large("", "*1\r\n", MANY, "", RF_E_FORMAT, "not a topology");
    expect_large("1", "1", MANY, "", RF_E_FORMAT, "URL: 1111");
    expect_large(A " ", "h", MANY, ":1" ALL, RF_E_FORMAT, "'hhhhh");
    expect_large(A " h:1" REST, "[1->-" B "] ", 100000, "\n", RF_E_ARGUMENT, "not assigned to a shard");
    expect_large(A " h:1" REST, "7 ", MANY, "\n", RF_E_ARGUMENT, "slot 7 is listed twice");
    expect_large(A " h:1" REST "\n", "\n", MANY, "x\n", RF_E_FORMAT, "line 2000002: a node's line");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    cr_expect_lt(usage.ru_maxrss, 100 * 1024, "%ld KiB", usage.ru_maxrss);
#endif
}

Test(topology_parse, a_node_for_each_slot)
{
    struct buffer text = {0}, shards = {0}, list = {0};
    rf_topology *topology;
    rf_error error;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        char line[160];
        /* All of one name. */
        snprintf(line, sizeof line, "%040x h:1" REST "%u\n", slot + 1, slot);
        append(&text, line, 1);
        char suffix[16] = "";
        if (slot > 0)
            snprintf(suffix, sizeof suffix, "-%u", slot + 1);
        snprintf(line, sizeof line, "h-1%s h 1 %040x %u-%u\n", suffix, slot + 1, slot, slot);
        append(&list, line, 1);
    }
    cr_assert_eq(parse(buffer_slice(&text), &topology, &error), RF_OK, "%s", error.message);
    const char *fault = shards_fault(topology);
    cr_expect_null(fault, "%s", fault);
    shards_print(topology, &shards);
    cr_expect(slice_equal(buffer_slice(&shards), buffer_slice(&list)));
    rf_topology_free(topology);

    append(&text, B " h:2" REST "5\n", 1);
    cr_expect_eq(parse(buffer_slice(&text), &topology, &error), RF_E_ARGUMENT);
    cr_expect_str_eq(error.message, "some.txt: more shards than there are slots");
    buffer_free(&text);
    buffer_free(&shards);
    buffer_free(&list);
}
