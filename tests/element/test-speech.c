/* klinglipsync tests: what is said, in the dialects that ask for its length
 *
 * A text is spoken by a call of its own, which costs a little; audio at a URL is
 * read for its length; audio from a pad goes within the call. Whatever goes wrong
 * with the speech, the video is not paid for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* Ten minutes are 6 s then, and the patience with a call 6 s, too. */
#define SPEED 100

#define SPEAK .method = "POST",.path = OFFICIAL_SPEECH_PATH
#define ASK .method = "GET",.path = OFFICIAL_SPEECH_PATH "/speech-1"
#define READ .method = "GET",.path = "/speech"
#define JSON(code, message) "{\"code\":" code ",\"message\":\"" message "\"}"
#define NOT_SPOKEN "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{\"task_id\":" \
  "\"speech-1\",\"task_status\":\"failed\",\"task_status_msg\":\"hoarse\"}}"
#define SPOKEN_BODY(text, speed) "{\"text\":\"" text "\",\"voice_id\":" \
  "\"oversea_male1\",\"voice_language\":\"en\",\"voice_speed\":" speed "}"
/* Where the audio is, below the server's URL */
#define AUDIO_PATH "/speech.wav?sig=1"


/* The dialects that need all this, and their paths */
static const struct
{
  const gchar *nick, *speech_path, *create_path;
} dialects[] = {
  {"official", OFFICIAL_SPEECH_PATH, OFFICIAL_CREATE_PATH},
  {"relay", RELAY_SPEECH_PATH, CREATE_PATH},
};

static KlingTestService *
start_service (guint dialect, const KlingTestStep * steps, guint n_steps)
{
  return dialect == 0 ? kling_test_service_start_official (steps, n_steps)
      : kling_test_service_start (steps, n_steps);
}

static KlingTestRun *
make_run (KlingTestService * service, guint dialect, const gchar * downstream)
{
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, downstream);
  kling_test_run_use_dialect (run, dialects[dialect].nick);
  return run;
}

/* Says audio instead of the text. */
static void
set_audio (KlingTestRun * run, KlingTestService * service,
    const gchar * property, const gchar * value)
{
  g_autofree gchar *url = *value == '/' ? g_strconcat (service->url, value,
      NULL) : NULL;

  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, NULL);
  if (property)
    g_object_set (run->lipsync, property, url ? url : value, NULL);
}

static void
play (KlingTestRun * run)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

static const gchar *
get_error (KlingTestRun * run, gint code)
{
  return kling_test_run_error (run, GST_RESOURCE_ERROR, code);
}

/* How often a text was spoken, and a video asked for */
static void
check_paid (KlingTestService * service, guint spoken, guint paid)
{
  fail_unless_equals_int (kling_test_service_spoken (service), spoken);
  fail_unless_equals_int (kling_test_service_paid (service), paid);
}

static const gchar *
get_create (KlingTestService * service)
{
  return kling_test_service_get_body (service, "POST", service->create_path);
}

static guint
count_get (KlingTestService * service, const gchar * path)
{
  return kling_test_server_count (service->server, "GET", path);
}

/* ---- a text ---- */

GST_START_TEST (test_text)
{
  g_autoptr (KlingTestService) service = start_service (__i__, NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service, __i__, "fakesink");

  play (run);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_string (kling_test_service_get_body (service, "POST",
          dialects[__i__].speech_path), SPOKEN_BODY (TEST_TEXT, "1.0"));
  kling_test_check_contains (get_create (service),
      "\"audio_id\":\"audio-1\",\"sound_insert_time\":0,"
      "\"sound_start_time\":0,\"sound_end_time\":3100,");
  fail_unless (strstr (get_create (service), TEST_TEXT) == NULL);
  kling_test_service_check (service, 1, 1);
  check_paid (service, 1, 1);
  kling_test_service_check_key (service);
}

GST_END_TEST;

GST_START_TEST (test_text_of_gateway)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service, 1, "fakesink");

  kling_test_run_use_dialect (run, "gateway");
  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), TEST_TEXT);
  check_paid (service, 0, 1);
}

GST_END_TEST;

GST_START_TEST (test_part_of_text)
{
  g_autoptr (KlingTestService) service = start_service (0, NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  g_object_set (run->lipsync, "voice-speed", 1.5, "audio-start",
      500 * GST_MSECOND, "audio-end", 2900 * GST_MSECOND, "insert-time",
      GST_SECOND, "audio-volume", 0.5, "original-audio-volume", 0.0, NULL);
  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_string (kling_test_service_get_body (service, "POST",
          OFFICIAL_SPEECH_PATH), SPOKEN_BODY (TEST_TEXT, "1.5"));
  kling_test_check_contains (get_create (service),
      "\"sound_insert_time\":1000,\"sound_start_time\":500,"
      "\"sound_end_time\":2900,\"sound_volume\":0.5,"
      "\"original_audio_volume\":0");
  check_paid (service, 1, 1);
}

GST_END_TEST;

/* ---- speech that is not ready at once ---- */

GST_START_TEST (test_queued)
{
  g_autofree gchar *ask = g_strconcat (dialects[__i__].speech_path,
      "/speech-1", NULL);
  const KlingTestStep steps[] = {
    {.method = "POST",.path = dialects[__i__].speech_path,
        .body = SPEECH_STATUS ("submitted")},
    {.method = "GET",.path = ask,.times = 2,
        .body = SPEECH_STATUS ("processing")},
    {.method = "GET",.path = ask,.times = 1,.status = 500},
    {.method = "GET",.path = ask,.times = 1,.act = KLING_TEST_RESET},
    {.method = "GET",.path = ask,.body = SPEECH_OK},
  };
  g_autoptr (KlingTestService) service = start_service (__i__, steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, __i__, "fakesink");

  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), "\"audio_id\":\"audio-1\"");
  fail_unless_equals_int (count_get (service, ask), 5);
  check_paid (service, 1, 1);
  kling_test_service_check_key (service);
}

GST_END_TEST;

/* Speech is speech, even beside no word about it. */
GST_START_TEST (test_queued_without_word)
{
  static const KlingTestStep steps[] = {
    {SPEAK,.body = SPEECH_STATUS ("submitted")},
    {ASK,.body = "{\"code\":0,\"data\":{\"task_result\":{\"audios\":[{\"id\":"
          "\"audio-2\",\"duration\":2.5}]}}}"},
  };
  g_autoptr (KlingTestService) service = start_service (0, steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), "\"audio_id\":\"audio-2\"");
  fail_unless_equals_int (count_get (service, OFFICIAL_SPEECH_PATH), 1);
  check_paid (service, 1, 1);
}

GST_END_TEST;

static const KlingTestStep failures[][2] = {
  {{SPEAK,.body = SPEECH_STATUS ("submitted")}, {ASK,.body = NOT_SPOKEN}},
  {{SPEAK,.body = NOT_SPOKEN}, {ASK,.status = 404}},
};

GST_START_TEST (test_failed)
{
  g_autoptr (KlingTestService) service = start_service (0, failures[__i__], 2);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  for (guint i = 1; i <= 2; i++) {
    play (run);
    kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_FAILED),
        "\"hoarse\"");
    kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
    check_paid (service, i, 0);
  }
  fail_unless_equals_int (count_get (service, OFFICIAL_SPEECH_PATH),
      __i__ == 0 ? 2 : 0);
}

GST_END_TEST;

/* What the service does not know will not come, so a new run asks anew. */
GST_START_TEST (test_forgotten)
{
  static const KlingTestStep steps[] = {
    {SPEAK,.times = 1,.body = SPEECH_STATUS ("submitted")},
    {ASK,.status = 404},
  };
  g_autoptr (KlingTestService) service = start_service (0, steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");
  gint64 begun = g_get_monotonic_time ();

  play (run);
  kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_FAILED),
      "speech-1");
  fail_unless (kling_test_ms_since (begun) >= 600 * 1000 / SPEED);
  fail_unless (count_get (service, OFFICIAL_SPEECH_PATH) > 3);
  check_paid (service, 1, 0);

  play (run);
  kling_test_run_eos (run);
  fail_unless (kling_test_run_has_warning (run, "a second time"));
  check_paid (service, 2, 1);
}

GST_END_TEST;

/* At most 11 questions fit into ten minutes: the second run has the answer. */
GST_START_TEST (test_late)
{
  static const KlingTestStep steps[] = {
    {SPEAK,.body = SPEECH_STATUS ("submitted")},
    {ASK,.times = 12,.body = SPEECH_STATUS ("processing")},
    {ASK,.body = SPEECH_OK},
  };
  g_autoptr (KlingTestService) service = start_service (0, steps,
      G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  g_object_set (run->lipsync, "poll-interval", 60 * GST_SECOND, NULL);
  play (run);
  kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_BUSY),
      "speech-1");
  check_paid (service, 1, 0);

  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 0);
  check_paid (service, 1, 1);
}

GST_END_TEST;

/* ---- speech that cannot be used ---- */

static const struct
{
  const gchar *answer;
  const gchar *words[3];        /* of the error; none: it is used */
} lengths[] = {
  {SPEECH_ID ("a", "1.99"), {"1.99 s", "2 s", "voice-speed"}},
  {SPEECH_ID ("a", "2.0"), {NULL}},
  {SPEECH_ID ("a", "60.0"), {NULL}},
  {SPEECH_ID ("a", "60.01"), {"60.01 s", "60 s", "voice-speed"}},
  {SPEECH_ID ("a", "?"), {"audio-end"}},
};

/* Before the second payment, and without paying for the first again */
GST_START_TEST (test_length)
{
  const KlingTestStep step = { SPEAK,.body = lengths[__i__].answer };
  g_autoptr (KlingTestService) service = start_service (0, &step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");
  const gchar *sentence;

  /* a face that is there for a minute */
  g_object_set (run->lipsync, "session-id", "s-1", "video-url", NULL,
      "face-id", "0", NULL);
  for (guint i = 0; i < 2; i++) {
    play (run);
    if (lengths[__i__].words[0] == NULL) {
      kling_test_run_eos (run);
      check_paid (service, 1, 1);
      continue;
    }
    sentence = get_error (run, GST_RESOURCE_ERROR_SETTINGS);
    for (guint word = 0; word < 3 && lengths[__i__].words[word]; word++)
      kling_test_check_contains (sentence, lengths[__i__].words[word]);
    check_paid (service, 1, 0);
  }
}

GST_END_TEST;

/* ---- how the call may end ---- */

static const KlingTestStep lost[] = {
  {SPEAK,.times = 1,.act = KLING_TEST_RESET},
  {SPEAK,.times = 1,.act = KLING_TEST_CLOSE},
  {SPEAK,.times = 1,.act = KLING_TEST_HANG},
  {SPEAK,.times = 1,.status = 500,.body = JSON ("5000", "oops")},
  {SPEAK,.times = 1,.body = "{\"code\":0,\"data\":{}}"},
};

/* Not again by itself, once more by a new run, which says so */
GST_START_TEST (test_lost)
{
  g_autoptr (KlingTestService) service = start_service (0, &lost[__i__], 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  play (run);
  kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_SYNC),
      "charged");
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  check_paid (service, 1, 0);

  play (run);
  kling_test_run_eos (run);
  fail_unless (kling_test_run_has_warning (run, "a second time"));
  fail_unless_equals_int (kling_test_service_identified (service), 1);
  check_paid (service, 2, 1);
}

GST_END_TEST;

static const KlingTestStep busy[] = {
  {SPEAK,.times = 1,.status = 429,.body = JSON ("1303", "over limit")},
  {SPEAK,.times = 1,.status = 429},
};

GST_START_TEST (test_busy)
{
  g_autoptr (KlingTestService) service = start_service (0, &busy[__i__], 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 0);
  check_paid (service, 2, 1);
}

GST_END_TEST;

GST_START_TEST (test_refused)
{
  static const KlingTestStep step = { SPEAK,.status = 400,
    .body = JSON ("1201", "Voice id not found")
  };
  g_autoptr (KlingTestService) service = start_service (0, &step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  play (run);
  kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_SETTINGS),
      "Voice id not found");
  check_paid (service, 1, 0);
}

GST_END_TEST;

/* What has been paid for is there in the next run. */
GST_START_TEST (test_stop)
{
  static const KlingTestStep step = { SPEAK,.body = SPEECH_OK,.delay = 2500 };
  g_autoptr (KlingTestService) service = start_service (0, &step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  play (run);
  fail_unless (kling_test_service_wait (service, "POST", OFFICIAL_SPEECH_PATH,
          1, 20000));
  kling_test_run_set (run, GST_STATE_NULL);
  g_usleep (3500 * 1000);
  check_paid (service, 1, 0);
  play (run);
  kling_test_run_eos (run);
  check_paid (service, 1, 1);
}

GST_END_TEST;

/* ---- audio at a URL ---- */

/* MPEG 1 layer 3 at 128 kbit/s and 44100 Hz: a frame has 417 bytes and lasts
 * 26.122 ms. */
static GBytes *
make_mp3 (guint n_frames)
{
  guint8 *data = g_malloc0 (417 * n_frames);

  for (guint i = 0; i < n_frames; i++)
    GST_WRITE_UINT32_BE (data + 417 * i, 0xfffb9064);
  return g_bytes_new_take (data, 417 * n_frames);
}

static KlingTestStep
serve (GBytes * bytes)
{
  KlingTestStep step = { READ };

  step.body = g_bytes_get_data (bytes, &step.size);
  return step;
}

/* It is read once and whole, without the key; the service gets the whole URL. */
static void
check_read (KlingTestService * service, KlingTestRun * run, gint64 end)
{
  g_autofree gchar *times = g_strdup_printf ("\"sound_start_time\":0,"
      "\"sound_end_time\":%" G_GINT64_FORMAT ",", end);
  g_autofree gchar *url = g_strdup_printf ("\"sound_file\":\"%s" AUDIO_PATH
      "\"", service->url);
  const KlingTestCall *call;

  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), times);
  kling_test_check_contains (get_create (service), url);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          "/speech"), 1);
  call = kling_test_service_find (service, "GET", "/speech");
  fail_unless (strstr (call->head, "Range:") == NULL);
  kling_test_service_check_key (service);
  kling_test_service_check (service, 1, 1);
  check_paid (service, 0, 1);
}

GST_START_TEST (test_url)
{
  g_autoptr (GBytes) file =
      __i__ % 2 ? make_mp3 (100) : kling_test_make_wav (2345);
  KlingTestStep step = serve (file);
  g_autoptr (KlingTestService) service = start_service (__i__ / 2, &step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, __i__ / 2, "fakesink");

  set_audio (run, service, "audio-url", AUDIO_PATH);
  play (run);
  check_read (service, run, __i__ % 2 ? 2612 : 2345);
  /* what is there already needs no length */
  play (run);
  check_read (service, run, __i__ % 2 ? 2612 : 2345);
}

GST_END_TEST;

/* What is a little too long is cut off, and that is said. */
GST_START_TEST (test_url_little_too_long)
{
  g_autoptr (GBytes) file = kling_test_make_wav (60500);
  KlingTestStep step = serve (file);
  g_autoptr (KlingTestService) service = start_service (0, &step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  set_audio (run, service, "audio-url", AUDIO_PATH);
  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), "\"sound_end_time\":60000,");
  fail_unless (kling_test_run_has_warning (run, "60.50 s"));
  check_paid (service, 0, 1);
}

GST_END_TEST;

static const struct
{
  KlingTestStep step;
  guint milliseconds;           /* of a WAV that is the body */
  const gchar *words[2];
} unreadable[] = {
  {{READ,.status = 404}, 0, {"404", "audio-end"}},
  {{READ,.status = 403,.body = "<Error>expired</Error>"}, 0, {"403"}},
  {{READ,.body = "<html><body>Please log in</body></html>"}, 0,
      {"no WAV, MP3, M4A or AAC", "audio-end"}},
  {{READ,.body = ""}, 0, {"audio-end"}},
  {{READ,.body = "RIFF",.length = 5242881}, 0, {"5242880 bytes"}},
  {{READ,.status = 302,.headers = "Location: @BASE@" AUDIO_PATH "\r\n"}, 0,
      {"elsewhere"}},
  {{READ,.status = 302,.headers = "Location: file:///etc/passwd\r\n"}, 0,
      {"http"}},
  {{READ,.send = 1000}, 3000, {"1000 of 24044"}},
  {{READ,.act = KLING_TEST_RESET}, 0, {"audio-end"}},
  {{READ}, 1999, {"1.99 s", "lower limit is 2 s"}},
  {{READ}, 60601, {"60.61 s", "limit is 60 s"}},
  {{READ,.length = -1}, 700000, {"5242880 bytes"}},
};

/* Nothing is paid, not even a little, and no signature is shown. */
GST_START_TEST (test_unreadable)
{
  g_autoptr (GBytes) file =
      kling_test_make_wav (unreadable[__i__].milliseconds);
  KlingTestStep step = unreadable[__i__].step;
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;
  const gchar *sentence;

  if (unreadable[__i__].milliseconds)
    step.body = g_bytes_get_data (file, &step.size);
  service = start_service (0, &step, 1);
  run = make_run (service, 0, "fakesink");
  set_audio (run, service, "audio-url", AUDIO_PATH);
  play (run);
  sentence = get_error (run, GST_RESOURCE_ERROR_SETTINGS);
  for (guint i = 0; i < 2 && unreadable[__i__].words[i]; i++)
    kling_test_check_contains (sentence, unreadable[__i__].words[i]);
  fail_unless (strstr (sentence, "sig=") == NULL, "%s", sentence);
  fail_unless (g_str_has_suffix (sentence, "."), "%s", sentence);
  kling_test_service_check (service, 0, 0);
  kling_test_service_check_key (service);
}

GST_END_TEST;

GST_START_TEST (test_redirect)
{
  g_autoptr (GBytes) file = kling_test_make_wav (2345);
  KlingTestStep steps[] = {
    {.method = "GET",.path = "/speech.wav",.status = 302,
        .headers = "Location: @BASE@/speech-there?sig=2\r\n"},
    serve (file),
  };
  g_autoptr (KlingTestService) service = start_service (0, steps, 2);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  set_audio (run, service, "audio-url", AUDIO_PATH);
  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), AUDIO_PATH);
  kling_test_check_contains (get_create (service), "\"sound_end_time\":2345,");
  kling_test_service_check_key (service);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_stop_reading)
{
  g_autoptr (GBytes) file = kling_test_make_wav (2345);
  KlingTestStep step = serve (file);
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) run = NULL;

  step.drip = 60000;
  step.block = 1000;
  service = start_service (0, &step, 1);
  run = make_run (service, 0, "fakesink");
  set_audio (run, service, "audio-url", AUDIO_PATH);
  play (run);
  fail_unless (kling_test_service_wait (service, "GET", "/speech", 1, 20000));
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  g_usleep (500 * 1000);
  kling_test_service_check (service, 0, 0);
}

GST_END_TEST;

/* Who says where it ends has said how long it is. */
GST_START_TEST (test_url_with_end)
{
  static const KlingTestStep step = { READ,.status = 404 };
  g_autoptr (KlingTestService) service = start_service (0, &step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, 0, "fakesink");

  set_audio (run, service, "audio-url", AUDIO_PATH);
  g_object_set (run->lipsync, "audio-end", 4 * GST_SECOND, NULL);
  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          "/speech"), 0);
  kling_test_check_contains (get_create (service), "\"sound_end_time\":4000,");
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- audio from the pad ---- */

/* A file on its way to the pad */
static KlingTestRun *
make_file_run (KlingTestService * service, guint dialect, const gchar * path)
{
  g_autofree gchar *line = g_strdup_printf ("fakesink filesrc location=%s !"
      " lipsync.audio", path);
  KlingTestRun *run = make_run (service, dialect, line);

  set_audio (run, service, NULL, "");
  return run;
}

static gchar *
write_file (GBytes * file, gchar ** directory)
{
  gsize size;
  const gchar *data = g_bytes_get_data (file, &size);
  gchar *path;

  *directory = kling_test_make_tree ("test-speech");
  path = g_build_filename (*directory, "speech.wav", NULL);
  fail_unless (g_file_set_contents (path, data, size, NULL));
  return path;
}

/* Returns: (transfer full): the sound_file of the create call */
static gchar *
get_sound_file (KlingTestService * service)
{
  static const gchar name[] = "\"sound_file\":\"";
  const gchar *found = strstr (get_create (service), name);

  fail_unless (found != NULL);
  found += strlen (name);
  return g_strndup (found, strcspn (found, "\""));
}

GST_START_TEST (test_inline)
{
  g_autoptr (GBytes) file = kling_test_make_wav (2345);
  g_autoptr (KlingTestService) service = start_service (__i__, NULL, 0);
  g_autofree gchar *directory = NULL;
  g_autofree gchar *path = write_file (file, &directory);
  g_autoptr (KlingTestRun) run = make_file_run (service, __i__, path);
  g_autofree gchar *sound = NULL;
  g_autofree guchar *data = NULL;
  gsize size;

  play (run);
  kling_test_run_eos (run);
  sound = get_sound_file (service);
  data = g_base64_decode (sound, &size);
  g_autoptr (GBytes) sent = g_bytes_new_take (g_steal_pointer (&data), size);

  fail_unless (g_bytes_equal (sent, file));
  kling_test_check_contains (get_create (service), "\"sound_end_time\":2345,");
  kling_test_service_check (service, 1, 1);
  check_paid (service, 0, 1);
  kling_test_remove_tree (directory);
}

GST_END_TEST;

/* A place for files is used when there is one. */
GST_START_TEST (test_uploaded)
{
  g_autoptr (GBytes) file = kling_test_make_wav (2345);
  g_autoptr (KlingTestService) service = start_service (__i__, NULL, 0);
  g_autofree gchar *directory = NULL;
  g_autofree gchar *path = write_file (file, &directory);
  g_autoptr (KlingTestRun) run = make_file_run (service, __i__, path);
  g_autofree gchar *sound = NULL;

  g_object_set (run->lipsync, "upload", "serve:0", NULL);
  play (run);
  kling_test_run_eos (run);
  sound = get_sound_file (service);
  fail_unless (g_str_has_prefix (sound, "http://"), "%s", sound);
  fail_unless (strstr (sound, ".wav") != NULL, "%s", sound);
  kling_test_check_contains (get_create (service), "\"sound_end_time\":2345,");
  kling_test_service_check (service, 1, 1);
  kling_test_remove_tree (directory);
}

GST_END_TEST;

/* A part of it, which starts and ends where it was said */
GST_START_TEST (test_part_of_pad)
{
  g_autoptr (GBytes) file = kling_test_make_wav (5000);
  g_autoptr (KlingTestService) service = start_service (0, NULL, 0);
  g_autofree gchar *directory = NULL;
  g_autofree gchar *path = write_file (file, &directory);
  g_autoptr (KlingTestRun) run = make_file_run (service, 0, path);

  g_object_set (run->lipsync, "audio-start", GST_SECOND, "audio-end",
      5001 * GST_MSECOND, NULL);
  play (run);
  kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_SETTINGS),
      "5.000 s");
  kling_test_service_check (service, 0, 0);

  g_object_set (run->lipsync, "audio-end", 5 * GST_SECOND, NULL);
  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service),
      "\"sound_start_time\":1000,\"sound_end_time\":5000,");
  kling_test_service_check (service, 1, 1);
  kling_test_remove_tree (directory);
}

GST_END_TEST;

/* ---- audio that the service has ---- */

GST_START_TEST (test_audio_id)
{
  g_autoptr (KlingTestService) service = start_service (__i__, NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service, __i__, "fakesink");

  set_audio (run, service, "audio-id", "a-9");
  play (run);
  kling_test_check_contains (get_error (run, GST_RESOURCE_ERROR_SETTINGS),
      "audio-end");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);

  g_object_set (run->lipsync, "audio-end", 2500 * GST_MSECOND, NULL);
  play (run);
  kling_test_run_eos (run);
  kling_test_check_contains (get_create (service), "\"audio_id\":\"a-9\"");
  kling_test_check_contains (get_create (service), "\"sound_end_time\":2500,");
  kling_test_service_check (service, 1, 1);
  check_paid (service, 0, 1);
}

GST_END_TEST;

static Suite *
speech_suite (void)
{
  Suite *suite = suite_create ("speech");
  TCase *text = tcase_create ("text");
  TCase *audio = tcase_create ("audio");

  suite_add_tcase (suite, text);
  tcase_add_loop_test (text, test_text, 0, 2);
  tcase_add_test (text, test_text_of_gateway);
  tcase_add_test (text, test_part_of_text);
  tcase_add_loop_test (text, test_queued, 0, 2);
  tcase_add_test (text, test_queued_without_word);
  tcase_add_loop_test (text, test_failed, 0, G_N_ELEMENTS (failures));
  tcase_add_test (text, test_forgotten);
  tcase_add_test (text, test_late);
  tcase_add_loop_test (text, test_length, 0, G_N_ELEMENTS (lengths));
  tcase_add_loop_test (text, test_lost, 0, G_N_ELEMENTS (lost));
  tcase_add_loop_test (text, test_busy, 0, G_N_ELEMENTS (busy));
  tcase_add_test (text, test_refused);
  tcase_add_test (text, test_stop);

  suite_add_tcase (suite, audio);
  tcase_add_loop_test (audio, test_url, 0, 4);
  tcase_add_test (audio, test_url_little_too_long);
  tcase_add_loop_test (audio, test_unreadable, 0, G_N_ELEMENTS (unreadable));
  tcase_add_test (audio, test_redirect);
  tcase_add_test (audio, test_stop_reading);
  tcase_add_test (audio, test_url_with_end);
  tcase_add_loop_test (audio, test_inline, 0, 2);
  tcase_add_loop_test (audio, test_uploaded, 0, 2);
  tcase_add_test (audio, test_part_of_pad);
  tcase_add_loop_test (audio, test_audio_id, 0, 2);
  return suite;
}

GST_CHECK_MAIN (speech);
