/* klinglipsync tests: what is remembered of requests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-journal.h"

static KlingRequest *
make_request (const gchar * text)
{
  KlingRequest *request = kling_request_new ();

  request->base_url = g_strdup ("https://gateway.example");
  request->video_url = g_strdup ("https://example.com/face.mp4");
  request->text = g_strdup (text);
  return request;
}

static KlingResult *
make_result (const gchar * task_id)
{
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  KlingIsobmff info = { "isom", 0, };

  fail_unless (kling_spool_write (spool, (const guint8 *) "x", 1, NULL));
  fail_unless (kling_spool_finish (spool, NULL));
  return kling_result_new (task_id, spool, &info);
}

/* Holds the record of @text, and fails when somebody else does. */
static KlingRecord *
hold (KlingJournal * journal, const gchar * text)
{
  g_autoptr (KlingRequest) request = make_request (text);
  KlingRecord *record = kling_journal_try_hold (journal, request);

  fail_unless (record != NULL);
  return record;
}

GST_START_TEST (test_one_holder)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingRequest) again = make_request ("a");
  KlingRecord *record = hold (journal, "a");
  KlingRecord *other = hold (journal, "b");

  fail_unless_equals_int (record->state, KLING_RECORD_READY);
  fail_unless (other != record);
  fail_unless (kling_journal_try_hold (journal, again) == NULL);

  record->state = KLING_RECORD_RUNNING;
  record->task_id = g_strdup ("t1");
  kling_journal_release (journal, record);
  kling_journal_release (journal, other);

  record = hold (journal, "a");
  fail_unless_equals_string (record->task_id, "t1");
  kling_journal_release (journal, record);
}

GST_END_TEST;

static void
finish_task (KlingJournal * journal, const gchar * text)
{
  KlingRecord *record = hold (journal, text);

  record->task_id = g_strdup (text);
  record->result = make_result (text);
  record->state = KLING_RECORD_DONE;
  kling_journal_release (journal, record);
}

/* The older video is let go of, its task is not. */
GST_START_TEST (test_newest_result_is_kept)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingRecord *record;

  finish_task (journal, "a");
  finish_task (journal, "b");

  record = hold (journal, "a");
  fail_unless_equals_int (record->state, KLING_RECORD_RUNNING);
  fail_unless (record->result == NULL);
  fail_unless_equals_string (record->task_id, "a");
  kling_journal_release (journal, record);

  record = hold (journal, "b");
  fail_unless_equals_int (record->state, KLING_RECORD_DONE);
  fail_unless (record->result != NULL);
  kling_journal_release (journal, record);
}

GST_END_TEST;

static void
make_many (KlingJournal * journal, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *text = g_strdup_printf ("text %u", i);

    kling_journal_release (journal, hold (journal, text));
  }
}

/* However many others follow, what may have cost money is not forgotten. */
GST_START_TEST (test_money_is_not_forgotten)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  static const struct
  {
    const gchar *text;
    KlingRecordState state;
  } rows[] = {
    {"unknown", KLING_RECORD_UNKNOWN},
    {"running", KLING_RECORD_RUNNING},
    {"done", KLING_RECORD_DONE},
    {"failed", KLING_RECORD_FAILED},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    KlingRecord *record = hold (journal, rows[i].text);

    record->state = rows[i].state;
    record->attempts = 1;
    kling_journal_release (journal, record);
  }
  make_many (journal, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    KlingRecord *record = hold (journal, rows[i].text);

    fail_unless_equals_int (record->state, rows[i].state);
    kling_journal_release (journal, record);
  }
}

GST_END_TEST;

/* What is bought last is not what is forgotten first, however long the list. */
GST_START_TEST (test_many_bought)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  const guint n = 600;

  for (guint i = 0; i < n; i++) {
    g_autofree gchar *text = g_strdup_printf ("text %u", i);

    finish_task (journal, text);
  }
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *text = g_strdup_printf ("text %u", i);
    KlingRecord *record = hold (journal, text);

    fail_unless_equals_string (record->task_id, text);
    kling_journal_release (journal, record);
  }
}

GST_END_TEST;

GST_START_TEST (test_reason)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (GError) lost = g_error_new_literal (KLING_ERROR,
      KLING_ERROR_OUTCOME_UNKNOWN, "Lost.");
  g_autoptr (GError) failed = g_error_new_literal (KLING_ERROR,
      KLING_ERROR_TASK_FAILED, "Failed.");
  KlingDetails details = { 504, (gchar *) "5002", (gchar *) "r1", NULL };
  KlingRecord *record = hold (journal, "a");

  kling_record_set_reason (record, KLING_RECORD_UNKNOWN, lost, &details);
  kling_record_set_reason (record, KLING_RECORD_FAILED, failed, &details);
  fail_unless_equals_int (record->state, KLING_RECORD_FAILED);
  fail_unless_equals_string (record->reason->message, "Failed.");
  fail_unless_equals_int (record->details.http_status, 504);
  fail_unless_equals_string (record->details.service_code, "5002");
  kling_journal_release (journal, record);
}

GST_END_TEST;

static GPtrArray *
make_faces (void)
{
  GPtrArray *faces = kling_faces_new ();
  const KlingFace face = { (gchar *) "0", NULL, 0, 1000 };

  g_ptr_array_add (faces, kling_face_copy (&face));
  return faces;
}

/* What is known of the speech and of our own id is kept beside the rest. */
GST_START_TEST (test_kept_fields)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingRecord *record = hold (journal, "a");

  fail_unless_equals_int64 (record->speech_length, -1);
  fail_if (record->speech_unknown || record->resent || record->succeeded);
  fail_unless_equals_int (record->query_path, 0);
  record->session_id = g_strdup ("s1");
  record->faces = make_faces ();
  record->face_id = g_strdup ("0");
  record->speech_id = g_strdup ("audio-1");
  record->speech_task_id = g_strdup ("speech-1");
  record->speech_length = 3100;
  record->external_id = g_strdup ("kl1-a");
  record->query_path = 2;
  record->sent_at = 17;
  record->resent = TRUE;
  kling_journal_release (journal, record);
  make_many (journal, 10);

  record = hold (journal, "a");
  fail_unless_equals_string (record->session_id, "s1");
  fail_unless_equals_int (record->faces->len, 1);
  fail_unless_equals_string (record->face_id, "0");
  fail_unless_equals_string (record->speech_id, "audio-1");
  fail_unless_equals_string (record->speech_task_id, "speech-1");
  fail_unless_equals_int64 (record->speech_length, 3100);
  fail_unless_equals_string (record->external_id, "kl1-a");
  fail_unless_equals_int (record->query_path, 2);
  fail_unless_equals_int64 (record->sent_at, 17);
  fail_unless (record->resent);
  kling_journal_release (journal, record);
}

GST_END_TEST;

/* What was chosen goes with the session it was chosen in; the speech stays. */
GST_START_TEST (test_forget_session)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingRecord *record = hold (journal, "a");

  kling_record_forget_session (record);
  record->session_id = g_strdup ("s1");
  record->faces = make_faces ();
  record->face_id = g_strdup ("0");
  record->speech_id = g_strdup ("audio-1");
  kling_record_forget_session (record);
  fail_unless (record->session_id == NULL);
  fail_unless (record->faces == NULL);
  fail_unless (record->face_id == NULL);
  fail_unless_equals_string (record->speech_id, "audio-1");
  kling_journal_release (journal, record);
}

GST_END_TEST;

static Suite *
journal_suite (void)
{
  Suite *suite = suite_create ("journal");
  TCase *tcase = tcase_create ("journal");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_one_holder);
  tcase_add_test (tcase, test_newest_result_is_kept);
  tcase_add_test (tcase, test_money_is_not_forgotten);
  tcase_add_test (tcase, test_many_bought);
  tcase_add_test (tcase, test_reason);
  tcase_add_test (tcase, test_kept_fields);
  tcase_add_test (tcase, test_forget_session);
  return suite;
}

GST_CHECK_MAIN (journal);
