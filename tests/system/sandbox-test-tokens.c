/* The tokens that kling-sandbox verifies, and the clock by which it does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "sandbox-test.h"

#define LIST "/v1/videos/advanced-lip-sync"

/* The vector that the service's documents are held against. */
#define VECTOR "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." \
  "eyJpc3MiOiJBS19FWEFNUExFIiwiZXhwIjoxNzgxMDgyNTk0LCJuYmYiOjE3ODEwODA3ODl9." \
  "4EnO5icjlk2DcG_UtJx5jjRZ12atvRKmI1xQbwsCIo8"
#define VECTOR_NOT_BEFORE G_GINT64_CONSTANT (1781080789)
#define VECTOR_EXPIRES G_GINT64_CONSTANT (1781082594)

#define JWT_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static void
append_base64url (GString * out, const guchar * data, gsize size)
{
  g_autofree char *base64 = g_base64_encode (data, size);

  base64[strcspn (base64, "=")] = '\0';
  g_strdelimit (base64, "+", '-');
  g_strdelimit (base64, "/", '_');
  g_string_append (out, base64);
}

/* "Bearer " and a token. */
static char *
sign (const char *header, const char *payload, const char *secret)
{
  GString *token = g_string_new (NULL);
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256,
      (const guchar *) secret, strlen (secret));
  guint8 digest[32];
  gsize size = sizeof digest;

  append_base64url (token, (const guchar *) header, strlen (header));
  g_string_append_c (token, '.');
  append_base64url (token, (const guchar *) payload, strlen (payload));
  g_hmac_update (hmac, (const guchar *) token->str, token->len);
  g_hmac_get_digest (hmac, digest, &size);
  g_string_append_c (token, '.');
  append_base64url (token, digest, size);
  g_string_prepend (token, "Bearer ");
  return g_string_free (token, FALSE);
}

/* One token; times are seconds from now, by the sandbox's clock. */
typedef struct
{
  const char *header;
  const char *iss;
  const char *secret;
  int expires;
  int not_before;
  gint64 code;                  /* 0: it is taken */
} TokenCase;

static const TokenCase token_cases[] = {
  {JWT_HEADER, "sandbox-access", "sandbox-secret", 1800, -5, 0},
  {JWT_HEADER, "sandbox-access", "sandbox-secret", 1800, 600, 1003},
  {JWT_HEADER, "sandbox-access", "sandbox-secret", -600, -2400, 1004},
  {JWT_HEADER, "sandbox-access", "other-secret", 1800, -5, 1000},
  {JWT_HEADER, "other-access", "sandbox-secret", 1800, -5, 1000},
  {"{\"alg\":\"none\",\"typ\":\"JWT\"}", "sandbox-access", "sandbox-secret",
      1800, -5, 1002},
  {"{\"alg\":\"HS256\"}", "sandbox-access", "sandbox-secret", 1800, -5, 1002},
};

static char *
sign_case (const TokenCase * test, gint64 now)
{
  g_autofree char *payload = g_strdup_printf ("{\"iss\":\"%s\",\"exp\":%"
      G_GINT64_FORMAT ",\"nbf\":%" G_GINT64_FORMAT "}", test->iss,
      now + test->expires, now + test->not_before);

  return sign (test->header, payload, test->secret);
}

/* What /v1 says to an Authorization header: 0 for a good one. */
static gint64
ask_with (Box * box, const char *authorization)
{
  g_autoptr (Answer) answer = box_call_with (box, "GET",
      LIST, NULL, authorization ? "Authorization" : NULL, authorization, NULL);
  g_autoptr (JsonObject) json = answer_json (answer);
  gint64 code = find_integer (json, "code");

  g_assert_cmpuint (answer->status, ==, code == 0 ? 200 : 401);
  g_assert_nonnull (find_string (json, "request_id"));
  return code;
}

static void
set_clock (Box * box, gint64 offset)
{
  g_autofree char *body =
      g_strdup_printf ("{\"offset\":%" G_GINT64_FORMAT "}", offset);
  g_autoptr (Answer) answer = box_call (box, "POST", "/sandbox/clock", body);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_token (void)
{
  g_autoptr (Box) box = start_with_clip ();
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const char *const offsets[] = { "0", "600", "-600" };
  const char *const bad[] = { "sandbox", "Bearer ", "Bearer a.b",
    "Bearer a.b.c", "Basic c2FuZGJveA==", "Bearer wrong"
  };

  for (guint i = 0; i < G_N_ELEMENTS (offsets); i++) {
    gint64 offset = g_ascii_strtoll (offsets[i], NULL, 10);

    set_clock (box, offset);
    for (guint j = 0; j < G_N_ELEMENTS (token_cases); j++) {
      g_autofree char *token = sign_case (&token_cases[j], now + offset);

      g_assert_cmpint (ask_with (box, token), ==, token_cases[j].code);
    }
  }
  g_assert_cmpint (ask_with (box, "Bearer sandbox"), ==, 0);
  g_assert_cmpint (ask_with (box, NULL), ==, 1001);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (ask_with (box, bad[i]), ==, 1002);
}

/* Padding, claims of the wrong type, and bytes after the signature. */
static void
test_token_form (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const payloads[] = {
    "{\"iss\":\"sandbox-access\",\"exp\":\"9999999999\",\"nbf\":1}",
    "{\"iss\":\"sandbox-access\",\"exp\":9999999999}",
    "{\"iss\":\"sandbox-access\",\"exp\":9999999999.5,\"nbf\":1}",
  };
  g_autofree char *good = sign (JWT_HEADER,
      "{\"iss\":\"sandbox-access\",\"exp\":9999999999,\"nbf\":1}",
      "sandbox-secret");
  g_autofree char *padded = g_strconcat (good, "=", NULL);
  g_autofree char *more = g_strconcat (good, ".", NULL);
  g_autofree char *longer = g_strconcat (good, "AAAA", NULL);

  g_assert_cmpint (ask_with (box, good), ==, 0);
  g_assert_cmpint (ask_with (box, padded), ==, 1002);
  g_assert_cmpint (ask_with (box, more), ==, 1002);
  g_assert_cmpint (ask_with (box, longer), ==, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++) {
    g_autofree char *token = sign (JWT_HEADER, payloads[i], "sandbox-secret");

    g_assert_cmpint (ask_with (box, token), ==, 1002);
  }
}

/* The documents' vector, with the clock in its time, before and after it. */
static void
test_token_vector (void)
{
  g_autoptr (Box) box = box_start ("--access-key", "AK_EXAMPLE",
      "--secret-key", "SK_EXAMPLE", NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  set_clock (box, VECTOR_NOT_BEFORE - now + 600);
  g_assert_cmpint (ask_with (box, "Bearer " VECTOR), ==, 0);
  set_clock (box, VECTOR_NOT_BEFORE - now - 600);
  g_assert_cmpint (ask_with (box, "Bearer " VECTOR), ==, 1003);
  set_clock (box, VECTOR_EXPIRES - now + 1);
  g_assert_cmpint (ask_with (box, "Bearer " VECTOR), ==, 1004);
}

/* A token is for the service itself: gateways have keys of their own. */
static void
test_token_at_gateway (void)
{
  g_autoptr (Box) box = start_with_clip ();
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *token = sign_case (&token_cases[0], now);
  g_autoptr (Answer) answer = box_call_with (box, "GET",
      "/kling/v1/videos/lip-sync", NULL, "Authorization", token, NULL);
  g_autoptr (JsonObject) json = answer_json (answer);

  g_assert_cmpuint (answer->status, ==, 401);
  g_assert_cmpstr (find_string (json, "error.code"), ==, "invalid_api_key");
}

static void
test_clock (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const bad[] = { "{}", "{\"offset\":\"600\"}", "junk",
    "{\"offset\":9223372036854775807}", "{\"offset\":-9223372036854775808}"
  };
  g_autoptr (Answer) answer = NULL;
  g_autoptr (GDateTime) date = NULL;
  gint64 now;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Answer) refused =
        box_call (box, "POST", "/sandbox/clock", bad[i]);

    g_assert_cmpuint (refused->status, ==, 400);
  }
  set_clock (box, 7200);
  answer = box_call (box, "GET", "/sandbox/clock", NULL);
  date =
      soup_date_time_new_from_http_string (soup_message_headers_get_one
      (answer->headers, "Date"));
  now = g_get_real_time () / G_USEC_PER_SEC;
  g_assert_cmpint (g_date_time_to_unix (date), >=, now + 7200 - 60);
  g_assert_cmpint (g_date_time_to_unix (date), <=, now + 7200 + 1);
}

/* Whose credentials a call carried is told, and nothing else of them. */
static void
test_token_in_ledger (void)
{
  g_autoptr (Box) box = start_with_clip ();
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *token = sign_case (&token_cases[0], now);
  g_autofree char *strange = sign_case (&token_cases[3], now);
  g_autofree char *path =
      g_strconcat ("/sandbox/voices?t=", strchr (token, ' ') + 1, NULL);
  const char *const expected[] = { "jwt", "other", "service", "jwt" };
  g_autoptr (Answer) in_query = NULL;
  g_autoptr (Answer) answer = NULL;
  g_autoptr (JsonObject) ledger = NULL;
  g_autofree char *text = NULL;

  ask_with (box, token);
  ask_with (box, strange);
  ask_with (box, "Bearer sandbox");
  in_query = box_call (box, "GET", path, NULL);
  answer = box_call (box, "GET", "/sandbox/ledger", NULL);
  ledger = answer_json (answer);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    JsonObject *call = json_array_get_object_element (find_array (ledger,
            "calls"), i);
    JsonArray *whose = find_array (call, "credentials");

    g_assert_cmpuint (json_array_get_length (whose), ==, 1);
    g_assert_cmpstr (json_array_get_string_element (whose, 0), ==, expected[i]);
  }
  text = answer_text (answer);
  g_assert_null (strstr (text, strrchr (token, '.')));
  g_assert_null (strstr (text, "sandbox-secret"));
}

void
add_token_tests (void)
{
  g_test_add_func ("/sandbox/token/codes", test_token);
  g_test_add_func ("/sandbox/token/form", test_token_form);
  g_test_add_func ("/sandbox/token/vector", test_token_vector);
  g_test_add_func ("/sandbox/token/gateway", test_token_at_gateway);
  g_test_add_func ("/sandbox/token/ledger", test_token_in_ledger);
  g_test_add_func ("/sandbox/clock", test_clock);
}
