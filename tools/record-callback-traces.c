/*
 * Records what OpenSSL's info and message callbacks hear in handshakes of both sides: test/vectors/callback-traces.json.
 *   cc tools/record-callback-traces.c -lssl -lcrypto -o record && ./record CERT.pem KEY.pem > test/vectors/callback-traces.json
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static char trace[2][65536];
static const char *cert_file, *key_file;

static int side(const SSL *s) { return SSL_is_server((SSL *)s); }

static void say(const SSL *s, const char *line)
{
    char *out = trace[side(s)];
    snprintf(out + strlen(out), sizeof(trace[0]) - strlen(out), "%s\n        \"%s\"", *out ? "," : "", line);
}

static void info(const SSL *s, int where, int ret)
{
    char line[200];
    if (where & SSL_CB_ALERT)
        snprintf(line, sizeof line, "info %s alert %d %d", where & SSL_CB_READ ? "read" : "write", ret >> 8, ret & 255);
    else
        snprintf(line, sizeof line, "info %s %d %s",
                 where == SSL_CB_HANDSHAKE_START ? "start" : where == SSL_CB_HANDSHAKE_DONE ? "done"
                 : where == SSL_CB_CONNECT_LOOP || where == SSL_CB_ACCEPT_LOOP ? "loop" : "exit", ret, SSL_state_string(s));
    say(s, line);
}

static void msg(int write_p, int version, int type, const void *buf, size_t len, SSL *s, void *arg)
{
    const unsigned char *p = buf;
    char line[200];
    int n;
    /* One message a record, told of before it: what OpenSSL does, and no promise. */
    if (type == SSL3_RT_HEADER || type == SSL3_RT_INNER_CONTENT_TYPE) return;
    n = snprintf(line, sizeof line, "%s %04x %d", write_p ? "sent" : "got", version, type);
    if (type == SSL3_RT_HANDSHAKE)
        snprintf(line + n, sizeof line - n, " %d", p[0]);
    else if (type == SSL3_RT_ALERT)
        snprintf(line + n, sizeof line - n, " %d %d", p[0], p[1]);
    say(s, line);
}

struct scene {
    const char *name;
    int version;
    const char *client_groups, *server_groups, *ciphers;
    int resume, tickets, client_auth, renegotiate, key_update, mismatch, late_auth;
};

static SSL_CTX *context(const SSL_METHOD *method, const struct scene *scene)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(ctx, scene->version);
    SSL_CTX_set_max_proto_version(ctx, scene->version);
    if (scene->ciphers) SSL_CTX_set_cipher_list(ctx, scene->ciphers);
    SSL_CTX_use_certificate_file(ctx, cert_file, SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM);
#ifdef SSL_OP_ALLOW_CLIENT_RENEGOTIATION
    SSL_CTX_set_options(ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
#endif
    if (!scene->tickets) SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_info_callback(ctx, info);
    SSL_CTX_set_msg_callback(ctx, msg);
    return ctx;
}

static int anything(int ok, X509_STORE_CTX *ctx) { return 1; }

static void both(SSL *c, SSL *s)
{
    int i, rc = 0, rs = 0;
    for (i = 0; i < 20 && (rc != 1 || rs != 1); i++) {
        if (rc != 1) rc = SSL_do_handshake(c);
        if (rc != 1 && SSL_get_error(c, rc) != SSL_ERROR_WANT_READ) break;
        if (rs != 1) rs = SSL_do_handshake(s);
        if (rs != 1 && SSL_get_error(s, rs) != SSL_ERROR_WANT_READ) { SSL_do_handshake(c); break; }
    }
}

static SSL_SESSION *connect_once(SSL_CTX *cctx, SSL_CTX *sctx, SSL_SESSION *session, const struct scene *scene)
{
    char byte;
    BIO *a, *b;
    SSL *c = SSL_new(cctx), *s = SSL_new(sctx);
    BIO_new_bio_pair(&a, 1 << 16, &b, 1 << 16);
    SSL_set_bio(c, a, a);
    SSL_set_bio(s, b, b);
    SSL_set_connect_state(c);
    SSL_set_accept_state(s);
    if (scene->client_groups) SSL_set1_groups_list(c, scene->client_groups);
    if (scene->server_groups) SSL_set1_groups_list(s, scene->server_groups);
    if (scene->client_auth) SSL_set_verify(s, SSL_VERIFY_PEER, anything);
    if (scene->late_auth) SSL_set_post_handshake_auth(c, 1);
    if (session) SSL_set_session(c, session);
    trace[0][0] = trace[1][0] = 0;
    both(c, s);
    if (scene->renegotiate == 1) { SSL_renegotiate(c); SSL_do_handshake(c); SSL_read(s, &byte, 1); SSL_read(c, &byte, 1); SSL_read(s, &byte, 1); SSL_read(c, &byte, 1); }
    if (scene->renegotiate == 2) { SSL_renegotiate(s); SSL_do_handshake(s); SSL_read(c, &byte, 1); SSL_read(s, &byte, 1); SSL_read(c, &byte, 1); SSL_read(s, &byte, 1); SSL_read(c, &byte, 1); }
    if (scene->late_auth) { SSL_read(c, &byte, 1); SSL_set_verify(s, SSL_VERIFY_PEER, anything); SSL_verify_client_post_handshake(s); SSL_do_handshake(s); SSL_read(c, &byte, 1); SSL_read(s, &byte, 1); }
    if (scene->key_update) { SSL_key_update(c, SSL_KEY_UPDATE_REQUESTED); SSL_do_handshake(c); SSL_read(s, &byte, 1); SSL_write(s, "x", 1); }
    if (!scene->mismatch) {
        SSL_read(c, &byte, 1);
        SSL_shutdown(c);
        SSL_read(s, &byte, 1);
        SSL_shutdown(s);
        SSL_shutdown(c);
    }
    session = SSL_get1_session(c);
    SSL_free(c);
    SSL_free(s);
    return session;
}

int main(int argc, char **argv)
{
    static const struct scene scenes[] = {
        { "TLS 1.3", 0x304, "X25519", 0, 0, 0, 1 },
        { "TLS 1.3, HelloRetryRequest", 0x304, "X25519:P-256", "P-256", 0, 0, 1 },
        { "TLS 1.3, client certificate", 0x304, "X25519", 0, 0, 0, 1, 1 },
        { "TLS 1.3, resumed", 0x304, "X25519", 0, 0, 1, 1 },
        { "TLS 1.3, key update", 0x304, "X25519", 0, 0, 0, 1, 0, 0, 1 },
        { "TLS 1.3, client certificate after the handshake", 0x304, "X25519", 0, 0, 0, 1, 0, 0, 0, 0, 1 },
        { "TLS 1.3, no group in common", 0x304, "X25519", "P-256", 0, 0, 1, 0, 0, 0, 1 },
        { "TLS 1.2", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 0, 1 },
        { "TLS 1.2, no ticket", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 0, 0 },
        { "TLS 1.2, RSA key exchange", 0x303, 0, 0, "AES128-GCM-SHA256", 0, 1 },
        { "TLS 1.2, client certificate", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 0, 1, 1 },
        { "TLS 1.2, resumed by ticket", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 1, 1 },
        { "TLS 1.2, resumed by id", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 1, 0 },
        { "TLS 1.2, renegotiated by the client", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 0, 1, 0, 1 },
        { "TLS 1.2, renegotiated by the server", 0x303, "X25519", 0, "ECDHE-RSA-AES128-GCM-SHA256", 0, 1, 0, 2 },
        { "TLS 1.2, no group in common", 0x303, "X25519", "P-256", "ECDHE-RSA-AES128-GCM-SHA256", 0, 1, 0, 0, 0, 1 },
    };
    size_t i;
    cert_file = argv[1];
    key_file = argv[2];
    printf("{\n  \"openssl\": \"%s\",\n  \"scenes\": [", OpenSSL_version(OPENSSL_VERSION));
    for (i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        SSL_CTX *cctx = context(TLS_client_method(), &scenes[i]), *sctx = context(TLS_server_method(), &scenes[i]);
        SSL_SESSION *session;
        SSL_CTX_set_session_id_context(sctx, (const unsigned char *)"x", 1);
        session = connect_once(cctx, sctx, NULL, &scenes[i]);
        if (scenes[i].resume) session = connect_once(cctx, sctx, session, &scenes[i]);
        printf("%s\n    {\n      \"name\": \"%s\",\n      \"client\": [%s\n      ],\n      \"server\": [%s\n      ]\n    }", i ? "," : "", scenes[i].name, trace[0], trace[1]);
    }
    printf("\n  ]\n}\n");
    return 0;
}
