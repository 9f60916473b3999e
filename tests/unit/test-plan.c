/* klinglipsync tests: what a run would send, and what that would cost
 *
 * The calls of each kind of request, in order, and their prices. That a run does
 * make them is in tests/element/test-plan.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "kling-clock.h"
#include "kling-dialect.h"
#include "kling-digest.h"
#include "kling-error.h"
#include "kling-plan.h"

#define RATE 8000
#define UNKNOWN KLING_UNITS_UNKNOWN
#define OFFICIAL KLING_DIALECT_OFFICIAL
#define RELAY KLING_DIALECT_RELAY
#define GATEWAY KLING_DIALECT_GATEWAY
#define LEGACY KLING_DIALECT_LEGACY

#define VIDEO_URL "https://media.example/face.mp4?signature=planted"
#define AUDIO_URL "https://media.example/speech.wav?signature=planted"

typedef struct
{
  KlingRequest *request;
  KlingSettings *settings;
  KlingPlanKnown known;
  KlingFace face;
} Case;

static Case *
case_new (KlingDialectId dialect)
{
  Case *c = g_new0 (Case, 1);

  c->request = kling_request_new ();
  c->request->dialect = dialect;
  c->request->base_url = g_strdup ("https://service.example/base/");
  c->settings = kling_settings_new ();
  c->settings->poll_interval = 5 * KLING_SECOND;
  c->known.speech_length = -1;
  return c;
}

static void
case_free (Case * c)
{
  kling_request_unref (c->request);
  kling_settings_unref (c->settings);
  g_free (c);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free);

static void
set_text (Case * c)
{
  c->request->text = g_strdup ("Hello there.");
  c->request->voice_id = g_strdup ("oversea_male1");
  c->request->voice_language = g_strdup ("en");
}

static void
set_place (Case * c, const gchar * address, gboolean cleanup)
{
  KlingUploadConfig config = { address, NULL, NULL, cleanup };
  g_autoptr (GError) error = NULL;

  c->settings->upload = kling_upload_new (&config, &error);
  fail_unless (c->settings->upload != NULL, "%s", error ? error->message : "");
}

static KlingSpool *
make_spool (gconstpointer head, gsize head_size, gsize rest)
{
  KlingSpool *spool = kling_spool_new ("test");
  g_autofree guint8 *zeros = g_malloc0 (rest + 1);

  fail_unless (kling_spool_write (spool, head, head_size, NULL));
  fail_unless (kling_spool_write (spool, zeros, rest, NULL));
  fail_unless (kling_spool_finish (spool, NULL));
  return spool;
}

/* Silence in 16-bit mono */
static KlingMedia *
make_audio (guint milliseconds)
{
  guint32 size = milliseconds * (RATE * 2 / 1000);
  guint32 head[] = { GUINT32_TO_LE (0x46464952), GUINT32_TO_LE (36 + size),
    GUINT32_TO_LE (0x45564157), GUINT32_TO_LE (0x20746d66), GUINT32_TO_LE (16),
    GUINT32_TO_LE (0x00010001), GUINT32_TO_LE (RATE),
    GUINT32_TO_LE (RATE * 2), GUINT32_TO_LE (0x00100002),
    GUINT32_TO_LE (0x61746164), GUINT32_TO_LE (size)
  };
  g_autoptr (KlingSpool) spool = make_spool (head, sizeof head, size);
  g_autoptr (GError) error = NULL;
  KlingMedia *media = kling_media_new (KLING_MEDIA_AUDIO, spool,
      kling_spool_get_sha256 (spool), &error);

  fail_unless (media != NULL, "%s", error ? error->message : "");
  return media;
}

/* Only its length and its size count here. */
static KlingMedia *
make_video (guint milliseconds)
{
  KlingMedia *media = kling_media_new_awaited (KLING_MEDIA_VIDEO);

  media->spool = make_spool ("video", 5, 995);
  media->digest = g_strdup (kling_spool_get_sha256 (media->spool));
  media->extension = "mp4";
  media->content_type = "video/mp4";
  media->duration = milliseconds * (KLING_SECOND / 1000);
  return media;
}

static KlingPlan *
make_plan (Case * c)
{
  g_autoptr (GError) error = NULL;
  KlingPlan *plan = kling_plan_new (c->request, c->settings, &c->known,
      &error);

  fail_unless (plan != NULL, "%s", error ? error->message : "");
  return plan;
}

/* Returns: (transfer full): the calls in short: $ costs, ~ may be other bytes */
static gchar *
list_calls (const KlingPlan * plan)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < plan->calls->len; i++) {
    const KlingPlannedCall *call = plan->calls->pdata[i];

    g_string_append_printf (list, "%s%s%s%s", i > 0 ? " " : "", call->name,
        call->is_paid ? "$" : "", call->is_exact ? "" : "~");
  }
  return g_string_free (list, FALSE);
}

static const KlingPlannedCall *
find_call (const KlingPlan * plan, const gchar * name)
{
  for (guint i = 0; i < plan->calls->len; i++) {
    const KlingPlannedCall *call = plan->calls->pdata[i];

    if (g_str_equal (call->name, name))
      return call;
  }
  fail ("no %s", name);
  return NULL;
}

/* A whole plan: its calls, their prices, and that no secret is told */
static void
check_plan (const KlingPlan * plan, const gchar * calls, gint min, gint max)
{
  g_autofree gchar *list = list_calls (plan);
  guint paid = 0;

  fail_unless_equals_string (list, calls);
  fail_unless_equals_int (plan->units_min, min);
  fail_unless_equals_int (plan->units_max, max);
  for (guint i = 0; i < plan->calls->len; i++) {
    const KlingPlannedCall *call = plan->calls->pdata[i];

    paid += call->is_paid ? 1 : 0;
    fail_unless (g_str_has_prefix (call->text, "Would "), "%s", call->text);
    fail_unless (g_str_has_suffix (call->text, "."), "%s", call->text);
    fail_if (strstr (call->text, "planted"), "%s", call->text);
    fail_if (call->url && strstr (call->url, "planted"), "%s", call->url);
  }
  fail_unless_equals_int (plan->paid_calls, paid);
  fail_unless (g_str_has_suffix (plan->text, "."), "%s", plan->text);
  fail_if (strstr (plan->text, "planted"), "%s", plan->text);
}

/* --- with properties alone --- */

static const struct
{
  KlingDialectId dialect;
  const gchar *session_id, *face_id, *video_url, *text, *audio_url, *audio_id;
  gint64 audio_end;
  const gchar *calls;
  gint min, max;
} plain[] = {
  {OFFICIAL, NULL, NULL, VIDEO_URL, "t", NULL, NULL, 0,
      "identify-face$ speech$ create$~ poll download", 60, 610},
  {OFFICIAL, "s", "f", NULL, "t", NULL, NULL, 0,
      "speech$ create$~ poll download", 55, 605},
  {OFFICIAL, NULL, NULL, VIDEO_URL, NULL, AUDIO_URL, NULL, 0,
      "read-audio identify-face$ create$~ poll download", 55, 605},
  {OFFICIAL, NULL, NULL, VIDEO_URL, NULL, AUDIO_URL, NULL, 5000,
      "identify-face$ create$~ poll download", 55, 605},
  {OFFICIAL, NULL, NULL, VIDEO_URL, NULL, AUDIO_URL, NULL, 5001,
      "identify-face$ create$~ poll download", 105, 605},
  {OFFICIAL, NULL, NULL, VIDEO_URL, NULL, AUDIO_URL, NULL, 60000,
      "identify-face$ create$~ poll download", 605, 605},
  {OFFICIAL, "s", "f", NULL, NULL, AUDIO_URL, NULL, 0,
      "read-audio create$~ poll download", 50, 600},
  {OFFICIAL, "s", "f", NULL, NULL, NULL, "a", 30000,
      "create$ poll download", 300, 600},
  {RELAY, NULL, NULL, VIDEO_URL, "t", NULL, NULL, 0,
      "identify-face$ speech$ create$~ poll download", UNKNOWN, UNKNOWN},
  {GATEWAY, NULL, NULL, VIDEO_URL, "t", NULL, NULL, 0,
      "identify-face$ create$~ poll download", UNKNOWN, UNKNOWN},
  {GATEWAY, "s", NULL, NULL, NULL, AUDIO_URL, NULL, 0,
      "create$ poll download", UNKNOWN, UNKNOWN},
  {LEGACY, NULL, NULL, VIDEO_URL, "t", NULL, NULL, 0,
      "create$ poll download", UNKNOWN, UNKNOWN},
  {LEGACY, NULL, NULL, VIDEO_URL, NULL, AUDIO_URL, NULL, 0,
      "create$ poll download", UNKNOWN, UNKNOWN},
};

static Case *
make_plain (guint i)
{
  Case *c = case_new (plain[i].dialect);

  c->request->session_id = g_strdup (plain[i].session_id);
  c->request->face_id = g_strdup (plain[i].face_id);
  c->request->video_url = g_strdup (plain[i].video_url);
  c->request->audio_url = g_strdup (plain[i].audio_url);
  c->request->audio_id = g_strdup (plain[i].audio_id);
  if (plain[i].audio_end)
    c->request->audio_end = plain[i].audio_end;
  if (plain[i].text)
    set_text (c);
  return c;
}

GST_START_TEST (test_plain)
{
  g_autoptr (Case) c = make_plain (__i__);
  g_autoptr (KlingPlan) plan = NULL;
  g_autofree gchar *digest = kling_request_dup_digest (c->request);

  fail_unless (kling_request_check (c->request, NULL, NULL));
  plan = make_plan (c);
  check_plan (plan, plain[__i__].calls, plain[__i__].min, plain[__i__].max);
  fail_unless_equals_string (plan->digest, digest);
  if (plain[__i__].min == UNKNOWN)
    fail_unless (strstr (plan->text, "prices of their own"));
}

GST_END_TEST;

GST_START_TEST (test_calls)
{
  g_autoptr (Case) c = make_plain (0);
  g_autoptr (KlingPlan) plan = make_plan (c);
  const KlingPlannedCall *call = find_call (plan, "identify-face");

  fail_unless_equals_string (call->method, "POST");
  fail_unless_equals_string (call->url,
      "https://service.example/base/v1/videos/identify-face");
  fail_unless_equals_int64 (call->size,
      strlen ("{\"video_url\":\"" VIDEO_URL "\"}"));
  fail_unless_equals_int (call->units_min, 5);
  fail_unless_equals_string (call->text, "Would look for the face in the video:"
      " POST https://service.example/base/v1/videos/identify-face, 64 bytes."
      " It costs 0.05 units.");
  call = find_call (plan, "create");
  fail_unless (strstr (call->text, ", about "));
  fail_unless (strstr (call->text, ". It costs 0.50 to 6.00 units."));
  call = find_call (plan, "poll");
  fail_unless_equals_string (call->method, "GET");
  fail_unless_equals_string (call->url,
      "https://service.example/base/v1/videos/advanced-lip-sync/(task)");
  fail_unless_equals_int64 (call->size, -1);
  fail_unless (find_call (plan, "download")->url == NULL);
  fail_unless_equals_string (plan->text,
      "A run makes 3 calls that cost: 0.60 to"
      " 6.10 units, because 0.50 are counted for each started 5 s of the speech"
      " or of the video, and the length of the video is not known here.");
}

GST_END_TEST;

/* --- with files --- */

static const struct
{
  KlingDialectId dialect;
  const gchar *place;
  gboolean cleanup;
  guint audio, video;           /* milliseconds; 0: none comes */
  const gchar *calls;
  gint min, max;
} files[] = {
  {OFFICIAL, NULL, TRUE, 3000, 0, "identify-face$ create$~ poll download",
      55, 605},
  {OFFICIAL, "https://host/{name}?sig=planted", TRUE, 3000, 0,
      "upload check-upload identify-face$ create$~ poll"
        " remove-upload download", 55, 605},
  {OFFICIAL, "https://host/{name}", FALSE, 3000, 5000,
      "upload check-upload upload check-upload identify-face$~ create$~ poll"
        " download", 55, 55},
  {OFFICIAL, "https://host/{name}", TRUE, 5000, 5001,
      "upload check-upload upload check-upload identify-face$~ create$~ poll"
        " remove-upload remove-upload download", 55, 105},
  {OFFICIAL, "https://host/{name}", TRUE, 0, 12000,
      "upload check-upload identify-face$~ speech$ create$~ poll"
        " remove-upload download", 60, 160},
  {GATEWAY, "serve:0", TRUE, 3000, 0,
        "upload check-upload identify-face$ create$~ poll download", UNKNOWN,
      UNKNOWN},
  {GATEWAY, "post+https://host/form", TRUE, 3000, 0,
        "upload~ check-upload identify-face$ create$~ poll download", UNKNOWN,
      UNKNOWN},
  {LEGACY, NULL, TRUE, 3000, 0, "create$ poll download", UNKNOWN, UNKNOWN},
};

static Case *
make_files (guint i)
{
  Case *c = case_new (files[i].dialect);

  if (files[i].place)
    set_place (c, files[i].place, files[i].cleanup);
  if (files[i].audio)
    c->request->audio = make_audio (files[i].audio);
  else
    set_text (c);
  if (files[i].video)
    c->request->video = make_video (files[i].video);
  else
    c->request->video_url = g_strdup (VIDEO_URL);
  return c;
}

GST_START_TEST (test_files)
{
  g_autoptr (Case) c = make_files (__i__);
  g_autoptr (KlingPlan) plan = make_plan (c);

  check_plan (plan, files[__i__].calls, files[__i__].min, files[__i__].max);
}

GST_END_TEST;

GST_START_TEST (test_uploads)
{
  g_autoptr (Case) c = make_files (1);
  g_autoptr (Case) served = make_files (5);
  g_autoptr (Case) form = make_files (6);
  g_autoptr (KlingPlan) plan = make_plan (c);
  g_autoptr (KlingPlan) served_plan = make_plan (served);
  g_autoptr (KlingPlan) form_plan = make_plan (form);
  const KlingPlannedCall *call = find_call (plan, "upload");

  fail_unless_equals_string (call->method, "PUT");
  fail_unless_equals_string (call->url, "https://host");
  fail_unless_equals_int64 (call->size,
      kling_spool_get_size (c->request->audio->spool));
  fail_unless_equals_string (find_call (plan, "remove-upload")->method,
      "DELETE");
  fail_unless (find_call (served_plan, "upload")->method == NULL);
  fail_unless (strstr (find_call (served_plan, "upload")->text,
          "serve the audio from this process"));
  fail_unless_equals_string (find_call (form_plan, "upload")->method, "POST");
}

GST_END_TEST;

/* Base64 is a third longer. */
GST_START_TEST (test_inline_audio)
{
  g_autoptr (Case) c = make_files (0);
  g_autoptr (KlingPlan) plan = make_plan (c);
  goffset size = kling_spool_get_size (c->request->audio->spool);

  fail_unless (find_call (plan, "create")->size > size * 4 / 3);
  fail_unless (find_call (plan, "create")->size < size * 4 / 3 + 1000);
}

GST_END_TEST;

/* --- after earlier runs --- */

GST_START_TEST (test_known_session)
{
  g_autoptr (Case) c = make_files (3);
  g_autoptr (KlingPlan) plan = NULL;

  c->known.session_id = "session-1";
  plan = make_plan (c);
  check_plan (plan, "upload check-upload create$~ poll remove-upload download",
      50, 100);
}

GST_END_TEST;

/* Nothing is open any more, so the size is that of the body. */
GST_START_TEST (test_known_speech)
{
  g_autoptr (Case) c = make_plain (0);
  g_autoptr (KlingPlan) plan = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autofree gchar *external_id = kling_request_dup_external_id (c->request, 2);
  KlingSources sources = { "session-1", "3", VIDEO_URL, NULL, "audio-1", NULL,
    0, 7200, 0, external_id
  };

  c->face = (KlingFace) {
  .id = (gchar *) "3",.start = -1,.end = -1};
  c->known.session_id = "session-1";
  c->known.face = &c->face;
  c->known.speech_id = "audio-1";
  c->known.speech_length = 7200;
  c->known.attempts = 1;
  plan = make_plan (c);
  check_plan (plan, "create$ poll download", 100, 600);
  body = kling_dialect_get (OFFICIAL)->create_body (c->request, &sources);
  fail_unless_equals_int64 (find_call (plan, "create")->size,
      g_bytes_get_size (body));
}

GST_END_TEST;

/* It is paid, and not there yet. */
GST_START_TEST (test_awaited_speech)
{
  g_autoptr (Case) c = make_plain (0);
  g_autoptr (KlingPlan) plan = NULL;

  c->known.session_id = "session-1";
  c->known.speech_task = "speech-1";
  c->known.speech_length = -1;
  plan = make_plan (c);
  check_plan (plan, "await-speech create$~ poll download", 50, 600);
  fail_unless_equals_string (find_call (plan, "await-speech")->url,
      "https://service.example/base/v1/audio/tts/speech-1");
}

GST_END_TEST;

GST_START_TEST (test_known_task)
{
  g_autoptr (Case) c = make_files (3);
  g_autoptr (KlingPlan) plan = NULL;

  c->known.task_id = "task-1";
  plan = make_plan (c);
  check_plan (plan, "poll download", 0, 0);
  fail_unless_equals_string (find_call (plan, "poll")->url,
      "https://service.example/base/v1/videos/advanced-lip-sync/task-1");
  fail_unless (strstr (plan->text, "Task task-1"));
}

GST_END_TEST;

GST_START_TEST (test_known_path)
{
  g_autoptr (Case) c = make_plain (9);
  g_autoptr (KlingPlan) plan = NULL;

  c->request->task_id = g_strdup ("task-1");
  c->known.query_path = 1;
  plan = make_plan (c);
  check_plan (plan, "poll download", 0, 0);
  fail_unless_equals_string (find_call (plan, "poll")->url,
      "https://service.example/base/kling/v1/videos/lip-sync/task-1");
}

GST_END_TEST;

GST_START_TEST (test_known_doubt)
{
  g_autoptr (Case) c = make_files (3);
  g_autoptr (KlingPlan) plan = NULL;

  c->known.lost_id = "kl1-abc";
  plan = make_plan (c);
  check_plan (plan, "look-up poll download", 0, 0);
  fail_unless (strstr (plan->text, "unless the service knows of none"));
}

GST_END_TEST;

GST_START_TEST (test_known_video)
{
  g_autoptr (Case) c = make_plain (0);
  g_autoptr (KlingPlan) plan = NULL;

  c->known.is_here = TRUE;
  c->known.task_id = "task-1";
  c->settings->no_credentials = g_error_new (KLING_ERROR,
      KLING_ERROR_CREDENTIALS, "There is no key.");
  plan = make_plan (c);
  check_plan (plan, "", 0, 0);
  fail_unless_equals_string (plan->text,
      "The video is here: a run sends and pays nothing.");
}

GST_END_TEST;

/* --- what a run would be refused, or want --- */

GST_START_TEST (test_no_key)
{
  g_autoptr (Case) c = make_plain (0);
  g_autoptr (KlingPlan) plan = NULL;

  c->settings->no_credentials = g_error_new (KLING_ERROR,
      KLING_ERROR_CREDENTIALS, "There is no key. Set one.");
  plan = make_plan (c);
  fail_unless (g_str_has_suffix (plan->text,
          " But it has no key yet: There is no key. Set one."), "%s",
      plan->text);
}

GST_END_TEST;

/* What a run finds out before it pays, a plan finds out. */
GST_START_TEST (test_refused)
{
  g_autoptr (Case) c = make_files (3);
  g_autoptr (GError) error = NULL;

  c->request->insert_time = 2;
  fail_unless (kling_plan_new (c->request, c->settings, &c->known,
          &error) == NULL);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT), "%s",
      error->message);
  g_clear_error (&error);
  c->request->insert_time = -1;
  c->request->audio_end = 5001;
  fail_unless (kling_plan_new (c->request, c->settings, &c->known,
          &error) == NULL);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_SETTINGS));
}

GST_END_TEST;

static Suite *
plan_suite (void)
{
  Suite *suite = suite_create ("plan");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_plain, 0, G_N_ELEMENTS (plain));
  tcase_add_test (tc, test_calls);
  tcase_add_loop_test (tc, test_files, 0, G_N_ELEMENTS (files));
  tcase_add_test (tc, test_uploads);
  tcase_add_test (tc, test_inline_audio);
  tcase_add_test (tc, test_known_session);
  tcase_add_test (tc, test_known_speech);
  tcase_add_test (tc, test_awaited_speech);
  tcase_add_test (tc, test_known_task);
  tcase_add_test (tc, test_known_path);
  tcase_add_test (tc, test_known_doubt);
  tcase_add_test (tc, test_known_video);
  tcase_add_test (tc, test_no_key);
  tcase_add_test (tc, test_refused);
  return suite;
}

GST_CHECK_MAIN (plan);
