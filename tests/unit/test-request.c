/* klinglipsync tests: what may be asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "kling-error.h"
#include "kling-request.h"

/* A request as one row, in this order; NULL is what was not said. */
typedef struct
{
  const gchar *session_id;
  const gchar *video_url;
  const gchar *video_id;
  const gchar *text;
  const gchar *audio_url;
  const gchar *base_url;
} Row;

#define FACE "https://example.com/face.mp4"
#define SPEECH "https://example.com/speech.mp3"
#define BASE "https://gateway.example"

static KlingRequest *
make_request (const Row * row)
{
  KlingRequest *request = kling_request_new ();

  request->base_url = g_strdup (row->base_url ? row->base_url : BASE);
  request->session_id = g_strdup (row->session_id);
  request->video_url = g_strdup (row->video_url);
  request->video_id = g_strdup (row->video_id);
  request->audio_url = g_strdup (row->audio_url);
  request->text = g_strdup (row->text);
  if (row->text) {
    request->voice_id = g_strdup ("oversea_male1");
    request->voice_language = g_strdup ("en");
  }
  return request;
}

/* Each row: what was said, and the words that the error must have; NULL for a
 * request that may be sent. */
static const struct
{
  Row row;
  const gchar *words[3];
} checks[] = {
  {{NULL, FACE, NULL, "Hi.", NULL, NULL}, {NULL}},
  {{NULL, NULL, "123", "Hi.", NULL, NULL}, {NULL}},
  {{"s1", NULL, NULL, NULL, SPEECH, NULL}, {NULL}},
  {{NULL, NULL, NULL, NULL, NULL, NULL}, {"video-url", "audio-url",
          "Nothing was sent"}},
  {{NULL, FACE, NULL, NULL, NULL, NULL}, {"what is said", "text", "audio-url"}},
  {{NULL, NULL, NULL, "Hi.", NULL, NULL}, {"who speaks", "video-url",
          "session-id"}},
  {{"s1", FACE, NULL, "Hi.", NULL, NULL},
      {"Two speakers", "video-url", "session-id"}},
  {{NULL, FACE, "1", "Hi.", NULL, NULL},
      {"Two speakers", "video-url", "video-id"}},
  {{NULL, FACE, NULL, "Hi.", SPEECH, NULL},
      {"Two speeches", "text", "audio-url"}},
  {{NULL, "ftp://example.com/f.mp4", NULL, "Hi.", NULL, NULL},
      {"video-url", "http"}},
  {{NULL, FACE, NULL, NULL, "speech.wav", NULL}, {"audio-url", "http"}},
  {{NULL, FACE, NULL, "Hi.", NULL, "http://gateway.example"},
      {"http", "gateway.example"}},
  {{NULL, FACE, NULL, "Hi.", NULL, "https://me:pw@gateway.example"},
      {NULL}},
};

GST_START_TEST (test_check)
{
  g_autoptr (KlingRequest) request = make_request (&checks[__i__].row);
  g_autoptr (GError) error = NULL;
  gboolean userinfo = g_strrstr (request->base_url, "@") != NULL;
  gboolean ok = kling_request_check (request, NULL, &error);

  if (userinfo) {
    fail_if (ok);
    fail_if (g_strrstr (error->message, "pw") != NULL, "%s", error->message);
    return;
  }
  fail_unless_equals_int (ok, checks[__i__].words[0] == NULL);
  if (ok)
    return;
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_SETTINGS));
  for (guint i = 0; i < 3 && checks[__i__].words[i]; i++)
    fail_unless (g_strrstr (error->message, checks[__i__].words[i]) != NULL,
        "\"%s\" does not say \"%s\"", error->message, checks[__i__].words[i]);
}

GST_END_TEST;

static const Row whole_row = { NULL, FACE, NULL, "Hi.", NULL, NULL };
static const Row half_row = { NULL, FACE, NULL, NULL, NULL, NULL };

GST_START_TEST (test_missing)
{
  g_autoptr (KlingRequest) whole = make_request (&whole_row);
  g_autoptr (KlingRequest) half = make_request (&half_row);
  g_autofree gchar *missing = kling_request_describe_missing (half);

  fail_unless (kling_request_describe_missing (whole) == NULL);
  fail_unless (g_str_has_prefix (missing, "what is said"));
}

GST_END_TEST;

/* A text is the same whether it was set or came to a pad. */
GST_START_TEST (test_equal_text)
{
  g_autoptr (KlingRequest) set = make_request (&whole_row);
  g_autoptr (KlingRequest) cues = make_request (&whole_row);

  cues->cues = g_steal_pointer (&cues->text);
  fail_unless (kling_request_equal (set, cues));
  fail_unless_equals_string (kling_request_get_text (cues), set->text);
  g_free (cues->cues);
  cues->cues = g_strdup ("Bye.");
  fail_if (kling_request_equal (set, cues));
}

GST_END_TEST;

/* What is remembered is equal to what was asked, without its megabytes. */
GST_START_TEST (test_identity)
{
  g_autoptr (KlingRequest) request = make_request (&half_row);
  g_autoptr (KlingRequest) copy = NULL;

  request->audio = kling_media_new_awaited (KLING_MEDIA_AUDIO);
  request->audio->digest = g_strdup ("0123");
  request->audio->spool = kling_spool_new ("audio");
  copy = kling_request_dup_identity (request);
  fail_unless (kling_request_equal (request, copy));
  fail_unless (copy->audio->spool == NULL);
  g_free (copy->audio->digest);
  copy->audio->digest = g_strdup ("0124");
  fail_if (kling_request_equal (request, copy));
}

GST_END_TEST;

static KlingUpload *
make_upload (const gchar * address)
{
  KlingUploadConfig config = { address, NULL, NULL, TRUE };
  g_autoptr (GError) error = NULL;
  KlingUpload *upload = kling_upload_new (&config, &error);

  fail_unless (upload != NULL, "%s", error ? error->message : "");
  return upload;
}

/* Where the files go: nowhere, on top of each other, out of the service's
 * reach */
GST_START_TEST (test_check_upload)
{
  g_autoptr (KlingRequest) request = make_request (&half_row);
  g_autoptr (KlingUpload) one = make_upload ("https://dav.example/fixed.bin");
  g_autoptr (KlingUpload) many = make_upload ("https://dav.example/{name}");
  g_autoptr (KlingUpload) here = make_upload ("serve:0");
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) full = NULL;

  fail_unless (kling_request_check_upload (request, NULL, warnings, NULL));
  request->audio = kling_media_new_awaited (KLING_MEDIA_AUDIO);
  fail_if (kling_request_check_upload (request, NULL, warnings, &missing));
  fail_unless (strstr (missing->message, "pad audio"));
  fail_unless (kling_request_check_upload (request, one, warnings, NULL));
  request->video = kling_media_new_awaited (KLING_MEDIA_VIDEO);
  fail_if (kling_request_check_upload (request, one, warnings, &full));
  fail_unless (strstr (full->message, "{name}"), "%s", full->message);
  fail_unless (kling_request_check_upload (request, many, warnings, NULL));
  fail_unless_equals_int (warnings->len, 0);
  fail_unless (kling_request_check_upload (request, here, warnings, NULL));
  fail_unless_equals_int (warnings->len, 1);
  fail_unless (strstr (warnings->pdata[0], "only this machine"));
}

GST_END_TEST;

static KlingRequest *
make_official (void)
{
  KlingRequest *request = make_request (&whole_row);

  request->dialect = KLING_DIALECT_OFFICIAL;
  return request;
}

/* Each field that the dialect has makes another video. */
GST_START_TEST (test_equal)
{
  g_autoptr (KlingRequest) a = make_official ();
  g_autoptr (KlingRequest) same = make_official ();
  gchar **fields[] = { &same->base_url, &same->session_id, &same->video_url,
    &same->video_id, &same->face_id, &same->text, &same->voice_id,
    &same->voice_language, &same->audio_url, &same->audio_id
  };

  fail_unless (kling_request_equal (a, same));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    gchar *old = *fields[i];

    *fields[i] = g_strdup ("other");
    fail_if (kling_request_equal (a, same), "field %u does not count", i);
    g_free (*fields[i]);
    *fields[i] = old;
  }
  fail_unless (kling_request_equal (a, same));
}

GST_END_TEST;

/* So does each number, which is remembered, too. */
GST_START_TEST (test_equal_numbers)
{
  g_autoptr (KlingRequest) a = make_official ();
  g_autoptr (KlingRequest) other = make_official ();
  gint64 *times[] = { &other->audio_start, &other->audio_end,
    &other->insert_time
  };
  guint *hundredths[] = { &other->voice_speed, &other->audio_volume,
    &other->original_audio_volume
  };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    g_autoptr (KlingRequest) copy = NULL;

    *times[i] += 1;
    fail_if (kling_request_equal (a, other), "time %u does not count", i);
    copy = kling_request_dup_identity (other);
    fail_unless (kling_request_equal (copy, other), "time %u is forgotten", i);
    *times[i] -= 1;
  }
  for (guint i = 0; i < G_N_ELEMENTS (hundredths); i++) {
    g_autoptr (KlingRequest) copy = NULL;

    *hundredths[i] += 1;
    fail_if (kling_request_equal (a, other), "number %u does not count", i);
    copy = kling_request_dup_identity (other);
    fail_unless (kling_request_equal (copy, other), "number %u is forgotten",
        i);
    *hundredths[i] -= 1;
  }
  fail_unless (kling_request_equal (a, other));
}

GST_END_TEST;

GST_START_TEST (test_equal_kind)
{
  g_autoptr (KlingRequest) a = make_official ();
  g_autoptr (KlingRequest) other = make_official ();
  g_autoptr (KlingRequest) copy = NULL;

  other->watermark = TRUE;
  fail_if (kling_request_equal (a, other));
  other->watermark = FALSE;
  other->dialect = KLING_DIALECT_RELAY;
  fail_if (kling_request_equal (a, other));
  other->watermark = TRUE;
  copy = kling_request_dup_identity (other);
  fail_unless (kling_request_equal (copy, other));
}

GST_END_TEST;

/* What only some gateways have */
GST_START_TEST (test_equal_image)
{
  g_autoptr (KlingRequest) a = make_request (&whole_row);
  g_autoptr (KlingRequest) other = make_request (&whole_row);

  other->face_image_url = g_strdup ("https://example.com/face.png");
  fail_if (kling_request_equal (a, other));
}

GST_END_TEST;

/* Whom the service tells, and what the user calls the task, makes no other
 * video, and is not remembered: a callback URL may be a secret. */
GST_START_TEST (test_equal_names)
{
  g_autoptr (KlingRequest) a = make_official ();
  g_autoptr (KlingRequest) named = make_official ();
  g_autoptr (KlingRequest) copy = NULL;

  named->external_task_id = g_strdup ("ep-17");
  named->callback_url = g_strdup ("https://example.com/done?token=1");
  fail_unless (kling_request_equal (a, named));
  copy = kling_request_dup_identity (named);
  fail_unless (kling_request_equal (copy, named));
  fail_unless (copy->external_task_id == NULL);
  fail_unless (copy->callback_url == NULL);
}

GST_END_TEST;

/* What is remembered has the face and the audio that were chosen. */
GST_START_TEST (test_identity_ids)
{
  g_autoptr (KlingRequest) request = make_request (&half_row);
  g_autoptr (KlingRequest) copy = NULL;

  request->face_id = g_strdup ("1");
  request->audio_id = g_strdup ("8602");
  copy = kling_request_dup_identity (request);
  fail_unless_equals_string (copy->face_id, "1");
  fail_unless_equals_string (copy->audio_id, "8602");
}

GST_END_TEST;

static Suite *
request_suite (void)
{
  Suite *suite = suite_create ("request");
  TCase *tcase = tcase_create ("request");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_check, 0, G_N_ELEMENTS (checks));
  tcase_add_test (tcase, test_missing);
  tcase_add_test (tcase, test_equal);
  tcase_add_test (tcase, test_equal_numbers);
  tcase_add_test (tcase, test_equal_kind);
  tcase_add_test (tcase, test_equal_image);
  tcase_add_test (tcase, test_equal_names);
  tcase_add_test (tcase, test_equal_text);
  tcase_add_test (tcase, test_identity);
  tcase_add_test (tcase, test_identity_ids);
  tcase_add_test (tcase, test_check_upload);
  return suite;
}

GST_CHECK_MAIN (request);
