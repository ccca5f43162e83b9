/* SPDX-License-Identifier: MIT */
/* The only file that uses OpenSSL. */
#include "net/tls.h"

#include "base/fail.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct tls {
    SSL *ssl;
    const char *name;
};

/* The first of OpenSSL's queued errors. */
static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                              : ERR_reason_error_string(code);
    ERR_clear_error();
    return text ? text : "unknown reason";
}

/* --- configuration ------------------------------------------------------------------------------------- */

static rf_code trust(SSL_CTX *ctx, const rf_target *target, rf_error *error)
{
    if (target->insecure)
        return RF_OK;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (!target->cacert && !target->cacertdir) {
        if (SSL_CTX_set_default_verify_paths(ctx) != 1)
            return fail(error, RF_E_ARGUMENT, "cannot load the system's certificates: %s", reason());
        return RF_OK;
    }
    if (target->cacert && SSL_CTX_load_verify_file(ctx, target->cacert) != 1)
        return fail(error, RF_E_ARGUMENT, "cannot load certificates from '%s': %s", target->cacert, reason());
    if (target->cacertdir && SSL_CTX_load_verify_dir(ctx, target->cacertdir) != 1)
        return fail(error, RF_E_ARGUMENT, "cannot load certificates from '%s': %s", target->cacertdir,
                    reason());
    return RF_OK;
}

static rf_code identify(SSL_CTX *ctx, const rf_target *target, rf_error *error)
{
    if (!target->cert != !target->key)
        return fail(error, RF_E_ARGUMENT, "a client certificate requires its private key, and vice versa");
    if (!target->cert)
        return RF_OK;
    if (SSL_CTX_use_certificate_chain_file(ctx, target->cert) != 1)
        return fail(error, RF_E_ARGUMENT, "cannot load the certificate '%s': %s", target->cert, reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, target->key, SSL_FILETYPE_PEM) != 1)
        return fail(error, RF_E_ARGUMENT, "cannot load the private key '%s': %s", target->key, reason());
    return RF_OK;
}

/* Servers often close without a TLS alert. That is not an attack: replies contain their own length. */
static rf_code configure(SSL_CTX *ctx, const rf_target *target, rf_error *error)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    TRY(trust(ctx, target, error));
    return identify(ctx, target, error);
}

static bool is_ip(const char *host)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

/* The host that the certificate must match. Names, unlike addresses, are also sent to the server (SNI). */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_ip(host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    void *name = (void *)(uintptr_t)host; /* SSL_set_tlsext_host_name() without its cast that drops const */
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

static rf_code make_ssl(const rf_target *target, const char *host, int fd, SSL **out, rf_error *error)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return fail(error, RF_E_MEMORY, "cannot set up TLS: %s", reason());
    rf_code code = configure(ctx, target, error);
    if (code == RF_OK) {
        SSL *ssl = SSL_new(ctx);
        if (ssl && SSL_set_fd(ssl, fd) == 1 && expect_host(ssl, target->sni ? target->sni : host)) {
            SSL_set_connect_state(ssl);
            *out = ssl;
        } else {
            SSL_free(ssl);
            code = fail(error, RF_E_MEMORY, "cannot set up TLS: %s", reason());
        }
    }
    SSL_CTX_free(ctx); /* the SSL holds its own reference */
    return code;
}

rf_code tls_open(const rf_target *target, const char *host, const char *name, int fd, struct tls **out,
                 rf_error *error)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return fail(error, RF_E_MEMORY, "out of memory");
    tls->name = name;
    rf_code code = make_ssl(target, host, fd, &tls->ssl, error);
    if (code != RF_OK) {
        free(tls);
        return code;
    }
    *out = tls;
    return RF_OK;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    SSL_shutdown(tls->ssl); /* sends an alert, if that is possible without waiting */
    SSL_free(tls->ssl);
    ERR_clear_error();
    free(tls);
}

/* --- steps ------------------------------------------------------------------------------------------- */

/* A server that requires a client certificate says so after its side of the handshake is over. */
static bool rejects_certificate(unsigned long code)
{
    switch (ERR_GET_REASON(code)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return ERR_GET_LIB(code) == ERR_LIB_SSL;
    default: return false;
    }
}

static rf_code fail_tls(const struct tls *tls, rf_error *error)
{
    const char *what = rejects_certificate(ERR_peek_error()) ? "client certificate rejected" : "TLS";
    return fail(error, RF_E_TARGET, "%s: %s: %s", tls->name, what, reason());
}

/* The result of a step: done, would block, closed, or failed. `saved`: errno after it. */
static rf_code conclude(struct tls *tls, int result, int saved, short *events, rf_error *error)
{
    *events = 0;
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_NONE: return RF_OK;
    case SSL_ERROR_WANT_READ: *events = POLLIN; return RF_OK;
    case SSL_ERROR_WANT_WRITE: *events = POLLOUT; return RF_OK;
    case SSL_ERROR_ZERO_RETURN: return RF_END;
    case SSL_ERROR_SYSCALL:
        if (saved == 0)
            return RF_END;
        errno = saved;
        return fail_errno(error, RF_E_UNAVAILABLE, "%s: connection lost", tls->name);
    default: return fail_tls(tls, error);
    }
}

rf_code tls_handshake(struct tls *tls, short *events, rf_error *error)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(tls->ssl);
    rf_code code = conclude(tls, result, errno, events, error);
    bool verifies = SSL_get_verify_mode(tls->ssl) & SSL_VERIFY_PEER;
    long refused = verifies ? SSL_get_verify_result(tls->ssl) : X509_V_OK;
    if (code == RF_END)
        return fail(error, RF_E_UNAVAILABLE, "%s: connection closed during the TLS handshake", tls->name);
    if (code != RF_OK && refused != X509_V_OK)
        return fail(error, code, "%s: certificate rejected: %s", tls->name,
                    X509_verify_cert_error_string(refused));
    return code;
}

rf_code tls_read(struct tls *tls, void *to, size_t size, size_t *n, short *events, rf_error *error)
{
    *n = 0;
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(tls->ssl, to, size, n);
    return conclude(tls, result, errno, events, error);
}

rf_code tls_write(struct tls *tls, const void *from, size_t size, size_t *n, short *events, rf_error *error)
{
    *n = 0;
    ERR_clear_error();
    errno = 0;
    int result = SSL_write_ex(tls->ssl, from, size, n);
    return conclude(tls, result, errno, events, error);
}
