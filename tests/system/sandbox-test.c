/* The contract of kling-sandbox, from outside: other tests, scripts and people
 * without an account rely on it.
 *
 * The program is spawned on a free port, as they do it. Times are asserted by
 * wide bounds only.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>
#include <signal.h>
#include <string.h>

#include "sandbox-test.h"

char *media;
char *media_base;

static void
save (Answer * answer, const char *path)
{
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (answer->body,
              NULL), g_bytes_get_size (answer->body), NULL));
}

char *
media_path (const char *name)
{
  return g_build_filename (media, name, NULL);
}

void
remove_folder (char *path)
{
  char *argv[] = { (char *) "rm", (char *) "-rf", path, NULL };

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
      NULL, NULL);
}

Box *
start_with_clip (void)
{
  g_autofree char *clip = media_path ("clip.mp4");

  return box_start ("--clip", clip, "--latency", "0", NULL);
}

char *
hello_body (const char *session)
{
  return g_strdup_printf ("{\"input\":{\"session_id\":\"%s\",\"text\":\"hi\","
      "\"voice_id\":\"AOT\",\"voice_language\":\"en\"}}", session);
}

void
assert_refused (Answer * answer, gint64 code, const char *words)
{
  g_autoptr (JsonObject) json = answer_json (answer);
  const char *message = find_string (json, "message");

  g_assert_cmpint (find_integer (json, "code"), ==, code);
  if (strstr (message, words) == NULL)
    g_error ("\"%s\" does not say \"%s\"", message, words);
}

static void
test_start_and_stop (void)
{
  const int signals[] = { SIGTERM, SIGINT };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autoptr (Box) box = box_start ("--latency", "0", NULL);
    g_autoptr (GDataInputStream) out =
        g_data_input_stream_new (g_subprocess_get_stdout_pipe (box->process));
    g_autofree char *line = g_data_input_stream_read_line (out, NULL, NULL,
        NULL);

    g_assert_nonnull (strstr (line, box->base));
    g_assert_nonnull (strstr (line, "KLING_BASE_URL="));
    g_assert_nonnull (strstr (line, "KLING_API_KEY=sandbox"));
    g_assert_cmpint (box_stop (box, signals[i]), ==, 0);
  }
}

static void
test_bad_options (void)
{
  const char *const bad[] = { "--latency=-1", "--slots=0", "--port=70000",
    "stray", "--nonsense", "--clip=/nonexistent", "--upload-auth="
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_true (box_refuses ("--port=0", bad[i], NULL));
}

static void
test_key (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const headers[] = { "Bearer wrong", "sandbox", "Bearer " };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (Answer) answer = box_call_with (box, "POST", IDENTIFY,
        "{\"video_id\":\"sample\"}", "Authorization", headers[i], NULL);
    g_autoptr (JsonObject) json = answer_json (answer);

    g_assert_cmpuint (answer->status, ==, 401);
    g_assert_cmpstr (find_string (json, "error.code"), ==, "invalid_api_key");
    g_assert_cmpstr (find_string (json, "error.type"), ==,
        "authentication_error");
  }
  g_assert_cmpint (box_ledger (box, "identify"), ==, 0);
}

/* A page whose name was made to point here is still called by that name. */
static void
test_host (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const good[] = { "localhost", "127.0.0.1:1", "[::1]:80" };
  const char *const bad[] = { "evil.example", "localhost.evil.example",
    "127.0.0.1.evil.example", "10.0.0.1"
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (Answer) answer =
        box_call_with (box, "GET", "/sandbox/voices", NULL, "Host", good[i],
        NULL);

    g_assert_cmpuint (answer->status, ==, 200);
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Answer) answer =
        box_call_with (box, "GET", "/sandbox/voices", NULL, "Host", bad[i],
        NULL);

    g_assert_cmpuint (answer->status, ==, 403);
  }
}

static void
test_unknown_things (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (Answer) route =
      box_service (box, "GET", "/kling/v1/nothing", NULL);
  g_autoptr (JsonObject) route_json = answer_json (route);
  const char *const queries[] = { CREATE "/task_none",
    "/kling/v1/videos/lip-sync/task_none", "/kling/v1/videos/task_none"
  };

  g_assert_cmpuint (route->status, ==, 404);
  g_assert_cmpstr (find_string (route_json, "error.message"), ==,
      "Invalid URL (GET /kling/v1/nothing)");
  for (guint i = 0; i < G_N_ELEMENTS (queries); i++) {
    g_autoptr (Answer) answer = box_service (box, "GET", queries[i], NULL);
    g_autoptr (JsonObject) json = answer_json (answer);

    g_assert_cmpuint (answer->status, ==, 400);
    g_assert_cmpstr (find_string (json, "code"), ==, "task_not_exist");
  }
}

static void
test_bodies (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autofree char *large = g_strnfill (17 * 1024 * 1024, ' ');
  const char *const bad[] = { "", "junk", "[]", "\"x\"", "\xff{}", deep };
  g_autoptr (Answer) answer = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Answer) refused = box_service (box, "POST", CREATE, bad[i]);

    g_assert_cmpuint (refused->status, ==, 400);
    assert_refused (refused, 1200, "");
  }
  answer = box_service (box, "POST", CREATE, large);
  g_assert_cmpuint (answer->status, ==, 413);
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

/* What identify-face says about a file of the media folder. */
static void
check_identify (Box * box, const char *name, const char *words)
{
  g_autofree char *body =
      g_strdup_printf ("{\"video_url\":\"%s/%s?sig=secret\"}", media_base,
      name);
  g_autoptr (Answer) answer = box_service (box, "POST", IDENTIFY, body);
  g_autofree char *text = answer_text (answer);

  g_assert_null (strstr (text, "secret"));
  if (words) {
    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, words);
  } else {
    g_assert_cmpuint (answer->status, ==, 200);
  }
}

static void
test_identify (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const bad[][2] = {
    {"{}", "exactly one"},
    {"{\"video_url\":\"http://x/\",\"video_id\":\"sample\"}", "exactly one"},
    {"{\"video_url\":\"file:///etc/passwd\"}", "http"},
    {"{\"video_url\":\"ftp://127.0.0.1/x\"}", "http"},
    {"{\"video_id\":\"nobody\"}", "not found"},
    {"{\"video_url\":\"http://127.0.0.1:1/x\"}", "cannot fetch"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Answer) answer = box_service (box, "POST", IDENTIFY, bad[i][0]);

    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, bad[i][1]);
  }
  check_identify (box, "clip.mp4", NULL);
  check_identify (box, "speech.wav", "there is no human in the video");
  check_identify (box, "page.html", "there is no human in the video");
  check_identify (box, "face.png", "there is no human in the video");
  check_identify (box, "missing.mp4", "404");
  check_identify (box, "short.mp4", "2 to 60 s");
  check_identify (box, "small.mp4", "512 to 2160");
  check_identify (box, "film.webm", ".mp4");
  g_assert_cmpint (box_ledger (box, "identify"), ==, 1);
}

/* A create that is refused costs nothing. */
static void
test_create_refused (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  const char *const bad[][2] = {
    {"\"session_id\":\"$S\"", "exactly one"},
    {"\"session_id\":\"$S\",\"text\":\"a\",\"audio_url\":\"http://x/\"",
        "exactly one"},
    {"\"text\":\"a\"", "session_id is missing"},
    {"\"session_id\":\"T\",\"text\":\"a\",\"voice_id\":\"AOT\","
          "\"voice_language\":\"en\"", "session_id not found"},
    {"\"session_id\":\"$S\",\"text\":\"a\"", "voice_id is missing"},
    {"\"session_id\":\"$S\",\"text\":\"a\",\"voice_id\":\"AOT\"",
        "voice_language is missing"},
    {"\"session_id\":\"$S\",\"text\":\"a\",\"voice_id\":\"AOT\","
          "\"voice_language\":\"fr\"", "zh or en"},
    {"\"session_id\":\"$S\",\"text\":\"a\",\"voice_id\":\"nobody\","
          "\"voice_language\":\"en\"", "Voice id not found"},
    {"\"session_id\":\"$S\",\"text\":\"a\",\"voice_id\":\"AOT\","
          "\"voice_language\":\"zh\"", "does not speak"},
    {"\"session_id\":\"$S\",\"audio_url\":\"file:///x\"", "http"},
    {"\"session_id\":\"$S\",\"audio_url\":\"$M/missing.mp3\"", "404"},
    {"\"session_id\":\"$S\",\"audio_url\":\"$M/page.html\"", "none of"},
    {"\"session_id\":\"$S\",\"audio_url\":\"$M/short.wav\"", "2 to 60 s"},
    {"\"session_id\":\"$S\",\"audio_url\":\"$M/long.mp3\"", "2 to 60 s"},
    {"\"session_id\":\"$S\",\"audio_url\":\"$M/large.wav\"", "too large"},
    {"\"session_id\":\"$S\",\"audio_url\":\"$M/speech.wav\","
          "\"face_image_url\":\"$M/page.html\"", "JPEG or PNG"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GString) body = g_string_new (NULL);
    g_autoptr (Answer) answer = NULL;

    g_string_printf (body, "{\"input\":{%s}}", bad[i][0]);
    g_string_replace (body, "$S", session, 0);
    g_string_replace (body, "$M", media_base, 0);
    answer = box_service (box, "POST", CREATE, body->str);
    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, bad[i][1]);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

static gsize
find_box (GBytes * file, const char *type)
{
  gsize size, at = 0;
  const guint8 *data = g_bytes_get_data (file, &size);

  while (at + 8 <= size) {
    guint32 length =
        (guint32) data[at] << 24 | data[at + 1] << 16 | data[at +
        2] << 8 | data[at + 3];

    if (memcmp (data + at + 4, type, 4) == 0)
      return at + 1;
    g_assert_cmpuint (length, >=, 8);
    at += length;
  }
  return 0;
}

static void
assert_codecs (const char *path)
{
  g_autofree char *uri = gst_filename_to_uri (path, NULL);
  g_autoptr (GstDiscoverer) discoverer =
      gst_discoverer_new (20 * GST_SECOND, NULL);
  g_autoptr (GstDiscovererInfo) info =
      gst_discoverer_discover_uri (discoverer, uri, NULL);
  GList *streams = gst_discoverer_info_get_stream_list (info);
  gboolean h264 = FALSE, aac = FALSE;

  for (GList * l = streams; l; l = l->next) {
    g_autoptr (GstCaps) caps = gst_discoverer_stream_info_get_caps (l->data);
    const char *name = gst_structure_get_name (gst_caps_get_structure (caps,
            0));

    h264 |= strcmp (name, "video/x-h264") == 0;
    aac |= strcmp (name, "audio/mpeg") == 0;
  }
  gst_discoverer_stream_info_list_free (streams);
  g_assert_true (h264);
  g_assert_true (aac);
}

/* Seconds of the WAV that the sandbox says it spoke: 22050 Hz, 16 bit. */
static double
speech_seconds (Box * box, const char *task)
{
  g_autofree char *path = g_strdup_printf ("/sandbox/tasks/%s/speech", task);
  g_autoptr (Answer) answer = box_call (box, "GET", path, NULL);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpint (memcmp (g_bytes_get_data (answer->body, NULL), "RIFF", 4),
      ==, 0);
  return (g_bytes_get_size (answer->body) - 44) / 2 / 22050.0;
}

static void
check_video (Box * box, const char *task, const char *url, int width,
    int height, double seconds)
{
  g_autoptr (Answer) answer = box_call (box, "GET", url, NULL);
  g_autofree char *path = media_path ("result.mp4");
  g_auto (Clip) clip = { 0 };
  double r;

  g_assert_cmpuint (answer->status, ==, 200);
  save (answer, path);
  g_assert_cmpuint (find_box (answer->body, "moov"), >,
      find_box (answer->body, "mdat"));
  assert_codecs (path);
  g_assert_true (clip_read (path, width, height, &clip));
  g_assert_cmpfloat_with_epsilon (clip.frames / 25.0, seconds, 0.041);
  g_assert_cmpfloat_with_epsilon (clip.samples / 48000.0, seconds, 0.041);
  r = correlation (clip.dark, clip.rms, clip.frames);
  g_test_message ("%ux%u, %.2f s: mouth and loudness, r = %.3f", width,
      height, seconds, r);
  g_assert_cmpfloat (r, >=, 0.6);
}

/* The files to try things with. A picture may be the first that is asked
 * for. */
static void
test_samples (void)
{
  const char *const paths[] = { "/sandbox/faces-2.png", "/sandbox/faces-0.png",
    "/sandbox/faces-1.png", "/sandbox/faces.mp4", "/sandbox/face.mp4"
  };
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (Answer) none = NULL;
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (Answer) answer = box_call (box, "GET", paths[i], NULL);
    gboolean picture = g_str_has_suffix (paths[i], ".png");

    g_assert_cmpuint (answer->status, ==, 200);
    g_assert_cmpstr (soup_message_headers_get_content_type (answer->headers,
            NULL), ==, picture ? "image/png" : "video/mp4");
    g_assert_true (g_hash_table_add (seen, g_compute_checksum_for_bytes
            (G_CHECKSUM_SHA256, answer->body)));
    if (picture)
      g_assert_cmpint (memcmp (g_bytes_get_data (answer->body, NULL),
              "\x89PNG", 4), ==, 0);
    else
      g_assert_cmpuint (find_box (answer->body, "moov"), >, 0);
  }
  none = box_call (box, "GET", "/sandbox/faces-3.png", NULL);
  g_assert_cmpuint (none->status, ==, 404);
}

/* The sample, English and Chinese. */
static void
test_video_of_sample (void)
{
  g_autoptr (Box) box = box_start ("--latency", "0", NULL);
  g_autofree char *url = g_strconcat (box->base, "/sandbox/face.mp4", NULL);
  g_autofree char *session = box_session (box, url);
  const char *const speeches[][3] = {
    {"Hello, this is a sentence with a few words.", "oversea_male1", "en"},
    {"你好，今天天气很好。", "tianmeixuemei-v1", "zh"},
    {"Hi.", "uk_man2", "en"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (speeches); i++) {
    g_autofree char *task = box_create_text (box, session, speeches[i][0],
        speeches[i][1], speeches[i][2]);
    g_autofree char *result = NULL;
    g_autofree char *status = box_wait (box, task, &result);
    double seconds = speech_seconds (box, task);

    g_assert_cmpstr (status, ==, "SUCCESS");
    g_assert_cmpfloat (seconds, >=, 2);
    check_video (box, task, result, 1280, 720, seconds);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 3);
}

/* Somebody else's video, shorter than its speech and without a known mouth,
 * and speech from a URL. */
static void
test_video_of_others (void)
{
  g_autoptr (Box) box = box_start ("--latency", "0", NULL);
  g_autofree char *url = g_strconcat (media_base, "/tall.mp4", NULL);
  g_autofree char *session = box_session (box, url);
  g_autofree char *body = g_strdup_printf ("{\"input\":{\"session_id\":\"%s\","
      "\"audio_url\":\"%s/speech.wav\",\"face_image_url\":\"%s/face.png\"}}",
      session, media_base, media_base);
  g_autoptr (Answer) answer = box_service (box, "POST", CREATE, body);
  g_autoptr (JsonObject) json = answer_json (answer);
  const char *task = find_string (json, "task_id");
  g_autofree char *result = NULL;
  g_autofree char *status = box_wait (box, task, &result);

  g_assert_cmpstr (status, ==, "SUCCESS");
  check_video (box, task, result, 720, 1280, 3.0);
}

static void
test_speech_too_long (void)
{
  g_autoptr (Box) box = box_start ("--latency", "0", NULL);
  g_autofree char *session = box_session (box, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *task = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *status = NULL;

  for (int i = 0; i < 60; i++)
    g_string_append (text, "This is one more sentence to be said. ");
  task = box_create_text (box, session, text->str, "AOT", "en");
  status = box_wait (box, task, &reason);
  g_assert_cmpstr (status, ==, "FAILED");
  g_assert_nonnull (strstr (reason, "60 seconds"));
  g_assert_cmpint (box_ledger (box, "paid"), ==, 1);
}

/* Every known voice speaks each of its languages, and sounds like no other. */
static void
test_voices (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/voices", NULL);
  g_autofree char *text = answer_text (answer);
  g_autoptr (JsonNode) list = json_from_string (text, NULL);
  JsonArray *voices = json_node_get_array (list);
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint spoken[2] = { 0, 0 };

  for (guint i = 0; i < json_array_get_length (voices); i++) {
    JsonObject *voice = json_array_get_object_element (voices, i);
    const char *id = json_object_get_string_member (voice, "voice_id");
    JsonArray *languages = json_object_get_array_member (voice, "languages");

    for (guint j = 0; j < json_array_get_length (languages); j++) {
      const char *language = json_array_get_string_element (languages, j);
      gboolean zh = strcmp (language, "zh") == 0;
      g_autofree char *task = box_create_text (box, session,
          zh ? "你好吗" : "How are you", id, language);
      g_autofree char *path =
          g_strdup_printf ("/sandbox/tasks/%s/speech", task);
      g_autoptr (Answer) speech = box_call (box, "GET", path, NULL);

      g_assert_cmpuint (speech->status, ==, 200);
      g_assert_true (g_hash_table_add (seen, g_compute_checksum_for_bytes
              (G_CHECKSUM_SHA256, speech->body)));
      spoken[zh]++;
    }
  }
  g_assert_cmpuint (spoken[0], ==, 27);
  /* with the one from the gateways' example */
  g_assert_cmpuint (spoken[1], ==, 36);
}

static void
test_clip (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *path = media_path ("clip.mp4");
  g_autofree char *clip = NULL;
  char *sums[2];
  gsize size, length;

  g_assert_true (g_file_get_contents (path, &clip, &size, NULL));
  for (guint i = 0; i < 2; i++) {
    g_autofree char *task = box_create_text (box, session, "a", "AOT", "en");
    g_autofree char *url = NULL;
    g_autofree char *status = box_wait (box, task, &url);
    g_autoptr (Answer) answer = box_call (box, "GET", url, NULL);
    const char *data = g_bytes_get_data (answer->body, &length);

    g_assert_cmpstr (status, ==, "SUCCESS");
    g_assert_cmpuint (length, ==, size + 8 + strlen (task));
    g_assert_cmpint (memcmp (data, clip, size), ==, 0);
    g_assert_cmpint (memcmp (data + size + 4, "free", 4), ==, 0);
    g_assert_cmpint (memcmp (data + size + 8, task, strlen (task)), ==, 0);
    sums[i] = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, answer->body);
  }
  g_assert_cmpstr (sums[0], !=, sums[1]);
  g_free (sums[0]);
  g_free (sums[1]);
}

Answer *
get_range (Box * box, const char *url, const char *range, const char *condition)
{
  return box_call_with (box, "GET", url, NULL, "Range", range,
      condition ? "If-Range" : NULL, condition, NULL);
}

static void
test_result_file (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *task = box_create_text (box, session, "a", "AOT", "en");
  g_autofree char *url = NULL;
  g_autofree char *status = box_wait (box, task, &url);
  g_autoptr (Answer) whole = box_call (box, "GET", url, NULL);
  gsize size = g_bytes_get_size (whole->body);
  const char *etag = soup_message_headers_get_one (whole->headers, "ETag");
  g_autoptr (GBytes) tail =
      g_bytes_new_from_bytes (whole->body, size - 100, 100);
  g_autofree char *open_range =
      g_strdup_printf ("bytes=%" G_GSIZE_FORMAT "-", size - 100);
  g_autofree char *beyond = g_strdup_printf ("bytes=%" G_GSIZE_FORMAT "-",
      size);
  g_autofree char *bare = g_strndup (url, strchr (url, '?') - url);
  g_autoptr (Answer) a = get_range (box, url, open_range, etag);
  g_autoptr (Answer) b = get_range (box, url, "bytes=-100", NULL);
  g_autoptr (Answer) c = get_range (box, url, open_range, "\"other\"");
  g_autoptr (Answer) d = get_range (box, url, beyond, NULL);
  g_autoptr (Answer) e = box_call (box, "GET", bare, NULL);
  g_autoptr (Answer) f = box_call (box, "HEAD", url, NULL);

  g_assert_cmpstr (status, ==, "SUCCESS");
  g_assert_nonnull (etag);
  g_assert_cmpint (soup_message_headers_get_content_length (whole->headers),
      ==, size);
  g_assert_cmpuint (a->status, ==, 206);
  g_assert_true (g_bytes_equal (a->body, tail));
  g_assert_cmpuint (b->status, ==, 206);
  g_assert_true (g_bytes_equal (b->body, tail));
  g_assert_cmpuint (c->status, ==, 200);
  g_assert_cmpuint (g_bytes_get_size (c->body), ==, size);
  g_assert_cmpuint (d->status, ==, 416);
  g_assert_cmpuint (e->status, ==, 403);
  g_assert_cmpuint (f->status, ==, 200);
  g_assert_cmpint (soup_message_headers_get_content_length (f->headers), ==,
      size);
}

/* Killed in the middle, twice: nothing that was paid is lost, nothing is paid
 * twice, and what was running is done in the end. */
static void
test_restart (void)
{
  g_autofree char *state = g_dir_make_tmp ("sandbox-state-XXXXXX", NULL);
  g_autofree char *task = NULL;
  g_autofree char *session = NULL;
  g_autofree char *result = NULL;
  g_autofree char *status = NULL;
  Box *box = box_start ("--state", state, "--latency", "30", NULL);
  g_autoptr (Answer) faults = NULL;
  g_autofree char *text = NULL;

  g_assert_true (box_refuses ("--port=0", "--state", state));
  session = box_session (box, NULL);
  task = box_create_text (box, session, "Still here.", "AOT", "en");
  box_fault (box, "{\"match\":{\"kind\":\"query\"},\"do\":{\"status\":500},"
      "\"times\":0}");
  g_assert_cmpint (box_stop (box, SIGKILL), ==, -SIGKILL);
  box_free (box);

  box = box_start ("--state", state, "--latency", "1", NULL);
  faults = box_call (box, "GET", "/sandbox/faults", NULL);
  text = answer_text (faults);
  g_assert_cmpstr (text, ==, "[]");
  g_assert_cmpint (box_ledger (box, "paid"), ==, 1);
  g_assert_cmpint (box_ledger (box, "identify"), ==, 1);
  status = box_wait (box, task, &result);
  g_assert_cmpstr (status, ==, "SUCCESS");
  check_video (box, task, result, 1280, 720, speech_seconds (box, task));
  g_free (box_create_text (box, session, "Again.", "AOT", "en"));
  g_assert_cmpint (box_ledger (box, "paid"), ==, 2);
  g_assert_cmpint (box_stop (box, SIGTERM), ==, 0);
  box_free (box);
  remove_folder (state);
}

/* The word that a query shows, and its percents. */
static char *
ask_status (Box * box, const char *task, int *percent)
{
  g_autofree char *path = g_strconcat (CREATE "/", task, NULL);
  g_autoptr (Answer) answer = box_service (box, "GET", path, NULL);
  g_autoptr (JsonObject) json = answer_json (answer);

  *percent = atoi (find_string (json, "data.progress"));
  return g_strdup (find_string (json, "data.status"));
}

static void
test_queue (void)
{
  g_autofree char *clip = media_path ("clip.mp4");
  g_autoptr (Box) box = box_start ("--clip", clip, "--slots", "1",
      "--latency", "1.5", NULL);
  g_autofree char *session = box_session (box, NULL);
  gint64 start = g_get_monotonic_time ();
  g_autofree char *first = box_create_text (box, session, "a", "AOT", "en");
  g_autofree char *second = box_create_text (box, session, "b", "AOT", "en");
  g_autofree char *third = NULL;
  gboolean running = FALSE, queued = FALSE, done = FALSE;
  int before = 0, percent;

  while (!done) {
    g_autofree char *a = ask_status (box, first, &percent);
    int other;
    g_autofree char *b = ask_status (box, second, &other);

    g_assert_cmpint (percent, >=, before);
    before = percent;
    running |= strcmp (a, "PROCESSING") == 0 && percent > 30;
    queued |= strcmp (a, "PROCESSING") == 0 && strcmp (b, "QUEUED") == 0;
    done = strcmp (a, "SUCCESS") == 0;
    g_usleep (20000);
  }
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 1400000);
  g_assert_true (running);
  g_assert_true (queued);
  g_free (box_wait (box, second, NULL));
  g_assert_cmpint (box_ledger (box, "open_max"), ==, 2);
  third = box_create_text (box, session, "c", "AOT", "en");
  g_free (box_wait (box, third, NULL));
  g_assert_cmpint (box_ledger (box, "open_max"), ==, 2);
}

void
set_shape (Box * box, const char *shape)
{
  g_autoptr (Answer) answer = box_call (box, "POST", "/sandbox/shape", shape);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_default_shape (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *body = hello_body (session);
  g_autoptr (Answer) created = box_service (box, "POST", CREATE, body);
  g_autoptr (JsonObject) a = answer_json (created);
  const char *task = find_string (a, "task_id");
  g_autofree char *status = box_wait (box, task, NULL);
  g_autofree char *path = g_strconcat (CREATE "/", task, NULL);
  g_autoptr (Answer) asked = box_service (box, "GET", path, NULL);
  g_autoptr (JsonObject) b = answer_json (asked);

  g_assert_cmpstr (status, ==, "SUCCESS");
  g_assert_false (json_object_has_member (a, "data"));
  g_assert_cmpstr (find_string (a, "id"), ==, task);
  g_assert_cmpstr (find_string (a, "status"), ==, "");
  g_assert_cmpint (find_integer (a, "progress"), ==, 0);
  g_assert_cmpstr (find_string (b, "code"), ==, "success");
  g_assert_cmpstr (find_string (b, "data.task_id"), ==, task);
  g_assert_cmpstr (find_string (b, "data.progress"), ==, "100%");
  g_assert_cmpint (find_integer (b, "data.data.code"), ==, 0);
  g_assert_cmpstr (find_string (b, "data.data.data.task_status"), ==,
      "succeed");
  g_assert_cmpstr (find_string (b, "data.data.data.task_id"), !=, task);
}

static void
test_other_shapes (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = NULL;
  g_autofree char *body = NULL;
  g_autofree char *path = NULL;
  g_autoptr (Answer) created = NULL;
  g_autoptr (Answer) asked = NULL;
  g_autoptr (Answer) refused = NULL;
  g_autoptr (Answer) wrong = NULL;
  g_autoptr (JsonObject) a = NULL;
  g_autoptr (JsonObject) b = NULL;
  g_autoptr (JsonObject) c = NULL;
  gint64 id;

  set_shape (box, "{\"depth\":1,\"ids\":\"integer\",\"create\":\"nested\","
      "\"words\":\"completed\",\"errors\":\"wrapped\"}");
  session = box_session (box, NULL);
  body = hello_body (session);
  created = box_service (box, "POST", CREATE, body);
  a = answer_json (created);
  id = find_integer (a, "data.task_id");
  g_assert_cmpint (id, >, G_GINT64_CONSTANT (1) << 53);
  path = g_strdup_printf (CREATE "/%" G_GINT64_FORMAT, id);
  g_usleep (200000);
  asked = box_service (box, "GET", path, NULL);
  b = answer_json (asked);
  g_assert_cmpint (find_integer (b, "data.task_id"), ==, id);
  g_assert_cmpstr (find_string (b, "data.task_status"), ==, "completed");
  refused = box_service (box, "POST", CREATE, "{}");
  c = answer_json (refused);
  g_assert_cmpstr (find_string (c, "code"), ==, "fail_to_fetch_task");
  g_assert_nonnull (strstr (find_string (c, "message"), "1201"));
  wrong = box_call (box, "POST", "/sandbox/shape", "{\"depth\":4}");
  g_assert_cmpuint (wrong->status, ==, 400);
}

/* The members that scripts read, by the names they rely on. */
static void
test_ledger (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *url = g_strconcat (media_base, "/clip.mp4?s=secret", NULL);
  g_autofree char *session = box_session (box, url);
  g_autofree char *task = box_create_text (box, session, "a", "AOT", "en");
  g_autofree char *status = box_wait (box, task, NULL);
  g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/ledger", NULL);
  g_autofree char *text = answer_text (answer);
  g_autoptr (JsonObject) ledger = answer_json (answer);
  JsonArray *calls = json_object_get_array_member (ledger, "calls");
  const char *const kinds[] = { "other", "identify", "create", "query" };

  g_assert_cmpstr (status, ==, "SUCCESS");
  g_assert_cmpint (find_integer (ledger, "paid"), ==, 1);
  g_assert_cmpint (find_integer (ledger, "identify"), ==, 1);
  g_assert_cmpint (find_integer (ledger, "tts"), ==, 0);
  /* a clip of 3 s is one step of 0.5, and identify-face 0.05 */
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (ledger,
          "units"), 0.55, 1e-6);
  g_assert_null (strstr (text, "secret"));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    g_assert_cmpstr (find_string (call, "kind"), ==, kinds[i]);
    g_assert_cmpint (find_integer (call, "status"), ==, 200);
    g_assert_true (json_object_get_boolean_member (call, "paid") ==
        (strcmp (kinds[i], "create") == 0));
    g_assert_nonnull (find_string (call, "method"));
    g_assert_nonnull (find_string (call, "path"));
  }
}

static void
make_media (void)
{
  g_autofree char *page = media_path ("page.html");

  media_make (media, "clip.mp4", "videotestsrc num-buffers=75 ! video/x-raw,"
      "format=I420,width=640,height=512,framerate=25/1 ! x264enc "
      "speed-preset=ultrafast ! queue ! mp4mux name=m ! filesink name=out "
      "audiotestsrc num-buffers=130 ! audio/x-raw,rate=44100 ! audioconvert ! "
      "avenc_aac ! queue ! m.");
  media_make (media, "short.mp4", "videotestsrc num-buffers=25 ! video/x-raw,"
      "format=I420,width=640,height=512,framerate=25/1 ! x264enc "
      "speed-preset=ultrafast ! mp4mux ! filesink name=out");
  media_make (media, "small.mp4", "videotestsrc num-buffers=75 ! video/x-raw,"
      "format=I420,width=640,height=504,framerate=25/1 ! x264enc "
      "speed-preset=ultrafast ! mp4mux ! filesink name=out");
  media_make (media, "tall.mp4", "videotestsrc num-buffers=60 pattern=white ! "
      "video/x-raw,format=I420,width=512,height=912,framerate=30/1 ! x264enc "
      "speed-preset=ultrafast ! mp4mux ! filesink name=out");
  media_make (media, "wide.mp4", "videotestsrc num-buffers=75 ! video/x-raw,"
      "format=I420,width=1280,height=720,framerate=25/1 ! x264enc "
      "speed-preset=ultrafast ! mp4mux ! filesink name=out");
  media_make (media, "slow.mp4", "videotestsrc num-buffers=11 ! video/x-raw,"
      "format=I420,width=1280,height=720,framerate=1/1 ! x264enc "
      "speed-preset=ultrafast ! mp4mux ! filesink name=out");
  media_make (media, "film.webm", "videotestsrc num-buffers=60 ! video/x-raw,"
      "format=I420,width=640,height=512,framerate=25/1 ! vp8enc deadline=1 ! "
      "webmmux ! filesink name=out");
  media_make (media, "face.png", "videotestsrc num-buffers=1 ! pngenc ! "
      "filesink name=out");
  /* ticks: loud and silent in turn, as speech is */
  media_make (media, "speech.wav", "audiotestsrc wave=ticks volume=0.9 "
      "sine-periods-per-tick=100 tick-interval=400000000 "
      "samplesperbuffer=441 num-buffers=300 ! audio/x-raw,rate=44100,"
      "format=S16LE,channels=1 ! wavenc ! filesink name=out");
  media_make (media, "short.wav", "audiotestsrc samplesperbuffer=441 "
      "num-buffers=150 ! audio/x-raw,rate=44100,channels=1 ! wavenc ! "
      "filesink name=out");
  media_make (media, "long.mp3", "audiotestsrc samplesperbuffer=4410 "
      "num-buffers=620 ! audio/x-raw,rate=44100,channels=1 ! lamemp3enc ! "
      "filesink name=out");
  media_make (media, "large.wav", "audiotestsrc samplesperbuffer=4410 "
      "num-buffers=610 ! audio/x-raw,rate=44100,channels=1,format=S16LE ! "
      "wavenc ! filesink name=out");
  media_make (media, "full.wav", "audiotestsrc samplesperbuffer=4369 "
      "num-buffers=600 ! audio/x-raw,rate=43690,channels=1,format=S16LE ! "
      "wavenc ! filesink name=out");
  media_make (media, "speech.mp3", "audiotestsrc num-buffers=130 ! audio/x-raw,"
      "rate=44100 ! lamemp3enc ! filesink name=out");
  media_make (media, "tagged.mp3", "audiotestsrc num-buffers=130 ! audio/x-raw,"
      "rate=44100 ! lamemp3enc ! id3v2mux ! filesink name=out");
  media_make (media, "speech.aac", "audiotestsrc num-buffers=130 ! audio/x-raw,"
      "rate=44100 ! audioconvert ! avenc_aac ! aacparse ! audio/mpeg,"
      "stream-format=adts ! filesink name=out");
  media_make (media, "speech.m4a", "audiotestsrc num-buffers=130 ! audio/x-raw,"
      "rate=44100 ! audioconvert ! avenc_aac ! mp4mux ! filesink name=out");
  g_assert_true (g_file_set_contents (page, "<html>no film here</html>", -1,
          NULL));
}

int
main (int argc, char **argv)
{
  int result;

  g_unsetenv ("http_proxy");
  g_unsetenv ("HTTP_PROXY");
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  media = g_dir_make_tmp ("sandbox-media-XXXXXX", NULL);
  make_media ();
  media_base = media_serve (media);

  g_test_add_func ("/sandbox/start-and-stop", test_start_and_stop);
  g_test_add_func ("/sandbox/bad-options", test_bad_options);
  g_test_add_func ("/sandbox/key", test_key);
  g_test_add_func ("/sandbox/host", test_host);
  g_test_add_func ("/sandbox/unknown-things", test_unknown_things);
  g_test_add_func ("/sandbox/bodies", test_bodies);
  g_test_add_func ("/sandbox/identify", test_identify);
  g_test_add_func ("/sandbox/create-refused", test_create_refused);
  g_test_add_func ("/sandbox/samples", test_samples);
  g_test_add_func ("/sandbox/video/sample", test_video_of_sample);
  g_test_add_func ("/sandbox/video/others", test_video_of_others);
  g_test_add_func ("/sandbox/video/too-long", test_speech_too_long);
  g_test_add_func ("/sandbox/voices", test_voices);
  g_test_add_func ("/sandbox/clip", test_clip);
  g_test_add_func ("/sandbox/result-file", test_result_file);
  add_connection_tests ();
  add_dialect_tests ();
  add_token_tests ();
  add_fault_tests ();
  add_upload_tests ();
  g_test_add_func ("/sandbox/restart", test_restart);
  g_test_add_func ("/sandbox/queue", test_queue);
  g_test_add_func ("/sandbox/shape/default", test_default_shape);
  g_test_add_func ("/sandbox/shape/others", test_other_shapes);
  g_test_add_func ("/sandbox/ledger", test_ledger);
  result = g_test_run ();

  remove_folder (media);
  g_free (media);
  g_free (media_base);
  return result;
}
