/* klinglipsync tests: whose lips move
 *
 * The choice comes after identify-face and before the call that costs most: what
 * cannot be chosen is not paid for. What is said is audio whose length is given,
 * so that nothing else is called.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

#define IDENTIFY .method = "POST",.path = OFFICIAL_IDENTIFY_PATH
#define CREATE .method = "POST",.path = OFFICIAL_CREATE_PATH

/* Whoever goes on after this had not stopped. */
#define A_WHILE (1000 * 1000)
/* What a person needs to choose */
#define THINKING (3 * 1000 * 1000)

#define FULL_FACE "{\"face_id\":\"f-7\",\"face_image\":" \
  "\"https://u:p@media.example/f.png?sig=s\",\"start_time\":\"1000\"," \
  "\"end_time\":4000,\"face_rect\":{\"x\":12,\"y\":8,\"width\":20," \
  "\"height\":25}}"
#define BARE_FACE "{\"face_id\":8}"
/* The second is seen longest. */
#define THREE SEEN_FACE ("0", "0", "4000") "," SEEN_FACE ("1", "1500", "9000") "," \
  SEEN_FACE ("2", "500", "5500")

static const KlingTestStep three_faces[] = {
  {IDENTIFY,.body = FACES (THREE)},
};

/* Audio of 3 s, said by a face of the dialect official */
static KlingTestRun *
make_run (KlingTestService * service)
{
  KlingTestRun *run = kling_test_run_new (service->url, "fakesink");

  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, "audio-url", TEST_AUDIO_URL, "audio-end", 3 * GST_SECOND,
      "poll-interval", 100 * GST_MSECOND, NULL);
  return run;
}

static void
play (KlingTestRun * run)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

static void
check_sent (KlingTestService * service, const gchar * member)
{
  kling_test_check_contains (kling_test_service_get_body (service, "POST",
          OFFICIAL_CREATE_PATH), member);
}

static const gchar *
get_settings_error (KlingTestRun * run)
{
  return kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
}

/* ---- the handler ---- */

/* What a handler answers, and what it saw. The counters are read by the test. */
typedef struct
{
  const gchar *answer;
  gulong wait;
  gint begun;
  gint asked;
  GstStructure *faces;
} Chooser;

static gchar *
on_select_face (GstElement * element, GstStructure * faces, gpointer data)
{
  Chooser *chooser = data;

  g_atomic_int_inc (&chooser->begun);
  if (chooser->wait)
    g_usleep (chooser->wait);
  g_clear_pointer (&chooser->faces, gst_structure_free);
  chooser->faces = gst_structure_copy (faces);
  g_atomic_int_inc (&chooser->asked);
  return g_strdup (chooser->answer);
}

static void
chooser_clear (Chooser * chooser)
{
  g_clear_pointer (&chooser->faces, gst_structure_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Chooser, chooser_clear);

static void
ask (KlingTestRun * run, Chooser * chooser)
{
  g_signal_connect (run->lipsync, "select-face", G_CALLBACK (on_select_face),
      chooser);
}

static guint
count_asked (Chooser * chooser)
{
  return g_atomic_int_get (&chooser->asked);
}

/* Waits until a handler has begun to think. */
static void
await_question (Chooser * chooser)
{
  gint64 start = g_get_monotonic_time ();

  while (g_atomic_int_get (&chooser->begun) == 0) {
    fail_unless (kling_test_ms_since (start) < 20000, "nobody was asked");
    g_usleep (1000);
  }
}

/* ---- the message ---- */

static const GstStructure *
get_face (const GstStructure * faces, guint i)
{
  const GValue *list = gst_structure_get_value (faces, "faces");

  fail_unless (GST_VALUE_HOLDS_ARRAY (list));
  fail_unless (i < gst_value_array_get_size (list));
  return gst_value_get_structure (gst_value_array_get_value (list, i));
}

static guint
count_faces (const GstStructure * faces)
{
  return gst_value_array_get_size (gst_structure_get_value (faces, "faces"));
}

static void
check_full_face (const GstStructure * face, const gchar * picture)
{
  guint64 start, end;
  gint x, y, width, height;

  fail_unless_equals_string (gst_structure_get_string (face, "face-id"), "f-7");
  fail_unless (gst_structure_get (face, "start-time", G_TYPE_UINT64, &start,
          "end-time", G_TYPE_UINT64, &end, "x", G_TYPE_INT, &x, "y",
          G_TYPE_INT, &y, "width", G_TYPE_INT, &width, "height", G_TYPE_INT,
          &height, NULL));
  fail_unless_equals_uint64 (start, GST_SECOND);
  fail_unless_equals_uint64 (end, 4 * GST_SECOND);
  fail_unless (x == 12 && y == 8 && width == 20 && height == 25);
  fail_unless_equals_string (gst_structure_get_string (face, "picture"),
      picture);
}

static void
check_bare_face (const GstStructure * face)
{
  fail_unless_equals_string (gst_structure_get_string (face, "face-id"), "8");
  fail_unless_equals_int (gst_structure_n_fields (face), 1);
}

GST_START_TEST (test_message)
{
  static const KlingTestStep step = { IDENTIFY,
    .body = FACES (FULL_FACE "," BARE_FACE)
  };
  g_auto (Chooser) chooser = { 0, };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);
  const GstStructure *message;

  ask (run, &chooser);
  play (run);
  kling_test_run_eos (run);
  message = kling_test_run_wait_element (run, "klinglipsync-faces", 0);
  fail_unless (message != NULL);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-faces"), 1);
  fail_unless_equals_string (gst_structure_get_string (message, "session-id"),
      TEST_SESSION);
  fail_unless_equals_int (count_faces (message), 2);
  check_full_face (get_face (message, 0), "https://media.example/f.png");
  check_bare_face (get_face (message, 1));

  /* whoever is asked has to see the pictures */
  fail_unless (gst_structure_has_name (chooser.faces, "klinglipsync-faces"));
  fail_unless_equals_string (gst_structure_get_string (chooser.faces,
          "session-id"), TEST_SESSION);
  fail_unless_equals_int (count_faces (chooser.faces), 2);
  check_full_face (get_face (chooser.faces, 0),
      "https://u:p@media.example/f.png?sig=s");
  check_bare_face (get_face (chooser.faces, 1));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- the choice ---- */

GST_START_TEST (test_longest)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"1\"");
  fail_unless (kling_test_run_has_text (run, "3 faces were found. Face 1"));
  kling_test_service_check (service, 1, 1);
  kling_test_service_check_key (service);
}

GST_END_TEST;

static const struct
{
  const gchar *answer, *sent;
} answers[] = {
  {"2", "\"face_id\":\"2\""},
  {"0", "\"face_id\":\"0\""},
  {NULL, "\"face_id\":\"1\""},
  {"", "\"face_id\":\"1\""},
};

GST_START_TEST (test_select)
{
  g_auto (Chooser) chooser = { answers[__i__].answer, };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  check_sent (service, answers[__i__].sent);
  fail_unless_equals_int (count_asked (&chooser), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A face that is not there is not paid for, and the next run asks again. */
GST_START_TEST (test_wrong_answer)
{
  g_auto (Chooser) chooser = { "9", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);
  const gchar *sentence;

  ask (run, &chooser);
  play (run);
  sentence = get_settings_error (run);
  kling_test_check_contains (sentence, "select-face");
  kling_test_check_contains (sentence, " 9,");
  kling_test_check_contains (sentence, "0 (0.000 s to 4.000 s)");
  kling_test_check_contains (sentence, "2 (0.500 s to 5.500 s)");
  kling_test_service_check (service, 1, 0);

  chooser.answer = "2";
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"2\"");
  fail_unless_equals_int (count_asked (&chooser), 2);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Who does not choose leaves it to the next. */
GST_START_TEST (test_several_handlers)
{
  g_auto (Chooser) silent = { NULL, };
  g_auto (Chooser) chooser = { "2", };
  g_auto (Chooser) late = { "0", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &silent);
  ask (run, &chooser);
  ask (run, &late);
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"2\"");
  fail_unless_equals_int (count_asked (&silent), 1);
  fail_unless_equals_int (count_asked (&chooser), 1);
  fail_unless_equals_int (count_asked (&late), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- when nobody is asked ---- */

GST_START_TEST (test_one_face)
{
  g_auto (Chooser) chooser = { "9", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"0\"");
  fail_unless_equals_int (count_asked (&chooser), 0);
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-faces"), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_face_id)
{
  g_auto (Chooser) chooser = { "0", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  g_object_set (run->lipsync, "face-id", "2", NULL);
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"2\"");
  fail_unless_equals_int (count_asked (&chooser), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_unknown_face_id)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);
  const gchar *sentence;

  g_object_set (run->lipsync, "face-id", "f-9", NULL);
  play (run);
  sentence = get_settings_error (run);
  kling_test_check_contains (sentence, "face-id");
  kling_test_check_contains (sentence, "f-9");
  kling_test_check_contains (sentence, "1 (1.500 s to 9.000 s)");
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  kling_test_service_check (service, 1, 0);
}

GST_END_TEST;

/* The gateway cannot be told, so the user is. */
GST_START_TEST (test_gateway)
{
  static const KlingTestStep step = {.method = "POST",.path = IDENTIFY_PATH,
    .body = FACES (THREE)
  };
  g_auto (Chooser) chooser = { "2", };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");

  g_object_set (run->lipsync, "poll-interval", 100 * GST_MSECOND, NULL);
  ask (run, &chooser);
  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_int (count_asked (&chooser), 0);
  fail_unless (kling_test_run_has_warning (run, "3 faces"));
  fail_unless (kling_test_run_has_warning (run, "official or relay"));
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-faces"), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* What was chosen is kept with the session, and the video with the request. */
GST_START_TEST (test_asked_once)
{
  static const KlingTestStep steps[] = {
    {IDENTIFY,.body = FACES (THREE)},
    {CREATE,.times = 1,.status = 429,
        .body = "{\"code\":1102,\"message\":\"balance\"}"},
  };
  g_auto (Chooser) chooser = { "2", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  for (guint i = 0; i < 2; i++) {
    play (run);
    kling_test_run_eos (run);
    check_sent (service, "\"face_id\":\"2\"");
    fail_unless_equals_int (count_asked (&chooser), 1);
    kling_test_service_check (service, 1, 2);
  }
}

GST_END_TEST;

/* ---- stopping and seeking while somebody thinks ---- */

/* The src pad task is away, so nobody asks, and nobody answers. */
GST_START_TEST (test_stop_unasked)
{
  static const KlingTestStep step = { IDENTIFY,.body = FACES (THREE),
    .delay = 2500
  };
  g_auto (Chooser) chooser = { "2", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  fail_unless (kling_test_service_wait (service, "POST",
          OFFICIAL_IDENTIFY_PATH, 1, 20000));
  gst_pad_send_event (run->src, gst_event_new_flush_start ());
  g_usleep (3 * A_WHILE);
  kling_test_run_set (run, GST_STATE_NULL);
  g_usleep (A_WHILE);
  fail_unless_equals_int (count_asked (&chooser), 0);
  kling_test_service_check (service, 1, 0);

  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"2\"");
  fail_unless_equals_int (count_asked (&chooser), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Who stops before the answer is there does not pay for it. */
GST_START_TEST (test_stop_while_thinking)
{
  g_auto (Chooser) chooser = { "2", THINKING, };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  await_question (&chooser);
  /* waits for the handler, as the signal's documentation says */
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  fail_unless_equals_int (count_asked (&chooser), 1);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  g_usleep (A_WHILE);
  kling_test_service_check (service, 1, 0);

  chooser.wait = 0;
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"2\"");
  fail_unless_equals_int (count_asked (&chooser), 2);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Who stops after the answer has paid, and gets it in the next run. */
GST_START_TEST (test_stop_after_answer)
{
  static const KlingTestStep steps[] = {
    {IDENTIFY,.body = FACES (THREE)},
    {CREATE,.body = OFFICIAL_CREATED,.delay = 1000},
  };
  g_auto (Chooser) chooser = { "2", };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  fail_unless (kling_test_service_wait (service, "POST", OFFICIAL_CREATE_PATH,
          1, 20000));
  kling_test_run_set (run, GST_STATE_NULL);
  play (run);
  kling_test_run_eos (run);
  fail_unless_equals_int (count_asked (&chooser), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* The seek waits for the handler, whose answer counts. */
GST_START_TEST (test_seek_while_thinking)
{
  g_auto (Chooser) chooser = { "2", THINKING, };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  await_question (&chooser);
  gst_element_seek_simple (run->lipsync, GST_FORMAT_BYTES,
      GST_SEEK_FLAG_FLUSH, 0);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"2\"");
  fail_unless_equals_int (count_asked (&chooser), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_slow_answer)
{
  g_auto (Chooser) chooser = { "0", THINKING, };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  ask (run, &chooser);
  play (run);
  await_question (&chooser);
  kling_test_service_check (service, 1, 0);
  kling_test_run_eos (run);
  check_sent (service, "\"face_id\":\"0\"");
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- no face, or none at that time ---- */

static const struct
{
  const gchar *answer;
  gint code;
  const gchar *words;
} faceless[] = {
  {FACES (""), GST_RESOURCE_ERROR_SETTINGS, "no face"},
  {"{\"code\":0,\"data\":{\"session_id\":\"s\"}}", GST_RESOURCE_ERROR_FAILED,
      "face-id"},
  {FACES ("{\"face_id\":\"a/b\"},17"), GST_RESOURCE_ERROR_FAILED, "face-id"},
};

GST_START_TEST (test_no_face)
{
  KlingTestStep step = { IDENTIFY,.body = faceless[__i__].answer };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          faceless[__i__].code), faceless[__i__].words);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  kling_test_service_check (service, 1, 0);
}

GST_END_TEST;

/* Another look at the video may see more. */
GST_START_TEST (test_no_face_at_first)
{
  static const KlingTestStep step = { IDENTIFY,.times = 1,.body = FACES ("") };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  get_settings_error (run);
  play (run);
  kling_test_run_eos (run);
  kling_test_service_check (service, 2, 1);
}

GST_END_TEST;

GST_START_TEST (test_no_overlap)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (three_faces, 1);
  g_autoptr (KlingTestRun) run = make_run (service);
  const gchar *sentence;

  g_object_set (run->lipsync, "insert-time", 7001 * GST_MSECOND, NULL);
  play (run);
  sentence = get_settings_error (run);
  kling_test_check_contains (sentence, "7.001 s to 10.001 s");
  kling_test_check_contains (sentence, "face 1 ");
  kling_test_check_contains (sentence, "1.500 s to 9.000 s");
  kling_test_service_check (service, 1, 0);

  g_object_set (run->lipsync, "insert-time", 7000 * GST_MSECOND, NULL);
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"sound_insert_time\":7000");
  fail_unless_equals_int (kling_test_service_paid (service), 1);
}

GST_END_TEST;

GST_START_TEST (test_insert_when_seen)
{
  static const KlingTestStep step = { IDENTIFY,
    .body = FACES (SEEN_FACE ("0", "4000", "9000"))
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) run = make_run (service);

  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"sound_insert_time\":4000,\"sound_start_time\":0,"
      "\"sound_end_time\":3000");
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- a session that the user has ---- */

GST_START_TEST (test_session_id)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service);

  g_object_set (run->lipsync, "video-url", NULL, "session-id", "s-5", NULL);
  play (run);
  kling_test_check_contains (get_settings_error (run), "face-id");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);

  g_object_set (run->lipsync, "face-id", "3", NULL);
  play (run);
  kling_test_run_eos (run);
  check_sent (service, "\"session_id\":\"s-5\"");
  check_sent (service, "\"face_id\":\"3\"");
  fail_unless_equals_int (kling_test_run_count_element (run,
          "klinglipsync-faces"), 0);
  kling_test_service_check (service, 0, 1);
}

GST_END_TEST;

static Suite *
faces_suite (void)
{
  Suite *suite = suite_create ("faces");
  TCase *tcase = tcase_create ("faces");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_message);
  tcase_add_test (tcase, test_longest);
  tcase_add_loop_test (tcase, test_select, 0, G_N_ELEMENTS (answers));
  tcase_add_test (tcase, test_wrong_answer);
  tcase_add_test (tcase, test_several_handlers);
  tcase_add_test (tcase, test_one_face);
  tcase_add_test (tcase, test_face_id);
  tcase_add_test (tcase, test_unknown_face_id);
  tcase_add_test (tcase, test_gateway);
  tcase_add_test (tcase, test_asked_once);
  tcase_add_test (tcase, test_stop_unasked);
  tcase_add_test (tcase, test_stop_while_thinking);
  tcase_add_test (tcase, test_stop_after_answer);
  tcase_add_test (tcase, test_seek_while_thinking);
  tcase_add_test (tcase, test_slow_answer);
  tcase_add_loop_test (tcase, test_no_face, 0, G_N_ELEMENTS (faceless));
  tcase_add_test (tcase, test_no_face_at_first);
  tcase_add_test (tcase, test_no_overlap);
  tcase_add_test (tcase, test_insert_when_seen);
  tcase_add_test (tcase, test_session_id);
  return suite;
}

GST_CHECK_MAIN (faces);
