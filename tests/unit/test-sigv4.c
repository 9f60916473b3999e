/* klinglipsync: tests of AWS Signature Version 4
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-sigv4.h"

#define PYTHON "/usr/bin/python3"

/* Of the examples that AWS has published: 2013-05-24 00:00:00 UTC */
static const KlingSigv4 example = {
  "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL,
  "us-east-1", "s3", 1369353600
};

GST_START_TEST (test_example_presigned)
{
  g_autofree gchar *query = kling_sigv4_presign (&example, "GET",
      "examplebucket.s3.amazonaws.com", "/test.txt", 86400);

  fail_unless_equals_string (query, "X-Amz-Algorithm=AWS4-HMAC-SHA256"
      "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3"
      "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
      "&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

GST_END_TEST;

/* The order in which the headers are given does not matter. */
GST_START_TEST (test_example_put)
{
  g_autofree gchar *sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      "Welcome to Amazon S3.", -1);
  const gchar *headers[] = {
    "x-amz-storage-class", "REDUCED_REDUNDANCY",
    "x-amz-content-sha256", sha256,
    "Host", "examplebucket.s3.amazonaws.com",
    "Date", "Fri, 24 May 2013 00:00:00 GMT",
    "x-amz-date", "20130524T000000Z",
    NULL
  };
  g_autofree gchar *path = kling_sigv4_escape ("/test$file.text", TRUE);
  g_autofree gchar *value = kling_sigv4_sign (&example, "PUT", path, headers,
      sha256);

  fail_unless_equals_string (path, "/test%24file.text");
  fail_unless_equals_string (value, "AWS4-HMAC-SHA256 Credential="
      "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
      "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature="
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

GST_END_TEST;

GST_START_TEST (test_escape)
{
  g_autofree gchar *value = kling_sigv4_escape ("a/b c+~é", FALSE);
  g_autofree gchar *path = kling_sigv4_escape ("a/b c+~é", TRUE);
  g_autofree gchar *date = kling_sigv4_date (1369353600);

  fail_unless_equals_string (value, "a%2Fb%20c%2B~%C3%A9");
  fail_unless_equals_string (path, "a/b%20c%2B~%C3%A9");
  fail_unless_equals_string (date, "20130524T000000Z");
}

GST_END_TEST;

/* --- against a signer of another hand --- */

#define OTHER_TOKEN "FwoGZX/session+token=="
#define OTHER_OBJECT "a b/ü+~(1)*'&=?.wav"
#define OTHER_BODY "Some speech."
#define OTHER_HOST "127.0.0.1:9000"

static const KlingSigv4 other = {
  "AKOTHER", "se+cr/et", OTHER_TOKEN, "eu-west-3", "s3", 1700000000
};

/* Returns: (nullable): what botocore makes of it, %NULL when there is none */
static gchar *
run_botocore (void)
{
  const gchar *script = g_getenv ("KLING_TEST_SIGNER");
  const gchar *argv[] = { PYTHON, script, NULL };
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree gchar *output = NULL;
  gint status = 0;

  environment = g_environ_setenv (environment, "SIGN_KEY", other.access_key, 1);
  environment = g_environ_setenv (environment, "SIGN_SECRET", other.secret_key,
      TRUE);
  environment = g_environ_setenv (environment, "SIGN_TOKEN", OTHER_TOKEN, TRUE);
  environment = g_environ_setenv (environment, "SIGN_REGION", other.region,
      TRUE);
  environment = g_environ_setenv (environment, "SIGN_ENDPOINT",
      "http://" OTHER_HOST, TRUE);
  environment = g_environ_setenv (environment, "SIGN_BUCKET", "bucket", TRUE);
  environment = g_environ_setenv (environment, "SIGN_OBJECT", OTHER_OBJECT,
      TRUE);
  environment = g_environ_setenv (environment, "SIGN_EXPIRES", "7200", TRUE);
  environment = g_environ_setenv (environment, "SIGN_TIME", "1700000000", TRUE);
  environment = g_environ_setenv (environment, "SIGN_BODY", OTHER_BODY, TRUE);
  environment = g_environ_setenv (environment, "PYTHONIOENCODING", "utf-8",
      TRUE);

  if (!g_file_test (PYTHON, G_FILE_TEST_IS_EXECUTABLE))
    return NULL;
  fail_unless (script != NULL);
  fail_unless (g_spawn_sync (NULL, (gchar **) argv, environment,
          G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, NULL));
  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    return NULL;
  fail_unless_equals_int (status, 0);
  return g_steal_pointer (&output);
}

static const gchar *
value_of (GStrv lines, const gchar * name)
{
  gsize n = strlen (name);

  for (; *lines != NULL; lines++) {
    if (g_str_has_prefix (*lines, name) && g_str_has_prefix (*lines + n, ": "))
      return *lines + n + 2;
  }
  return NULL;
}

static void
check_presigned (const gchar * url, const gchar * path)
{
  g_autofree gchar *query = kling_sigv4_presign (&other, "GET", OTHER_HOST,
      path, 7200);
  g_autofree gchar *start = g_strconcat ("http://" OTHER_HOST, path, "?", NULL);
  const gchar *signature = strstr (query, "&X-Amz-Signature=");

  fail_unless (g_str_has_prefix (url, start), "%s", url);
  fail_unless (g_str_has_suffix (url, signature), "%s\n%s", url, signature);
}

/* Signs those of the headers that botocore has signed */
static void
check_signed (GStrv lines, const gchar * path)
{
  const gchar *expected = value_of (lines, "authorization");
  const gchar *list = strstr (expected, "SignedHeaders=");
  g_autofree gchar *names = g_strndup (list + strlen ("SignedHeaders="),
      strcspn (list, ",") - strlen ("SignedHeaders="));
  g_auto (GStrv) split = g_strsplit (names, ";", -1);
  g_autoptr (GPtrArray) headers = g_ptr_array_new ();
  g_autofree gchar *value = NULL;

  for (gchar ** name = split; *name != NULL; name++) {
    const gchar *text = g_str_equal (*name, "host") ? OTHER_HOST
        : value_of (lines, *name);

    fail_unless (text != NULL, "%s", *name);
    g_ptr_array_add (headers, *name);
    g_ptr_array_add (headers, (gpointer) text);
  }
  g_ptr_array_add (headers, NULL);
  fail_unless (strstr (names, "x-amz-security-token"));
  value = kling_sigv4_sign (&other, "PUT", path,
      (const gchar * const *) headers->pdata, value_of (lines,
          "x-amz-content-sha256"));
  fail_unless (g_str_has_suffix (value, strstr (expected, "Signature=")),
      "%s\n%s", value, expected);
}

GST_START_TEST (test_as_botocore)
{
  g_autofree gchar *output = run_botocore ();
  g_autofree gchar *path = kling_sigv4_escape ("/bucket/" OTHER_OBJECT, TRUE);
  g_auto (GStrv) lines = NULL;

  if (output == NULL) {
    g_print ("skipped: no " PYTHON " with python3-boto3\n");
    return;
  }
  lines = g_strsplit (output, "\n", -1);
  fail_unless (g_strv_length (lines) > 3, "%s", output);
  check_presigned (lines[0], path);
  check_signed (lines + 1, path);
}

GST_END_TEST;

static Suite *
sigv4_suite (void)
{
  Suite *s = suite_create ("sigv4");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_example_presigned);
  tcase_add_test (tc, test_example_put);
  tcase_add_test (tc, test_escape);
  tcase_add_test (tc, test_as_botocore);
  return s;
}

GST_CHECK_MAIN (sigv4);
