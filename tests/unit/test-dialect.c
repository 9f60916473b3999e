/* klinglipsync: tests of the dialects
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-dialect.h"
#include "kling-error.h"

/* One request of each kind; what is not named is NULL. */
typedef struct
{
  const gchar *session_id;
  const gchar *video_url;
  const gchar *video_id;
  const gchar *face_image_url;
  const gchar *text;
  const gchar *voice_id;
  const gchar *voice_language;
  const gchar *audio_url;
} Given;

static KlingRequest *
make_request (const Given * given)
{
  KlingRequest *request = kling_request_new ();

  request->dialect = KLING_DIALECT_GATEWAY;
  request->session_id = g_strdup (given->session_id);
  request->video_url = g_strdup (given->video_url);
  request->video_id = g_strdup (given->video_id);
  request->face_image_url = g_strdup (given->face_image_url);
  request->text = g_strdup (given->text);
  request->voice_id = g_strdup (given->voice_id);
  request->voice_language = g_strdup (given->voice_language);
  request->audio_url = g_strdup (given->audio_url);
  return request;
}

static const KlingDialect *
gateway (void)
{
  return kling_dialect_get (KLING_DIALECT_GATEWAY);
}

GST_START_TEST (test_table)
{
  const KlingDialect *dialect = gateway ();

  fail_unless_equals_string (dialect->nick, "gateway");
  fail_unless_equals_string (dialect->default_base_url, "https://ai.alad.com");
  fail_unless_equals_string (dialect->identify_path,
      "/kling/v1/videos/identify-face");
  fail_unless_equals_string (dialect->create_path,
      "/kling/v1/videos/advanced-lip-sync");
  fail_unless_equals_string (dialect->query_paths[0],
      "/kling/v1/videos/advanced-lip-sync/%s");
}

GST_END_TEST;

/* Kling's figures, which gateways do not document */
GST_START_TEST (test_limits)
{
  const KlingLimits *limits = &gateway ()->limits;

  fail_if (limits->documented);
  fail_unless_equals_int64 (limits->audio_min, 2000000);
  fail_unless_equals_int64 (limits->audio_max, 60000000);
  fail_unless_equals_int64 (limits->video_min, 2000000);
  fail_unless_equals_int64 (limits->video_max, 60000000);
  fail_unless_equals_int64 (limits->video_bytes, 104857600);
  fail_unless_equals_int (limits->side_min, 512);
  fail_unless_equals_int (limits->side_max, 2160);
}

GST_END_TEST;

static void
check_bytes (GBytes * bytes, const gchar * expected)
{
  g_autofree gchar *text = g_strndup (g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes));

  fail_unless_equals_string (text, expected);
  g_bytes_unref (bytes);
}

/* The first ones are the documented examples, byte for byte: kling-lip-sync and
 * kling-identify-face at doc.starrise.tech. */
static const struct
{
  Given given;
  const gchar *body;
} creates[] = {
  {{.text = "Hello, welcome to my channel",.voice_id = "girlfriend_1_cn",
          .voice_language = "zh"},
      "{\"input\":{\"session_id\":\"YOUR_SESSION_ID\",\"text\":\"Hello,"
      " welcome to my channel\",\"voice_id\":\"girlfriend_1_cn\","
      "\"voice_language\":\"zh\"}}"},
  {{.audio_url = "https://example.com/speech.mp3"},
      "{\"input\":{\"session_id\":\"YOUR_SESSION_ID\",\"audio_url\":"
      "\"https://example.com/speech.mp3\"}}"},
  {{.audio_url = "https://example.com/a?b=c&d=%20",
          .face_image_url = "http://example.com/face.png"},
      "{\"input\":{\"session_id\":\"YOUR_SESSION_ID\",\"audio_url\":"
      "\"https://example.com/a?b=c&d=%20\",\"face_image_url\":"
      "\"http://example.com/face.png\"}}"},
  {{.text = "你好 \"Kling\"\n\\ 😀",.voice_id = "chat1_female_new-3",
          .voice_language = "zh"},
      "{\"input\":{\"session_id\":\"YOUR_SESSION_ID\",\"text\":"
      "\"你好 \\\"Kling\\\"\\n\\\\ 😀\",\"voice_id\":\"chat1_female_new-3\","
      "\"voice_language\":\"zh\"}}"},
};

GST_START_TEST (test_create_body)
{
  g_autoptr (KlingRequest) request = make_request (&creates[__i__].given);

  KlingSources sources = {
    .session_id = "YOUR_SESSION_ID",.audio_url = request->audio_url
  };

  check_bytes (gateway ()->create_body (request, &sources),
      creates[__i__].body);
}

GST_END_TEST;

static const struct
{
  Given given;
  const gchar *body;
} identifies[] = {
  {{.video_url = "https://example.com/person.mp4"},
      "{\"video_url\":\"https://example.com/person.mp4\"}"},
  {{.video_id = "860260754053148756"},
      "{\"video_id\":\"860260754053148756\"}"},
};

GST_START_TEST (test_identify_body)
{
  g_autoptr (KlingRequest) request = make_request (&identifies[__i__].given);

  KlingSources sources = {.video_url = request->video_url };

  check_bytes (gateway ()->identify_body (request, &sources),
      identifies[__i__].body);
}

GST_END_TEST;

#define SPEAKER .video_url = "https://e.com/v.mp4"
#define VOICE .voice_id = "oversea_male1", .voice_language = "en"

static const struct
{
  Given given;
  const gchar *refusal;         /* a part of the sentence; NULL: it is fine */
} checks[] = {
  {{SPEAKER,.text = "Hi", VOICE}, NULL},
  {{SPEAKER,.text = "Hi",.voice_id = "anything_new",.voice_language = "zh"},
      NULL},
  {{SPEAKER,.audio_url = "http://e.com/a.mp3"}, NULL},
  {{SPEAKER,.audio_url = "https://e.com/a.mp3",.face_image_url =
              "https://e.com/f.png"}, NULL},
  {{.session_id = "abc123-session-id",.text = "Hi", VOICE}, NULL},
  {{.video_id = "8602",.text = "Hi", VOICE}, NULL},
  {{SPEAKER,.text = "Hi"}, "oversea_male1"},
  {{SPEAKER,.text = "Hi"}, "girlfriend_4_speech02"},
  {{SPEAKER,.text = "Hi",.voice_language = "en"}, "voice-id"},
  {{SPEAKER,.text = "Hi",.voice_id = "oversea_male1"}, "voice-language"},
  {{SPEAKER,.text = "Hi",.voice_id = "oversea_male1",.voice_language = "de"},
      "neither en nor zh"},
  {{SPEAKER,.text = "Hi",.voice_id = "oversea_male1",.voice_language = "EN"},
      "neither en nor zh"},
  {{SPEAKER,.text = "\xff", VOICE}, "UTF-8"},
  {{SPEAKER,.audio_url = "https://e.com/a.mp3",.voice_id = "x"}, "text only"},
  {{SPEAKER,.audio_url = "https://e.com/a.mp3",.voice_language = "en"},
      "text only"},
  {{SPEAKER,.audio_url = "file:///a.mp3"}, "audio-url"},
  {{SPEAKER,.audio_url = "speech.mp3"}, "audio-url"},
  {{.video_url = "rtsp://e.com/v",.text = "Hi", VOICE}, "video-url"},
  {{SPEAKER,.text = "Hi", VOICE,.face_image_url = "f.png"}, "face-image-url"},
  {{.session_id = "../token",.text = "Hi", VOICE}, "session-id"},
  {{.video_id = "a b",.text = "Hi", VOICE}, "video-id"},
};

GST_START_TEST (test_check)
{
  g_autoptr (KlingRequest) request = make_request (&checks[__i__].given);
  g_autoptr (GError) error = NULL;
  gboolean fine = kling_dialect_check (request, NULL, &error);

  fail_unless_equals_int (fine, checks[__i__].refusal == NULL);
  if (fine)
    return;
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_SETTINGS));
  fail_unless (strstr (error->message, checks[__i__].refusal), "%s",
      error->message);
}

GST_END_TEST;

static Suite *
dialect_suite (void)
{
  Suite *suite = suite_create ("dialect");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_table);
  tcase_add_test (tc, test_limits);
  tcase_add_loop_test (tc, test_create_body, 0, G_N_ELEMENTS (creates));
  tcase_add_loop_test (tc, test_identify_body, 0, G_N_ELEMENTS (identifies));
  tcase_add_loop_test (tc, test_check, 0, G_N_ELEMENTS (checks));
  return suite;
}

GST_CHECK_MAIN (dialect);
