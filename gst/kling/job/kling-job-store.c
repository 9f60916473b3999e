/* klinglipsync: what a job knows from before, and what it writes down
 *
 * The job holds the entry of its request from before its first call until its
 * end, so that nobody else asks for the same. While another run has it, that one
 * is followed: its task is asked about and its video fetched, but nothing is
 * written. Entries of sessions and speech are held while they are obtained. The
 * order is request, session, speech, slot, so that no two jobs can wait for each
 * other. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-clock.h"
#include "kling-credentials.h"
#include "kling-isobmff.h"
#include "kling-kept.h"
#include "kling-log.h"
#include "kling-url.h"

/* How often we look whether another run has let go of a record */
#define HOLD_INTERVAL (250 * G_TIME_SPAN_MILLISECOND)
/* As much of a text as a record may hold */
#define LABEL_TEXT 40

static gchar *
dup_account (KlingJob * job)
{
  const KlingCredentials *credentials = job->settings->credentials;
  g_autofree gchar *origin = kling_url_origin (job->request->base_url);
  KlingSecret *name;

  if (credentials == NULL)
    return NULL;
  name = credentials->api_key ? credentials->api_key : credentials->access_key;
  return kling_store_dup_account (job->store, origin, kling_secret_peek (name));
}

/**
 * kling_job_open_store:
 * @job: a job that has its request
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * A store that was asked for and cannot be used ends the job: without it a
 * second run would pay again.
 *
 * Returns: whether the store is open, or there shall be none
 */
gboolean
kling_job_open_store (KlingJob * job, GError ** error)
{
  if (job->settings->store == NULL) {
    KLING_INFO
        ("no store: what is bought is known as long as the element lives");
  } else {
    job->store = kling_store_open (job->settings->store, error);
    if (job->store == NULL)
      return FALSE;
  }
  job->account = dup_account (job);
  return kling_job_check_slots (job, error);
}

/* Returns: (transfer full): what is asked for, for those who list records */
static gchar *
make_label (const KlingRequest * request)
{
  const gchar *text = kling_request_get_text (request);
  g_autofree gchar *start = NULL;

  if (text == NULL)
    return request->task_id && kling_request_is_empty (request)
        ? g_strdup_printf ("task %s", request->task_id)
        : kling_request_describe_speech (request);
  start = kling_text_clean (text, LABEL_TEXT);
  return g_strdup_printf ("\"%s\"", start);
}

static void
job_describe (KlingJob * job, KlingRecord * record)
{
  if (record->label == NULL) {
    record->dialect = g_strdup (job->dialect->nick);
    record->service = kling_url_display (job->request->base_url);
    record->take = g_strdup (job->request->take);
    record->label = record->kind == KLING_RECORD_SESSION
        ? kling_request_describe_video (job->request)
        : make_label (job->request);
  }
  if (record->account == NULL)
    record->account = g_strdup (job->account);
}

static KlingEntry *
job_try_hold (KlingJob * job, KlingRecordKind kind, const gchar * key,
    gchar ** holder, GError ** error)
{
  KlingEntry *entry = kling_journal_try_hold (job->journal, job->store, kind,
      key, holder, error);

  if (entry)
    job_describe (job, entry->record);
  return entry;
}

/* Waits a moment for @holder to let go. *@told says whether that was said. */
static gboolean
job_wait_for_holder (KlingJob * job, const gchar * holder, const gchar * what,
    gboolean * told, GError ** error)
{
  if (!*told)
    kling_job_progress (job, job->stage, -1, "Waiting for %s, which %s.",
        holder, what);
  *told = TRUE;
  return kling_job_sleep (job, HOLD_INTERVAL, KLING_NEVER, error);
}

/**
 * kling_job_hold:
 * @job: a job
 * @kind: what @key is about
 * @key: 64 hex digits
 * @what: what another holder does, for a sentence
 * @error: return location for a #KlingError
 *
 * Waits as long as somebody else has it.
 *
 * Returns: (transfer full) (nullable): the entry
 */
KlingEntry *
kling_job_hold (KlingJob * job, KlingRecordKind kind, const gchar * key,
    const gchar * what, GError ** error)
{
  gboolean told = FALSE;

  for (;;) {
    g_autofree gchar *holder = NULL;
    KlingEntry *entry = job_try_hold (job, kind, key, &holder, error);

    if (entry || holder == NULL
        || !job_wait_for_holder (job, holder, what, &told, error))
      return entry;
  }
}

/* Whether who has the record has a task already: then there is something to
 * follow. */
static gboolean
job_try_follow (KlingJob * job, const gchar * key, GError ** error)
{
  KlingRecord *record;

  if (!kling_journal_peek (job->journal, job->store, key, &record, error))
    return FALSE;
  if (record && kling_record_has_task (record))
    job->record = record;
  else
    g_clear_pointer (&record, kling_record_free);
  return TRUE;
}

/**
 * kling_job_hold_record:
 * @job: a job
 * @kind: %KLING_RECORD_REQUEST or %KLING_RECORD_TASK
 * @key: what it is known by
 * @error: return location for a #KlingError
 *
 * Waits until the record is ours, or somebody else's and has a task: then
 * there is no entry, and job->record is a copy.
 *
 * Returns: whether there is a record
 */
gboolean
kling_job_hold_record (KlingJob * job, KlingRecordKind kind, const gchar * key,
    GError ** error)
{
  gboolean told = FALSE;

  for (;;) {
    g_autofree gchar *holder = NULL;

    job->entry = job_try_hold (job, kind, key, &holder, error);
    if (job->entry) {
      job->record = job->entry->record;
      kling_test_point ("record-held");
      return TRUE;
    }
    if (holder == NULL || !job_try_follow (job, key, error))
      return FALSE;
    if (job->record) {
      KLING_INFO ("following %s", holder);
      return TRUE;
    }
    if (!job_wait_for_holder (job, holder, "asks for the same video", &told,
            error))
      return FALSE;
  }
}

/**
 * kling_job_let_go:
 * @job: a job
 *
 * The record is no longer ours.
 */
void
kling_job_let_go (KlingJob * job)
{
  if (job->entry)
    kling_entry_release (job->entry);
  else
    g_clear_pointer (&job->record, kling_record_free);
  job->entry = NULL;
  job->record = NULL;
}

/**
 * kling_job_take_over:
 * @job: a job that may be following another run
 *
 * Whoever had the record may have ended, and then we write down what comes next.
 *
 * Returns: whether the record is ours
 */
gboolean
kling_job_take_over (KlingJob * job)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (KlingEntry) entry = NULL;

  if (job->entry)
    return TRUE;
  entry =
      job_try_hold (job, job->record->kind, job->record->key, &holder, NULL);
  if (entry == NULL || !kling_record_has_task (entry->record)
      || g_strcmp0 (entry->record->task_id, job->record->task_id) != 0)
    return FALSE;
  kling_job_let_go (job);
  job->entry = g_steal_pointer (&entry);
  job->record = job->entry->record;
  return TRUE;
}

/* What was bought is not lost when the disk fails: it goes on in memory, and a
 * person is told what to keep. */
static void
job_warn_unwritten (KlingJob * job, const KlingRecord * record,
    const GError * error)
{
  if (record->task_id)
    kling_job_warn (job, "%s Task %s was bought and is waited for all the same;"
        " keep its id: if this run ends early, task-id=%s has its video.",
        error->message, record->task_id, record->task_id);
  else
    kling_job_warn (job, "%s", error->message);
}

/**
 * kling_job_put:
 * @job: a job
 * @entry: (nullable): an entry whose record was changed, when it is ours
 *
 * Writes down what costs nothing more: a disk that does not take it is worth a
 * warning, not the loss of a video.
 */
void
kling_job_put (KlingJob * job, KlingEntry * entry)
{
  g_autoptr (GError) error = NULL;

  if (entry && !kling_entry_put (entry, &error))
    job_warn_unwritten (job, entry->record, error);
}

/**
 * kling_job_put_answer:
 * @job: a job
 * @entry: an entry whose record says what was bought just now
 *
 * As kling_job_put(), in the room that was made for it.
 */
void
kling_job_put_answer (KlingJob * job, KlingEntry * entry)
{
  g_autoptr (GError) error = NULL;

  if (!kling_entry_put_answer (entry, &error))
    job_warn_unwritten (job, entry->record, error);
}

static gboolean
spool_read_exactly (goffset offset, guint8 * data, gsize size,
    gpointer user_data)
{
  return kling_spool_read (user_data, offset, data, size, NULL)
      == (gssize) size;
}

/**
 * kling_job_get_kept:
 * @job: a job
 * @record: what is known of its request
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Needs no lock, no network and no key.
 *
 * Returns: (transfer full) (nullable): the video, if it is kept and whole
 */
KlingResult *
kling_job_get_kept (KlingJob * job, const KlingRecord * record, GError ** error)
{
  g_autoptr (KlingSpool) spool = NULL;
  KlingIsobmff info;
  KlingResult *result;

  if (record->state != KLING_RECORD_DONE || job->store == NULL)
    return NULL;
  spool = kling_kept_open (job->store, record->sha256, error);
  if (spool == NULL
      || !kling_isobmff_read (&info, kling_spool_get_size (spool),
          spool_read_exactly, spool, NULL))
    return NULL;
  result = kling_result_new (record, job->store, spool, &info);
  result->location = kling_kept_dup_path (job->store, record->sha256);
  return result;
}

/**
 * kling_job_get_followed:
 * @job: a job whose task is done
 *
 * Returns: (transfer full) (nullable): the video, if another run, which had the
 *   record, has kept it meanwhile
 */
KlingResult *
kling_job_get_followed (KlingJob * job)
{
  g_autoptr (KlingRecord) record = NULL;

  if (job->store == NULL || job->bought)
    return NULL;
  if (job->entry)
    return kling_job_get_kept (job, job->record, NULL);
  if (!kling_journal_peek (job->journal, job->store, job->record->key, &record,
          NULL) || record == NULL)
    return NULL;
  return kling_job_get_kept (job, record, NULL);
}
