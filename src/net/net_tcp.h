/*
 * TCP: listeners, and connections, accepted or dialled, with TLS on top (or cleartext). It moves
 * bytes and knows no protocol. Reads are pushed; writes are pulled, once a turn.
 */
#ifndef TRI_NET_TCP_H
#define TRI_NET_TCP_H

#include "base_addr.h"
#include "base_slice.h"
#include "net_loop.h"
#include "tls_client.h"
#include "tls_stream.h"

struct tri_tcp_listener;
struct tri_tcp;

enum tri_tcp_end {
    TRI_TCP_CLOSED,     /* we closed it, in order, and all was sent */
    TRI_TCP_TLS_FAILED, /* the handshake or a record failed; tri_tcp_error_text says why */
    TRI_TCP_LOST,       /* a socket error or a reset */
    /* Of those that we dialled: */
    TRI_TCP_UNREACHED,         /* refused, or no way there; tri_tcp_error_text says which */
    TRI_TCP_CONNECT_TIMEOUT,   /* nobody answered in time */
    TRI_TCP_HANDSHAKE_TIMEOUT, /* connected, but TLS took too long */
};

struct tri_tcp_events {
    /* TLS is up (or there is none): |alpn| is "h2" or "http/1.1". */
    void (*on_ready)(void *user, const char *alpn);
    void (*on_data)(void *user, const uint8_t *data, size_t len); /* plaintext, borrowed */
    void (*on_eof)(void *user, bool orderly); /* once; orderly: close_notify (or FIN in clear) */
    /*
     * Yields plaintext to send: as tri_conn_ops.send, called until it returns 0, unless the socket
     * is full, in which case it is called again when there is room.
     */
    size_t (*pull)(void *user, struct tri_slice *out, size_t max);
    /* Last, exactly once; |user| may go. The tri_tcp goes by itself. Not called inside tri_tcp_
     * functions that the owner calls, only from the loop or from tri_tcp_flush. */
    void (*on_closed)(void *user, enum tri_tcp_end end);
    /* Of one that was dialled: TCP is up, TLS begins. on_ready follows. May be NULL. */
    void (*on_connected)(void *user);
};

struct tri_tcp_accept {
    /*
     * A connection was accepted. Set |*events| and return its user; NULL drops the connection.
     */
    void *(*on_accept)(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events);
    void *owner;
    const struct tri_tls_context *tls; /* NULL: cleartext. Borrowed */
    uint64_t handshake_timeout_ms;     /* 0: none */
    /* Accepting pauses for a moment, because of |error| (EMFILE, ENOMEM ...). May be NULL. */
    void (*on_stall)(void *owner, int error);
};

/*
 * Binds and listens (SO_REUSEADDR; IPV6_V6ONLY). |addr| gets the real port. TRI_OK; TRI_ERR_INUSE;
 * TRI_ERR_IO (errno is kept); TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_tcp_listen(struct tri_tcp_listener **out, struct tri_loop *loop,
                                         struct tri_addr *addr,
                                         const struct tri_tcp_accept *accept);
void tri_tcp_listener_close(struct tri_tcp_listener *l); /* frees; NULL is fine */

/* Changes that of the connections accepted from now on. */
void tri_tcp_listener_handshake_timeout(struct tri_tcp_listener *l, uint64_t timeout_ms);

/* Where to, and how. All is borrowed for the call but |tls|, which outlives the connection. */
struct tri_tcp_dial {
    const struct tri_addr *remote;
    const struct tri_tls_client *tls; /* NULL: cleartext, and what follows does not matter */
    const char *host;                 /* which the certificate has to hold: see tls_client.h */
    unsigned versions;                /* to offer, TRI_HTTP_ flags */
    WOLFSSL_SESSION *resume;          /* NULL: a full handshake */
    uint64_t connect_timeout_ms;      /* 0: as long as the system tries */
    uint64_t handshake_timeout_ms;    /* from on_connected to on_ready; 0: none */
};

/*
 * Starts to connect. TRI_OK: the events follow, none of them during the call; whatever goes wrong
 * from here on, also at once, is told by on_closed. TRI_ERR_IO: no socket could be had (errno is
 * kept). TRI_ERR_NOMEM. No event comes after an error.
 */
TRI_MUST_USE enum tri_err tri_tcp_dial(struct tri_tcp **out, struct tri_loop *loop,
                                       const struct tri_tcp_dial *dial,
                                       const struct tri_tcp_events *events, void *user);

/* In on_ready: from then on the loop's io_uring reads and writes, where the system has one. It gains
 * where many connections have little each to read in a turn, and costs where one has much. */
void tri_tcp_use_ring(struct tri_tcp *t);

/* Pulls and writes all there is. Called by the owner at the end of the turn. */
void tri_tcp_flush(struct tri_tcp *t);

/* Whether to read on (as it does at first). After false, what was read already may still come; a
 * reset is told at once, an orderly end when it is read. No effect before on_ready and after a close
 * or abort. */
void tri_tcp_read(struct tri_tcp *t, bool on);

/* Ends in order, after what was pulled so far: close_notify, FIN, then a bounded wait for the
 * peer's end (linger_ms), then on_closed. No data or eof event comes any more. */
void tri_tcp_close(struct tri_tcp *t, uint64_t linger_ms);

/* Cuts without close_notify (RST). on_closed follows from the loop. */
void tri_tcp_abort(struct tri_tcp *t);

/* Whether the socket has no room for what there is to send; and all bytes that it took so far, so that
 * whoever waits sees whether its peer takes any. */
bool tri_tcp_is_full(const struct tri_tcp *t);
uint64_t tri_tcp_taken_bytes(const struct tri_tcp *t);
uint64_t tri_tcp_read_bytes(const struct tri_tcp *t); /* all that came out of it so far */

const struct tri_addr *tri_tcp_remote(const struct tri_tcp *t);
const char *tri_tcp_error_text(const struct tri_tcp *t);  /* static English, "" if none */
const char *tri_tcp_tls_version(const struct tri_tcp *t); /* "" without TLS */
const char *tri_tcp_tls_cipher(const struct tri_tcp *t);
const char *tri_tcp_tls_group(const struct tri_tcp *t);
bool tri_tcp_tls_is_resumed(const struct tri_tcp *t);

/* Of one that was dialled: whether TRI_TCP_TLS_FAILED was because of the server's certificate, or
 * because the server speaks none of the versions offered; and the newest session that can be resumed,
 * taken over by the caller (wolfSSL_SESSION_free), NULL if no ticket came since the last call. Until
 * on_closed returns. */
bool tri_tcp_is_certificate_fault(const struct tri_tcp *t);
bool tri_tcp_is_version_fault(const struct tri_tcp *t);
WOLFSSL_SESSION *tri_tcp_take_session(struct tri_tcp *t);

#endif
