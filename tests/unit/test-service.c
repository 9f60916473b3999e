/* klinglipsync: tests of the calls of the API
 *
 * Each ending of a paid call with the number of requests it took: always one, or
 * two when the first was refused because of the time in its token.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-advice.h"
#include "kling-clock.h"
#include "kling-credentials.h"
#include "kling-error.h"
#include "kling-jwt.h"
#include "kling-log.h"
#include "kling-service.h"
#include "kling-testserver.h"

#define KEY "sk-planted-4711"
#define ACCESS "AK-planted-17"
#define SECRET "SK-planted-42"

/* A service at a scripted server */
typedef struct
{
  KlingTestServer *server;
  KlingHttp *http;
  KlingRequest *request;
  KlingSettings *settings;
  KlingService *service;
  KlingReply reply;
  GError *error;
} Fixture;

static KlingRequest *
make_request (gchar * base_url)
{
  KlingRequest *request = kling_request_new ();

  request->base_url = base_url;
  request->video_url = g_strdup ("https://example.com/v.mp4?sig=planted");
  request->text = g_strdup ("A sentence of more than forty characters, to see"
      " where it ends");
  request->voice_id = g_strdup ("oversea_male1");
  request->voice_language = g_strdup ("en");
  return request;
}

static KlingCredentials *
make_key (const gchar * text)
{
  g_autoptr (KlingSecret) key = kling_secret_new (text);

  return kling_credentials_new (key, NULL, NULL);
}

static KlingCredentials *
make_pair (void)
{
  g_autoptr (KlingSecret) access_key = kling_secret_new (ACCESS);
  g_autoptr (KlingSecret) secret_key = kling_secret_new (SECRET);

  return kling_credentials_new (NULL, access_key, secret_key);
}

static Fixture *
fixture_new_for (KlingDialectId dialect, KlingCredentials * credentials,
    const KlingTestStep * steps, guint n_steps, const gchar * prefix)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->server = kling_test_server_start (steps, n_steps);
  fixture->http = kling_http_new (NULL, NULL, "kling-test/1", NULL);
  fixture->request = make_request (kling_test_server_url (fixture->server,
          prefix));
  fixture->request->dialect = dialect;
  fixture->settings = kling_settings_new ();
  fixture->settings->credentials = credentials;
  fixture->settings->timeout = 20 * KLING_SECOND;
  fixture->service = kling_service_new (fixture->request, fixture->settings,
      fixture->http);
  return fixture;
}

static Fixture *
fixture_new (const KlingTestStep * steps, guint n_steps, const gchar * prefix)
{
  return fixture_new_for (KLING_DIALECT_GATEWAY, make_key (KEY), steps, n_steps,
      prefix);
}

/* With an access key and a secret key */
static Fixture *
fixture_new_with_pair (const KlingTestStep * steps, guint n_steps)
{
  return fixture_new_for (KLING_DIALECT_OFFICIAL, make_pair (), steps, n_steps,
      "");
}

static void
fixture_reset (Fixture * fixture)
{
  kling_reply_clear (&fixture->reply);
  g_clear_error (&fixture->error);
}

static void
fixture_free (Fixture * fixture)
{
  fixture_reset (fixture);
  kling_service_free (fixture->service);
  kling_settings_unref (fixture->settings);
  kling_request_unref (fixture->request);
  kling_http_unref (fixture->http);
  kling_test_server_stop (fixture->server);
  g_free (fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free);

static KlingEnding
identify (Fixture * fixture)
{
  KlingSources sources = {.video_url = fixture->request->video_url };

  return kling_service_identify (fixture->service, fixture->request, &sources,
      NULL, &fixture->reply, &fixture->error);
}

static KlingEnding
create (Fixture * fixture)
{
  KlingSources sources = {
    .session_id = "session-1",.audio_url = fixture->request->audio_url,
    .face_id = "0",.audio_id = "audio-1",.audio_end = 3000
  };

  return kling_service_create (fixture->service, fixture->request, &sources,
      NULL, &fixture->reply, &fixture->error);
}

static gboolean
query (Fixture * fixture, const gchar * task_id)
{
  guint path = 0;

  return kling_service_query (fixture->service, task_id, &path, NULL,
      &fixture->reply, &fixture->error);
}

static void
check_sentence (const GError * error, KlingError code, const gchar * words)
{
  fail_unless (g_error_matches (error, KLING_ERROR, code), "%s",
      error ? error->message : "no error");
  fail_unless (strstr (error->message, words), "%s does not say %s",
      error->message, words);
  fail_unless (g_str_has_suffix (error->message, "."), "%s", error->message);
  fail_if (strstr (error->message, "planted"), "%s", error->message);
}

/* --- what is sent --- */

GST_START_TEST (test_calls)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = "/pre/kling/v1/videos/identify-face",
        .body = "{\"code\":0,\"data\":{\"session_id\":\"s-1\"}}"},
    {.method = "POST",.path = "/pre/kling/v1/videos/advanced-lip-sync",
          .body = "{\"id\":\"task_1\",\"task_id\":\"task_1\",\"status\":\"\"}",
        .headers = "Retry-After: 3\r\n"},
    {.method = "GET",.path = "/pre/kling/v1/videos/advanced-lip-sync/task_1",
        .body = "{\"request_id\":\"r\",\"data\":{\"status\":\"QUEUED\"}}"},
  };
  g_autoptr (Fixture) fixture = fixture_new (steps, G_N_ELEMENTS (steps),
      "/pre/");
  const KlingTestCall *seen;

  fail_unless_equals_int (identify (fixture), KLING_ENDING_CREATED);
  fail_if (fixture->error);
  fail_unless_equals_string (fixture->reply.answer.session_id, "s-1");
  seen = kling_test_server_call (fixture->server, 0);
  fail_unless_equals_string (g_bytes_get_data (seen->body, NULL),
      "{\"video_url\":\"https://example.com/v.mp4?sig=planted\"}");
  fail_unless_equals_string (seen->authorization, "Bearer " KEY);
  fixture_reset (fixture);

  fail_unless_equals_int (create (fixture), KLING_ENDING_CREATED);
  fail_unless_equals_string (fixture->reply.answer.task_id, "task_1");
  fail_unless_equals_string (fixture->reply.details.task_id, "task_1");
  fail_unless_equals_int (fixture->reply.details.http_status, 200);
  fail_unless (fixture->reply.retry_after == 3 * KLING_SECOND);
  seen = kling_test_server_call (fixture->server, 1);
  fail_unless (strstr (g_bytes_get_data (seen->body, NULL),
          "{\"input\":{\"session_id\":\"session-1\",\"text\":\"A sentence"));
  fixture_reset (fixture);

  fail_unless (query (fixture, "task_1"));
  fail_unless_equals_int (fixture->reply.answer.task_state, KLING_TASK_WAITING);
  fail_unless_equals_string (fixture->reply.details.task_id, "task_1");
  fail_unless_equals_string (fixture->reply.details.request_id, "r");
}

GST_END_TEST;

/* What says where a call goes, with what key, and how long it is, is ours. */
GST_START_TEST (test_extra_headers)
{
  static const KlingTestStep steps[] = { {.body = "{\"status\":\"\"}"} };
  static const gchar *const headers[] = {
    "X-Group", "blue", "authorization", "Bearer other", "Host", "evil.example",
    "Content-Length", "1", "content-type", "text/plain", "Cookie", "a=b",
    "Transfer-Encoding", "chunked", "Odd", NULL
  };
  g_autoptr (Fixture) fixture = fixture_new (steps, 1, "");
  const KlingTestCall *seen;

  fixture->settings->extra_headers = g_strdupv ((gchar **) headers);
  create (fixture);
  seen = kling_test_server_call (fixture->server, 0);
  fail_unless (strstr (seen->head, "X-Group: blue\r\n"));
  fail_unless_equals_string (seen->authorization, "Bearer " KEY);
  fail_unless (strstr (seen->head, "Host: 127.0.0.1:"));
  fail_unless (strstr (seen->head, "Content-Type: application/json\r\n"));
  fail_unless (g_bytes_get_size (seen->body) > 50);
  fail_if (strstr (seen->head, "other") || strstr (seen->head, "evil")
      || strstr (seen->head, "a=b") || strstr (seen->head, "chunked")
      || strstr (seen->head, "text/plain"));
}

GST_END_TEST;

/* A redirect is refused: the key stays where it belongs. */
GST_START_TEST (test_redirected)
{
  g_autoptr (KlingTestServer) other = kling_test_server_start (NULL, 0);
  g_autofree gchar *url = kling_test_server_url (other, "/");
  g_autofree gchar *headers = g_strdup_printf ("Location: %s\r\n", url);
  const KlingTestStep step = {.status = 307,.headers = headers };
  g_autoptr (Fixture) fixture = fixture_new (&step, 1, "");

  fail_unless_equals_int (create (fixture), KLING_ENDING_REFUSED);
  check_sentence (fixture->error, KLING_ERROR_SETTINGS, "base-url");
  fixture_reset (fixture);
  fail_if (query (fixture, "task_1"));
  fail_unless_equals_int (kling_test_server_count_connections (other), 0);
}

GST_END_TEST;

/* --- the endings --- */

#define UNAUTHORIZED "{\"code\":1002," \
  "\"message\":\"Authorization is invalid\"," "\"request_id\":\"rq-9\"}"
#define NO_MONEY "{\"code\":1102,\"message\":\"Account balance not enough\"}"
#define CUT_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" \
  "{\"task_id\":\"t"

static const struct
{
  KlingTestStep step;
  KlingEnding ending;
  KlingError error;
  const gchar *words;
} endings[] = {
  {{.status = 401,.body = UNAUTHORIZED}, KLING_ENDING_REFUSED,
      KLING_ERROR_NOT_AUTHORIZED, "KLING_API_KEY"},
  {{.status = 401,.body = UNAUTHORIZED}, KLING_ENDING_REFUSED,
      KLING_ERROR_NOT_AUTHORIZED, "(HTTP 401, code 1002, request id rq-9): \""},
  {{.status = 401,.body = UNAUTHORIZED}, KLING_ENDING_REFUSED,
      KLING_ERROR_NOT_AUTHORIZED, ": \"Authorization is invalid\". "},
  {{.status = 401,.body = "{\"error\":{\"message\":\"Bad key " KEY "\"}}"},
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "Bad key ***"},
  {{.status = 401}, KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED,
      "http://127.0.0.1:"},
  {{.status = 429,.body = NO_MONEY}, KLING_ENDING_REFUSED,
      KLING_ERROR_ACCOUNT, "balance"},
  {{.status = 400,.body = "{\"code\":1201,\"message\":\"Voice id not found\"}"},
      KLING_ENDING_REFUSED, KLING_ERROR_INPUT, "Voice id not found"},
  {{.status = 400,.body = "{\"code\":1301,\"message\":\"risk\"}"},
      KLING_ENDING_REFUSED, KLING_ERROR_POLICY, "risk"},
  {{.status = 404,.body = "{\"error\":{\"message\":\"Invalid URL\"}}"},
      KLING_ENDING_REFUSED, KLING_ERROR_SETTINGS, "base-url"},
  {{.status = 503,.body = "{\"error\":{\"code\":\"model_not_found\"}}"},
      KLING_ENDING_REFUSED, KLING_ERROR_SERVICE, "model_not_found"},
  {{.status = 200,.body = "{\"code\":1101,\"message\":\"arrears\"}"},
      KLING_ENDING_REFUSED, KLING_ERROR_ACCOUNT, "arrears"},
  {{.status = 429}, KLING_ENDING_BUSY, KLING_ERROR_SERVICE, "asks to wait"},
  {{.status = 429,.body = "{\"code\":1303,\"message\":\"parallel\"}"},
      KLING_ENDING_BUSY, KLING_ERROR_SERVICE, "asks to wait"},
  {{.status = 500,.body = "{\"code\":5000,\"message\":\"oops\"}"},
      KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "code 5000"},
  {{.status = 502,.body = "<html><h1>Bad Gateway</h1></html>"},
      KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "Bad Gateway"},
  {{.status = 200,.body = "<html>hello</html>"}, KLING_ENDING_UNKNOWN,
      KLING_ERROR_OUTCOME_UNKNOWN, "hello"},
  {{.status = 200}, KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN,
      "HTTP 200"},
  {{.status = 408}, KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "408"},
  {{.status = 303}, KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "303"},
  {{.act = KLING_TEST_CLOSE}, KLING_ENDING_UNKNOWN,
      KLING_ERROR_OUTCOME_UNKNOWN, "closed before its answer was complete"},
  {{.act = KLING_TEST_RESET}, KLING_ENDING_UNKNOWN,
      KLING_ERROR_OUTCOME_UNKNOWN, "again by itself"},
  {{.act = KLING_TEST_RAW,.body = CUT_ANSWER}, KLING_ENDING_UNKNOWN,
      KLING_ERROR_OUTCOME_UNKNOWN, "closed before its answer was complete"},
};

GST_START_TEST (test_create_endings)
{
  g_autoptr (Fixture) fixture = fixture_new (&endings[__i__].step, 1, "");
  KlingEnding ending = create (fixture);

  fail_unless_equals_int (ending, endings[__i__].ending);
  check_sentence (fixture->error, endings[__i__].error, endings[__i__].words);
  if (ending == KLING_ENDING_UNKNOWN) {
    check_sentence (fixture->error, KLING_ERROR_OUTCOME_UNKNOWN,
        "may have been accepted and paid");
    check_sentence (fixture->error, KLING_ERROR_OUTCOME_UNKNOWN, "session-1");
    check_sentence (fixture->error, KLING_ERROR_OUTCOME_UNKNOWN,
        "\"A sentence of more than forty charact...\"");
    check_sentence (fixture->error, KLING_ERROR_OUTCOME_UNKNOWN, "console");
  }
  fail_unless_equals_int (kling_test_server_count (fixture->server, NULL, NULL),
      1);
}

GST_END_TEST;

GST_START_TEST (test_identify_endings)
{
  g_autoptr (Fixture) fixture = fixture_new (&endings[__i__].step, 1, "");

  fail_unless_equals_int (identify (fixture), endings[__i__].ending);
  check_sentence (fixture->error, endings[__i__].error, endings[__i__].words);
  fail_unless_equals_int (kling_test_server_count (fixture->server, NULL, NULL),
      1);
}

GST_END_TEST;

/* The text of a sentence may hold what an audio URL must not show. */
GST_START_TEST (test_unknown_audio)
{
  static const KlingTestStep steps[] = { {.act = KLING_TEST_CLOSE} };
  g_autoptr (Fixture) fixture = fixture_new (steps, 1, "");

  g_clear_pointer (&fixture->request->text, g_free);
  fixture->request->audio_url = g_strdup ("https://e.com/a.mp3?sig=planted");
  fail_unless_equals_int (create (fixture), KLING_ENDING_UNKNOWN);
  check_sentence (fixture->error, KLING_ERROR_OUTCOME_UNKNOWN,
      "audio https://e.com/a.mp3.");
}

GST_END_TEST;

GST_START_TEST (test_not_sent)
{
  KlingTestServer *server = kling_test_server_start (NULL, 0);
  g_autoptr (Fixture) fixture = fixture_new (NULL, 0, "");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  KlingSources sources = {.session_id = "s" };

  g_clear_pointer (&fixture->service, kling_service_free);
  g_free (fixture->request->base_url);
  fixture->request->base_url = kling_test_server_url (server, "");
  kling_test_server_stop (server);
  fixture->service = kling_service_new (fixture->request, fixture->settings,
      fixture->http);

  fail_unless_equals_int (create (fixture), KLING_ENDING_NOT_SENT);
  check_sentence (fixture->error, KLING_ERROR_NETWORK, "nothing accepts");
  fail_unless_equals_int (fixture->reply.details.http_status, 0);
  fixture_reset (fixture);

  g_cancellable_cancel (cancellable);
  fail_unless_equals_int (kling_service_create (fixture->service,
          fixture->request, &sources, cancellable, &fixture->reply,
          &fixture->error), KLING_ENDING_NOT_SENT);
  fail_unless (g_error_matches (fixture->error, KLING_ERROR,
          KLING_ERROR_CANCELLED));
}

GST_END_TEST;

/* Whatever is wrong, there is something to say about it. */
GST_START_TEST (test_advice)
{
  for (guint flags = 0; flags < 4; flags++) {
    const KlingAdvice *advice = kling_advice_find (__i__, flags);

    fail_unless_equals_int (advice->trouble, __i__);
    fail_unless (advice->happened && *advice->happened);
    fail_unless (g_str_has_suffix (advice->advice, "."));
  }
}

GST_END_TEST;

/* --- queries --- */

#define FAILED_TASK "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{" \
  "\"task_status\":\"failed\",\"task_status_msg\":\"no face\"}}"
#define FAILED_CODE "{\"code\":1301,\"data\":{\"task_id\":\"task_1\"," \
  "\"task_status\":\"failed\"}}"
#define RUNNING "{\"code\":\"success\",\"data\":{\"status\":\"IN_PROGRESS\"}}"
#define COMPLAINT "{\"status\":\"error\",\"code\":\"weird\",\"message\":\"m\"}"
#define NO_TASK "{\"code\":\"task_not_exist\",\"data\":null}"

static const struct
{
  KlingTestStep step;
  gboolean usable;
  KlingError error;
  const gchar *words;
  const gchar *code;
} queries[] = {
  {{.body = RUNNING}, TRUE},
  {{.body = "{\"status\":\"queued\",\"id\":\"task_1\"}"}, TRUE},
  {{.body = "{\"code\":0,\"data\":{\"task_status\":\"reviewing\"}}"}, TRUE},
  {{.body = FAILED_TASK}, TRUE},
  {{.body = FAILED_CODE}, TRUE},
  {{.body = "{\"code\":\"success\",\"data\":null}"}, FALSE,
      KLING_ERROR_SERVICE, "do not understand", "success"},
  {{.body = "{\"data\":[]}"}, FALSE, KLING_ERROR_SERVICE, "do not understand"},
  {{.body = "<html>login</html>"}, FALSE, KLING_ERROR_SERVICE, "login"},
  {{.body = ""}, FALSE, KLING_ERROR_SERVICE, "do not understand"},
  {{.body = COMPLAINT}, FALSE, KLING_ERROR_SERVICE, "do not understand",
      "weird"},
  {{.status = 500,.body = "{\"status\":\"error\"}"}, FALSE,
      KLING_ERROR_SERVICE, "in trouble"},
  {{.status = 502,.body = "<h1>Bad Gateway</h1>"}, FALSE,
      KLING_ERROR_SERVICE, "Bad Gateway"},
  {{.status = 429}, FALSE, KLING_ERROR_SERVICE, "asks to wait"},
  {{.status = 401,.body = "{\"code\":1004}"}, FALSE,
      KLING_ERROR_NOT_AUTHORIZED, "credentials-file", "1004"},
  {{.status = 404,.body = "{\"error\":{\"message\":\"Invalid URL\"}}"}, FALSE,
      KLING_ERROR_SERVICE, "does not know the task"},
  {{.status = 400,.body = NO_TASK}, FALSE, KLING_ERROR_SERVICE,
      "does not know the task", "task_not_exist"},
  {{.act = KLING_TEST_RESET}, FALSE, KLING_ERROR_NETWORK, "127.0.0.1"},
  {{.act = KLING_TEST_RAW,.body = "nonsense\r\n\r\n"}, FALSE,
      KLING_ERROR_NETWORK, "127.0.0.1"},
};

GST_START_TEST (test_queries)
{
  g_autoptr (Fixture) fixture = fixture_new (&queries[__i__].step, 1, "");
  gboolean usable = query (fixture, "task_1");

  fail_unless_equals_int (usable, queries[__i__].usable);
  fail_unless_equals_string (fixture->reply.details.task_id, "task_1");
  if (usable) {
    fail_if (fixture->error);
    return;
  }
  check_sentence (fixture->error, queries[__i__].error, queries[__i__].words);
  fail_unless_equals_string (fixture->reply.details.service_code,
      queries[__i__].code);
  fail_unless_equals_string (fixture->reply.answer.code, queries[__i__].code);
}

GST_END_TEST;

/* An id that would lead elsewhere is never put into a path. */
GST_START_TEST (test_bad_task_ids)
{
  static const gchar *const ids[] = { "", "..", "../../user/token", "a/b",
    "a?b=c", "a b", "a%2f..",
  };
  g_autoptr (Fixture) fixture = fixture_new (NULL, 0, "");

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    fail_if (query (fixture, ids[i]));
    check_sentence (fixture->error, KLING_ERROR_SETTINGS, "task id");
    fixture_reset (fixture);
  }
  fail_unless_equals_int (kling_test_server_count_connections (fixture->server),
      0);
}

GST_END_TEST;

/* --- tokens --- */

#define TOO_EARLY "{\"code\":1003,\"message\":\"too early\"}"
#define TOO_LATE "{\"code\":1004,\"message\":\"expired " ACCESS "\"}"
#define WRAPPED "{\"code\":\"fail\",\"message\":\"{\\\"code\\\":1004," \
  "\\\"message\\\":\\\"expired\\\"}\"}"
#define TOO_LATE_AND_TASK "{\"code\":1004,\"data\":{\"task_id\":\"task_1\"}}"
#define ACCEPTED "{\"code\":0,\"data\":{\"task_id\":\"task_1\"," \
  "\"session_id\":\"session-1\",\"task_status\":\"submitted\"}}"

/* What a call is answered first and then, and how it ends */
static const struct
{
  KlingTestStep first, then;
  guint calls;
  KlingEnding ending;
  KlingError error;
  const gchar *words;
} tokens[] = {
  {{.status = 401,.body = TOO_EARLY}, {.body = ACCEPTED}, 2,
      KLING_ENDING_CREATED},
  {{.status = 401,.body = TOO_LATE}, {.body = ACCEPTED}, 2,
      KLING_ENDING_CREATED},
  {{.status = 401,.body = WRAPPED}, {.body = ACCEPTED}, 2,
      KLING_ENDING_CREATED},
  {{.status = 401,.body = TOO_EARLY}, {.status = 401,.body = TOO_EARLY}, 2,
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "clock is right"},
  {{.status = 401,.body = TOO_LATE}, {.status = 401,.body = TOO_LATE}, 2,
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "\"expired ***\""},
  {{.status = 401,.body = TOO_LATE}, {.status = 401,.body = TOO_EARLY}, 2,
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "code 1003"},
  {{.status = 401,.body = TOO_LATE}, {.status = 401,.body = UNAUTHORIZED}, 2,
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "KLING_SECRET_KEY"},
  {{.status = 401,.body = TOO_LATE}, {.status = 429,.body = NO_MONEY}, 2,
      KLING_ENDING_REFUSED, KLING_ERROR_ACCOUNT, "balance"},
  {{.status = 401,.body = TOO_LATE}, {.status = 429}, 2, KLING_ENDING_BUSY,
      KLING_ERROR_SERVICE, "asks to wait"},
  {{.status = 401,.body = TOO_LATE}, {.status = 500}, 2, KLING_ENDING_UNKNOWN,
      KLING_ERROR_OUTCOME_UNKNOWN, "HTTP 500"},
  {{.status = 401,.body = TOO_LATE}, {.act = KLING_TEST_RESET}, 2,
      KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "again by itself"},
  /* what the second one would be is never asked */
  {{.status = 401,.body = UNAUTHORIZED}, {.body = ACCEPTED}, 1,
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "access-key"},
  {{.status = 400,.body = TOO_LATE}, {.body = ACCEPTED}, 1,
      KLING_ENDING_REFUSED, KLING_ERROR_NOT_AUTHORIZED, "code 1004"},
  {{.status = 500,.body = TOO_LATE}, {.body = ACCEPTED}, 1,
      KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "code 1004"},
  {{.act = KLING_TEST_RESET}, {.body = ACCEPTED}, 1,
      KLING_ENDING_UNKNOWN, KLING_ERROR_OUTCOME_UNKNOWN, "again by itself"},
};

static void
check_end (Fixture * fixture, guint row, KlingEnding ending)
{
  fail_unless_equals_int (ending, tokens[row].ending);
  if (ending == KLING_ENDING_CREATED) {
    fail_if (fixture->error);
  } else {
    check_sentence (fixture->error, tokens[row].error, tokens[row].words);
  }
  fail_unless_equals_int (kling_test_server_count (fixture->server, NULL, NULL),
      tokens[row].calls);
}

static Fixture *
fixture_new_for_row (guint row)
{
  KlingTestStep steps[] = { tokens[row].first, tokens[row].then };

  steps[0].times = 1;
  return fixture_new_with_pair (steps, G_N_ELEMENTS (steps));
}

/* Both calls are the same but for their token, each on its own connection. */
GST_START_TEST (test_create_again)
{
  g_autoptr (Fixture) fixture = fixture_new_for_row (__i__);
  KlingEnding ending = create (fixture);
  const KlingTestCall *refused = kling_test_server_call (fixture->server, 0);
  const KlingTestCall *again = kling_test_server_call (fixture->server, 1);

  check_end (fixture, __i__, ending);
  fail_unless (g_str_has_prefix (refused->authorization, "Bearer eyJ"));
  if (tokens[__i__].calls == 2) {
    fail_unless_equals_string (again->method, "POST");
    fail_unless_equals_string (again->path, refused->path);
    fail_unless (g_bytes_equal (again->body, refused->body));
    fail_unless (g_str_has_prefix (again->authorization, "Bearer eyJ"));
    fail_if (again->connection == refused->connection);
  }
}

GST_END_TEST;

GST_START_TEST (test_identify_again)
{
  g_autoptr (Fixture) fixture = fixture_new_for_row (__i__);

  check_end (fixture, __i__, identify (fixture));
}

GST_END_TEST;

GST_START_TEST (test_speak_again)
{
  g_autoptr (Fixture) fixture = fixture_new_for_row (__i__);

  check_end (fixture, __i__, kling_service_speak (fixture->service,
          fixture->request, NULL, &fixture->reply, &fixture->error));
}

GST_END_TEST;

/* An answer with an id is never asked for again, whatever else it says. */
GST_START_TEST (test_created_and_expired)
{
  static const KlingTestStep steps[] = {
    {.status = 401,.body = TOO_LATE_AND_TASK}
  };
  g_autoptr (Fixture) fixture = fixture_new_with_pair (steps, 1);

  fail_unless_equals_int (create (fixture), KLING_ENDING_CREATED);
  fail_unless_equals_string (fixture->reply.answer.task_id, "task_1");
  fail_unless_equals_int (kling_test_server_count (fixture->server, NULL, NULL),
      1);
}

GST_END_TEST;

/* With an API key there is nothing to sign again. */
GST_START_TEST (test_key_is_not_signed)
{
  static const gchar *const bodies[] = { TOO_EARLY, TOO_LATE };
  const KlingTestStep steps[] = { {.status = 401,.body = bodies[__i__]} };
  g_autoptr (Fixture) fixture = fixture_new_for (KLING_DIALECT_OFFICIAL,
      make_key (KEY), steps, 1, "");

  fail_unless_equals_int (create (fixture), KLING_ENDING_REFUSED);
  fail_unless (g_error_matches (fixture->error, KLING_ERROR,
          KLING_ERROR_NOT_AUTHORIZED));
  fail_unless (strstr (fixture->error->message, "KLING_API_KEY"));
  fixture_reset (fixture);
  fail_if (query (fixture, "task_1"));
  fail_unless_equals_int (kling_test_server_count (fixture->server, "POST",
          NULL), 1);
  fail_unless_equals_int (kling_test_server_count (fixture->server, "GET",
          NULL), 1);
}

GST_END_TEST;

GST_START_TEST (test_query_again)
{
  static const KlingTestStep steps[] = {
    {.times = 1,.status = 401,.body = TOO_LATE},
    {.times = 1,.body = ACCEPTED},
    {.status = 401,.body = TOO_EARLY},
  };
  g_autoptr (Fixture) fixture = fixture_new_with_pair (steps,
      G_N_ELEMENTS (steps));

  fail_unless (query (fixture, "task_1"));
  fail_if (fixture->error);
  fail_unless_equals_int (fixture->reply.answer.task_state, KLING_TASK_WAITING);
  fail_unless_equals_int (kling_test_server_count (fixture->server, "GET",
          NULL), 2);
  fixture_reset (fixture);

  fail_if (query (fixture, "task_1"));
  check_sentence (fixture->error, KLING_ERROR_NOT_AUTHORIZED, "code 1003");
  fail_unless_equals_int (kling_test_server_count (fixture->server, NULL, NULL),
      4);
}

GST_END_TEST;

/* Returns: what the clock said by which a call was signed, from @least on; -1
 * when it was another half minute */
static gint64
find_time (const KlingTestCall * call, gint64 least)
{
  for (gint64 time = least; time < least + 30; time++) {
    g_autofree gchar *token = kling_jwt_sign (ACCESS, SECRET, time);

    if (g_str_has_suffix (call->authorization, token))
      return time;
  }
  return -1;
}

static const gint64 skews[] = { 600, -600, 0, 23 * 3600, -23 * 3600 };

/* A service that is ahead of us, or behind, gets its own time, and so does each
 * call after that. */
GST_START_TEST (test_clock_of_service)
{
  gint64 now = kling_clock_wall_seconds ();
  gint64 theirs = now + skews[__i__];
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (theirs);
  g_autofree gchar *date = g_date_time_format (time,
      "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
  const KlingTestStep steps[] = {
    {.times = 1,.status = 401,.headers = date,.body = TOO_EARLY},
    {.body = ACCEPTED},
  };
  g_autoptr (Fixture) fixture = fixture_new_with_pair (steps,
      G_N_ELEMENTS (steps));

  fail_unless_equals_int (create (fixture), KLING_ENDING_CREATED);
  fixture_reset (fixture);
  fail_unless (query (fixture, "task_1"));
  fail_unless_equals_int (kling_test_server_count (fixture->server, NULL, NULL),
      3);
  fail_unless (find_time (kling_test_server_call (fixture->server, 0),
          now) >= 0);
  for (guint i = 1; i < 3; i++)
    fail_unless (find_time (kling_test_server_call (fixture->server, i),
            theirs - 5) >= 0, "call %u", i);
}

GST_END_TEST;

/* A token is good for half an hour, a task may take longer: each call has a
 * token of its own. */
GST_START_TEST (test_fresh)
{
  static const KlingTestStep steps[] = { {.body = ACCEPTED} };
  g_autoptr (Fixture) fixture = fixture_new_with_pair (steps, 1);
  gint64 times[3];

  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    gint64 now = kling_clock_wall_seconds ();

    if (i == 0) {
      fail_unless_equals_int (create (fixture), KLING_ENDING_CREATED);
    } else {
      fail_unless (query (fixture, "task_1"));
    }
    times[i] = find_time (kling_test_server_call (fixture->server, i), now);
    fail_unless (times[i] >= now);
    fixture_reset (fixture);
    g_usleep (1100 * 1000);
  }
  fail_unless (times[0] < times[1] && times[1] < times[2]);
}

GST_END_TEST;

static GString *log_text;

static void
G_GNUC_PRINTF (5, 0)
catch_log (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
  static GMutex log_mutex;

  g_mutex_lock (&log_mutex);
  g_string_append_vprintf (log_text, format, args);
  g_string_append_c (log_text, '\n');
  g_mutex_unlock (&log_mutex);
}

GST_START_TEST (test_log)
{
  static const KlingTestStep steps[] = { {.status = 401,.body = TOO_LATE} };
  g_autoptr (Fixture) fixture = fixture_new_with_pair (steps, 1);

  log_text = g_string_new (NULL);
  kling_log_attach (catch_log);
  create (fixture);
  fixture_reset (fixture);
  query (fixture, "task_1");
  kling_log_detach ();
  fail_unless (strstr (log_text->str, "signed again"), "%s", log_text->str);
  fail_unless (strstr (log_text->str, ": 401, "), "%s", log_text->str);
  fail_if (strstr (log_text->str, "planted"), "%s", log_text->str);
  fail_if (strstr (log_text->str, "eyJ"), "%s", log_text->str);
  g_string_free (log_text, TRUE);
}

GST_END_TEST;

static Suite *
service_suite (void)
{
  Suite *suite = suite_create ("service");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_calls);
  tcase_add_test (tc, test_extra_headers);
  tcase_add_test (tc, test_redirected);
  tcase_add_loop_test (tc, test_create_endings, 0, G_N_ELEMENTS (endings));
  tcase_add_loop_test (tc, test_identify_endings, 0, G_N_ELEMENTS (endings));
  tcase_add_loop_test (tc, test_advice, 0, KLING_TROUBLE_SERVICE + 1);
  tcase_add_test (tc, test_unknown_audio);
  tcase_add_test (tc, test_not_sent);
  tcase_add_loop_test (tc, test_queries, 0, G_N_ELEMENTS (queries));
  tcase_add_test (tc, test_bad_task_ids);
  tcase_add_loop_test (tc, test_create_again, 0, G_N_ELEMENTS (tokens));
  tcase_add_loop_test (tc, test_identify_again, 0, G_N_ELEMENTS (tokens));
  tcase_add_loop_test (tc, test_speak_again, 0, G_N_ELEMENTS (tokens));
  tcase_add_test (tc, test_created_and_expired);
  tcase_add_loop_test (tc, test_key_is_not_signed, 0, 2);
  tcase_add_test (tc, test_query_again);
  tcase_add_loop_test (tc, test_clock_of_service, 0, G_N_ELEMENTS (skews));
  tcase_add_test (tc, test_fresh);
  tcase_add_test (tc, test_log);
  return suite;
}

GST_CHECK_MAIN (service);
