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
/* The second one has no hostname ("?"). */
static const char hostnames[] = "node-1.example.net-7001 node-1.example.net 7001 " ID_1 " 0-99 101-5460\n"
                                "127.0.0.1-7002 127.0.0.1 7002 " ID_2 " 100-100 5461-10922\n"
                                "node-3.example.net-7003 node-3.example.net 7003 " ID_3 " 10923-16383\n";
static const char alone[] = ID_7 " - 0 " ID_7 " 0-16383\n";

static const char *const nodes_forms[] = {"nodes.conf", "nodes.file", "nodes.terminal", "nodes.resp2",
                                          "nodes.resp3"};
static const char *const answer_forms[] = {
    "slots.file",       "slots.file3", "slots.terminal", "slots.terminal3", "slots.json",
    "slots.resp2",      "slots.resp3", "shards.file",    "shards.file3",    "shards.terminal",
    "shards.terminal3", "shards.json", "shards.resp2",   "shards.resp3",
};

#define FORMS(forms, count) forms, count

static const struct {
    const char *folder, *expected;
    const char *const *forms;
    size_t count;
} answers[] = {
    {"plain", three, FORMS(nodes_forms, 5)},         {"plain", three, FORMS(answer_forms, 14)},
    {"hostname", three, FORMS(nodes_forms + 1, 1)},  {"hostname", hostnames, FORMS(answer_forms, 14)},
    {"no-endpoint", three, FORMS(answer_forms, 14)}, {"alone", alone, FORMS(nodes_forms, 2)},
    {"alone", alone, FORMS(answer_forms, 14)},
};

/* The caller's to free with exact_free(). */
static rf_slice read_golden(const char *folder, const char *name)
{
    static char text[64 * 1024];
    char path[256];
    snprintf(path, sizeof path, "testdata/topology/%s/%s", folder, name);
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
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        for (size_t f = 0; f < answers[i].count; f++) {
            char name[64];
            snprintf(name, sizeof name, "%s/%s", answers[i].folder, answers[i].forms[f]);
            rf_slice text = read_golden(answers[i].folder, answers[i].forms[f]);
            fn(name, text, answers[i].expected);
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

/* What is left out either does not matter, or is missed. A node alone may lose the id that would tell that
 * there should be more; and one without an endpoint the ip. */
static void cut(const char *name, rf_slice text, const char *expected)
{
    if (strncmp(name, "plain/", 6) != 0)
        return;
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

/* --- answers ------------------------------------------------------------------------------------------ */

#define SLOTS_OF(node) "0\n16383\n" node

static const struct {
    const char *text, *expected;
} replies[] = {
    /* before 3.2: no ids */
    {SLOTS_OF("10.0.0.1\n7000\n"), "10.0.0.1-7000 10.0.0.1 7000 - 0-16383\n"},
    {"0\n9\n10.0.0.1\n7000\n10.0.0.2\n7001\n10\n16383\n10.0.0.3\n7000\n",
     "10.0.0.1-7000 10.0.0.1 7000 - 0-9\n10.0.0.3-7000 10.0.0.3 7000 - 10-16383\n"},
    {SLOTS_OF("\n7000\n"), "shard-0 - 0 - 0-16383\n"},
    {"0\n9\n\n7000\n10\n19\nh\n7000\n20\n16383\n\n7000\n",
     "shard-0 - 0 - 0-9 20-16383\nh-7000 h 7000 - 10-19\n"},
    /* no more than ids */
    {SLOTS_OF("\n7000\n" A "\n"), A " - 0 " A " 0-16383\n"},
    {SLOTS_OF("h\n7000\n" A "\n\n7001\n" B "\n"), "h-7000 h 7000 " A " 0-16383\n"},
    /* nothing but a hostname */
    {SLOTS_OF("?\n7000\n" A "\nhostname\nh\n"), "h-7000 h 7000 " A " 0-16383\n"},
    {SLOTS_OF("?\n7000\n" A "\nip\n?\nhostname\nh\n"), "h-7000 h 7000 " A " 0-16383\n"},
    /* by hand */
    {"\n\n 0\r\n16383\r\nh\r\n7000\r\n" A "\r\n\r\n", "h-7000 h 7000 " A " 0-16383\n"},
    {"[[0,16383,[\"h\",7000]]]", "h-7000 h 7000 - 0-16383\n"},
    {" [ [ 0 , 16383 ,\t[ \"h\"\n, 7000, \"" A "\", [ ] ] ] ] ", "h-7000 h 7000 " A " 0-16383\n"},
    {"*1\n*3\n:0\n:16383\n*2\n+h\n:7000\n", "h-7000 h 7000 - 0-16383\n"},
    {"1) 1) (integer) 0\n2) (integer) 16383\n3) 1) \"h\"\n2) (integer) 7000", "h-7000 h 7000 - 0-16383\n"},
    /* shards: TLS ports, members in any order, two masters of which one has failed, and words unheard of */
    {"slots\n0\n16383\nnodes\nid\n" A "\ntls-port\n7000\nip\nh\nrole\nmaster\n",
     "h-7000 h 7000 " A " 0-16383\n"},
    {"slots\n0\n16383\nnodes\nid\n" A "\ntls-port\n7000\nport\n1\nip\nh\nrole\nmaster\n",
     "h-1 h 1 " A " 0-16383\n"},
    {"slots\n0\n9\n11\n16383\nnodes\nid\n" A "\nport\n1\nip\nh\nrole\nmaster\nhealth\nfailed\n"
     "id\n" B "\nport\n2\nip\nh\nrole\nmaster\nhealth\nonline\n"
     "slots\n10\n10\nnodes\nid\n" C "\nport\n3\nip\nh\nrole\nmaster\nhealth\nfail\n",
     "h-2 h 2 " B " 0-9 11-16383\nh-3 h 3 " C " 10-10\n"},
    {"[{\"nodes\":[{\"endpoint\":\"h\",\"health\":\"online\",\"id\":\"" A "\",\"ip\":\"\",\"port\":1,"
     "\"role\":\"master\"},{\"zone\":[],\"endpoint\":\"r\",\"id\":\"" B
     "\",\"port\":2,\"role\":\"replica\"}],"
     "\"slots\":[0,9]},{\"nodes\":[{\"endpoint\":\"i\",\"id\":\"" C "\",\"port\":3,\"role\":\"primary\"}],"
     "\"slots\":[10,16383]}]",
     "h-1 h 1 " A " 0-9\ni-3 i 3 " C " 10-16383\n"},
    {"slots\n0\n16383\nnodes\nid\n" A "\nport\n1\nip\nh\nrole\nmaster\nslots\n\nnodes\nid\n" B
     "\nport\n0\nip\n\n"
     "role\nmaster\n",
     "h-1 h 1 " A " 0-16383\n"},
};

Test(topology_parse, replies)
{
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        expect_shards(replies[i].text, slice_of(replies[i].text, strlen(replies[i].text)),
                      replies[i].expected);
}

Test(topology_parse, replies_that_make_no_sense)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "line 1: empty"},
        {"\n \n", "line 3: empty"},
        {"Could not connect to Redis at 127.0.0.1:6379: Connection refused\n",
         "line 1: not a nodes.conf, a nodes.json or a reply to CLUSTER NODES, SLOTS or SHARDS: Could "
         "not connect"},
        {"\nERR This instance has cluster support disabled\n\n", "line 2: not a nodes.conf"},
        {"\x1b[31mred", "SHARDS: ?[31mred"},
        {"(error) ERR This instance has cluster support disabled\r\n", "'(error) ERR This instance"},
        {"-ERR This instance has cluster support disabled\r\n", "error reply: -ERR This instance"},
        {"*1\r\n-ERR x\r\n", "error reply: -ERR x"},
        /* SLOTS */
        {"0\n16383\n", "truncated"},
        {"0\n16383\nh\n", "truncated"},
        {"0\n16383\nh\nx\n", "line 4: 'x' is not a port"},
        {"0\n16383\nh\n65536\n", "'65536' is not a port"},
        {"0\n16384\nh\n1\n", "line 2: '0' to '16384' is not a slot range"},
        {"9\n8\nh\n1\n", "'9' to '8' is not a slot range"},
        {"0\n99999999999999999999999\nh\n1\n", "not a nodes.conf"},
        {"0\n16383\na b\n1\n", "'b' is not a port"},
        {"0\n16383\nh\x07\n1\n", "'h?' is not a host"},
        {"0\n9\nh\n1\n" A "\n10\n16383\nh\n2\n", "some nodes have an ID and some do not"},
        {"0\n9\nh\n1\n10\n16383\nh\n2\n" A "\n", "some nodes have an ID and some do not"},
        {"0\n16383\nh\n1\n" A "\nip\n", "truncated"},
        /* SHARDS */
        {"slots\n0\n", "truncated"},
        {"slots\n0\nnodes\n", "line 3: '0' to 'nodes' is not a slot range"},
        {"slots\n0\n16383\nnodes\n", "a shard has slots but no primary"},
        {"slots\n0\n16383\nnodes\nid\n" A "\nport\n1\nrole\nreplica\n", "a shard has slots but no primary"},
        {"slots\n0\n16383\nnodes\nid\naa\nport\n1\nrole\nmaster\n", "a primary without an ID"},
        {"slots\n0\n16383\nnodes\nid\n" A "\nport\n-1\nrole\nmaster\n", "'-1' is not a port"},
        {"slots\n0\n16383\nnodes\nid\n" A "\nrole\nmaster\n", "'' is not a port"},
        {"slots\n0\n16383\nnodes\nid\n" A "\nport\n1\nip\na\x7f\nrole\nmaster\n", "'a?' is not a host"},
        /* terminal */
        {"1) 1) (integer) 0\n   2) hello\n", "line 2: unexpected 'hello'"},
        {"1) 1) (integer) 0\n   2 (integer) 5\n", "line 2: missing parenthesis after a number"},
        {"1) \"abc\n", "unterminated string"},
        {"1) \"abc\\\"", "unterminated string"},
        {"1) (nill)\n", "unexpected '(nill)'"},
        {"1)", "truncated"},
        /* JSON */
        {"[", "truncated"},
        {"[[0,16383", "truncated"},
        {"[0 1]", "invalid JSON at '1]'"},
        {"[0,,1]", "invalid JSON at ',1]'"},
        {"[,0]", "invalid JSON at ',0]'"},
        {"[0,]", "invalid JSON at ']'"},
        {"[0}", "invalid JSON at '}'"},
        {"[]]", "invalid JSON at ']'"},
        {"[] []", "invalid JSON at '[]'"},
        {"[0\n,\n'x']", "line 3: invalid JSON at ''x']'"},
        {"[\"a]", "unterminated string"},
        {"[\"a\n\"]", "unterminated string"},
        /* over the wire */
        {"*1\r\n", "truncated"},
        {"*1\r\n:5", "truncated"},
        {"*1", "truncated"},
        {"*99999999999999999999\r\n", "'99999999999999999999' is not a count"},
        {"*4611686018427387904\r\n:1\r\n", "truncated"},
        {"%9223372036854775808\r\n", "truncated"},
        {"*x\r\n", "'x' is not a count"},
        {"*1\r\n$-2\r\n", "'-2' is not a length"},
        {"*1\r\n$18446744073709551615\r\nabc\r\n", "truncated"},
        {"*1\r\n$2\r\nabc\r\n", "string length mismatch"},
        {"*1\r\n\r\n", "line 2: empty line"},
        {"*1\r\nhello\r\n", "unexpected 'hello'"},
        {"*0\r\n*0\r\n", "more than one reply"},
        {"$3\r\nabc\r\n$3\r\nabc\r\n", "more than one reply"},
        {"$3\r\nabc\r\n", "line 2: not a nodes.conf"},
        {"$-1\r\n", "empty"},
        {"=3\r\ntxt\r\n", "not a nodes.conf"},
        {"$9\r\nabc", "truncated"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_fault(wrong[i].text, RF_E_FORMAT, wrong[i].message);
}

Test(topology_parse, replies_of_a_cluster_without_slots)
{
    static const char *const empty[] = {"[]", "(empty array)\n", "*0\r\n",
                                        "slots\n\nnodes\nid\n" A "\nport\n1\nrole\nmaster\n",
                                        "[{\"slots\":[],\"nodes\":[]}]"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        expect_fault(empty[i], RF_E_ARGUMENT, "slots 0-16383 are not assigned to a shard");
}

Test(topology_parse, replies_with_slots_that_two_have)
{
    expect_fault("0\n12\nh\n1\n" A "\n\n12\n16383\nh\n2\n" B "\n\n", RF_E_ARGUMENT,
                 "slot 12 belongs to both h-1 and h-2");
    expect_fault("slots\n0\n12\nnodes\nid\n" A
                 "\nport\n1\nip\nh\nrole\nmaster\nslots\n12\n16383\nnodes\nid\n" B
                 "\nport\n2\nip\nh\nrole\nmaster\n",
                 RF_E_ARGUMENT, "slot 12 belongs to both h-1 and h-2");
    expect_fault("[[0,12,[\"h\",1]],[14,16383,[\"h\",2]]]", RF_E_ARGUMENT,
                 "slot 13 is not assigned to a shard");
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
    expect_large("", "[", MANY, "", RF_E_FORMAT, "brackets nested too deeply");
    expect_large("", "[{", MANY, "", RF_E_FORMAT, "brackets nested too deeply");
    expect_large("", "*1\r\n", MANY, "", RF_E_FORMAT, "truncated");
    expect_large("", "*2\r\n", MANY, ":1\r\n", RF_E_FORMAT, "truncated");
    expect_large("", "1) ", MANY, "", RF_E_FORMAT, "truncated");
    expect_large("[", "[],", MANY, "0]", RF_E_FORMAT, "not a nodes.conf");
    expect_large("1", "1", MANY, "", RF_E_FORMAT, "SHARDS: 1111");
    expect_large("0\n16383\n", "h", MANY, "\n1\n", RF_E_FORMAT, "'hhhhh");
    expect_large(A " ", "h", MANY, ":1" ALL, RF_E_FORMAT, "'hhhhh");
    expect_large(A " h:1" REST, "[1->-" B "] ", 100000, "\n", RF_E_ARGUMENT, "not assigned to a shard");
    expect_large(A " h:1" REST, "7 ", MANY, "\n", RF_E_ARGUMENT, "slot 7 is listed twice");
    expect_large(A " h:1" REST "\n", "\n", MANY, "x\n", RF_E_FORMAT, "line 2000002: a node's line");
    expect_large("0\n16383\nh\n1\n" A "\n", "ip\n", MANY + 1, "", RF_E_FORMAT, "truncated");
    expect_large("slots\n0\n16383\nnodes\n", "id\nid\n", MANY, "", RF_E_FORMAT, "no primary");
    expect_large("slots\n0\n16383\n", "nodes\n", MANY, "", RF_E_FORMAT, "no primary");
    expect_large("", "slots\n0\n0\n", 100000, "", RF_E_FORMAT, "no primary");
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
