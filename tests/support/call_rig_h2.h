/*
 * The client's end of an HTTP/2 connection under test, with an owner that keeps what each call saw.
 * At the other end stands the server's adapter with its own rig (rig_h2), or frames written by hand.
 */
#ifndef TRI_TESTS_CALL_RIG_H2_H
#define TRI_TESTS_CALL_RIG_H2_H

#include "h2_client.h"
#include "rig_h2.h"

struct call_h2 {
    struct tri_call *call; /* NULL once it has ended */
    struct tenant tenant;
    unsigned answers, fails;
    bool is_accepted;
    int status;
    struct bytes_h2 fields; /* "name: value\n" of the answer */
    struct tri_call_end end;
};

struct call_rig_h2 {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_conn *conn;
    uint64_t now_ns;
    size_t piece_max; /* bytes of one recv; 0: all */
    enum tri_err recv_err;

    /* what the owner does */
    bool binds_not;      /* an accepted answer is left without a tenant */
    bool opens_in_ready; /* a call, in on_ready */
    bool opens_in_room;  /* calls, as many as there is room for */

    /* what it saw */
    struct call_h2 **calls;
    size_t calls_len, calls_cap;
    size_t readies, rooms, wakes;
    bool connect;

    bool has_server;
    struct rig_h2 server;
    size_t taken;        /* of what the server sent */
    struct bytes_h2 out; /* all that the client sent */
};

/* A connection that has said its preface, with nobody at the other end. */
void call_rig_h2_init(struct call_rig_h2 *r);
/* The same with the server's adapter, SETTINGS exchanged. */
void call_rig_h2_join(struct call_rig_h2 *r);
void call_rig_h2_join_with(struct call_rig_h2 *r, const struct tri_limits *server_limits,
                           bool extended_connect);
/* Keeps what the owner does, alloc.fail_at and piece_max. False: there is no connection. */
bool call_rig_h2_init_as(struct call_rig_h2 *r);
/* Frees all; asserts that each thing was told once, and that no memory is left. */
void call_rig_h2_deinit(struct call_rig_h2 *r);

/* Asks for /echo; returns the call, or NULL with |*err|. */
struct call_h2 *call_rig_h2_try(struct call_rig_h2 *r, const struct tri_call_request *request,
                                enum tri_err *err);
/* The same, which has to work. Nothing moves. */
struct call_h2 *call_rig_h2_open(struct call_rig_h2 *r);
extern const struct tri_call_request call_rig_h2_request;

/* Moves bytes between client and server until nothing moves. */
void call_rig_h2_run(struct call_rig_h2 *r);

/* By hand: bytes to the client, then all that it has to say. */
void call_rig_h2_input(struct call_rig_h2 *r, const void *data, size_t len);
void call_rig_h2_bytes(struct call_rig_h2 *r, struct bytes_h2 *in); /* frees |in| */
void call_rig_h2_output(struct call_rig_h2 *r);
/* SETTINGS with extended CONNECT, and an ACK for ours. */
void call_rig_h2_settings(struct call_rig_h2 *r);
void call_rig_h2_setting(struct bytes_h2 *out, uint16_t id, uint32_t value);
/* An answer to stream |id|; |status| is three digits. */
void call_rig_h2_answer(struct call_rig_h2 *r, uint32_t id, const char *status, bool fin);
void call_rig_h2_pass(struct call_rig_h2 *r, uint64_t ms);

/* Frames that the client sent. */
size_t call_rig_h2_count(const struct call_rig_h2 *r, uint8_t type, uint32_t stream_id);
/* The code of the last; 0xffffffff: there is none. */
uint32_t call_rig_h2_goaway(const struct call_rig_h2 *r);
uint32_t call_rig_h2_reset(const struct call_rig_h2 *r, uint32_t stream_id);
struct tri_call_end call_rig_h2_end(const struct call_rig_h2 *r);
bool call_rig_h2_is_done(const struct call_rig_h2 *r);
size_t call_rig_h2_room(const struct call_rig_h2 *r);

#endif
