/* The text that Prometheus reads: each counter at its name, and nothing that is no such text. */
#include "server_metrics.h"
#include "trisock/trisock.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct page {
    char text[65536];
    size_t len;
};

static void take(void *user, const char *text, size_t len)
{
    struct page *p = user;
    assert_true(len > 0 && memchr(text, '\0', len) == NULL);
    assert_true(len < sizeof p->text - p->len);
    memcpy(p->text + p->len, text, len);
    p->len += len;
    p->text[p->len] = '\0';
}

static void write_page(struct page *p, const struct tri_metrics_view *view)
{
    p->len = 0;
    tri_metrics_write(view, (struct tri_metrics_sink){.write = take, .user = p});
}

/* A whole line of the page. */
static void assert_line(const struct page *p, const char *line)
{
    char whole[512];
    (void)snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(p->text, whole)) {
        fail_msg("there is no line: %s", line);
    }
}

/* Every counter has a value of its own: the n-th of the struct is |base| + n. */
static void fill(struct tri_http_metrics *m, uint64_t base)
{
    uint64_t values[sizeof *m / sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        values[i] = base + i;
    }
    memcpy(m, values, sizeof values);
}

static void each_counter_of_an_http_version_has_its_line(void **state)
{
    (void)state;
    static struct page p;
    struct tri_metrics m = {.resumed = 0};
    struct tri_http_metrics *h2 = &m.http[TRI_METRICS_H2];
    fill(h2, 1000000);
    h2->conns_opened = 2000000;
    h2->sockets_opened = 3000000;
    const struct tri_metrics_view view = {.metrics = &m};
    write_page(&p, &view);
    const struct {
        const char *labels;
        uint64_t value;
    } lines[] = {
        {"trisock_connections{http=\"h2\"}", 2000000 - h2->conns_closed},
        {"trisock_sockets{http=\"h2\"}", 3000000 - h2->sockets_closed},
        {"trisock_connections_opened_total{http=\"h2\"}", 2000000},
        {"trisock_connections_closed_total{http=\"h2\"}", h2->conns_closed},
        {"trisock_sockets_opened_total{http=\"h2\"}", 3000000},
        {"trisock_sockets_closed_total{http=\"h2\",code=\"1000\"}", h2->closed_code[0]},
        {"trisock_sockets_closed_total{http=\"h2\",code=\"1006\"}", h2->closed_code[6]},
        {"trisock_sockets_closed_total{http=\"h2\",code=\"1015\"}", h2->closed_code[15]},
        {"trisock_sockets_closed_total{http=\"h2\",code=\"other\"}", h2->closed_other},
        {"trisock_requests_total{http=\"h2\"}", h2->requests},
        {"trisock_messages_received_total{http=\"h2\"}", h2->messages_in},
        {"trisock_messages_sent_total{http=\"h2\"}", h2->messages_out},
        {"trisock_message_bytes_received_total{http=\"h2\"}", h2->bytes_in},
        {"trisock_message_bytes_sent_total{http=\"h2\"}", h2->bytes_out},
        {"trisock_messages_dropped_total{http=\"h2\"}", h2->messages_dropped},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[256];
        (void)snprintf(line, sizeof line, "%s %llu", lines[i].labels,
                       (unsigned long long)lines[i].value);
        assert_line(&p, line);
    }
    assert_line(&p, "trisock_sockets_opened_total{http=\"http/1.1\"} 0");
    assert_line(&p, "trisock_sockets_opened_total{http=\"h3\"} 0");
}

static void each_reason_and_each_flood_has_its_line(void **state)
{
    (void)state;
    static struct page p;
    struct tri_metrics m = {.resumed = 0};
    fill(&m.http[TRI_METRICS_H3], 7000);
    for (size_t i = 0; i < TRI_CONN_REFUSED_LEN; i++) {
        m.conns_refused[i] = 500 + i;
    }
    const struct tri_metrics_view view = {.metrics = &m};
    write_page(&p, &view);
    char line[256];
    for (size_t i = 0; i < TRI_REFUSED_LEN; i++) {
        (void)snprintf(line, sizeof line,
                       "trisock_requests_refused_total{http=\"h3\",reason=\"%s\"} %llu",
                       tri_refused_name((enum tri_refused)i),
                       (unsigned long long)m.http[TRI_METRICS_H3].refused[i]);
        assert_line(&p, line);
    }
    for (size_t i = 0; i < TRI_FLOOD_LEN; i++) {
        (void)snprintf(line, sizeof line,
                       "trisock_floods_stopped_total{http=\"h3\",kind=\"%s\"} %llu",
                       tri_flood_name((enum tri_flood)i),
                       (unsigned long long)m.http[TRI_METRICS_H3].floods[i]);
        assert_line(&p, line);
    }
    assert_line(&p, "trisock_connections_refused_total{reason=\"limit\"} 500");
    assert_line(&p, "trisock_connections_refused_total{reason=\"address\"} 501");
    assert_line(&p, "trisock_connections_refused_total{reason=\"memory\"} 502");
}

static void the_histogram_is_cumulative(void **state)
{
    (void)state;
    static struct page p;
    struct tri_metrics m = {.resumed = 0};
    tri_metrics_conn_sockets(&m.http[TRI_METRICS_H1], 1);
    tri_metrics_conn_sockets(&m.http[TRI_METRICS_H1], 1);
    tri_metrics_conn_sockets(&m.http[TRI_METRICS_H1], 10);
    tri_metrics_conn_sockets(&m.http[TRI_METRICS_H1], 999);
    tri_metrics_conn_sockets(&m.http[TRI_METRICS_H1], 5000);
    const struct tri_metrics_view view = {.metrics = &m};
    write_page(&p, &view);
    assert_non_null(
        strstr(p.text, "# TYPE trisock_sockets_per_connection histogram\n"
                       "trisock_sockets_per_connection_bucket{http=\"http/1.1\",le=\"1\"} 2\n"
                       "trisock_sockets_per_connection_bucket{http=\"http/1.1\",le=\"10\"} 3\n"
                       "trisock_sockets_per_connection_bucket{http=\"http/1.1\",le=\"100\"} 3\n"
                       "trisock_sockets_per_connection_bucket{http=\"http/1.1\",le=\"1000\"} 4\n"
                       "trisock_sockets_per_connection_bucket{http=\"http/1.1\",le=\"+Inf\"} 5\n"
                       "trisock_sockets_per_connection_sum{http=\"http/1.1\"} 6011\n"
                       "trisock_sockets_per_connection_count{http=\"http/1.1\"} 5\n"));
}

static void what_is_of_the_whole_server_has_no_http_label(void **state)
{
    (void)state;
    static struct page p;
    const struct tri_metrics m = {
        .handshakes_failed = 1,
        .resumed = 2,
        .early_accepted = 3,
        .early_refused = 4,
        .responses_unread = 5,
    };
    struct tri_metrics_view view = {
        .metrics = &m,
        .quic = {.dropped = 6, .retries = 7, .proven = 8, .migrations = 9},
        .deflate_bytes = 10,
        .memory_bytes = 11,
        .is_draining = true,
    };
    write_page(&p, &view);
    static const char *const lines[] = {
        "trisock_handshakes_failed_total 1",
        "trisock_tls_resumed_total 2",
        "trisock_early_data_total{result=\"accepted\"} 3",
        "trisock_early_data_total{result=\"refused\"} 4",
        "trisock_responses_unread_total 5",
        "trisock_quic_datagrams_dropped_total 6",
        "trisock_quic_retries_total 7",
        "trisock_quic_migrations_total 9",
        "trisock_deflate_bytes 10",
        "trisock_memory_bytes 11",
        "trisock_draining 1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_line(&p, lines[i]);
    }
    assert_line(&p, "trisock_build_info{version=\"" TRI_VERSION "\"} 1");
    view.is_draining = false;
    write_page(&p, &view);
    assert_line(&p, "trisock_draining 0");
}

static void the_greatest_numbers_fit(void **state)
{
    (void)state;
    static struct page p;
    struct tri_metrics m;
    memset(&m, 0xff, sizeof m);
    m.http[TRI_METRICS_H1].conns_closed = 0;
    const struct tri_metrics_view view = {.metrics = &m, .memory_bytes = UINT64_MAX};
    write_page(&p, &view);
    assert_line(&p, "trisock_connections{http=\"http/1.1\"} 18446744073709551615");
    assert_line(&p, "trisock_memory_bytes 18446744073709551615");
}

/* ---- the format: https://prometheus.io/docs/instrumenting/exposition_formats/ */

/* "# HELP name text\n# TYPE name type\n": returns behind it, and gives the name. */
static const char *read_family(const char *at, char name[128], char type[32])
{
    char again[128];
    int used = 0;
    assert_int_equal(
        sscanf(at, "# HELP %127s %*[^\n]\n# TYPE %127s %31s%n", name, again, type, &used), 3);
    assert_string_equal(name, again);
    assert_int_equal(strncmp(name, "trisock_", 8), 0);
    const bool is_total = strcmp(name + strlen(name) - 6, "_total") == 0;
    assert_int_equal(is_total, strcmp(type, "counter") == 0);
    assert_int_equal(at[used], '\n');
    return at + used + 1;
}

/* name{label="value",...} number */
static const char *read_sample(const char *at, const char *family)
{
    const size_t len = strlen(family);
    assert_int_equal(strncmp(at, family, len), 0);
    at += len;
    at += strspn(at, "_abcdefghijklmnopqrstuvwxyz"); /* of a histogram */
    if (*at == '{') {
        do {
            at++;
            at += strspn(at, "_abcdefghijklmnopqrstuvwxyz");
            assert_int_equal(strncmp(at, "=\"", 2), 0);
            at += 2 + strcspn(at + 2, "\"\\\n");
            assert_int_equal(*at++, '"');
        } while (*at == ',');
        assert_int_equal(*at++, '}');
    }
    assert_int_equal(*at++, ' ');
    assert_true(isdigit((unsigned char)*at));
    at += strspn(at, "0123456789");
    assert_int_equal(*at, '\n');
    return at + 1;
}

static void the_page_is_valid_and_names_each_family_once(void **state)
{
    (void)state;
    static struct page p;
    static char seen[64][128];
    size_t seen_len = 0;
    const struct tri_metrics m = {.resumed = 1};
    const struct tri_metrics_view view = {.metrics = &m};
    write_page(&p, &view);
    char type[32];
    for (const char *at = p.text; *at != '\0';) {
        char *name = seen[seen_len];
        at = read_family(at, name, type);
        for (size_t i = 0; i < seen_len; i++) {
            assert_string_not_equal(seen[i], name);
        }
        seen_len++;
        assert_true(*at != '#' && *at != '\0'); /* none without a sample */
        while (*at != '#' && *at != '\0') {
            at = read_sample(at, name);
        }
    }
    assert_int_equal(seen_len, 27);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_counter_of_an_http_version_has_its_line),
        cmocka_unit_test(each_reason_and_each_flood_has_its_line),
        cmocka_unit_test(the_histogram_is_cumulative),
        cmocka_unit_test(what_is_of_the_whole_server_has_no_http_label),
        cmocka_unit_test(the_greatest_numbers_fit),
        cmocka_unit_test(the_page_is_valid_and_names_each_family_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
