/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_context.h"

#include <errno.h>

#include "tls_files.h"

static struct authority authority;
static struct granted good, other;
static struct tls_reason why;

static int try_files(const struct tls_files *files)
{
        struct tls_context *context = NULL;
        why.text[0] = '\0';
        int err = tls_context_create(files, &why, &context);
        assert_int_equal(err == 0, context != NULL);
        assert_int_equal(err == 0, why.text[0] == '\0');
        tls_context_destroy(context);
        return err;
}

/* The sentence begins with the file that it is about, and goes on as expected. */
static void expect_said(const char *file, const char *what)
{
        size_t len = strlen(file);
        assert_memory_equal(why.text, file, len);
        assert_memory_equal(why.text + len, ": ", 2);
        assert_non_null(strstr(why.text + len, what));
}

static void good_files_are_taken(void **state)
{
        (void)state;
        assert_int_equal(try_files(&good.files), 0);
        struct tls_files only_ca = {.ca = authority.ca}, nothing = {0};
        assert_int_equal(try_files(&only_ca), 0);
        assert_int_equal(try_files(&nothing), 0);
}

static void the_expiry_is_known(void **state)
{
        (void)state;
        struct tls_files none = {.ca = authority.ca};
        struct tls_context *context = context_of(&good.files), *without = context_of(&none);
        assert_true(tls_context_expires_ms(context) == INT64_C(2493072000000));
        assert_true(tls_context_expires_ms(without) == 0);
        tls_context_destroy(context);
        tls_context_destroy(without);
        tls_context_destroy(NULL);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
        static const unsigned modes[] = {0604, 0644, 0602, 0601, 0666, 0777};
        (void)state;
        for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++) {
                assert_int_equal(chmod(good.key, modes[i]), 0);
                assert_int_equal(try_files(&good.files), ERR_UNTRUSTED);
                expect_said(good.key, "anybody can read or change this key");
        }
        assert_int_equal(chmod(good.key, 0660), 0);
        assert_int_equal(try_files(&good.files), ERR_UNTRUSTED);
        expect_said(good.key, "its group can change this key");
        assert_int_equal(chmod(good.key, 0640), 0);
        assert_int_equal(try_files(&good.files), 0);
        assert_int_equal(chmod(good.key, 0600), 0);
}

static void the_key_of_another_certificate_is_refused(void **state)
{
        (void)state;
        struct tls_files files = good.files;
        files.key = other.key;
        assert_int_equal(try_files(&files), ERR_CONFLICT);
        expect_said(other.key, "not the key of the certificate");
}

static void a_missing_file_is_named(void **state)
{
        (void)state;
        const char *gone = "/nonexistent/file.pem";
        struct tls_files files = good.files;
        files.certificate = gone;
        assert_int_equal(try_files(&files), -ENOENT);
        expect_said(gone, err_text(-ENOENT));
        files = good.files;
        files.key = gone;
        assert_int_equal(try_files(&files), -ENOENT);
        expect_said(gone, err_text(-ENOENT));
        files = good.files;
        files.ca = gone;
        assert_int_equal(try_files(&files), -ENOENT);
        expect_said(gone, err_text(-ENOENT));
        files = good.files;
        files.key = NULL;
        assert_int_equal(try_files(&files), ERR_SYNTAX);
        expect_said(good.certificate, "a certificate without its key");
}

static void a_file_of_another_kind_is_told(void **state)
{
        char empty[FILE_MAX];
        (void)state;
        snprintf(empty, sizeof empty, "%s/empty.pem", authority.dir);
        assert_int_equal(fclose(file_for(empty, 0600)), 0);
        const char *const wrong[] = {good.key, empty, authority.dir};
        for (unsigned i = 0; i < 3; i++) {
                struct tls_files files = good.files;
                files.certificate = wrong[i];
                assert_int_equal(try_files(&files), ERR_SYNTAX);
                expect_said(wrong[i], "no certificate that can be used");
                files = good.files;
                files.ca = wrong[i];
                assert_int_equal(try_files(&files), ERR_SYNTAX);
                expect_said(wrong[i], "no certificates in PEM form");
        }
        struct tls_files files = good.files;
        files.key = empty;
        assert_int_equal(try_files(&files), ERR_SYNTAX);
        expect_said(empty, "no private key in PEM form");
        assert_int_equal(chmod(authority.dir, 0700), 0);
        files.key = authority.dir;
        assert_int_equal(try_files(&files), ERR_SYNTAX);
        expect_said(authority.dir, "not a file");
}

static void a_key_with_a_passphrase_is_refused_and_nobody_is_asked(void **state)
{
        char path[FILE_MAX];
        (void)state;
        EVP_PKEY *key = EVP_EC_gen("P-256");
        snprintf(path, sizeof path, "%s/locked.key", authority.dir);
        FILE *f = file_for(path, 0600);
        assert_int_equal(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(),
                                              (const unsigned char *)"secret", 6, NULL, NULL),
                         1);
        fclose(f);
        EVP_PKEY_free(key);
        struct tls_files files = good.files;
        files.key = path;
        assert_int_equal(try_files(&files), ERR_SYNTAX);
        expect_said(path, "this key has a passphrase");
}

static void a_weak_certificate_is_refused(void **state)
{
        (void)state;
        EVP_PKEY *key = EVP_RSA_gen(1024);
        assert_non_null(key);
        struct granted weak;
        X509 *c = signed_for(&authority, key, &(struct wish){.name = "weak", .san = "DNS:a"});
        snprintf(weak.certificate, sizeof weak.certificate, "%s/weak.pem", authority.dir);
        snprintf(weak.key, sizeof weak.key, "%s/weak.key", authority.dir);
        write_certificate(weak.certificate, c);
        write_key(weak.key, key, 0600);
        X509_free(c);
        EVP_PKEY_free(key);
        struct tls_files files = {weak.certificate, weak.key, authority.ca};
        assert_int_equal(try_files(&files), ERR_SYNTAX);
        expect_said(weak.certificate, "ee key too small");
}

static void a_reload_that_fails_leaves_everything(void **state)
{
        (void)state;
        struct tls_context *context = context_of(&good.files);
        const void *before = tls_context_ssl(context);
        struct tls_files files = good.files;
        files.key = other.key;
        assert_int_equal(tls_context_reload(context, &files, &why), ERR_CONFLICT);
        assert_ptr_equal(tls_context_ssl(context), before);
        assert_int_equal(tls_context_reload(context, &other.files, &why), 0);
        assert_ptr_not_equal(tls_context_ssl(context), before);
        tls_context_destroy(context);
}

static int make_files(void **state)
{
        (void)state;
        authority_init(&authority, "test authority");
        grant(&authority, &(struct wish){.name = "good", .san = "DNS:a.example"}, &good);
        grant(&authority, &(struct wish){.name = "other", .san = "DNS:b.example"}, &other);
        return 0;
}

static int remove_files(void **state)
{
        (void)state;
        authority_fini(&authority);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_files_are_taken),
                cmocka_unit_test(the_expiry_is_known),
                cmocka_unit_test(a_key_that_others_can_read_is_refused),
                cmocka_unit_test(the_key_of_another_certificate_is_refused),
                cmocka_unit_test(a_missing_file_is_named),
                cmocka_unit_test(a_file_of_another_kind_is_told),
                cmocka_unit_test(a_key_with_a_passphrase_is_refused_and_nobody_is_asked),
                cmocka_unit_test(a_weak_certificate_is_refused),
                cmocka_unit_test(a_reload_that_fails_leaves_everything),
        };
        return cmocka_run_group_tests(tests, make_files, remove_files);
}
