/* klinglipsync tests: every dialect with every speaker and every speech
 *
 * From the pipeline to the sandbox and back: four dialects, three ways to say who
 * speaks, three ways to say what is said. Each pair has to give the sandbox's
 * video, or to say which dialect can do it. What the sandbox was asked is looked
 * at, and what it charged for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <string.h>

/* As the clock of test-uploads */
#define SPEED 20

/* Between two seconds and the three of the clip, in the sandbox's voice */
#define TEXT "Good evening. This is the news at nine."
#define FACE_PATH "/sandbox/face.mp4"
#define SPEECH_PATH "/sandbox/uploads/speech.wav"

typedef enum
{ BY_URL, BY_PAD, BY_SESSION, N_SPEAKERS } Speaker;

typedef enum
{ TEXT_SPEECH, PAD_SPEECH, URL_SPEECH, N_SPEECHES } Speech;

static const gchar *const speaker_names[] = { "video URL", "video pad",
  "session"
};

static const gchar *const speech_names[] = { "text", "audio pad",
  "audio URL"
};

/* What each dialect is known by: the members of its body that say who speaks and
 * what is said; "-" where the dialect has none */
typedef struct
{
  const gchar *nick;
  gboolean has_sessions;
  gboolean has_tts;
  const gchar *prefix;
  const gchar *speeches[N_SPEECHES];
} Dialect;

static const Dialect dialects[] = {
  {"gateway", TRUE, FALSE, "", {"text", "audio_url", "audio_url"}},
  {"official", TRUE, TRUE, "", {"audio_id", "sound_file", "sound_file"}},
  {"relay", TRUE, TRUE, "", {"audio_id", "sound_file", "sound_file"}},
  {"legacy", FALSE, FALSE, "", {"text", "audio_file", "audio_url"}},
  /* as at gateways that have the older API */
  {"legacy", FALSE, FALSE, "/kling", {"text", "audio_file", "audio_url"}},
};

/* What is known of one dialect while its pairs are tried */
typedef struct
{
  const Dialect *dialect;
  KlingTestSandbox *sandbox;
  gchar *session_id;
  gchar *face_id;
} Trial;

static void
set_speaker (const Trial * trial, KlingTestRun * run, Speaker speaker)
{
  g_autofree gchar *url = kling_test_sandbox_url (trial->sandbox, FACE_PATH);
  g_autofree gchar *place = kling_test_sandbox_url (trial->sandbox,
      SENDER_PUT);
  g_autofree gchar *file = g_strdup_printf ("filesrc location=\"%s/" CLIP_FACE
      "\"", g_getenv ("KLING_TEST_CLIPS"));

  switch (speaker) {
    case BY_URL:
      g_object_set (run->lipsync, "video-url", url, NULL);
      break;
    case BY_PAD:
      g_object_set (run->lipsync, "upload", place, NULL);
      kling_test_send (run, "video", file);
      break;
    default:
      g_object_set (run->lipsync, "session-id", trial->session_id, NULL);
      if (trial->dialect->has_tts)
        g_object_set (run->lipsync, "face-id", trial->face_id, NULL);
      break;
  }
}

static void
set_speech (const Trial * trial, KlingTestRun * run, Speech speech)
{
  g_autofree gchar *url = kling_test_sandbox_url (trial->sandbox, SPEECH_PATH);
  g_autofree gchar *place = kling_test_sandbox_url (trial->sandbox,
      SENDER_PUT);

  switch (speech) {
    case TEXT_SPEECH:
      g_object_set (run->lipsync, "text", TEXT, "voice-id", "oversea_male1",
          "voice-language", "en", NULL);
      break;
    case PAD_SPEECH:
      if (strcmp (trial->dialect->nick, "gateway") == 0)
        g_object_set (run->lipsync, "upload", place, NULL);
      kling_test_send (run, "audio", SENDER_SPEECH);
      break;
    default:
      g_object_set (run->lipsync, "audio-url", url, NULL);
      break;
  }
}

static KlingTestRun *
make_run (const Trial * trial, Speaker speaker, Speech speech)
{
  g_autofree gchar *base = kling_test_sandbox_url (trial->sandbox,
      trial->dialect->prefix);
  KlingTestRun *run = kling_test_run_new (base, "fakesink");

  gst_util_set_object_arg (G_OBJECT (run->lipsync), "dialect",
      trial->dialect->nick);
  g_object_set (run->lipsync, "video-url", NULL, "text", NULL, "voice-id", NULL,
      "voice-language", NULL, "poll-interval", 2 * GST_SECOND, NULL);
  set_speaker (trial, run, speaker);
  set_speech (trial, run, speech);
  return run;
}

/* Later pairs use the session of the first one. */
static void
keep_session (Trial * trial, KlingTestRun * run)
{
  const GstStructure *message, *face;
  const GValue *faces;

  if (!trial->dialect->has_sessions || trial->session_id)
    return;
  message = kling_test_run_wait_element (run, "klinglipsync-faces", 10);
  faces = gst_structure_get_value (message, "faces");
  fail_unless_equals_int (gst_value_array_get_size (faces), 1);
  face = gst_value_get_structure (gst_value_array_get_value (faces, 0));
  trial->session_id = g_strdup (gst_structure_get_string (message,
          "session-id"));
  trial->face_id = g_strdup (gst_structure_get_string (face, "face-id"));
}

/* Returns: (transfer none): the object that has the members of the speech */
static JsonObject *
find_speech_object (JsonObject * body)
{
  if (json_object_has_member (body, "input"))
    return json_object_get_object_member (body, "input");
  return json_array_get_object_element (json_object_get_array_member (body,
          "face_choose"), 0);
}

/* The newest task was asked for as this dialect asks. */
static void
check_asked (const Trial * trial, Speaker speaker, Speech speech)
{
  g_autoptr (JsonNode) tasks = kling_test_sandbox_get_json (trial->sandbox,
      "/sandbox/tasks");
  JsonArray *array = json_node_get_array (tasks);
  JsonObject *task = json_array_get_object_element (array,
      json_array_get_length (array) - 1);
  JsonObject *body = json_object_get_object_member (task, "request");
  JsonObject *object = find_speech_object (body);
  const gchar *member = trial->dialect->speeches[speech];

  fail_unless_equals_string (json_object_get_string_member (task, "dialect"),
      trial->dialect->nick);
  /* with a place to upload to, files go there */
  if (speaker == BY_PAD && speech == PAD_SPEECH
      && strcmp (member, "audio_file") == 0)
    member = "audio_url";
  fail_unless (json_object_has_member (object, member), "no %s", member);
}

static void
check_charged (const Trial * trial, Speaker speaker, Speech speech,
    const gint64 * before)
{
  static const gchar *const counters[] = { "paid", "identify", "tts" };
  const gint64 expected[] = {
    1,
    trial->dialect->has_sessions && speaker != BY_SESSION,
    trial->dialect->has_tts && speech == TEXT_SPEECH,
  };

  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    fail_unless_equals_int64 (kling_test_sandbox_count (trial->sandbox,
            counters[i]) - before[i], expected[i]);
}

static void
run_pair (Trial * trial, Speaker speaker, Speech speech)
{
  const gint64 before[] = {
    kling_test_sandbox_count (trial->sandbox, "paid"),
    kling_test_sandbox_count (trial->sandbox, "identify"),
    kling_test_sandbox_count (trial->sandbox, "tts"),
  };
  g_autoptr (KlingTestRun) run = make_run (trial, speaker, speech);
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  g_autoptr (GBytes) data = NULL;

  GST_INFO ("%s, %s, %s", trial->dialect->nick, speaker_names[speaker],
      speech_names[speech]);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  /* the sandbox appends a box to each, so that no two are the same */
  fail_unless (g_bytes_get_size (data) >= g_bytes_get_size (clip)
      && memcmp (g_bytes_get_data (data, NULL), g_bytes_get_data (clip, NULL),
          g_bytes_get_size (clip)) == 0);
  check_charged (trial, speaker, speech, before);
  check_asked (trial, speaker, speech);
  keep_session (trial, run);
}

/* What the dialect cannot do is said, and costs nothing. */
static void
refuse_pair (Trial * trial, Speech speech)
{
  gint64 paid = kling_test_sandbox_count (trial->sandbox, "paid");
  g_autoptr (KlingTestRun) run = NULL;
  const gchar *text;

  g_free (trial->session_id);
  trial->session_id = g_strdup ("850508686686064678");
  run = make_run (trial, BY_SESSION, speech);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  text = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (text, "session-id");
  kling_test_check_contains (text, "gateway, official, relay");
  fail_unless_equals_int64 (kling_test_sandbox_count (trial->sandbox, "paid"),
      paid);
}

GST_START_TEST (test_dialect)
{
  g_autofree gchar *clip = g_build_filename (g_getenv ("KLING_TEST_CLIPS"),
      CLIP_SMALL, NULL);
  g_autoptr (GBytes) speech_file = kling_test_make_wav (2500);
  Trial trial = { &dialects[__i__] };

  kling_test_set_speed (SPEED);
  trial.sandbox = kling_test_sandbox_start ("--clip", clip, "--latency", "0.1",
      "--api-key", TEST_KEY, NULL);
  kling_test_sandbox_put (trial.sandbox, SPEECH_PATH, speech_file);
  for (guint speaker = 0; speaker < N_SPEAKERS; speaker++) {
    for (guint speech = 0; speech < N_SPEECHES; speech++) {
      if (speaker == BY_SESSION && !trial.dialect->has_sessions)
        refuse_pair (&trial, speech);
      else
        run_pair (&trial, speaker, speech);
    }
  }
  kling_test_sandbox_stop (trial.sandbox);
  g_free (trial.session_id);
  g_free (trial.face_id);
}

GST_END_TEST;

/* The service's clock is ten minutes off, either way: a token that is not yet
 * valid there is refused, and made again by that clock. */
static const struct
{
  const gchar *offset;
  guint identify_calls;
} skews[] = {
  {"{\"offset\": 600}", 1},
  {"{\"offset\": -600}", 2},
};

GST_START_TEST (test_clock_skew)
{
  g_autofree gchar *clip = g_build_filename (g_getenv ("KLING_TEST_CLIPS"),
      CLIP_SMALL, NULL);
  g_autoptr (KlingTestSandbox) sandbox = NULL;
  g_autoptr (KlingTestRun) run = NULL;
  Trial trial = { &dialects[1] };

  kling_test_set_speed (SPEED);
  sandbox = kling_test_sandbox_start ("--clip", clip, "--latency", "0.1",
      "--access-key", "AK-skew", "--secret-key", "SK-skew", NULL);
  kling_test_sandbox_post (sandbox, "/sandbox/clock", skews[__i__].offset);
  trial.sandbox = sandbox;
  run = make_run (&trial, BY_URL, TEXT_SPEECH);
  g_object_set (run->lipsync, "api-key", NULL, "access-key", "AK-skew",
      "secret-key", "SK-skew", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless_equals_int64 (kling_test_sandbox_count (sandbox, "paid"), 1);
  fail_unless_equals_int64 (kling_test_sandbox_count (sandbox, "identify"), 1);
  fail_unless_equals_int (kling_test_sandbox_count_calls (sandbox, "identify"),
      skews[__i__].identify_calls);
  /* what was learnt once holds for the calls after it */
  fail_unless_equals_int (kling_test_sandbox_count_calls (sandbox, "create"),
      1);
}

GST_END_TEST;

static Suite *
matrix_suite (void)
{
  Suite *suite = suite_create ("matrix");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 240);
  tcase_add_loop_test (tcase, test_dialect, 0, G_N_ELEMENTS (dialects));
  tcase_add_loop_test (tcase, test_clock_skew, 0, G_N_ELEMENTS (skews));
  return suite;
}

GST_CHECK_MAIN (matrix);
