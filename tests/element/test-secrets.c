/* klinglipsync tests: nothing secret is left behind, and nothing else either
 *
 * A small application runs a whole job with GStreamer's log at its loudest,
 * dumps, presets and all messages printed. Then everything it wrote is
 * searched. The same application is looked at with the leaks tracer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <signal.h>
#include <string.h>

#include "scene.h"

/* ---- searching what was written ---- */

static guint
count_text (const gchar * data, gsize size, const gchar * text)
{
  gsize length = strlen (text);
  guint n = 0;

  for (gsize i = 0; i + length <= size; i++)
    n += memcmp (data + i, text, length) == 0 ? 1 : 0;
  return n;
}

static void
show_line (const gchar * path, const gchar * data, gsize size,
    const gchar * text)
{
  const gchar *at = g_strstr_len (data, size, text);
  gsize before = at ? MIN ((gsize) (at - data), 200) : 0;

  if (at)
    g_printerr ("%s: ...%.*s...\n", path, 300, at - before);
}

/* Searches a file or all files below a directory. Returns: how often @text is
 * there; @bytes is how much was searched */
static guint
search (const gchar * path, const gchar * text, gsize * bytes)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autofree gchar *data = NULL;
  const gchar *name;
  guint found = 0;
  gsize size = 0;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *inner = g_build_filename (path, name, NULL);

    found += search (inner, text, bytes);
  }
  if (dir == NULL && g_file_get_contents (path, &data, &size, NULL)) {
    found = count_text (data, size, text);
    if (found && g_str_equal (text, SCENE_CANARY))
      show_line (path, data, size, text);
    *bytes += size;
  }
  return found;
}

/* ---- running the small application ---- */

/* Returns: (transfer full): the scene, ended */
static KlingTestChild *
run_scene (const gchar * scene, const gchar * url,
    const gchar * const *environment, guint * exit_status)
{
  const gchar *command[] = { g_getenv ("KLING_TEST_SCENE"), scene, url, NULL };
  KlingTestChild *child = kling_test_child_start (command, environment);

  fail_unless (kling_test_child_wait (child, 60), "the scene does not end");
  *exit_status = kling_test_child_get_exit (child);
  return child;
}

typedef struct
{
  gchar *directory;
  gchar *log, *dot, *data;
} Traces;

static void
traces_init (Traces * traces)
{
  traces->directory = kling_test_make_tree ("test-secrets");
  traces->log = g_strdup_printf ("GST_DEBUG_FILE=%s/log", traces->directory);
  traces->dot = g_strdup_printf ("GST_DEBUG_DUMP_DOT_DIR=%s",
      traces->directory);
  traces->data = g_strdup_printf ("XDG_DATA_HOME=%s", traces->directory);
}

static void
traces_clear (Traces * traces)
{
  kling_test_remove_tree (traces->directory);
  g_free (traces->directory);
  g_free (traces->log);
  g_free (traces->dot);
  g_free (traces->data);
}

/* ---- what the service may do ---- */

#define ECHO(text) "{\"error\":{\"message\":\"" text " " SCENE_KEY " is not" \
  " valid\",\"type\":\"x\",\"code\":\"" SCENE_KEY "\"},\"request_id\":\"" \
  SCENE_KEY "\"}"

static const struct
{
  const gchar *scene;
  gint exit_status;
  KlingTestStep step;
} leaky[] = {
  {"whole", 0, {.path = "/none"}},
  {"stop-task", 0, {.method = "GET",.path = CREATE_PATH,
          .body = POLL_STATUS ("processing")}},
  /* a service that repeats the key in its complaint */
  {"whole", 1, {.method = "POST",.path = CREATE_PATH,.status = 401,
          .body = ECHO ("The key")}},
  {"whole", 1, {.method = "POST",.path = CREATE_PATH,.status = 500,
          .body = ECHO ("Bearer")}},
  {"whole", 1, {.method = "POST",.path = IDENTIFY_PATH,.status = 502,
          .body = "<html>" SCENE_KEY "</html>"}},
  /* a result whose address is secret, and which is not there */
  {"whole", 1, {.method = "GET",.path = CREATE_PATH,
          .body = POLL_URL ("http://user:canary@192.0.2.1/a.mp4?t=canary")}},
  {"whole", 1, {.method = "GET",.path = RESULT_PATH,.status = 302,
          .headers = "Location: http://results.example/a?t=canary\r\n"}},
  {"proxy", 1, {.path = "/none"}},
  {"serve", 0, {.path = "/none"}},
  /* an access key and a secret key, in a dialect that takes none */
  {"pair", 1, {.path = "/none"}},
};

GST_START_TEST (test_secrets)
{
  KlingTestStep steps[] = { leaky[__i__].step, {.method = "GET",
      .path = CREATE_PATH,.body = POLL_URL ("@BASE@" RESULT_PATH
              "?token=canary")}
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestChild) child = NULL;
  guint exit_status;
  gsize bytes = 0;
  Traces traces;

  traces_init (&traces);
  child = run_scene (leaky[__i__].scene, service->url, (const gchar *[]) {
        "GST_DEBUG=*:9", "GST_DEBUG_NO_COLOR=1", "KLING_TEST_SPEED=20",
        "G_MESSAGES_DEBUG=all", traces.log, traces.dot, traces.data, NULL
      },
      &exit_status);
  fail_unless_equals_int (exit_status, leaky[__i__].exit_status);
  fail_unless_equals_int (search (traces.directory, SCENE_CANARY, &bytes), 0);
  fail_unless_equals_int (search (child->directory, SCENE_CANARY, &bytes), 0);
  fail_unless (bytes > 100000, "only %" G_GSIZE_FORMAT " bytes", bytes);
  /* it was searched where something is */
  fail_unless (search (traces.directory, "klinglipsync", &bytes) > 10);
  traces_clear (&traces);
}

GST_END_TEST;

/* ---- an access key and a secret key ---- */

#define LEGACY_PATH "/v1/videos/lip-sync"
#define EXPIRED "{\"code\":1004,\"message\":\"" SCENE_ACCESS " expired\"}"

static const struct
{
  KlingTestStep step;
  gint exit_status;
  guint created;                /* calls that create */
} signed_calls[] = {
  {{.method = "POST",.path = LEGACY_PATH,.body = CREATE_OK}, 0, 1},
  {{.method = "POST",.path = LEGACY_PATH,.times = 1,.status = 401,
          .body = EXPIRED}, 0, 2},
  {{.method = "POST",.path = LEGACY_PATH,.status = 401,.body = EXPIRED}, 1, 2},
};

/* Neither a token nor what of it is worth something is in what was left behind. */
static void
check_token_is_secret (const Traces * traces, KlingTestChild * child,
    const KlingTestCall * call)
{
  g_auto (GStrv) parts = g_strsplit (call->authorization, ".", -1);
  gsize bytes = 0;

  fail_unless (g_str_has_prefix (call->authorization, "Bearer eyJ"));
  fail_unless_equals_int (g_strv_length (parts), 3);
  for (guint i = 1; i < 3; i++) {
    fail_unless_equals_int (search (traces->directory, parts[i], &bytes), 0);
    fail_unless_equals_int (search (child->directory, parts[i], &bytes), 0);
  }
}

GST_START_TEST (test_token_secrets)
{
  KlingTestStep steps[] = { signed_calls[__i__].step,
    {.method = "POST",.path = LEGACY_PATH,.body = CREATE_OK},
    {.method = "GET",.path = LEGACY_PATH "/" TEST_TASK,
        .body = POLL_URL ("@BASE@" RESULT_PATH "?token=canary")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestChild) child = NULL;
  guint exit_status, n_calls;
  gsize bytes = 0;
  Traces traces;

  traces_init (&traces);
  child = run_scene ("tokens", service->url, (const gchar *[]) {
        "GST_DEBUG=*:9", "GST_DEBUG_NO_COLOR=1", "KLING_TEST_SPEED=20",
        "G_MESSAGES_DEBUG=all", traces.log, traces.dot, traces.data, NULL
      },
      &exit_status);
  fail_unless_equals_int (exit_status, signed_calls[__i__].exit_status);
  fail_unless_equals_int (search (traces.directory, SCENE_CANARY, &bytes), 0);
  fail_unless_equals_int (search (child->directory, SCENE_CANARY, &bytes), 0);
  fail_unless (bytes > 100000, "only %" G_GSIZE_FORMAT " bytes", bytes);
  fail_unless_equals_int (kling_test_server_count (service->server, "POST",
          LEGACY_PATH), signed_calls[__i__].created);
  n_calls = kling_test_server_count (service->server, NULL, LEGACY_PATH);
  for (guint i = 0; i < n_calls; i++)
    check_token_is_secret (&traces, child,
        kling_test_server_call (service->server, i));
  traces_clear (&traces);
}

GST_END_TEST;

/* ---- uploads ---- */

#define AUDIO_URL "\"audio_url\":\""
#define AMZ_SIGNATURE "X-Amz-Signature="
#define TOKEN_SIZE 32
#define POST_URL "{\"url\":\"@BASE@" SCENE_PLACE "canary-of-a-name.wav?" \
  SCENE_PUBLIC "\"}"
#define QUOTE "{\"code\":1201,\"message\":\"no @BASE@" SCENE_PLACE \
  "canary-of-a-name.wav?" SCENE_PUBLIC "\"}"

static const struct
{
  const gchar *scene;
  gint exit_status;
  KlingTestStep step;
} uploads[] = {
  {"put", 0, {.path = "/none"}},
  {"put-stop", 0, {.method = "GET",.path = CREATE_PATH,
          .body = POLL_STATUS ("processing")}},
  {"put", 1, {.method = "PUT",.path = SCENE_PLACE,.status = 403,
          .body = SCENE_PLACE_HEADER}},
  {"put", 1, {.method = "GET",.path = SCENE_PLACE,.status = 404,
          .body = SCENE_PUBLIC}},
  {"put", 0, {.method = "DELETE",.path = SCENE_PLACE,.status = 403,
          .body = SCENE_PLACE_HEADER}},
  {"put", 1, {.method = "GET",.path = SCENE_PLACE,.status = 302,
          .headers = "Location: http://results.example/a?t=canary\r\n"}},
  {"post", 0, {.path = "/none"}},
  {"post", 1, {.method = "POST",.path = CREATE_PATH,.status = 400,
          .body = QUOTE}},
  {"post", 1, {.method = "POST",.path = SCENE_PLACE,
          .body = "{\"url\":\"http://canary@media.example/canary?canary\"}"}},
  {"s3", 0, {.path = "/none"}},
  {"s3-stop", 0, {.method = "GET",.path = CREATE_PATH,
          .body = POLL_STATUS ("processing")}},
  {"s3", 1, {.method = "PUT",.path = SCENE_PLACE,.status = 403,
          .body = "<Error>" SCENE_AWS_TOKEN "</Error>"}},
  {"serve", 0, {.path = "/none"}},
};

/* Returns: (transfer full) (nullable): where the service was sent to */
static gchar *
dup_audio_url (KlingTestService * service)
{
  const gchar *url;

  if (kling_test_service_paid (service) == 0)
    return NULL;
  url = strstr (kling_test_service_get_body (service, "POST", CREATE_PATH),
      AUDIO_URL);
  fail_unless (url != NULL, "the service got no URL");
  url += strlen (AUDIO_URL);
  return g_strndup (url, strcspn (url, "\""));
}

/* What of a URL of ours nobody can guess: the end of the name, and the
 * signature. */
static void
check_url_is_secret (const Traces * traces, KlingTestChild * child,
    const gchar * url)
{
  const gchar *dot = g_strrstr_len (url, strcspn (url, "?"), ".");
  const gchar *signature = strstr (url, AMZ_SIGNATURE);
  g_autofree gchar *token = g_strndup (dot - TOKEN_SIZE, TOKEN_SIZE);
  const gchar *secrets[] = { token,
    signature ? signature + strlen (AMZ_SIGNATURE) : token
  };
  gsize bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++) {
    fail_unless_equals_int (search (traces->directory, secrets[i], &bytes), 0);
    fail_unless_equals_int (search (child->directory, secrets[i], &bytes), 0);
  }
}

/* What was searched for did go out, to where it belongs. */
static void
check_secrets_were_sent (KlingTestService * service, const gchar * scene,
    const gchar * url)
{
  const KlingTestCall *call;

  if (g_str_equal (scene, "serve"))
    return;
  call = kling_test_service_find (service,
      g_str_equal (scene, "post") ? "POST" : "PUT", SCENE_PLACE);
  if (g_str_has_prefix (scene, "s3")) {
    kling_test_check_contains (call->head, SCENE_AWS_KEY);
    kling_test_check_contains (call->head, SCENE_AWS_TOKEN);
    kling_test_check_contains (url, AMZ_SIGNATURE);
  } else {
    kling_test_check_contains (call->path, SCENE_UPLOAD);
    kling_test_check_contains (call->head, SCENE_PLACE_HEADER);
    kling_test_check_contains (url, SCENE_PUBLIC);
  }
}

static KlingTestService *
start_service_with_place (const KlingTestStep * step)
{
  const KlingTestStep steps[] = { *step,
    {.method = "GET",.path = CREATE_PATH,
        .body = POLL_URL ("@BASE@" RESULT_PATH "?token=canary")},
    {.method = "PUT",.path = SCENE_PLACE},
    {.method = "POST",.path = SCENE_PLACE,.body = POST_URL},
    {.method = "GET",.path = SCENE_PLACE,.body = "RIFF",
        .length = SCENE_SPEECH_SIZE},
    {.method = "DELETE",.path = SCENE_PLACE,.status = 204},
  };

  return kling_test_service_start (steps, G_N_ELEMENTS (steps));
}

GST_START_TEST (test_upload_secrets)
{
  g_autoptr (KlingTestService) service =
      start_service_with_place (&uploads[__i__].step);
  g_autoptr (KlingTestChild) child = NULL;
  g_autofree gchar *url = NULL;
  guint exit_status;
  gsize bytes = 0;
  Traces traces;

  traces_init (&traces);
  child = run_scene (uploads[__i__].scene, service->url, (const gchar *[]) {
        "GST_DEBUG=*:9", "GST_DEBUG_NO_COLOR=1", "KLING_TEST_SPEED=20",
        "G_MESSAGES_DEBUG=all", traces.log, traces.dot, traces.data, NULL
      },
      &exit_status);
  fail_unless_equals_int (exit_status, uploads[__i__].exit_status);
  fail_unless_equals_int (search (traces.directory, SCENE_CANARY, &bytes), 0);
  fail_unless_equals_int (search (child->directory, SCENE_CANARY, &bytes), 0);
  url = dup_audio_url (service);
  fail_unless (url != NULL || exit_status != 0);
  if (url) {
    check_secrets_were_sent (service, uploads[__i__].scene, url);
    check_url_is_secret (&traces, child, url);
  }
  fail_unless (search (child->directory, "Uploading", &bytes) > 0);
  traces_clear (&traces);
}

GST_END_TEST;

/* The search finds what is there: the key did go to the service. */
GST_START_TEST (test_search)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestChild) child = NULL;
  g_autofree gchar *path = NULL;
  guint exit_status;
  gsize bytes = 0;

  child = run_scene ("whole", service->url, NULL, &exit_status);
  fail_unless_equals_int (exit_status, 0);
  fail_unless_equals_string (kling_test_service_find (service, "POST",
          CREATE_PATH)->authorization, "Bearer " SCENE_KEY);
  kling_test_check_contains (kling_test_service_get_body (service, "POST",
          CREATE_PATH), SCENE_QUERY);
  path = kling_test_child_path (child, "planted");
  fail_unless (g_file_set_contents (path, "xx" SCENE_KEY, -1, NULL));
  fail_unless_equals_int (search (child->directory, SCENE_CANARY, &bytes), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- gst-launch-1.0 ---- */

#define LINE "-v -m klinglipsync video-url=https://media.example/face.mp4 " \
  "text=Hello. voice-id=oversea_male1 voice-language=en ! fakesink"

GST_START_TEST (test_launch)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *url = g_strconcat ("KLING_BASE_URL=", service->url, NULL);
  g_autoptr (KlingTestChild) child = NULL;
  gsize bytes = 0;
  Traces traces;

  traces_init (&traces);
  child = kling_test_child_launch (LINE, (const gchar *[]) {
        "KLING_API_KEY=" SCENE_KEY, "KLING_ACCESS_KEY=" SCENE_ACCESS,
        "KLING_SECRET_KEY=" SCENE_SECRET, url, "GST_DEBUG=*:9",
        "GST_DEBUG_NO_COLOR=1", "KLING_TEST_SPEED=50", traces.log, traces.dot,
        NULL
      });
  fail_unless (kling_test_child_wait (child, 60));
  fail_unless_equals_int (kling_test_child_get_exit (child), 0);
  fail_unless_equals_int (search (traces.directory, SCENE_CANARY, &bytes), 0);
  fail_unless_equals_int (search (child->directory, SCENE_CANARY, &bytes), 0);
  fail_unless (search (child->directory, "Progress: (lipsync)", &bytes) > 2);
  fail_unless (search (child->directory, "status = ", &bytes) > 2);
  kling_test_service_check (service, 1, 1);
  traces_clear (&traces);
}

GST_END_TEST;

/* ---- the story of one job ---- */

/* GST_DEBUG=klinglipsync:4 is for people: about ten lines. */
GST_START_TEST (test_story)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestChild) child = NULL;
  g_autofree gchar *errors = NULL;
  g_auto (GStrv) lines = NULL;
  guint exit_status;

  child = run_scene ("whole", service->url, (const gchar *[]) {
        "GST_DEBUG=klinglipsync:4", "GST_DEBUG_NO_COLOR=1", NULL
      },
      &exit_status);
  errors = kling_test_child_read (child, TRUE);
  lines = g_strsplit (errors, "\n", -1);
  fail_unless (g_strv_length (lines) >= 5 && g_strv_length (lines) <= 15,
      "%u lines:\n%s", g_strv_length (lines), errors);
  kling_test_check_contains (errors, TEST_TASK);
}

GST_END_TEST;

/* ---- leaks ---- */

static const struct
{
  const gchar *scene;
  gint exit_status;
  KlingTestStep step;
  guint alive;
} ends[] = {
  {"whole", 0, {.path = "/none"}, 0},
  {"stop-task", 0, {.method = "GET",.path = CREATE_PATH,
          .body = POLL_STATUS ("processing")}, 0},
  {"stop-create", 0, {.method = "POST",.path = CREATE_PATH,
          .body = CREATE_OK,.delay = 500}, 0},
  {"whole", 1, {.method = "POST",.path = IDENTIFY_PATH,.status = 401}, 0},
  {"whole", 1, {.method = "POST",.path = CREATE_PATH,.status = 500}, 0},
  {"whole", 1, {.method = "GET",.path = RESULT_PATH,.body = "<html>"}, 0},
  {"serve", 0, {.path = "/none"}, 0},
  {"serve", 1, {.method = "POST",.path = CREATE_PATH,.status = 500}, 0},
  {"stop-pad", 0, {.path = "/none"}, 0},
  /* the tracer finds what is left */
  {"leak", 0, {.path = "/none"}, 1},
};

static guint
count_alive (const gchar * log)
{
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  guint n = 0;

  for (guint i = 0; lines[i]; i++) {
    /* two lines describe the format */
    if (strstr (lines[i], "object-alive, type-name=(string)") == NULL
        || strstr (lines[i], "type-name=(string)%s") != NULL)
      continue;
    g_printerr ("%s\n", lines[i]);
    n++;
  }
  return n;
}

GST_START_TEST (test_leaks)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start (&ends[__i__].step, 1);
  g_autoptr (KlingTestChild) child = NULL;
  g_autofree gchar *log = NULL;
  guint exit_status, alive;

  child = run_scene (ends[__i__].scene, service->url, (const gchar *[]) {
        "GST_TRACERS=leaks(log-leaks-on-deinit=true)",
        "GST_DEBUG=GST_TRACER:7,leaks:6", "GST_DEBUG_NO_COLOR=1",
        "KLING_TEST_SPEED=20",
        /* what the tracer finds is a warning, too */
        ends[__i__].alive ? "G_DEBUG=" : NULL, NULL
      }, &exit_status);
  fail_unless_equals_int (exit_status, ends[__i__].exit_status);
  log = kling_test_child_read (child, TRUE);
  kling_test_check_contains (log, "object-alive");
  alive = count_alive (log);
  if (ends[__i__].alive)
    fail_unless (alive > 0, "the tracer finds nothing");
  else
    fail_unless_equals_int (alive, 0);
}

GST_END_TEST;

static Suite *
secrets_suite (void)
{
  Suite *suite = suite_create ("secrets");
  TCase *tcase = tcase_create ("secrets");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_secrets, 0, G_N_ELEMENTS (leaky));
  tcase_add_loop_test (tcase, test_token_secrets, 0,
      G_N_ELEMENTS (signed_calls));
  tcase_add_loop_test (tcase, test_upload_secrets, 0, G_N_ELEMENTS (uploads));
  tcase_add_test (tcase, test_search);
  tcase_add_test (tcase, test_launch);
  tcase_add_test (tcase, test_story);
  tcase_add_loop_test (tcase, test_leaks, 0, G_N_ELEMENTS (ends));
  return suite;
}

GST_CHECK_MAIN (secrets);
