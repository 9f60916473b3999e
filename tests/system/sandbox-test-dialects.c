/* The dialects of kling-sandbox beside the gateway's own: official, relay and
 * legacy, with faces and text to speech.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <signal.h>
#include <string.h>

#include "sandbox-test.h"

#define V1 "/v1/videos/"
#define KLING "/kling/v1/videos/"
#define TTS "/v1/audio/tts"

#define HELLO "{\"text\":\"Hello, this is a sentence with a few words.\"," \
  "\"voice_id\":\"oversea_male1\",\"voice_language\":\"en\"}"

/* Fills in $S, a session; $A, an audio id; $M, where media are served; $B, a
 * sound in Base64. */
typedef struct
{
  char *session;
  char *audio;
  char *base64;
} Values;

static void
values_clear (Values * values)
{
  g_free (values->session);
  g_free (values->audio);
  g_free (values->base64);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Values, values_clear);

static char *
fill_in (const char *body, const Values * values)
{
  GString *text = g_string_new (body);

  g_string_replace (text, "$S", values->session, 0);
  g_string_replace (text, "$A", values->audio, 0);
  g_string_replace (text, "$M", media_base, 0);
  g_string_replace (text, "$B", values->base64, 0);
  return g_string_free (text, FALSE);
}

/* A session for the sample with three faces. */
static char *
faces_session (Box * box)
{
  g_autoptr (Answer) answer = box_service (box, "POST", V1 "identify-face",
      "{\"video_id\":\"faces\",\"video_url\":\"\"}");
  g_autoptr (JsonObject) json = answer_json (answer);

  g_assert_cmpuint (answer->status, ==, 200);
  return g_strdup (find_string (json, "data.session_id"));
}

static const char *
first_audio (JsonObject * json, const char *member)
{
  JsonArray *list = find_array (json, "data.task_result.audios");

  return json_object_get_string_member (json_array_get_object_element (list,
          0), member);
}

/* An audio id, and how long it is. */
static char *
speak (Box * box, double *seconds)
{
  g_autoptr (Answer) answer = box_service (box, "POST", TTS, HELLO);
  g_autoptr (JsonObject) json = answer_json (answer);

  g_assert_cmpuint (answer->status, ==, 200);
  if (seconds)
    *seconds = g_ascii_strtod (first_audio (json, "duration"), NULL);
  return g_strdup (first_audio (json, "id"));
}

static char *
read_base64 (const char *name)
{
  g_autofree char *path = media_path (name);
  g_autofree char *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  return g_base64_encode ((guchar *) data, size);
}

static void
values_init (Values * values, Box * box)
{
  values->session = faces_session (box);
  values->audio = speak (box, NULL);
  values->base64 = read_base64 ("speech.wav");
}

static Answer *
post (Box * box, const char *path, const char *body, const Values * values)
{
  g_autofree char *text = fill_in (body, values);

  return box_service (box, "POST", path, text);
}

/* A create in the official dialect, "$..." filled in. */
static char *
choose (const char *face, const char *sound, const char *times,
    const char *more)
{
  return g_strdup_printf ("{\"session_id\":\"$S\",\"face_choose\":[{"
      "\"face_id\":\"%s\",%s,%s}]%s}", face, sound, times, more);
}

#define BY_ID "\"audio_id\":\"$A\""
#define BY_URL "\"sound_file\":\"$M/speech.wav\""
#define BY_BASE64 "\"sound_file\":\"$B\""
#define TIMES(start, end, insert) "\"sound_start_time\":" start \
  ",\"sound_end_time\":" end ",\"sound_insert_time\":" insert
#define GOOD_TIMES TIMES ("0", "2000", "1000")

/* Waits for a task of /v1; the answer of the last query. */
static JsonObject *
wait_official (Box * box, const char *path)
{
  gint64 end = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (g_get_monotonic_time () < end) {
    g_autoptr (Answer) answer = box_service (box, "GET", path, NULL);
    g_autoptr (JsonObject) json = answer_json (answer);
    const char *status = find_string (json, "data.task_status");

    if (strcmp (status, "succeed") == 0 || strcmp (status, "failed") == 0)
      return g_steal_pointer (&json);
    g_usleep (50000);
  }
  g_error ("%s does not end", path);
}

/* Every way to bring sound, from the create to the result. */
static void
test_official (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const sounds[] = { BY_ID, BY_URL, BY_BASE64 };
  g_auto (Values) values = { 0 };

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (sounds); i++) {
    g_autofree char *body = choose ("1", sounds[i], GOOD_TIMES, "");
    g_autoptr (Answer) created =
        post (box, V1 "advanced-lip-sync", body, &values);
    g_autoptr (JsonObject) a = answer_json (created);
    g_autofree char *path = g_strconcat (V1 "advanced-lip-sync/",
        find_string (a, "data.task_id"), NULL);
    g_autoptr (JsonObject) b = wait_official (box, path);
    JsonObject *video = json_array_get_object_element (find_array (b,
            "data.task_result.videos"), 0);
    g_autoptr (Answer) file =
        box_call (box, "GET", find_string (video, "url"), NULL);

    g_assert_cmpint (find_integer (a, "code"), ==, 0);
    g_assert_cmpstr (find_string (a, "data.task_status"), ==, "submitted");
    g_assert_cmpstr (find_string (a, "data.task_info.external_task_id"), ==,
        "");
    g_assert_cmpint (find_integer (a, "data.created_at"), >,
        G_GINT64_CONSTANT (1000000000000));
    g_assert_cmpstr (find_string (b, "data.task_status"), ==, "succeed");
    g_assert_cmpstr (find_string (b, "data.final_unit_deduction"), ==, "0.5");
    g_assert_cmpstr (find_string (b, "data.task_info.parent_video.duration"),
        ==, "12.000");
    g_assert_nonnull (find_string (video, "duration"));
    g_assert_false (json_object_has_member (video, "watermark_url"));
    g_assert_cmpuint (file->status, ==, 200);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 3);
  g_assert_cmpint (box_ledger (box, "identify"), ==, 1);
  g_assert_cmpint (box_ledger (box, "tts"), ==, 1);
}

/* The sound that came as Base64 is what the task says, byte for byte. */
static void
test_base64 (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *body = choose ("0", BY_BASE64, GOOD_TIMES, "");
  g_auto (Values) values = { 0 };
  g_autoptr (Answer) created = NULL;
  g_autoptr (JsonObject) json = NULL;
  g_autoptr (Answer) speech = NULL;
  g_autofree char *path = NULL;
  g_autofree char *heard = NULL;

  values_init (&values, box);
  created = post (box, V1 "advanced-lip-sync", body, &values);
  json = answer_json (created);
  path = g_strdup_printf ("/sandbox/tasks/%s/speech",
      find_string (json, "data.task_id"));
  speech = box_call (box, "GET", path, NULL);
  heard = g_base64_encode (g_bytes_get_data (speech->body, NULL),
      g_bytes_get_size (speech->body));
  g_assert_cmpstr (heard, ==, values.base64);
}

/* What is wrong with a create that chooses a face. */
typedef struct
{
  const char *face;
  const char *sound;
  const char *times;
  const char *more;
  const char *words;            /* of the refusal */
} ChoiceCase;

static const ChoiceCase choice_cases[] = {
  {"7", BY_ID, GOOD_TIMES, "", "face_id not found"},
  {"", BY_ID, GOOD_TIMES, "", "face_id is missing"},
  {"1", "\"audio_id\":\"\"", GOOD_TIMES, "", "exactly one of"},
  {"1", BY_ID "," BY_URL, GOOD_TIMES, "", "exactly one of"},
  {"1", "\"audio_id\":\"nothing\"", GOOD_TIMES, "", "audio_id not found"},
  {"1", "\"sound_file\":\"data:audio/wav;base64,$B\"", GOOD_TIMES, "",
      "bare Base64"},
  {"1", "\"sound_file\":\"ftp://127.0.0.1/x\"", GOOD_TIMES, "", "http"},
  {"1", "\"sound_file\":\"$M/missing.mp3\"", GOOD_TIMES, "", "404"},
  {"1", "\"sound_file\":\"$M/short.wav\"", GOOD_TIMES, "", "2 to 60 s"},
  {"1", "\"sound_file\":\"$M/large.wav\"", GOOD_TIMES, "", "too large"},
  {"1", "\"sound_file\":\"AAAAAAAAAAAAAAAAAAAAAAAA\"", GOOD_TIMES, "",
      "none of"},
  {"1", BY_ID, TIMES ("0", "1999", "1000"), "", "1999 ms long"},
  {"1", BY_ID, TIMES ("1000", "2500", "1000"), "", "1500 ms long"},
  {"1", BY_URL, TIMES ("0", "3200", "1000"), "", "after the audio's end"},
  {"1", BY_ID, TIMES ("0", "60000", "0"), "", "after the video's end"},
  {"1", BY_ID, TIMES ("0", "2000", "11000"), "", "after the video's end"},
  {"1", BY_ID, TIMES ("0", "2000", "0"), "", "by 1000 ms"},
  {"0", BY_ID, TIMES ("0", "2000", "4000"), "", "by 1200 ms"},
  {"0", BY_ID, TIMES ("0", "2000", "8000"), "", "by 0 ms"},
  {"2", BY_ID, TIMES ("0", "2400", "8500"), "", "by 1500 ms"},
  {"1", BY_ID, TIMES ("-1", "2000", "1000"), "", "sound_start_time"},
  {"1", BY_ID, TIMES ("0", "2000.5", "1000"), "", "sound_end_time"},
  {"1", BY_ID, TIMES ("0", "\"2000\"", "1000"), "", "sound_end_time"},
  {"1", BY_ID, TIMES ("0", "2000", "null"), "", "sound_insert_time"},
  {"1", BY_ID, GOOD_TIMES ",\"sound_volume\":2.1", "", "sound_volume"},
  {"1", BY_ID, GOOD_TIMES ",\"sound_volume\":\"1\"", "", "sound_volume"},
  {"1", BY_ID, GOOD_TIMES ",\"original_audio_volume\":-1", "",
      "original_audio_volume"},
  {"1", BY_ID, GOOD_TIMES, ",\"callback_url\":\"nowhere\"", "callback_url"},
};

static void
test_official_refused (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const bad[][2] = {
    {"{}", "session_id is missing"},
    {"{\"session_id\":\"$S\"}", "face_choose is missing"},
    {"{\"session_id\":\"$S\",\"face_choose\":{}}", "face_choose is missing"},
    {"{\"session_id\":\"$S\",\"face_choose\":[]}", "0 entries"},
    {"{\"session_id\":\"$S\",\"face_choose\":[{},{}]}", "2 entries"},
    {"{\"session_id\":\"$S\",\"face_choose\":[1]}", "an object"},
    {"{\"session_id\":\"9\",\"face_choose\":[{\"face_id\":\"1\"," BY_ID ","
          GOOD_TIMES "}]}", "session_id not found"},
    {"{\"input\":{\"session_id\":\"$S\"}}", "session_id is missing"},
  };
  g_auto (Values) values = { 0 };

  /* which is a gateway's business, and not the service's */
  set_shape (box, "{\"errors\":\"wrapped\"}");
  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (Answer) answer =
        post (box, V1 "advanced-lip-sync", bad[i][0], &values);

    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, bad[i][1]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (choice_cases); i++) {
    const ChoiceCase *test = &choice_cases[i];
    g_autofree char *body =
        choose (test->face, test->sound, test->times, test->more);
    g_autoptr (Answer) answer =
        post (box, V1 "advanced-lip-sync", body, &values);

    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, test->words);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

/* At the very edge of what is allowed; beyond it is the table above. */
static void
test_official_edges (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const good[][2] = {
    {"0", TIMES ("0", "2000", "3200")},
    {"0", TIMES ("0", "2000", "0") ",\"sound_volume\":0"},
    {"1", TIMES ("200", "2200", "9000") ",\"original_audio_volume\":2"},
    {"1", TIMES ("0", "3000", "9000") ",\"sound_volume\":2"},
  };
  g_auto (Values) values = { 0 };

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autofree char *body = choose (good[i][0], BY_URL, good[i][1], "");
    g_autoptr (Answer) answer =
        post (box, V1 "advanced-lip-sync", body, &values);

    g_assert_cmpuint (answer->status, ==, 200);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 4);
}

/* A client's own id: once only, and as good as the service's. */
static void
test_external_id (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *body = choose ("1", BY_URL, GOOD_TIMES,
      ",\"external_task_id\":\"mine\",\"watermark_info\":{\"enabled\":true},"
      "\"callback_url\":\"http://127.0.0.1:1/done\"");
  g_auto (Values) values = { 0 };
  g_autoptr (Answer) first = NULL;
  g_autoptr (Answer) second = NULL;
  g_autoptr (Answer) file = NULL;
  g_autoptr (JsonObject) a = NULL;
  g_autoptr (JsonObject) b = NULL;
  JsonObject *video;

  values_init (&values, box);
  first = post (box, V1 "advanced-lip-sync", body, &values);
  second = post (box, V1 "advanced-lip-sync", body, &values);
  g_assert_cmpuint (second->status, ==, 400);
  assert_refused (second, 1201, "external_task_id is used already");
  g_assert_cmpint (box_ledger (box, "paid"), ==, 1);

  a = answer_json (first);
  b = wait_official (box, V1 "advanced-lip-sync/mine");
  g_assert_cmpstr (find_string (a, "data.task_info.external_task_id"), ==,
      "mine");
  g_assert_cmpstr (find_string (b, "data.task_id"), ==, find_string (a,
          "data.task_id"));
  video = json_array_get_object_element (find_array (b,
          "data.task_result.videos"), 0);
  g_assert_cmpstr (find_string (video, "watermark_url"), !=,
      find_string (video, "url"));
  file = box_call (box, "GET", find_string (video, "watermark_url"), NULL);
  g_assert_cmpuint (file->status, ==, 200);
}

/* Creates one task by @path and shows its id. */
static char *
create_one (Box * box, const char *path, const char *body,
    const Values * values)
{
  g_autoptr (Answer) answer = post (box, path, body, values);
  g_autoptr (JsonObject) json = answer_json (answer);
  const char *id = find_string (json, "task_id");

  g_assert_cmpuint (answer->status, ==, 200);
  return g_strdup (id ? id : find_string (json, "data.task_id"));
}

#define LEGACY "{\"input\":{\"video_id\":\"sample\",\"mode\":\"text2video\"," \
  "\"text\":\"hi\",\"voice_id\":\"AOT\",\"voice_language\":\"en\"}}"
#define GATEWAY "{\"input\":{\"session_id\":\"$S\",\"text\":\"hi\"," \
  "\"voice_id\":\"AOT\",\"voice_language\":\"en\"}}"

/* Which paths know which tasks: one column for each of the paths. */
static void
test_who_knows (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *chosen = choose ("1", BY_ID, GOOD_TIMES, "");
  const char *const paths[] = { V1 "advanced-lip-sync/", V1 "lip-sync/",
    KLING "advanced-lip-sync/", KLING "lip-sync/", KLING
  };
  const struct
  {
    const char *path;
    const char *body;
    const char *known;          /* a letter per path */
  } creates[] = {
    {V1 "advanced-lip-sync", chosen, "y----"},
    {V1 "lip-sync", LEGACY, "-y---"},
    {KLING "advanced-lip-sync", chosen, "--yyy"},
    {KLING "advanced-lip-sync", GATEWAY, "--yyy"},
    {KLING "lip-sync", LEGACY, "---yy"},
  };
  g_auto (Values) values = { 0 };

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (creates); i++) {
    g_autofree char *id =
        create_one (box, creates[i].path, creates[i].body, &values);

    for (guint j = 0; j < G_N_ELEMENTS (paths); j++) {
      g_autofree char *path = g_strconcat (paths[j], id, NULL);
      g_autoptr (Answer) answer = box_service (box, "GET", path, NULL);
      g_autoptr (JsonObject) json = answer_json (answer);
      gboolean known = creates[i].known[j] == 'y', official = j < 2;

      g_assert_cmpuint (answer->status, ==, known ? 200 : official ? 404 : 400);
      if (!known && official)
        g_assert_cmpint (find_integer (json, "code"), ==, 1203);
      if (!known && !official)
        g_assert_cmpstr (find_string (json, "code"), ==, "task_not_exist");
    }
  }
}

static guint
count_listed (Box * box, const char *path)
{
  g_autoptr (Answer) answer = box_service (box, "GET", path, NULL);
  g_autoptr (JsonObject) json = answer_json (answer);

  g_assert_cmpuint (answer->status, ==, 200);
  return json_array_get_length (find_array (json, "data"));
}

static void
test_list (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *chosen = choose ("1", BY_ID, GOOD_TIMES, "");
  const char *const bad[] = { "pageNum=0", "pageNum=1001", "pageSize=501",
    "pageSize=-1", "pageNum=x"
  };
  g_auto (Values) values = { 0 };
  g_autofree char *last = NULL;
  g_autoptr (Answer) answer = NULL;
  g_autoptr (JsonObject) json = NULL;

  values_init (&values, box);
  for (guint i = 0; i < 3; i++) {
    g_free (last);
    last = create_one (box, V1 "advanced-lip-sync", chosen, &values);
  }
  g_free (create_one (box, V1 "lip-sync", LEGACY, &values));
  g_assert_cmpuint (count_listed (box, V1 "advanced-lip-sync"), ==, 3);
  g_assert_cmpuint (count_listed (box, V1 "lip-sync"), ==, 1);
  g_assert_cmpuint (count_listed (box, KLING "lip-sync"), ==, 0);
  g_assert_cmpuint (count_listed (box, V1
          "advanced-lip-sync?pageNum=2&pageSize=2"), ==, 1);
  answer = box_service (box, "GET", V1 "advanced-lip-sync?pageSize=1", NULL);
  json = answer_json (answer);
  g_assert_cmpstr (find_string (json_array_get_object_element (find_array
              (json, "data"), 0), "task_id"), ==, last);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *path = g_strconcat (V1 "advanced-lip-sync?", bad[i], NULL);
    g_autoptr (Answer) refused = box_service (box, "GET", path, NULL);

    assert_refused (refused, 1201, "has to be 1 to");
  }
}

/* An answer to identify-face of the three faces. */
static JsonObject *
identify_faces (Box * box, const char *path)
{
  g_autoptr (Answer) answer =
      box_service (box, "POST", path, "{\"video_id\":\"faces\"}");

  g_assert_cmpuint (answer->status, ==, 200);
  return answer_json (answer);
}

static void
test_faces (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const gint64 spans[][2] = { {0, 5200}, {1000, 11000}, {9000, 10500} };
  g_autoptr (JsonObject) official = identify_faces (box, V1 "identify-face");
  g_autoptr (JsonObject) listed = identify_faces (box, KLING "identify-face");
  g_autoptr (JsonObject) texts = NULL;
  JsonArray *a = find_array (official, "data.face_data");
  JsonArray *b = find_array (listed, "data.face_list");

  g_assert_cmpstr (find_string (official, "data.final_unit_deduction"), ==,
      "0.05");
  set_shape (box, "{\"faces\":\"face_data\",\"times\":\"string\"}");
  texts = identify_faces (box, KLING "identify-face");
  g_assert_cmpuint (json_array_get_length (a), ==, G_N_ELEMENTS (spans));
  g_assert_cmpuint (json_array_get_length (b), ==, G_N_ELEMENTS (spans));
  for (guint i = 0; i < G_N_ELEMENTS (spans); i++) {
    JsonObject *face = json_array_get_object_element (a, i);
    JsonObject *text = json_array_get_object_element (find_array (texts,
            "data.face_data"), i);
    g_autofree char *id = g_strdup_printf ("%u", i);
    g_autofree char *end = g_strdup_printf ("%d", (int) spans[i][1]);
    g_autoptr (Answer) picture =
        box_call (box, "GET", find_string (face, "face_image"), NULL);

    g_assert_cmpstr (find_string (face, "face_id"), ==, id);
    g_assert_cmpint (find_integer (face, "start_time"), ==, spans[i][0]);
    g_assert_cmpint (find_integer (face, "end_time"), ==, spans[i][1]);
    g_assert_cmpstr (find_string (text, "end_time"), ==, end);
    g_assert_cmpint (find_integer (json_array_get_object_element (b, i),
            "face_rect.width"), >, 0);
    g_assert_cmpuint (picture->status, ==, 200);
    g_assert_cmpint (memcmp (g_bytes_get_data (picture->body, NULL),
            "\x89PNG", 4), ==, 0);
  }
}

/* The body of a create as a relay takes it, times as text or not, and the
 * face by either of its names. */
static void
test_relay (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *numbers = choose ("1", BY_URL, GOOD_TIMES, "");
  g_autofree char *texts = choose ("face_002", BY_BASE64,
      TIMES ("\"0\"", "\"2000\"", "\"1000\""), "");
  const char *const bodies[] = { numbers, texts };
  g_autofree char *bad = choose ("1", BY_URL, TIMES ("\"0\"", "\"2 s\"",
          "\"1000\""), "");
  g_auto (Values) values = { 0 };
  g_autoptr (Answer) refused = NULL;

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autofree char *id =
        create_one (box, KLING "advanced-lip-sync", bodies[i], &values);
    g_autofree char *path = g_strconcat (KLING "advanced-lip-sync/", id, NULL);
    g_autoptr (Answer) answer = box_service (box, "GET", path, NULL);
    g_autoptr (JsonObject) json = answer_json (answer);

    g_assert_cmpstr (find_string (json, "code"), ==, "success");
    g_assert_nonnull (find_string (json, "data.data.task_status"));
  }
  refused = post (box, KLING "advanced-lip-sync", bad, &values);
  assert_refused (refused, 1201, "sound_end_time");
  g_assert_cmpint (box_ledger (box, "paid"), ==, 2);
}

/* Every dialect that a gateway passes on, in shapes that are not its own. */
static void
test_relay_shapes (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *chosen = choose ("1", BY_ID, GOOD_TIMES, "");
  const char *const status[] = { "data.task_status", "data.data.task_status",
    "data.data.data.task_status"
  };
  const char *const creates[][2] = {
    {"advanced-lip-sync", chosen}, {"lip-sync", LEGACY}
  };
  g_auto (Values) values = { 0 };

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (creates) * 3; i++) {
    const char *const *create = creates[i / 3];
    g_autofree char *shape =
        g_strdup_printf ("{\"depth\":%u,\"create\":\"flat\",\"words\":"
        "\"succeeded\",\"ids\":\"integer\"}", i % 3 + 1);
    g_autofree char *to = g_strconcat (KLING, create[0], NULL);
    g_autofree char *path = NULL;
    g_autoptr (Answer) made = NULL;
    g_autoptr (Answer) asked = NULL;
    g_autoptr (JsonObject) a = NULL;
    g_autoptr (JsonObject) b = NULL;

    set_shape (box, shape);
    made = post (box, to, create[1], &values);
    a = answer_json (made);
    path = g_strdup_printf ("%s/%" G_GINT64_FORMAT, to, find_integer (a,
            "task_id"));
    asked = box_service (box, "GET", path, NULL);
    b = answer_json (asked);
    g_assert_cmpuint (asked->status, ==, 200);
    g_assert_nonnull (find_string (b, status[i % 3]));
  }
}

/* What the legacy dialect takes, by both of its paths. */
static void
test_legacy (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const bodies[] = {
    LEGACY,
    /* clang takes several strings in a row for a forgotten comma */
    ("{\"input\":{\"video_url\":\"$M/wide.mp4\",\"mode\":\"audio2video\","
        "\"audio_type\":\"url\",\"audio_url\":\"$M/speech.mp3\"},"
        "\"callback_url\":\"\"}"),
    "{\"input\":{\"video_url\":\"$M/wide.mp4\",\"video_id\":\"\","
        "\"mode\":\"audio2video\",\"audio_type\":\"file\","
        "\"audio_file\":\"$B\"}}",
    "{\"input\":{\"video_id\":\"sample\",\"mode\":\"text2video\","
        "\"text\":\"你好\",\"voice_id\":\"ai_kaiya\",\"voice_speed\":1.2}}",
  };
  const char *const prefixes[] = { V1 "lip-sync", KLING "lip-sync" };
  g_auto (Values) values = { 0 };

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (bodies) * 2; i++) {
    const char *to = prefixes[i % 2];
    g_autofree char *id = create_one (box, to, bodies[i / 2], &values);
    g_autofree char *path = g_strconcat (to, "/", id, NULL);
    g_autoptr (JsonObject) json = wait_official (box, path);

    g_assert_cmpstr (find_string (json, "data.task_status"), ==, "succeed");
    g_assert_cmpuint (json_array_get_length (find_array (json,
                "data.task_result.videos")), ==, 1);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 8);
  g_assert_cmpint (box_ledger (box, "identify"), ==, 1);
}

static void
test_legacy_refused (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const text = "\"mode\":\"text2video\",\"voice_id\":\"AOT\","
      "\"voice_language\":\"en\"";
  const char *const bad[][2] = {
    {"\"mode\":\"text2video\"", "exactly one of video_url and video_id"},
    {"\"video_id\":\"sample\",\"video_url\":\"$M/wide.mp4\"",
        "exactly one of video_url and video_id"},
    {"\"video_id\":\"sample\"", "mode has to be"},
    {"\"video_id\":\"sample\",\"mode\":\"text\"", "mode has to be"},
    {"\"video_id\":\"sample\",$T", "text is missing"},
    {"\"video_id\":\"sample\",$T,\"text\":\"$L\"", "at most 120"},
    {"\"video_id\":\"sample\",$T,\"text\":\"a\",\"voice_speed\":0.7",
        "0.8 to 2.0"},
    {"\"video_id\":\"sample\",$T,\"text\":\"a\",\"voice_speed\":2.1",
        "0.8 to 2.0"},
    {"\"video_id\":\"sample\",\"mode\":\"text2video\",\"text\":\"a\","
          "\"voice_id\":\"AOT\"", "does not speak"},
    {"\"video_id\":\"nobody\",$T,\"text\":\"a\"", "Video id not found"},
    {"\"video_url\":\"$M/clip.mp4\",$T,\"text\":\"a\"", "720 to 1920"},
    {"\"video_url\":\"$M/slow.mp4\",$T,\"text\":\"a\"", "2 to 10 s"},
    {"\"video_id\":\"sample\",\"mode\":\"audio2video\"", "audio_type"},
    {"\"video_id\":\"sample\",\"mode\":\"audio2video\","
          "\"audio_type\":\"url\"", "audio_url is missing"},
    {"\"video_id\":\"sample\",\"mode\":\"audio2video\","
          "\"audio_type\":\"file\",\"audio_url\":\"$M/speech.wav\"",
        "audio_file is missing"},
    {"\"video_id\":\"sample\",\"mode\":\"audio2video\","
          "\"audio_type\":\"file\",\"audio_file\":\"data:;base64,$B\"",
        "bare Base64"},
  };
  g_autofree char *letters = g_strnfill (121, 'a');
  g_auto (Values) values = { 0 };

  values_init (&values, box);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GString) body = g_string_new (NULL);
    g_autoptr (Answer) answer = NULL;

    g_string_printf (body, "{\"input\":{%s}}", bad[i][0]);
    g_string_replace (body, "$T", text, 0);
    g_string_replace (body, "$L", letters, 0);
    answer = post (box, V1 "lip-sync", body->str, &values);
    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, bad[i][1]);
  }
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

static void
test_tts (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (Answer) answer = box_service (box, "POST", TTS, HELLO);
  g_autoptr (JsonObject) json = answer_json (answer);
  double seconds = g_ascii_strtod (first_audio (json, "duration"), NULL);
  g_autoptr (Answer) file =
      box_call (box, "GET", first_audio (json, "url"), NULL);
  g_autoptr (Answer) behind = box_service (box, "POST", "/kling" TTS, HELLO);
  g_autofree char *path =
      g_strconcat (TTS "/", find_string (json, "data.task_id"), NULL);
  g_autoptr (Answer) again = box_service (box, "GET", path, NULL);
  g_autoptr (JsonObject) same = answer_json (again);

  g_assert_cmpint (find_integer (json, "code"), ==, 0);
  g_assert_cmpstr (find_string (json, "data.task_status"), ==, "succeed");
  g_assert_cmpfloat (seconds, >, 1);
  g_assert_cmpfloat (seconds, <, 10);
  g_assert_cmpuint (file->status, ==, 200);
  g_assert_cmpuint (g_bytes_get_size (file->body), >, 1000);
  g_assert_cmpstr (first_audio (same, "id"), ==, first_audio (json, "id"));
  g_assert_cmpuint (behind->status, ==, 200);
  g_assert_cmpint (box_ledger (box, "tts"), ==, 2);
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

static void
test_tts_refused (void)
{
  g_autoptr (Box) box = start_with_clip ();
  const char *const bad[][2] = {
    {"{}", "text is missing"},
    {"{\"text\":\"$L\",\"voice_id\":\"AOT\",\"voice_language\":\"en\"}",
        "at most 1000"},
    {"{\"text\":\"a\"}", "voice_id is missing"},
    {"{\"text\":\"a\",\"voice_id\":\"nobody\",\"voice_language\":\"en\"}",
        "Voice id not found"},
    {"{\"text\":\"a\",\"voice_id\":\"AOT\"}", "does not speak"},
    {"{\"text\":\"a\",\"voice_id\":\"AOT\",\"voice_language\":\"fr\"}",
        "zh or en"},
    {"{\"text\":\"a\",\"voice_id\":\"AOT\",\"voice_language\":\"en\","
          "\"voice_speed\":\"1\"}", "0.8 to 2.0"},
  };
  g_autofree char *letters = g_strnfill (1001, 'a');
  g_autoptr (Answer) unknown = box_service (box, "GET", TTS "/1", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GString) body = g_string_new (bad[i][0]);
    g_autoptr (Answer) answer = NULL;

    g_string_replace (body, "$L", letters, 0);
    answer = box_service (box, "POST", TTS, body->str);
    g_assert_cmpuint (answer->status, ==, 400);
    assert_refused (answer, 1201, bad[i][1]);
  }
  g_assert_cmpuint (unknown->status, ==, 404);
  g_assert_cmpint (box_ledger (box, "tts"), ==, 0);
}

/* By shape the text is spoken later: the first query never has it. */
static void
test_tts_queued (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (Answer) created = NULL;
  g_autoptr (Answer) asked = NULL;
  g_autoptr (JsonObject) a = NULL;
  g_autoptr (JsonObject) b = NULL;
  g_autoptr (JsonObject) c = NULL;
  g_autofree char *path = NULL;

  set_shape (box, "{\"speech\":\"queued\"}");
  created = box_service (box, "POST", TTS, HELLO);
  a = answer_json (created);
  path = g_strconcat (TTS "/", find_string (a, "data.task_id"), NULL);
  g_assert_cmpstr (find_string (a, "data.task_status"), ==, "submitted");
  asked = box_service (box, "GET", path, NULL);
  b = answer_json (asked);
  g_assert_cmpstr (find_string (b, "data.task_status"), ==, "processing");
  c = wait_official (box, path);
  g_assert_cmpstr (find_string (c, "data.task_status"), ==, "succeed");
  g_assert_nonnull (first_audio (c, "id"));
  g_assert_cmpint (box_ledger (box, "tts"), ==, 1);
}

/* A speech of a length that no create can use is made all the same, and is
 * refused there. */
static void
check_unusable (Box * box, const char *text, double speed, const char *words)
{
  g_autofree char *body = choose ("1", BY_ID, GOOD_TIMES, "");
  g_autofree char *saying = g_strdup_printf ("{\"text\":\"%s\","
      "\"voice_id\":\"AOT\",\"voice_language\":\"en\","
      "\"voice_speed\":%.1f}", text, speed);
  g_autoptr (Answer) answer = box_service (box, "POST", TTS, saying);
  g_autoptr (JsonObject) json = answer_json (answer);
  g_auto (Values) values = { 0 };
  g_autoptr (Answer) refused = NULL;

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (find_string (json, "data.task_status"), ==, "succeed");
  values.session = faces_session (box);
  values.audio = g_strdup (first_audio (json, "id"));
  values.base64 = g_strdup ("");
  refused = post (box, V1 "advanced-lip-sync", body, &values);
  assert_refused (refused, 1201, words);
}

static void
test_tts_unusable (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GString) text = g_string_new (NULL);

  while (text->len < 950)
    g_string_append (text, "This is one more sentence to be said. ");
  check_unusable (box, "Hi.", 2.0, "2 to 60 s");
  check_unusable (box, text->str, 0.8, "longer than 60 s");
  g_assert_cmpint (box_ledger (box, "tts"), ==, 2);
  g_assert_cmpint (box_ledger (box, "paid"), ==, 0);
}

/* With a window the result is as long as the video, and so is its price. */
static void
test_official_video (void)
{
  g_autoptr (Box) box = box_start ("--latency", "0", NULL);
  g_autofree char *session = box_session (box, NULL);
  Values values = { session, (char *) "", (char *) "" };
  g_autofree char *body = choose ("0", BY_URL, GOOD_TIMES, "");
  g_autofree char *id = create_one (box, V1 "advanced-lip-sync", body, &values);
  g_autofree char *path = g_strconcat (V1 "advanced-lip-sync/", id, NULL);
  g_autoptr (JsonObject) json = wait_official (box, path);
  JsonObject *video = json_array_get_object_element (find_array (json,
          "data.task_result.videos"), 0);

  g_assert_cmpstr (find_string (json, "data.task_status"), ==, "succeed");
  g_assert_cmpstr (find_string (video, "duration"), ==, "8.000");
  g_assert_cmpstr (find_string (json, "data.final_unit_deduction"), ==, "1");
}

/* What is kept of the face and of the cut. */
static void
check_kept_choice (Box * box, const char *task)
{
  g_autofree char *path = g_strconcat ("/sandbox/tasks/", task, NULL);
  g_autoptr (Answer) answer = box_call (box, "GET", path, NULL);
  g_autoptr (JsonObject) json = answer_json (answer);
  JsonObject *window;

  g_assert_cmpint (find_integer (json, "face"), ==, 1);
  g_assert_true (json_object_has_member (json, "window"));
  window = json_object_get_object_member (json, "window");
  g_assert_cmpfloat (json_object_get_double_member (window, "start"), ==, 0);
  g_assert_cmpfloat (json_object_get_double_member (window, "end"), ==, 2);
  g_assert_cmpfloat (json_object_get_double_member (window, "insert"), ==, 1);
  g_assert_cmpfloat (json_object_get_double_member (window, "volume"), ==, 1);
}

/* Sessions with their faces, spoken texts and tasks outlive the process. */
static void
test_dialect_restart (void)
{
  g_autofree char *state = g_dir_make_tmp ("sandbox-state-XXXXXX", NULL);
  g_autofree char *clip = media_path ("clip.mp4");
  Box *box = box_start ("--state", state, "--clip", clip, "--latency", "0",
      NULL);
  g_autofree char *body = choose ("2", BY_ID, TIMES ("0", "2000", "8900"),
      "");
  g_autofree char *chosen = choose ("1", BY_ID, GOOD_TIMES,
      ",\"external_task_id\":\"mine\"");
  g_auto (Values) values = { 0 };
  g_autoptr (Answer) refused = NULL;
  g_autoptr (Answer) again = NULL;
  g_autoptr (JsonObject) json = NULL;

  values_init (&values, box);
  g_free (create_one (box, V1 "advanced-lip-sync", chosen, &values));
  g_assert_cmpint (box_stop (box, SIGKILL), ==, -SIGKILL);
  box_free (box);

  box = box_start ("--state", state, "--clip", clip, "--latency", "0", NULL);
  json = wait_official (box, V1 "advanced-lip-sync/mine");
  g_assert_cmpstr (find_string (json, "data.task_status"), ==, "succeed");
  check_kept_choice (box, find_string (json, "data.task_id"));
  refused = post (box, V1 "advanced-lip-sync", body, &values);
  assert_refused (refused, 1201, "overlaps face 2");
  again = post (box, V1 "advanced-lip-sync", chosen, &values);
  assert_refused (again, 1201, "external_task_id");
  g_assert_cmpint (box_ledger (box, "tts"), ==, 1);
  g_assert_cmpint (box_ledger (box, "paid"), ==, 1);
  box_free (box);
  remove_folder (state);
}

void
add_dialect_tests (void)
{
  g_test_add_func ("/sandbox/official/create", test_official);
  g_test_add_func ("/sandbox/official/base64", test_base64);
  g_test_add_func ("/sandbox/official/refused", test_official_refused);
  g_test_add_func ("/sandbox/official/edges", test_official_edges);
  g_test_add_func ("/sandbox/official/external-id", test_external_id);
  g_test_add_func ("/sandbox/official/list", test_list);
  g_test_add_func ("/sandbox/official/video", test_official_video);
  g_test_add_func ("/sandbox/dialects/who-knows", test_who_knows);
  g_test_add_func ("/sandbox/dialects/faces", test_faces);
  g_test_add_func ("/sandbox/dialects/restart", test_dialect_restart);
  g_test_add_func ("/sandbox/relay/create", test_relay);
  g_test_add_func ("/sandbox/relay/shapes", test_relay_shapes);
  g_test_add_func ("/sandbox/legacy/create", test_legacy);
  g_test_add_func ("/sandbox/legacy/refused", test_legacy_refused);
  g_test_add_func ("/sandbox/tts/spoken", test_tts);
  g_test_add_func ("/sandbox/tts/refused", test_tts_refused);
  g_test_add_func ("/sandbox/tts/queued", test_tts_queued);
  g_test_add_func ("/sandbox/tts/unusable", test_tts_unusable);
}
