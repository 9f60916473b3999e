/* klinglipsync tests: what may be asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-error.h"
#include "kling-request.h"

/* A request as one row; NULL is what was not said. */
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
  {{.video_url = FACE,.text = "Hi."}, {NULL}},
  {{.video_id = "123",.text = "Hi."}, {NULL}},
  {{.session_id = "s1",.audio_url = SPEECH}, {NULL}},
  {{NULL}, {"video-url", "audio-url", "Nothing was sent"}},
  {{.video_url = FACE}, {"what is said", "text", "audio-url"}},
  {{.text = "Hi."}, {"who speaks", "video-url", "session-id"}},
  {{.video_url = FACE,.session_id = "s1",.text = "Hi."},
      {"Two speakers", "video-url", "session-id"}},
  {{.video_url = FACE,.video_id = "1",.text = "Hi."},
      {"Two speakers", "video-url", "video-id"}},
  {{.video_url = FACE,.text = "Hi.",.audio_url = SPEECH},
      {"Two speeches", "text", "audio-url"}},
  {{.video_url = "ftp://example.com/f.mp4",.text = "Hi."},
      {"video-url", "http"}},
  {{.video_url = FACE,.audio_url = "speech.wav"}, {"audio-url", "http"}},
  {{.video_url = FACE,.text = "Hi.",.base_url = "http://gateway.example"},
      {"http", "gateway.example"}},
  {{.video_url = FACE,.text = "Hi.",.base_url = "https://me:pw@gateway.example"},
      {NULL}},
};

GST_START_TEST (test_check)
{
  g_autoptr (KlingRequest) request = make_request (&checks[__i__].row);
  g_autoptr (GError) error = NULL;
  gboolean userinfo = g_strrstr (request->base_url, "@") != NULL;
  gboolean ok = kling_request_check (request, &error);

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

GST_START_TEST (test_complete)
{
  g_autoptr (KlingRequest) whole =
      make_request (&(Row) {.video_url = FACE,.text = "Hi." });
  g_autoptr (KlingRequest) half = make_request (&(Row) {.video_url = FACE });
  g_autofree gchar *missing = kling_request_describe_missing (half);

  fail_unless (kling_request_is_complete (whole));
  fail_if (kling_request_is_complete (half));
  fail_unless (kling_request_describe_missing (whole) == NULL);
  fail_unless (g_str_has_prefix (missing, "what is said"));
}

GST_END_TEST;

/* Each field makes another video; a missing one is not an empty one. */
GST_START_TEST (test_equal)
{
  const Row row = {.video_url = FACE,.text = "Hi." };
  g_autoptr (KlingRequest) a = make_request (&row);
  g_autoptr (KlingRequest) same = make_request (&row);
  gchar **fields[] = { &same->base_url, &same->session_id, &same->video_url,
    &same->video_id, &same->face_image_url, &same->text, &same->voice_id,
    &same->voice_language, &same->audio_url
  };

  fail_unless (kling_request_equal (a, same));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    gchar *old = *fields[i];

    *fields[i] = g_strdup (old ? "" : "other");
    fail_if (kling_request_equal (a, same), "field %u does not count", i);
    g_free (*fields[i]);
    *fields[i] = old;
  }
  fail_unless (kling_request_equal (a, same));
}

GST_END_TEST;

static Suite *
request_suite (void)
{
  Suite *suite = suite_create ("request");
  TCase *tcase = tcase_create ("request");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_check, 0, G_N_ELEMENTS (checks));
  tcase_add_test (tcase, test_complete);
  tcase_add_test (tcase, test_equal);
  return suite;
}

GST_CHECK_MAIN (request);
