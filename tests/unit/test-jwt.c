/* klinglipsync: tests of the token of an access key and a secret key
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-jwt.h"

#define NOW 1781080794

/* header {"alg":"HS256","typ":"JWT"} */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

/* The claims {"iss":"AK_EXAMPLE","exp":1781082594,"nbf":1781080789}, signed by
 * other software */
GST_START_TEST (test_vector)
{
  g_autofree gchar *token = kling_jwt_sign ("AK_EXAMPLE", "SK_EXAMPLE", NOW);

  fail_unless_equals_string (token, HEADER ".eyJpc3MiOiJBS19FWEFNUExFIiwiZXhw"
      "IjoxNzgxMDgyNTk0LCJuYmYiOjE3ODEwODA3ODl9"
      ".4EnO5icjlk2DcG_UtJx5jjRZ12atvRKmI1xQbwsCIo8");
}

GST_END_TEST;

/* Returns: (transfer full): the text of a part of a token */
static gchar *
decode (const gchar * part)
{
  g_autoptr (GString) text = g_string_new (part);
  g_autofree guchar *bytes = NULL;
  gsize size;

  fail_unless_equals_int (strspn (part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
          "klmnopqrstuvwxyz0123456789-_"), strlen (part));
  g_string_replace (text, "-", "+", 0);
  g_string_replace (text, "_", "/", 0);
  while (text->len % 4 != 0)
    g_string_append_c (text, '=');
  bytes = g_base64_decode (text->str, &size);
  return g_strndup ((const gchar *) bytes, size);
}

#define TIMES ",\"exp\":1781082594,\"nbf\":1781080789}"

static const struct
{
  const gchar *access_key, *claims;
} claims[] = {
  {"AK_EXAMPLE", "{\"iss\":\"AK_EXAMPLE\"" TIMES},
  {"a", "{\"iss\":\"a\"" TIMES},
  {"ab", "{\"iss\":\"ab\"" TIMES},
  {"abc", "{\"iss\":\"abc\"" TIMES},
  {"say \"AK\"", "{\"iss\":\"say \\\"AK\\\"\"" TIMES},
  {"back\\slash", "{\"iss\":\"back\\\\slash\"" TIMES},
  {"a\nb\x01", "{\"iss\":\"a\\nb\\u0001\"" TIMES},
  {"\xc3\xa9\xe5\x8f\xaf\xf0\x9f\x94\x91",
      "{\"iss\":\"\xc3\xa9\xe5\x8f\xaf\xf0\x9f\x94\x91\"" TIMES},
  {"a/b?c>d~", "{\"iss\":\"a/b?c>d~\"" TIMES},
};

/* Returns: (transfer full): the signature of @text, made in another way */
static gchar *
sign_otherwise (const gchar * text, const gchar * secret)
{
  g_autofree gchar *hex = g_compute_hmac_for_string (G_CHECKSUM_SHA256,
      (const guchar *) secret, strlen (secret), text, -1);
  guint8 bytes[32];
  GString *encoded;
  g_autofree gchar *base64 = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    bytes[i] = g_ascii_xdigit_value (hex[2 * i]) * 16
        + g_ascii_xdigit_value (hex[2 * i + 1]);
  base64 = g_base64_encode (bytes, sizeof bytes);
  encoded = g_string_new (base64);
  g_string_replace (encoded, "+", "-", 0);
  g_string_replace (encoded, "/", "_", 0);
  g_string_replace (encoded, "=", "", 0);
  return g_string_free (encoded, FALSE);
}

GST_START_TEST (test_claims)
{
  g_autofree gchar *token = kling_jwt_sign (claims[__i__].access_key,
      "SK_\"\xc3\xa9", NOW);
  g_auto (GStrv) parts = g_strsplit (token, ".", -1);
  g_autofree gchar *said = NULL, *signed_part = NULL, *signature = NULL;

  fail_unless_equals_int (g_strv_length (parts), 3);
  fail_unless_equals_string (parts[0], HEADER);
  said = decode (parts[1]);
  fail_unless_equals_string (said, claims[__i__].claims);
  signed_part = g_strjoin (".", parts[0], parts[1], NULL);
  signature = sign_otherwise (signed_part, "SK_\"\xc3\xa9");
  fail_unless_equals_string (parts[2], signature);
}

GST_END_TEST;

/* An hour later it is another one, and the secret key is not taken for Base64. */
GST_START_TEST (test_differences)
{
  g_autofree gchar *token = kling_jwt_sign ("AK", "U0s=", NOW);
  g_autofree gchar *later = kling_jwt_sign ("AK", "U0s=", NOW + 3600);
  g_autofree gchar *decoded = kling_jwt_sign ("AK", "SK", NOW);
  g_auto (GStrv) parts = g_strsplit (later, ".", -1);
  g_autofree gchar *said = decode (parts[1]);

  fail_unless_equals_string (said,
      "{\"iss\":\"AK\",\"exp\":1781086194,\"nbf\":1781084389}");
  fail_if (g_str_equal (token, later));
  fail_if (g_str_equal (token, decoded));
}

GST_END_TEST;

static Suite *
jwt_suite (void)
{
  Suite *suite = suite_create ("jwt");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_vector);
  tcase_add_loop_test (tc, test_claims, 0, G_N_ELEMENTS (claims));
  tcase_add_test (tc, test_differences);
  return suite;
}

GST_CHECK_MAIN (jwt);
