/* klinglipsync tests: runs that share a store, and what is in it
 *
 * The functions run on the thread of the test. What goes wrong here fails the
 * test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-helper.h"

#include <string.h>

gchar *store_path;

static gchar *directory;        /* for the test */

/**
 * store_set_up:
 *
 * Before each test. There is no store yet.
 */
void
store_set_up (void)
{
  kling_test_set_speed (STORE_SPEED);
  directory = kling_test_make_tree ("store");
  store_path = g_build_filename (directory, "store", NULL);
}

/**
 * store_tear_down:
 *
 * After each test.
 */
void
store_tear_down (void)
{
  kling_test_remove_tree (directory);
  g_free (directory);
  g_clear_pointer (&store_path, g_free);
}

/* ---- runs ---- */

/**
 * store_run_new:
 * @base_url: the service
 *
 * Returns: (transfer full): a run of the gateway, which needs no length of
 *   what is said
 */
KlingTestRun *
store_run_new (const gchar * base_url)
{
  KlingTestRun *run = kling_test_run_new (base_url, "fakesink");

  g_object_set (run->lipsync, "store", store_path, NULL);
  return run;
}

/**
 * store_run_new_official:
 * @base_url: the service
 *
 * Returns: (transfer full): a run of Kling itself, with audio whose length is
 *   told
 */
KlingTestRun *
store_run_new_official (const gchar * base_url)
{
  KlingTestRun *run = store_run_new (base_url);

  kling_test_run_use_dialect (run, "official");
  g_object_set (run->lipsync, "text", NULL, "voice-id", NULL, "voice-language",
      NULL, "audio-url", TEST_AUDIO_URL, "audio-end", 3 * GST_SECOND, NULL);
  return run;
}

/**
 * store_play:
 * @run: a run
 *
 * Starts it anew, and forgets what it said before.
 */
void
store_play (KlingTestRun * run)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

static void
check_bytes (KlingTestRun * run)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_SMALL);
  g_autoptr (GBytes) data = kling_test_run_get_data (run);

  fail_unless (g_bytes_equal (data, clip), "another video has come");
}

/**
 * store_check_played:
 * @run: a run that was started
 * @task_id: the task that must have made the video
 * @paid: whether this run must have bought it
 *
 * It must play, to the end.
 */
void
store_check_played (KlingTestRun * run, const gchar * task_id, gboolean paid)
{
  const GstStructure *result;
  gboolean said = !paid;

  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  check_bytes (run);
  result =
      kling_test_run_wait_element (run, "klinglipsync-result", STORE_PATIENCE);
  fail_unless (result != NULL);
  fail_unless_equals_string (gst_structure_get_string (result, "task-id"),
      task_id);
  fail_unless (gst_structure_get_boolean (result, "paid", &said));
  fail_unless_equals_int (said, paid);
}

/**
 * store_get_location:
 * @run: a run that has played
 *
 * Returns: (transfer none) (nullable): the file that it tells of
 */
const gchar *
store_get_location (KlingTestRun * run)
{
  return gst_structure_get_string (kling_test_run_wait_element (run,
          "klinglipsync-result", STORE_PATIENCE), "location");
}

/**
 * store_play_to_end:
 * @run: a run
 * @task_id: likewise
 * @paid: likewise
 *
 * store_play() and store_check_played(), of a video that is kept.
 */
void
store_play_to_end (KlingTestRun * run, const gchar * task_id, gboolean paid)
{
  store_play (run);
  store_check_played (run, task_id, paid);
  fail_unless (store_get_location (run) != NULL, "the video is not kept");
}

/**
 * store_dup_error:
 * @run: a run
 * @code: a #GstResourceError, with which it must end
 *
 * Returns: (transfer full): the sentence with which it does
 */
gchar *
store_dup_error (KlingTestRun * run, gint code)
{
  gchar *sentence;

  store_play (run);
  sentence = g_strdup (kling_test_run_error (run, GST_RESOURCE_ERROR, code));
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
  return sentence;
}

/**
 * store_check_error:
 * @run: a run
 * @code: a #GstResourceError, with which it must end
 * @words: what it must say then
 */
void
store_check_error (KlingTestRun * run, gint code, const gchar * words)
{
  g_autofree gchar *sentence = store_dup_error (run, code);

  kling_test_check_contains (sentence, words);
}

/**
 * store_wait_text:
 * @run: a run
 * @words: what it must say
 *
 * Waits until it has.
 */
void
store_wait_text (KlingTestRun * run, const gchar * words)
{
  gint64 start = g_get_monotonic_time ();

  while (!kling_test_run_has_text (run, words)) {
    fail_unless (kling_test_ms_since (start) < STORE_PATIENCE * 1000,
        "nobody says \"%s\"", words);
    g_usleep (5000);
  }
}

/**
 * store_count_calls:
 * @service: a service
 *
 * Returns: how many calls have come, of any kind
 */
guint
store_count_calls (KlingTestService * service)
{
  return kling_test_server_count (service->server, NULL, NULL);
}

/**
 * store_open:
 *
 * Returns: (transfer full): the store of this test
 */
KlingStore *
store_open (void)
{
  g_autoptr (GError) error = NULL;
  KlingStore *store = kling_store_open (store_path, &error);

  fail_unless (store != NULL, "%s", error ? error->message : "");
  return store;
}

/* Returns: (transfer full) (element-type KlingRecord): all of @kind */
static GPtrArray *
load_records (KlingRecordKind kind)
{
  g_autoptr (KlingStore) store = store_open ();
  g_autoptr (GPtrArray) keys = kling_store_list (store, NULL);
  GPtrArray *records = g_ptr_array_new_with_free_func
      ((GDestroyNotify) kling_record_free);

  fail_unless (keys != NULL);
  for (guint i = 0; i < keys->len; i++) {
    KlingRecord *record = NULL;

    fail_unless (kling_store_read (store, keys->pdata[i], &record, NULL));
    if (record->kind == kind)
      g_ptr_array_add (records, record);
    else
      kling_record_free (record);
  }
  return records;
}

/**
 * store_count_records:
 * @kind: of records
 *
 * Returns: how many the store has
 */
guint
store_count_records (KlingRecordKind kind)
{
  g_autoptr (GPtrArray) records = load_records (kind);

  return records->len;
}

/**
 * store_load_request:
 *
 * Returns: (transfer full): the record of the only request
 */
KlingRecord *
store_load_request (void)
{
  g_autoptr (GPtrArray) records = load_records (KLING_RECORD_REQUEST);

  fail_unless_equals_int (records->len, 1);
  return kling_record_copy (records->pdata[0]);
}

/**
 * store_check_request:
 * @state: in which the record of the only request must be
 * @task_id: (nullable): the task that it must have
 */
void
store_check_request (KlingRecordState state, const gchar * task_id)
{
  g_autoptr (KlingRecord) record = store_load_request ();

  fail_unless_equals_string (kling_record_state_get_nick (record->state),
      kling_record_state_get_nick (state));
  fail_unless_equals_string (record->task_id, task_id);
}

/**
 * store_change_records:
 * @kind: of records
 * @change: what is done to each of them
 */
void
store_change_records (KlingRecordKind kind, StoreChange change)
{
  g_autoptr (KlingStore) store = store_open ();
  g_autoptr (GPtrArray) records = load_records (kind);

  fail_unless (records->len > 0);
  for (guint i = 0; i < records->len; i++) {
    change (records->pdata[i]);
    fail_unless (kling_store_put (store, records->pdata[i], NULL));
  }
}
