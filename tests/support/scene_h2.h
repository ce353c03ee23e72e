/*
 * Two h2 connections, each with an open WebSocket on stream 1: one misbehaves by hand, the other is a
 * bystander that must not notice.
 */
#ifndef TRI_TESTS_SCENE_H2_H
#define TRI_TESTS_SCENE_H2_H

#include "rig_h2.h"

/* What a connection may hold while somebody attacks it, beyond what it held before. */
#define SCENE_H2_PEAK_BYTES_MAX ((size_t)(1024 * 1024))

struct scene_h2 {
    struct rig_h2 attacker;
    struct rig_h2 bystander;
    size_t bytes_before;
};

void scene_h2_init(struct scene_h2 *s);
void scene_h2_init_with(struct scene_h2 *s, const struct tri_limits *limits); /* the attacker's */
/* Asserts that the bystander echoes, that the attacker never held much, and holds nothing now. */
void scene_h2_deinit(struct scene_h2 *s);

/* Asserts that the socket on stream 1 echoes. */
void scene_h2_assert_echoes(struct rig_h2 *r);
bool scene_h2_is_done(struct rig_h2 *r);

#endif
