/* Loading and making certificates, checked by the openssl program. Row N8. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer_tls.h"
#include "run_program.h"
#include "test_alloc.h"
#include "tls_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUT_MAX 16384

static struct peer_tls_files files; /* a made pair, and the folder of everything else */
static char error_text[TRI_TLS_ERROR_MAX];

static int make_files(void **state)
{
    (void)state;
    peer_tls_files_make(&files);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    peer_tls_files_remove(&files);
    return 0;
}

/* Runs a shell line inside the folder; fails the test if the line fails. Static memory. */
static const char *run_in_folder(const char *line)
{
    static char out[OUT_MAX];
    char full[2048];
    (void)snprintf(full, sizeof full, "cd '%s' && { %s; }", files.folder, line);
    if (run_shell(full, out, sizeof out) != 0) {
        fail_msg("%s: %s", full, out);
    }
    return out;
}

/* |name| in the folder. Two of them may be in use at once. */
static const char *in_folder(const char *name)
{
    static char paths[2][256];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    (void)snprintf(path, sizeof paths[0], "%s/%s", files.folder, name);
    return path;
}

static enum tri_err load(struct tri_tls_identity *id, const char *cert, const char *key)
{
    return tri_tls_identity_load(id, tri_alloc_heap(), cert, key, error_text);
}

static void assert_says(const char *words)
{
    if (!strstr(error_text, words)) {
        fail_msg("\"%s\" does not say \"%s\"", error_text, words);
    }
    assert_true(strlen(error_text) < TRI_TLS_ERROR_MAX - 1);
}

static void assert_refused(const char *cert, const char *key, enum tri_err err, const char *words)
{
    struct tri_tls_identity id;
    assert_int_equal(load(&id, cert, key), err);
    assert_says(words);
    assert_int_equal(tri_buf_peek(&id.cert_pem).len, 0);
    assert_int_equal(tri_buf_peek(&id.key_pem).len, 0);
}

static void N8_makes_a_certificate_for_this_machine(void **state)
{
    (void)state;
    const char *text = run_in_folder("openssl x509 -in cert.pem -noout -text");
    static const char *const lines[] = {
        "Version: 3",
        "ecdsa-with-SHA256",
        "NIST CURVE: P-256",
        "Issuer: CN = localhost",
        "Subject: CN = localhost",
        "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "Digital Signature",
        "TLS Web Server Authentication",
        "X509v3 Subject Key Identifier",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!strstr(text, lines[i])) {
            fail_msg("no \"%s\" in:\n%s", lines[i], text);
        }
    }
}

static void N8_a_made_certificate_verifies_for_each_name(void **state)
{
    (void)state;
    run_in_folder(
        "for check in '-verify_hostname localhost' '-verify_ip 127.0.0.1' '-verify_ip ::1'; "
        "do openssl verify -x509_strict -purpose sslserver $check -CAfile cert.pem "
        "cert.pem || exit 1; done");
    char out[OUT_MAX];
    char line[512];
    (void)snprintf(line, sizeof line,
                   "cd %s && openssl verify -verify_hostname example.org -CAfile "
                   "cert.pem cert.pem",
                   files.folder);
    assert_int_not_equal(run_shell(line, out, sizeof out), 0);
}

static void N8_a_made_certificate_is_valid_from_yesterday_for_its_days(void **state)
{
    (void)state;
    run_in_folder("openssl x509 -in cert.pem -noout -checkend $((29 * 86400 + 86000))");
    run_in_folder("! openssl x509 -in cert.pem -noout -checkend $((30 * 86400 + 400))");
    const char *start = run_in_folder("start=$(date -d \"$(openssl x509 -in cert.pem -noout "
                                      "-startdate | cut -d= -f2)\" +%s); now=$(date +%s); "
                                      "test $((now - start)) -ge 80000 && "
                                      "test $((now - start)) -le 90000 && echo yesterday");
    assert_string_equal(start, "yesterday\n");
}

static void N8_each_made_certificate_has_its_own_serial_and_key(void **state)
{
    (void)state;
    char first[OUT_MAX];
    (void)snprintf(first, sizeof first, "%s",
                   run_in_folder("openssl x509 -in cert.pem -noout -serial -pubkey"));
    assert_int_equal(
        tri_tls_identity_make(in_folder("cert2.pem"), in_folder("key2.pem"), 30, error_text),
        TRI_OK);
    const char *second = run_in_folder("openssl x509 -in cert2.pem -noout -serial -pubkey");
    assert_string_not_equal(first, second);
    assert_int_equal(strlen(second), strlen(first));
}

static void N8_a_made_key_is_private_and_its_folders_too(void **state)
{
    (void)state;
    assert_int_equal(
        tri_tls_identity_make(in_folder("a/b/cert.pem"), in_folder("a/b/key.pem"), 30, error_text),
        TRI_OK);
    struct stat st;
    assert_int_equal(stat(in_folder("a/b/key.pem"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(in_folder("a/b/cert.pem"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(stat(in_folder("a/b"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_string_equal(run_in_folder("ls a/b"), "cert.pem\nkey.pem\n"); /* nothing temporary */
}

static void making_again_replaces_the_pair(void **state)
{
    (void)state;
    const char *cert = in_folder("again-cert.pem");
    const char *key = in_folder("again-key.pem");
    for (int i = 0; i < 2; i++) {
        struct tri_tls_identity id;
        assert_int_equal(tri_tls_identity_make(cert, key, 30, error_text), TRI_OK);
        assert_int_equal(load(&id, cert, key), TRI_OK);
        tri_tls_identity_deinit(&id);
    }
}

static void says_where_it_cannot_write(void **state)
{
    (void)state;
    run_in_folder("echo x >file");
    assert_int_equal(tri_tls_identity_make(in_folder("file/cert.pem"), in_folder("file/key.pem"),
                                           30, error_text),
                     TRI_ERR_IO);
    assert_says("file/key.pem");
    assert_says("Not a directory");
    assert_int_equal(tri_tls_identity_make(in_folder("cert3.pem"), in_folder("a"), 30, error_text),
                     TRI_ERR_IO);
    assert_says("Is a directory");
    run_in_folder("test ! -e cert3.pem"); /* no certificate without its key */
    run_in_folder("test -z \"$(ls | grep 'a[.]')\"");
}

static void loads_what_was_made_and_pins_it_as_openssl_does(void **state)
{
    (void)state;
    struct tri_tls_identity id;
    assert_int_equal(load(&id, files.cert, files.key), TRI_OK);
    assert_string_equal(error_text, "");
    const char *pin =
        run_in_folder("openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin "
                      "-outform der | openssl dgst -sha256 -binary | base64 | tr -d "
                      "'\\n'");
    assert_string_equal(id.spki_pin, pin);
    assert_true(tri_buf_peek(&id.cert_pem).len > 500);
    tri_tls_identity_deinit(&id);
}

static void loads_keys_of_every_common_kind(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "rsa:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
        "ed25519",
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char line[512];
        (void)snprintf(line, sizeof line,
                       "openssl req -x509 -newkey %s -nodes -days 3 -subj /CN=localhost "
                       "-keyout kind-key.pem -out kind.pem",
                       kinds[i]);
        run_in_folder(line);
        struct tri_tls_identity id;
        assert_int_equal(load(&id, in_folder("kind.pem"), in_folder("kind-key.pem")), TRI_OK);
        const char *pin = run_in_folder("openssl x509 -in kind.pem -pubkey -noout | openssl pkey "
                                        "-pubin -outform der | openssl dgst -sha256 -binary | "
                                        "base64 | tr -d '\\n'");
        assert_string_equal(id.spki_pin, pin);
        tri_tls_identity_deinit(&id);
    }
}

static void loads_old_key_formats_and_text_around_the_pem(void **state)
{
    (void)state;
    run_in_folder(
        "openssl ec -in key.pem -out sec1.pem; openssl x509 -in cert.pem -text >text.pem");
    struct tri_tls_identity id;
    assert_int_equal(load(&id, in_folder("text.pem"), in_folder("sec1.pem")), TRI_OK);
    tri_tls_identity_deinit(&id);
}

static void loads_a_chain_and_pins_its_leaf(void **state)
{
    (void)state;
    run_in_folder(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 3 -subj /CN=ca -keyout ca-key.pem "
        "-out ca.pem && openssl req -newkey rsa:2048 -nodes -subj /CN=leaf -keyout "
        "leaf-key.pem -out leaf.csr && openssl x509 -req -in leaf.csr -CA ca.pem -CAkey "
        "ca-key.pem -CAcreateserial -days 3 -out leaf.pem && cat leaf.pem ca.pem "
        ">chain.pem && cat ca.pem leaf.pem >wrong-chain.pem");
    struct tri_tls_identity id;
    assert_int_equal(load(&id, in_folder("chain.pem"), in_folder("leaf-key.pem")), TRI_OK);
    const char *pin =
        run_in_folder("openssl x509 -in leaf.pem -pubkey -noout | openssl pkey -pubin "
                      "-outform der | openssl dgst -sha256 -binary | base64 | tr -d "
                      "'\\n'");
    assert_string_equal(id.spki_pin, pin);
    tri_tls_identity_deinit(&id);
    assert_refused(in_folder("wrong-chain.pem"), in_folder("leaf-key.pem"), TRI_ERR_TLS,
                   "does not belong to the certificate");
}

static void names_a_file_that_is_missing(void **state)
{
    (void)state;
    assert_refused(in_folder("none.pem"), files.key, TRI_ERR_NOT_FOUND,
                   "none.pem\" does not exist");
    assert_refused(files.cert, in_folder("no-key.pem"), TRI_ERR_NOT_FOUND, "the key file \"");
    assert_says("no-key.pem\" does not exist");
}

static void names_a_file_that_cannot_be_read(void **state)
{
    (void)state;
    assert_refused(files.folder, files.key, TRI_ERR_IO, "Is a directory");
    run_in_folder("echo x >plain");
    assert_refused(in_folder("plain/cert.pem"), files.key, TRI_ERR_IO, "Not a directory");
    run_in_folder("cp key.pem secret.pem && chmod 0 secret.pem");
    if (geteuid() != 0) { /* nothing is forbidden to root */
        assert_refused(files.cert, in_folder("secret.pem"), TRI_ERR_IO, "permission denied");
    }
}

static void permission_denied_is_said_to_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    run_in_folder("cp key.pem secret.pem && chmod 600 secret.pem && chmod 755 .");
    assert_int_equal(seteuid(65534), 0);
    struct tri_tls_identity id;
    enum tri_err err = load(&id, files.cert, in_folder("secret.pem"));
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(err, TRI_ERR_IO);
    assert_says("secret.pem");
    assert_says("permission denied");
}

static void says_when_a_file_is_not_pem(void **state)
{
    (void)state;
    run_in_folder(
        "openssl x509 -in cert.pem -outform der -out cert.der; : >empty; head -c 1100000 "
        "/dev/zero >zeros; printf -- '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END "
        "CERTIFICATE-----\\n' >broken.pem; head -c 300 cert.pem >cut.pem; printf -- "
        "'-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n' >broken-key");
    assert_refused(in_folder("cert.der"), files.key, TRI_ERR_TLS, "holds no PEM certificate");
    assert_refused(in_folder("empty"), files.key, TRI_ERR_TLS, "holds no PEM certificate");
    assert_refused(in_folder("zeros"), files.key, TRI_ERR_TLS, "longer than 1 MiB");
    assert_refused(in_folder("broken.pem"), files.key, TRI_ERR_TLS,
                   "cannot be read: it is damaged");
    assert_refused(in_folder("cut.pem"), files.key, TRI_ERR_TLS, "cannot be read: it is damaged");
    assert_refused(files.key, files.cert, TRI_ERR_TLS, "holds no PEM certificate"); /* swapped */
    assert_refused(files.cert, files.cert, TRI_ERR_TLS, "holds no PEM private key");
    assert_refused(files.cert, in_folder("broken-key"), TRI_ERR_TLS, "or it is damaged");
}

static void says_when_the_key_is_encrypted(void **state)
{
    (void)state;
    run_in_folder("openssl pkey -in key.pem -aes128 -passout pass:x -out encrypted.pem; openssl ec "
                  "-in key.pem -aes128 -passout pass:x -out encrypted-old.pem");
    assert_refused(files.cert, in_folder("encrypted.pem"), TRI_ERR_TLS, "passphrase");
    assert_refused(files.cert, in_folder("encrypted-old.pem"), TRI_ERR_TLS, "passphrase");
}

static void says_when_the_key_does_not_match(void **state)
{
    (void)state;
    run_in_folder("openssl ecparam -name prime256v1 -genkey -noout -out other.pem; openssl genrsa "
                  "-out other-rsa.pem 2048");
    assert_refused(files.cert, in_folder("other.pem"), TRI_ERR_TLS,
                   "does not belong to the certificate");
    assert_says("other.pem");
    assert_says("cert.pem");
    assert_refused(files.cert, in_folder("other-rsa.pem"), TRI_ERR_TLS,
                   "does not belong to the certificate");
}

static void says_when_the_certificate_has_expired_or_not_begun(void **state)
{
    (void)state;
    run_in_folder(
        "openssl req -new -key key.pem -subj /CN=localhost -out dates.csr && openssl x509 "
        "-req -in dates.csr -signkey key.pem -days -1 -out expired.pem");
    assert_refused(in_folder("expired.pem"), files.key, TRI_ERR_TLS, "expired on 20");
    run_in_folder("printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\nserial=serial\\n"
                  "new_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' "
                  ">ca.cnf; : >index; echo 01 >serial; openssl ca -batch -config ca.cnf -selfsign "
                  "-keyfile key.pem -in dates.csr -startdate 20890102000000Z -enddate "
                  "20900101000000Z -out early.pem");
    assert_refused(in_folder("early.pem"), files.key, TRI_ERR_TLS, "not valid before 2089-01-02");
}

static void load_survives_each_failing_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        test_alloc_init(&memory);
        memory.fail_at = n;
        struct tri_tls_identity id;
        enum tri_err err =
            tri_tls_identity_load(&id, &memory.alloc, files.cert, files.key, error_text);
        failed = test_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (!err) {
            tri_tls_identity_deinit(&id);
        } else {
            assert_says("memory is short");
        }
        assert_int_equal(memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N8_makes_a_certificate_for_this_machine),
        cmocka_unit_test(N8_a_made_certificate_verifies_for_each_name),
        cmocka_unit_test(N8_a_made_certificate_is_valid_from_yesterday_for_its_days),
        cmocka_unit_test(N8_each_made_certificate_has_its_own_serial_and_key),
        cmocka_unit_test(N8_a_made_key_is_private_and_its_folders_too),
        cmocka_unit_test(making_again_replaces_the_pair),
        cmocka_unit_test(says_where_it_cannot_write),
        cmocka_unit_test(loads_what_was_made_and_pins_it_as_openssl_does),
        cmocka_unit_test(loads_keys_of_every_common_kind),
        cmocka_unit_test(loads_old_key_formats_and_text_around_the_pem),
        cmocka_unit_test(loads_a_chain_and_pins_its_leaf),
        cmocka_unit_test(names_a_file_that_is_missing),
        cmocka_unit_test(names_a_file_that_cannot_be_read),
        cmocka_unit_test(permission_denied_is_said_to_another_user),
        cmocka_unit_test(says_when_a_file_is_not_pem),
        cmocka_unit_test(says_when_the_key_is_encrypted),
        cmocka_unit_test(says_when_the_key_does_not_match),
        cmocka_unit_test(says_when_the_certificate_has_expired_or_not_begun),
        cmocka_unit_test(load_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
