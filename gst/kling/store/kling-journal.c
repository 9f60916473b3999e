/* klinglipsync: what was asked, and which task answers it
 *
 * The journal keeps one record per request, so that the same request is not
 * paid for twice. A record is held by one job at a time; holding is the lock of
 * its fields. The journal's own mutex guards the list and the holding, for a
 * few instructions at a time.
 *
 * It lives in memory, as long as its element and the jobs of that element. Of
 * the results only the newest is kept: an older one can be fetched again by its
 * task id, which costs nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-journal.h"

#include <string.h>
#include "kling-digest.h"

/* A record is a few hundred bytes. An element that is given ever new requests
 * forgets the oldest for which nothing was bought. */
#define MAX_RECORDS 256

struct _KlingJournal
{
  gatomicrefcount refs;
  GMutex lock;
  GQueue records;               /* of KlingRecord, newest first */
};

/**
 * kling_result_new:
 * @task_id: the task that made it
 * @spool: its bytes, finished
 * @info: what the file says about itself
 *
 * Returns: (transfer full): a result
 */
KlingResult *
kling_result_new (const gchar * task_id, KlingSpool * spool,
    const KlingIsobmff * info)
{
  KlingResult *result = g_new0 (KlingResult, 1);

  g_atomic_ref_count_init (&result->refs);
  result->task_id = g_strdup (task_id);
  result->spool = kling_spool_ref (spool);
  result->info = *info;
  return result;
}

/**
 * kling_result_ref:
 * @result: a result
 *
 * Returns: (transfer full): @result
 */
KlingResult *
kling_result_ref (KlingResult * result)
{
  g_atomic_ref_count_inc (&result->refs);
  return result;
}

/**
 * kling_result_unref:
 * @result: (transfer full): a result
 */
void
kling_result_unref (KlingResult * result)
{
  if (!g_atomic_ref_count_dec (&result->refs))
    return;
  g_free (result->task_id);
  kling_spool_unref (result->spool);
  g_free (result);
}

static KlingRecord *
record_new (const KlingRequest * request)
{
  KlingRecord *record = g_new0 (KlingRecord, 1);

  record->request = kling_request_dup_identity (request);
  record->digest = kling_request_dup_digest (request);
  record->speech_length = -1;
  return record;
}

/**
 * kling_record_forget_session:
 * @record: a record that the caller holds
 *
 * Sessions expire. What was chosen among the faces of one says nothing about
 * those of the next.
 */
void
kling_record_forget_session (KlingRecord * record)
{
  g_clear_pointer (&record->session_id, g_free);
  g_clear_pointer (&record->faces, g_ptr_array_unref);
  g_clear_pointer (&record->face_id, g_free);
}

static void
record_free (KlingRecord * record)
{
  kling_request_unref (record->request);
  g_free (record->digest);
  kling_record_forget_session (record);
  g_free (record->speech_id);
  g_free (record->speech_task_id);
  g_free (record->external_id);
  g_clear_pointer (&record->video_upload, kling_uploaded_free);
  g_clear_pointer (&record->audio_upload, kling_uploaded_free);
  g_free (record->task_id);
  g_clear_pointer (&record->result, kling_result_unref);
  g_clear_error (&record->reason);
  kling_details_clear (&record->details);
  g_free (record);
}

/**
 * kling_record_set_reason:
 * @record: a record that the caller holds
 * @state: %KLING_RECORD_UNKNOWN or %KLING_RECORD_FAILED
 * @reason: why
 * @details: beside @reason
 *
 * Enters a state that ends with an error, and keeps the error for later runs.
 */
void
kling_record_set_reason (KlingRecord * record, KlingRecordState state,
    const GError * reason, const KlingDetails * details)
{
  g_clear_error (&record->reason);
  kling_details_clear (&record->details);
  record->state = state;
  record->reason = g_error_copy (reason);
  kling_details_copy (&record->details, details);
}

/**
 * kling_journal_new:
 *
 * Returns: (transfer full): an empty journal
 */
KlingJournal *
kling_journal_new (void)
{
  KlingJournal *journal = g_new0 (KlingJournal, 1);

  g_atomic_ref_count_init (&journal->refs);
  g_mutex_init (&journal->lock);
  g_queue_init (&journal->records);
  return journal;
}

/**
 * kling_journal_ref:
 * @journal: a journal
 *
 * Returns: (transfer full): @journal
 */
KlingJournal *
kling_journal_ref (KlingJournal * journal)
{
  g_atomic_ref_count_inc (&journal->refs);
  return journal;
}

/**
 * kling_journal_unref:
 * @journal: (transfer full): a journal
 */
void
kling_journal_unref (KlingJournal * journal)
{
  if (!g_atomic_ref_count_dec (&journal->refs))
    return;
  g_queue_clear_full (&journal->records, (GDestroyNotify) record_free);
  g_mutex_clear (&journal->lock);
  g_free (journal);
}

static KlingRecord *
find_record_locked (KlingJournal * journal, const KlingRequest * request)
{
  g_autofree gchar *digest = kling_request_dup_digest (request);

  for (GList * l = journal->records.head; l; l = l->next) {
    KlingRecord *record = l->data;

    if (strcmp (record->digest, digest) == 0)
      return record;
  }
  return NULL;
}

/* A file of ours stands somewhere, and only the record knows of it. */
static gboolean
record_owes (const KlingRecord * record)
{
  return (record->video_upload && kling_uploaded_is_owed (record->video_upload))
      || (record->audio_upload
      && kling_uploaded_is_owed (record->audio_upload));
}

/* A record that says "paid" or "maybe paid", or is in somebody's hands, is never
 * dropped: the next run would pay again. */
static void
forget_old_records_locked (KlingJournal * journal)
{
  GList *l = journal->records.tail;

  while (l && journal->records.length > MAX_RECORDS) {
    KlingRecord *record = l->data;
    GList *newer = l->prev;

    if (!record->held && record->state == KLING_RECORD_READY
        && record->attempts == 0 && !record_owes (record)) {
      g_queue_delete_link (&journal->records, l);
      record_free (record);
    }
    l = newer;
  }
}

/**
 * kling_journal_try_hold:
 * @journal: a journal
 * @request: what is to be made
 *
 * Finds the record of @request, or begins one.
 *
 * Returns: (transfer none) (nullable): the record, the caller's alone until
 *   kling_journal_release(), or %NULL while another job holds it
 */
KlingRecord *
kling_journal_try_hold (KlingJournal * journal, const KlingRequest * request)
{
  KlingRecord *record;

  g_mutex_lock (&journal->lock);
  record = find_record_locked (journal, request);
  if (record == NULL) {
    record = record_new (request);
    record->held = TRUE;
    g_queue_push_head (&journal->records, record);
    forget_old_records_locked (journal);
  } else if (record->held) {
    record = NULL;
  } else {
    record->held = TRUE;
  }
  g_mutex_unlock (&journal->lock);
  return record;
}

/* Lets go of the videos of all other records: they can be fetched again. */
static void
drop_other_results_locked (KlingJournal * journal, KlingRecord * newest)
{
  for (GList * l = journal->records.head; l; l = l->next) {
    KlingRecord *record = l->data;

    if (record == newest || record->held || record->result == NULL)
      continue;
    g_clear_pointer (&record->result, kling_result_unref);
    record->state = KLING_RECORD_RUNNING;
  }
}

/**
 * kling_journal_release:
 * @journal: a journal
 * @record: a record that the caller holds
 *
 * Ends what kling_journal_try_hold() began.
 */
void
kling_journal_release (KlingJournal * journal, KlingRecord * record)
{
  g_mutex_lock (&journal->lock);
  record->held = FALSE;
  if (record->result)
    drop_other_results_locked (journal, record);
  g_mutex_unlock (&journal->lock);
}
