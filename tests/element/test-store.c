/* klinglipsync tests: what a store keeps from being paid for twice
 *
 * Each test has a store of its own and a service from a script, and counts what
 * costs. What only time, a kill or another program does to a record is done to
 * it here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-helper.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "element-upload.h"

#define PART_ETAG "\"v1\""
#define DAY (24 * 3600 * G_TIME_SPAN_SECOND)
#define GATEWAY_POLL(id) .method = "GET",.path = CREATE_PATH "/" id
#define CREATE .method = "POST",.path = OFFICIAL_CREATE_PATH
#define JSON(code, message) "{\"code\":" code ",\"message\":\"" message "\"}"
#define DONE_OF(id, more) "{\"code\":\"success\",\"data\":{\"status\":" \
  "\"SUCCESS\",\"data\":{\"task_id\":\"" id "\",\"task_status\":\"succeed\"," \
  more "\"task_result\":{\"videos\":[{\"id\":\"v\",\"url\":\"@BASE@" \
  RESULT_PATH "?token=1\"}]}}}}"
#define TWO_FACES FACES (SEEN_FACE ("0", "0", "9000") "," \
  SEEN_FACE ("1", "0", "5000"))

/* ---- a kept video ---- */

static guint
count_fetched (KlingTestService * service)
{
  return kling_test_server_count (service->server, "GET", RESULT_PATH);
}

static void
check_file (const gchar * location, const gchar * sha256)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  g_autofree gchar *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256,
      clip);
  g_autofree gchar *data = NULL;
  g_autofree gchar *found = NULL;
  struct stat info;
  gsize size;

  fail_unless (g_file_get_contents (location, &data, &size, NULL));
  found = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) data,
      size);
  fail_unless_equals_string (found, sum);
  fail_unless_equals_string (sha256, sum);
  fail_unless_equals_int (stat (location, &info), 0);
  fail_unless_equals_int (info.st_mode & 07777, 0600);
}

static void
check_location (KlingTestRun * run)
{
  const GstStructure *result = kling_test_run_wait_element (run,
      "klinglipsync-result", STORE_PATIENCE);
  g_autofree gchar *location = NULL, *later = NULL;

  g_object_get (run->lipsync, "result-location", &location, NULL);
  fail_unless_equals_string (location, store_get_location (run));
  check_file (location, gst_structure_get_string (result, "sha256"));
  kling_test_run_set (run, GST_STATE_READY);
  g_object_get (run->lipsync, "result-location", &later, NULL);
  fail_unless (later == NULL, "%s", later);
}

GST_START_TEST (test_kept)
{
  KlingTestService *service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);
  g_autoptr (KlingTestRun) three = store_run_new (service->url);
  guint n_calls;

  store_play_to_end (one, TEST_TASK, TRUE);
  check_location (one);
  kling_test_service_check (service, 1, 1);
  n_calls = store_count_calls (service);
  store_play_to_end (two, TEST_TASK, FALSE);
  check_location (two);
  fail_unless (kling_test_run_has_text (two, "kept here"));
  fail_unless_equals_int (store_count_calls (service), n_calls);
  kling_test_service_stop (service);

  g_object_set (three->lipsync, "api-key", NULL, NULL);
  store_play_to_end (three, TEST_TASK, FALSE);
  check_location (three);
}

GST_END_TEST;

static void
flip_byte (const gchar * location)
{
  g_autofree gchar *data = NULL;
  gsize size;

  fail_unless (g_file_get_contents (location, &data, &size, NULL));
  data[size / 2] ^= 1;
  fail_unless (g_file_set_contents_full (location, data, size,
          G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
cut (const gchar * location)
{
  fail_unless_equals_int (truncate (location, 100), 0);
}

static void
take_away (const gchar * location)
{
  fail_unless_equals_int (g_unlink (location), 0);
}

static void (*const damages[]) (const gchar * location) = {
  flip_byte, cut, take_away
};

/* What is kept and not whole is fetched again, for nothing. */
GST_START_TEST (test_damaged)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);
  g_autofree gchar *location = NULL;

  store_play_to_end (one, TEST_TASK, TRUE);
  location = g_strdup (store_get_location (one));
  kling_test_run_set (one, GST_STATE_NULL);
  damages[__i__] (location);
  store_play_to_end (two, TEST_TASK, FALSE);
  fail_unless_equals_string (store_get_location (two), location);
  check_location (two);
  fail_unless_equals_int (count_fetched (service), 2);
  kling_test_service_check (service, 1, 1);
  store_check_request (KLING_RECORD_DONE, TEST_TASK);
}

GST_END_TEST;

/* A power cut leaves the length of a part and not its bytes: what was written
 * before this machine was started is not gone on with. */
static void
forget_video (KlingRecord * record)
{
  record->state = KLING_RECORD_FETCHING;
  record->etag = g_strdup (PART_ETAG);
  record->part_length = record->size;
  record->boot = g_strdup ("00000000-0000-4000-8000-000000000000");
}

static void
write_damaged_part (GBytes * clip)
{
  g_autoptr (KlingRecord) record = store_load_request ();
  g_autoptr (KlingStore) store = store_open ();
  g_autofree gchar *path = kling_store_dup_file (store, record->key,
      KLING_STORE_PART);
  gsize size;
  const gchar *data = g_bytes_get_data (clip, &size);
  g_autofree gchar *half = g_memdup2 (data, size / 2);

  memset (half + size / 2 - 100, 0, 100);
  fail_unless (g_file_set_contents_full (path, half, size / 2,
          G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

GST_START_TEST (test_power_cut)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  KlingTestStep steps[] = {
    {.method = "GET",.path = RESULT_PATH,.etag = PART_ETAG},
  };
  g_autoptr (KlingTestService) service = NULL;
  g_autoptr (KlingTestRun) one = NULL;
  g_autoptr (KlingTestRun) two = NULL;

  steps[0].body = g_bytes_get_data (clip, &steps[0].size);
  service = kling_test_service_start (steps, G_N_ELEMENTS (steps));
  one = store_run_new (service->url);
  two = store_run_new (service->url);
  store_play_to_end (one, TEST_TASK, TRUE);
  fail_unless (g_unlink (store_get_location (one)) == 0);
  kling_test_run_set (one, GST_STATE_NULL);
  store_change_records (KLING_RECORD_REQUEST, forget_video);
  write_damaged_part (clip);
  store_play_to_end (two, TEST_TASK, FALSE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* One element, started again: with a store, without, and with one that is set
 * in between. */
static const struct
{
  gboolean store[3];
  guint fetched;
} cycles[] = {
  {{TRUE, TRUE, TRUE}, 1},
  {{FALSE, FALSE, FALSE}, 1},
  {{FALSE, TRUE, TRUE}, 2},
};

GST_START_TEST (test_cycles)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = store_run_new (service->url);

  for (guint i = 0; i < 3; i++) {
    gboolean store = cycles[__i__].store[i];

    kling_test_run_set (run, GST_STATE_NULL);
    g_object_set (run->lipsync, "store", store ? store_path : "", NULL);
    store_play (run);
    store_check_played (run, TEST_TASK, i == 0);
    fail_unless_equals_int (store_get_location (run) != NULL, store);
  }
  fail_unless_equals_int (count_fetched (service), cycles[__i__].fetched);
  fail_unless_equals_int (kling_test_service_paid (service), 1);
}

GST_END_TEST;
/* ---- sessions, faces, speech ---- */

static void
play_with (KlingTestRun * run, const gchar * property, const gchar * value)
{
  g_object_set (run->lipsync, property, value, NULL);
  store_play_to_end (run, TEST_TASK, TRUE);
}

static void
make_a_day_older (KlingRecord * record)
{
  record->sent_at -= DAY;
}

GST_START_TEST (test_session_is_shared)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);

  store_play_to_end (one, TEST_TASK, TRUE);
  play_with (two, "text", "Another text.");
  kling_test_service_check (service, 1, 2);
  fail_unless_equals_int (store_count_records (KLING_RECORD_SESSION), 1);

  /* not by who pays with another key */
  kling_test_run_set (two, GST_STATE_NULL);
  g_object_set (two->lipsync, "api-key", "sk-another-key", NULL);
  play_with (two, "text", "A third text.");
  kling_test_service_check (service, 2, 3);
  fail_unless_equals_int (store_count_records (KLING_RECORD_SESSION), 2);

  /* nor for ever */
  store_change_records (KLING_RECORD_SESSION, make_a_day_older);
  play_with (one, "text", "A fourth text.");
  kling_test_service_check (service, 3, 4);
  play_with (one, "text", "A fifth text.");
  kling_test_service_check (service, 3, 5);
}

GST_END_TEST;

/* What was refused may have been the session. */
GST_START_TEST (test_session_is_forgotten)
{
  static const KlingTestStep step = { CREATE,.times = 1,.status = 400,
    .body = JSON ("1201", "session_id is none")
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  g_autoptr (KlingTestRun) one = store_run_new_official (service->url);
  g_autoptr (KlingTestRun) two = store_run_new_official (service->url);

  store_check_error (one, GST_RESOURCE_ERROR_SETTINGS, "session_id is none");
  kling_test_service_check (service, 1, 1);
  store_play_to_end (two, TEST_TASK, TRUE);
  kling_test_service_check (service, 2, 2);
}

GST_END_TEST;

static gchar *
choose_second (GstElement * element, GstStructure * faces, gpointer n_asked)
{
  g_atomic_int_inc ((gint *) n_asked);
  return g_strdup ("1");
}

GST_START_TEST (test_face_is_kept)
{
  static const KlingTestStep step = {.method = "POST",
    .path = OFFICIAL_IDENTIFY_PATH,.body = TWO_FACES
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (&step, 1);
  const gchar *const takes[] = { "a", "b" };
  gint n_asked = 0;

  for (guint i = 0; i < G_N_ELEMENTS (takes); i++) {
    g_autoptr (KlingTestRun) run = store_run_new_official (service->url);

    g_signal_connect (run->lipsync, "select-face", G_CALLBACK (choose_second),
        &n_asked);
    play_with (run, "take", takes[i]);
    kling_test_check_contains (kling_test_service_get_body (service, "POST",
            OFFICIAL_CREATE_PATH), "\"face_id\":\"1\"");
    fail_unless_equals_int (g_atomic_int_get (&n_asked), 1);
    kling_test_service_check (service, 1, i + 1);
  }
}

GST_END_TEST;

GST_START_TEST (test_speech_is_shared)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_official (NULL, 0);
  g_autoptr (KlingTestRun) one = store_run_new (service->url);
  g_autoptr (KlingTestRun) two = store_run_new (service->url);

  kling_test_run_use_dialect (one, "official");
  kling_test_run_use_dialect (two, "official");
  store_play_to_end (one, TEST_TASK, TRUE);
  fail_unless_equals_int (kling_test_service_spoken (service), 1);
  play_with (two, "video-url", "https://media.example/other.mp4");
  fail_unless_equals_int (kling_test_service_spoken (service), 1);
  kling_test_service_check (service, 2, 2);

  play_with (two, "voice-id", "oversea_male2");
  fail_unless_equals_int (kling_test_service_spoken (service), 2);
  kling_test_service_check (service, 2, 3);
}

GST_END_TEST;
/* ---- takes ---- */

GST_START_TEST (test_take)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  static const struct
  {
    const gchar *take;
    guint paid;
  } runs[] = {
    {NULL, 1}, {"second", 2}, {"second", 2}, {"", 2}, {"third", 3}
  };

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++) {
    g_autoptr (KlingTestRun) run = store_run_new (service->url);
    guint before = kling_test_service_paid (service);

    g_object_set (run->lipsync, "take", runs[i].take, NULL);
    store_play_to_end (run, TEST_TASK, runs[i].paid > before);
    kling_test_service_check (service, 1, runs[i].paid);
  }
}

GST_END_TEST;
/* ---- the rest ---- */

GST_START_TEST (test_unusable)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = store_run_new (service->url);

  fail_unless (g_file_set_contents (store_path, "not a directory", -1, NULL));
  store_check_error (run, GST_RESOURCE_ERROR_WRITE, store_path);
  fail_unless_equals_int (store_count_calls (service), 0);

  kling_test_run_set (run, GST_STATE_NULL);
  g_object_set (run->lipsync, "store", "", NULL);
  store_play (run);
  store_check_played (run, TEST_TASK, TRUE);
  fail_unless (store_get_location (run) == NULL);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* What a task cost is known to each run that plays its video. */
GST_START_TEST (test_units)
{
  static const KlingTestStep step = {
    GATEWAY_POLL (TEST_TASK),.body = DONE_OF (TEST_TASK,
        "\"final_unit_deduction\":\"2.5\",")
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);

  for (guint i = 0; i < 2; i++) {
    g_autoptr (KlingTestRun) run = store_run_new (service->url);
    gdouble units = -1;

    store_play_to_end (run, TEST_TASK, i == 0);
    fail_unless (gst_structure_get_double (kling_test_run_wait_element (run,
                "klinglipsync-result", 0), "units", &units));
    fail_unless_equals_float (units, 2.5);
  }
}

GST_END_TEST;
/* ---- files that stand somewhere ---- */

/* A run with files that ends when its task runs: they stay. */
static KlingTestSender *
leave_uploads (void)
{
  KlingTestSender *sender = kling_test_sender_new ("0.5");

  g_object_set (sender->run->lipsync, "store", store_path, "poll-interval",
      300 * GST_SECOND, NULL);
  kling_test_sender_use_sandbox (sender);
  kling_test_sender_play (sender);
  store_wait_text (sender->run, " was accepted");
  kling_test_run_set (sender->run, GST_STATE_NULL);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 2);
  g_object_set (sender->run->lipsync, "poll-interval", 2 * GST_SECOND, NULL);
  return sender;
}

static void
give_up (KlingRecord * record)
{
  static const KlingDetails none = { 0 };
  g_autoptr (GError) reason = g_error_new_literal (KLING_ERROR,
      KLING_ERROR_POLICY, "That is no content for us.");

  kling_record_set_reason (record, KLING_RECORD_FAILED, reason, &none);
}

/* The next run of the same request removes them, whether it has a video or
 * not. */
GST_START_TEST (test_uploads_of_earlier_run)
{
  gboolean failed = __i__;
  g_autoptr (KlingTestSender) sender = leave_uploads ();
  g_autoptr (KlingRecord) record = store_load_request ();
  g_autoptr (KlingRecord) later = NULL;

  fail_unless (record->owed_place && record->owed_video && record->owed_audio);
  if (failed) {
    store_change_records (KLING_RECORD_REQUEST, give_up);
    store_check_error (sender->run, GST_RESOURCE_ERROR_SETTINGS, "no content");
  } else {
    kling_test_sender_play_to_end (sender);
  }
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
  kling_test_sender_check_paid (sender, 1, 1);
  later = store_load_request ();
  fail_unless (!later->owed_place && !later->owed_video && !later->owed_audio);
}

GST_END_TEST;

static void
end_task (KlingRecord * record)
{
  record->state = KLING_RECORD_FETCHING;
}

/* So does that of another, when their task has ended. */
GST_START_TEST (test_uploads_are_swept)
{
  gboolean ended = __i__;
  g_autoptr (KlingTestSender) sender = leave_uploads ();

  if (ended)
    store_change_records (KLING_RECORD_REQUEST, end_task);
  g_object_set (sender->run->lipsync, "take", "second", NULL);
  kling_test_sender_play_to_end (sender);
  fail_unless_equals_int (kling_test_sender_count_files (sender),
      ended ? 0 : 2);
  kling_test_sender_check_paid (sender, 1, 2);
}

GST_END_TEST;

/* Our own files cannot be removed, so nobody waits for those of others. */
GST_START_TEST (test_uploads_are_left_in_trouble)
{
  g_autoptr (KlingTestSender) sender = leave_uploads ();
  g_autoptr (KlingRecord) record = store_load_request ();
  g_autofree gchar *audio = g_strconcat ("/sandbox/uploads/",
      record->owed_audio, NULL);
  g_autofree gchar *video = g_strconcat ("/sandbox/uploads/",
      record->owed_video, NULL);

  store_change_records (KLING_RECORD_REQUEST, end_task);
  kling_test_sandbox_add_fault (sender->sandbox, "{\"match\": {\"method\":"
      " \"DELETE\"}, \"do\": {\"status\": 500}, \"times\": 0}");
  g_object_set (sender->run->lipsync, "take", "second", NULL);
  kling_test_sender_play_to_end (sender);
  kling_test_check_contains (kling_test_get_warnings (sender->run),
      "Left behind: ");
  fail_unless (kling_test_sender_count (sender, "DELETE",
          "/sandbox/uploads/") > 0);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", audio), 0);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", video), 0);
}

GST_END_TEST;

static void
take_task_back (KlingRecord * record)
{
  record->state = KLING_RECORD_READY;
}

/* A record can tell of one place: of another a person is told. */
GST_START_TEST (test_uploads_at_other_place)
{
  g_autoptr (KlingTestSender) sender = leave_uploads ();
  g_autoptr (KlingRecord) record = store_load_request ();
  const gchar *warnings;

  store_change_records (KLING_RECORD_REQUEST, take_task_back);
  kling_test_sender_set_place (sender, "%s/sandbox/uploads/other-{name}",
      kling_test_sandbox_get_url (sender->sandbox));
  kling_test_sender_play_to_end (sender);
  warnings = kling_test_get_warnings (sender->run);
  kling_test_check_contains (warnings, record->owed_audio);
  kling_test_check_contains (warnings, "which an earlier run has uploaded");
}

GST_END_TEST;

static Suite *
store_suite (void)
{
  Suite *suite = suite_create ("store");
  TCase *tcase = tcase_create ("store");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, store_set_up, store_tear_down);
  tcase_add_test (tcase, test_kept);
  tcase_add_loop_test (tcase, test_damaged, 0, G_N_ELEMENTS (damages));
  tcase_add_test (tcase, test_power_cut);
  tcase_add_loop_test (tcase, test_cycles, 0, G_N_ELEMENTS (cycles));
  tcase_add_test (tcase, test_session_is_shared);
  tcase_add_test (tcase, test_session_is_forgotten);
  tcase_add_test (tcase, test_face_is_kept);
  tcase_add_test (tcase, test_speech_is_shared);
  tcase_add_test (tcase, test_take);
  tcase_add_test (tcase, test_unusable);
  tcase_add_test (tcase, test_units);
  tcase_add_loop_test (tcase, test_uploads_of_earlier_run, 0, 2);
  tcase_add_loop_test (tcase, test_uploads_are_swept, 0, 2);
  tcase_add_test (tcase, test_uploads_are_left_in_trouble);
  tcase_add_test (tcase, test_uploads_at_other_place);
  return suite;
}

GST_CHECK_MAIN (store);
