/*
 * An endpoint with a bystander whose WebSocket echoes, and an attacker: nobody yet, or one that is
 * connected and sends what it likes. Whatever happens to it, the bystander does not notice, and the
 * endpoint's memory comes back.
 */
#ifndef TRI_TESTS_SCENE_H3_H
#define TRI_TESTS_SCENE_H3_H

#include "attacks.h"
#include "bare_h3.h"
#include "bystander_h3.h"

/* More than a connection with one socket takes, and less than a flood would. */
#define SCENE_H3_CONN_BYTES_MAX ((size_t)200 * 1000)

/* What the books of the endpoint and of the bystander's connection may grow by. */
#define SCENE_H3_SLACK_BYTES ((size_t)4096)

struct scene_h3 {
    struct attack_report *report;
    struct rig_h3 rig;
    struct bystander_h3 bystander;
    struct bare_h3 bare;     /* the attacker, if it is connected */
    size_t level;            /* bytes of memory before the attacker came */
    size_t datagrams, bytes; /* that the endpoint sent to the attacker */
    size_t elsewhere;        /* what the rig had sent to others when it came */
    unsigned hits;
};

struct scene_h3 *scene_h3_new(struct attack_report *r);
struct scene_h3 *scene_h3_new_connected(struct attack_report *r);

/* The attacker is gone: asserts that nothing is left of it, and fills the rest of the report. */
void scene_h3_free(struct scene_h3 *s);

/* A message of the bystander; one on the attacker's own connection. */
void scene_h3_echo(struct scene_h3 *s);
void scene_h3_echo_beside(struct scene_h3 *s);

/* Frames in a packet of the attacker, who hears nothing of what comes of it. */
void scene_h3_hit(struct scene_h3 *s, const void *frames, size_t len);

/* Takes what the endpoint has to say; the same after |ms|. */
void scene_h3_drain(struct scene_h3 *s);
void scene_h3_pass(struct scene_h3 *s, uint64_t ms);

/* What went to the attacker, also while the rig served the bystander. */
size_t scene_h3_bytes_out(const struct scene_h3 *s);

bool scene_h3_is_stopped(const struct scene_h3 *s);
/* Asserts that it is stopped with this code of QUIC's, and notes so. */
void scene_h3_assert_stopped(struct scene_h3 *s, uint64_t code);
/* Notes what kept it small, where nothing had to end. */
void scene_h3_note(struct scene_h3 *s, const char *what);

#endif
