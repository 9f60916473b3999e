/* klinglipsync: the step of a job that uploads what came from sink pads
 *
 * Before anything is paid: a place that does not take the file, or that the
 * service could not read, is found out for nothing. A file that stands somewhere
 * is in the record until it is removed, which is when its task has ended: the
 * service may read it late. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-log.h"

/* A URL that expires has to be good for the task and for waiting before it. */
#define LIFE_IN_TASK_TIMEOUTS 2
/* People want to see that something moves; nobody wants to see every block. */
#define TELL_INTERVAL (2 * KLING_SECOND)
/* What was looked at so long ago is looked at again before something is paid. */
#define RECHECK_INTERVAL (30 * KLING_SECOND)
/* A video that is there does not wait long for what others have left. */
#define MAX_SWEPT 4

typedef struct
{
  KlingJob *job;
  const gchar *what;
  gint from;
  gint to;
  gint64 told_at;
} Transfer;

static void
transfer_tell (goffset sent, goffset size, gpointer user_data)
{
  Transfer *transfer = user_data;
  gint64 now = kling_clock_now ();

  if (size <= 0 || now - transfer->told_at < TELL_INTERVAL)
    return;
  transfer->told_at = now;
  kling_job_progress (transfer->job, KLING_STAGE_UPLOADING,
      transfer->from + (gint) ((transfer->to - transfer->from) * sent / size),
      "Uploading the %s: %d %%.", transfer->what, (gint) (sent * 100 / size));
}

static void
transfer_tell_again (const gchar * why, gint64 wait, gpointer user_data)
{
  Transfer *transfer = user_data;

  kling_job_progress (transfer->job, KLING_STAGE_UPLOADING, -1,
      "Uploading the %s: %s Trying again in %.1f s.", transfer->what, why,
      (gdouble) wait / KLING_SECOND);
}

static KlingUploadWay
job_get_way (KlingJob * job, Transfer * transfer)
{
  return (KlingUploadWay) {
  job->http, job->settings->timeout,
        job->settings->task_timeout * LIFE_IN_TASK_TIMEOUTS, job->stop,
        transfer ? transfer_tell : NULL,
        transfer ? transfer_tell_again : NULL, transfer};
}

static gchar *
join_leftovers (const KlingJob * job)
{
  KlingUploaded *const uploads[] = { job->video_upload, job->audio_upload };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (uploads); i++) {
    if (uploads[i] == NULL || !kling_uploaded_is_owed (uploads[i]))
      continue;
    g_autofree gchar *file = kling_uploaded_describe (uploads[i]);

    g_string_append_printf (text, "%s%s", text->len ? " and " : "", file);
  }
  return g_string_free (text, text->len == 0);
}

/* Whoever stops the job is to know what stays behind. */
void
kling_job_update_leftovers (KlingJob * job)
{
  kling_job_set_leftovers (job, join_leftovers (job));
}

/* --- what the record says of it --- */

typedef enum
{
  VIDEO,
  AUDIO,
} Which;

static KlingUploaded **
job_get_slot (KlingJob * job, Which which)
{
  return which == VIDEO ? &job->video_upload : &job->audio_upload;
}

static gchar **
job_get_owed (KlingJob * job, Which which)
{
  return which == VIDEO ? &job->record->owed_video : &job->record->owed_audio;
}

/* A file that an earlier run left, at the place that is set now */
static void
job_recall_upload (KlingJob * job, Which which)
{
  KlingUploaded **slot = job_get_slot (job, which);
  gchar **owed = job_get_owed (job, which);
  KlingUpload *upload = job->settings->upload;
  g_autofree gchar *place = upload ? kling_upload_dup_place (upload) : NULL;

  if (*slot || *owed == NULL || place == NULL
      || g_strcmp0 (place, job->record->owed_place) != 0)
    return;
  *slot = kling_upload_recall (upload, *owed, NULL);
}

/* A record can tell of one file at one place. What it told of before is a
 * person's to remove: at another place than that which is set now, or what a call
 * may read that was lost. */
static void
job_tell_forgotten (KlingJob * job, const gchar * name)
{
  const gchar *place = job->record->owed_place;

  if (name && place)
    kling_job_warn (job, "Left behind: %s at %.*s, which an earlier run has"
        " uploaded. Remove it there.", name, (gint) strcspn (place, "#"),
        place);
}

static void
job_forget_other_place (KlingJob * job, const gchar * place)
{
  KlingRecord *record = job->record;

  if (record->owed_place == NULL || g_str_equal (record->owed_place, place))
    return;
  job_tell_forgotten (job, record->owed_video);
  job_tell_forgotten (job, record->owed_audio);
  g_clear_pointer (&record->owed_video, g_free);
  g_clear_pointer (&record->owed_audio, g_free);
}

/* Before the file goes there: whoever comes after us is to know of it. */
static gboolean
job_note_owed (KlingJob * job, Which which, GError ** error)
{
  KlingUploaded *uploaded = *job_get_slot (job, which);
  gchar **owed = job_get_owed (job, which);
  g_autofree gchar *place = NULL;

  if (!kling_uploaded_is_owed (uploaded))
    return TRUE;
  place = kling_upload_dup_place (job->settings->upload);
  job_forget_other_place (job, place);
  if (job->again && g_strcmp0 (*owed, kling_uploaded_get_name (uploaded)) != 0)
    job_tell_forgotten (job, *owed);
  g_free (*owed);
  *owed = g_strdup (kling_uploaded_get_name (uploaded));
  g_free (job->record->owed_place);
  job->record->owed_place = g_steal_pointer (&place);
  return kling_entry_put (job->entry, error);
}

static void
job_forget_owed (KlingJob * job, Which which)
{
  KlingRecord *record = job->record;
  gchar **owed = job_get_owed (job, which);

  if (*owed == NULL)
    return;
  g_clear_pointer (owed, g_free);
  if (record->owed_video == NULL && record->owed_audio == NULL)
    g_clear_pointer (&record->owed_place, g_free);
  kling_job_put (job, job->entry);
}

/* What cannot be removed is worth a warning, not the loss of a video. A later
 * run tries again, unless that is no use. */
static void
job_remove_upload (KlingJob * job, Which which)
{
  KlingUploaded **slot = job_get_slot (job, which);
  g_autoptr (GError) error = NULL;
  KlingUploadWay way = job_get_way (job, NULL);

  job_recall_upload (job, which);
  if (*slot == NULL)
    return;
  if (kling_uploaded_is_owed (*slot)
      && !kling_uploaded_remove (*slot, &way, &error)) {
    g_autofree gchar *file = kling_uploaded_describe (*slot);

    kling_job_warn (job, "Left behind: %s. %s", file, error->message);
  }
  if (error == NULL || error->code == KLING_ERROR_SETTINGS) {
    g_clear_pointer (slot, kling_uploaded_free);
    job_forget_owed (job, which);
  }
}

/* --- bringing it there --- */

static gboolean
job_bring (KlingJob * job, Which which, const KlingUploadFile * file,
    Transfer * transfer, GError ** error)
{
  KlingUploaded **slot = job_get_slot (job, which);
  KlingUploadWay way = job_get_way (job, transfer);

  /* a call that is sent once more names the same file, put there anew */
  if (job->again)
    job_recall_upload (job, which);
  if (*slot == NULL)
    *slot = kling_upload_prepare (job->settings->upload, file, error);
  if (*slot == NULL || !job_note_owed (job, which, error))
    return FALSE;
  /* whoever stops us in the middle is to know of it, too */
  kling_job_update_leftovers (job);
  kling_test_point ("before-upload");
  if (!kling_uploaded_put (*slot, file, &way, error))
    return FALSE;
  kling_test_point ("after-upload");
  kling_job_update_leftovers (job);
  return kling_uploaded_check (*slot, &way, error);
}

static gboolean
job_upload (KlingJob * job, Which which, const KlingMedia * media,
    Transfer * transfer, GError ** error)
{
  KlingUploadFile file = {
    media->spool, media->digest, media->extension, media->content_type
  };
  gdouble size = (gdouble) kling_spool_get_size (media->spool);
  const gchar *shown = kling_upload_get_shown (job->settings->upload);

  /* the call that was sent before may have arrived, and reads it */
  if (job->again && *job_get_slot (job, which))
    return TRUE;
  /* what an earlier run left behind may have expired, or be half there */
  if (!job->again)
    job_remove_upload (job, which);
  g_clear_pointer (job_get_slot (job, which), kling_uploaded_free);
  kling_job_progress (job, KLING_STAGE_UPLOADING, transfer->from,
      "Uploading the %s (%.1f MB) to %s.", transfer->what, size / 1e6, shown);
  if (!job_bring (job, which, &file, transfer, error))
    return FALSE;
  job->uploads_checked_at = kling_clock_now ();
  KLING_INFO ("uploaded the %s to %s", transfer->what, shown);
  return TRUE;
}

/**
 * kling_job_upload_video:
 * @job: a job without a session
 * @error: return location for a #KlingError
 *
 * Returns: %TRUE when the service can read the source video, wherever it came
 *   from
 */
gboolean
kling_job_upload_video (KlingJob * job, GError ** error)
{
  Transfer transfer = { job, "video", 0, KLING_PERCENT_IDENTIFY / 2,
    kling_clock_now ()
  };

  return job->request->video == NULL || job->video_upload
      || job_upload (job, VIDEO, job->request->video, &transfer, error);
}

/**
 * kling_job_upload_inputs:
 * @job: a job that holds a record without a task
 * @error: return location for a #KlingError
 *
 * Audio without a place to upload to goes within the create call: that the
 * dialect takes it was checked with the request.
 *
 * Returns: %TRUE when the service can read all that came from pads
 */
gboolean
kling_job_upload_inputs (KlingJob * job, GError ** error)
{
  Transfer transfer = { job, "audio", KLING_PERCENT_IDENTIFY / 2,
    KLING_PERCENT_IDENTIFY, kling_clock_now ()
  };

  /* a session that is known has seen the video */
  if (!kling_job_has_session (job) && !kling_job_upload_video (job, error))
    return FALSE;
  return job->request->audio == NULL || job->settings->upload == NULL
      || job_upload (job, AUDIO, job->request->audio, &transfer, error);
}

static gboolean
job_check_upload (KlingJob * job, KlingUploaded * uploaded, GError ** error)
{
  KlingUploadWay way = job_get_way (job, NULL);

  return uploaded == NULL || kling_uploaded_check (uploaded, &way, error);
}

/**
 * kling_job_refresh_uploads:
 * @job: a job that is about to pay
 * @error: return location for a #KlingError
 *
 * A busy service may have kept us waiting for an hour: what was uploaded may be
 * gone, and its URL may have expired.
 *
 * Returns: %TRUE when the service can still read all that came from pads
 */
gboolean
kling_job_refresh_uploads (KlingJob * job, GError ** error)
{
  if (kling_clock_now () - job->uploads_checked_at < RECHECK_INTERVAL)
    return TRUE;
  if (!job_check_upload (job, job->video_upload, error)
      || !job_check_upload (job, job->audio_upload, error))
    return FALSE;
  job->uploads_checked_at = kling_clock_now ();
  return TRUE;
}

/**
 * kling_job_remove_uploads:
 * @job: a job whose task has ended, or that has none
 *
 * Removes what this or an earlier run has put somewhere. Once in a run.
 */
void
kling_job_remove_uploads (KlingJob * job)
{
  if (job->uploads_removed)
    return;
  job->uploads_removed = TRUE;
  job_remove_upload (job, VIDEO);
  job_remove_upload (job, AUDIO);
  kling_job_update_leftovers (job);
}

/* --- what other runs have left --- */

/* Removes one file of a record that is not ours to go on with. Returns: whether
 * nothing is owed any more */
static gboolean
job_remove_left (KlingJob * job, const gchar * name)
{
  g_autoptr (GError) error = NULL;
  KlingUploadWay way = job_get_way (job, NULL);
  g_autoptr (KlingUploaded) uploaded = name
      ? kling_upload_recall (job->settings->upload, name, &error) : NULL;

  if (uploaded && !kling_uploaded_remove (uploaded, &way, &error))
    KLING_INFO ("a file that an earlier run has left: %s", error->message);
  return error == NULL;
}

static gboolean
is_left (const KlingRecord * record, const gchar * place)
{
  return g_strcmp0 (record->owed_place, place) == 0
      && record->state != KLING_RECORD_SENDING
      && record->state != KLING_RECORD_UNKNOWN
      && record->state != KLING_RECORD_RUNNING;
}

/* Returns: %FALSE when the place does not take it */
static gboolean
job_clean_up_after (KlingJob * job, const KlingRecord * seen,
    const gchar * place)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (KlingEntry) entry = kling_journal_try_hold (job->journal,
      job->store, seen->kind, seen->key, &holder, NULL);
  KlingRecord *record = entry ? entry->record : NULL;

  if (record == NULL || !is_left (record, place))
    return TRUE;
  if (!job_remove_left (job, record->owed_video)
      || !job_remove_left (job, record->owed_audio))
    return FALSE;
  g_clear_pointer (&record->owed_video, g_free);
  g_clear_pointer (&record->owed_audio, g_free);
  g_clear_pointer (&record->owed_place, g_free);
  kling_job_put (job, entry);
  return TRUE;
}

/**
 * kling_job_sweep_uploads:
 * @job: a job that has uploaded something and is done
 *
 * Runs that were killed have left files at the same place, and nobody may ever
 * ask for their videos again. Those whose tasks have ended are removed, unless
 * the place is in trouble: a video that is there is not to wait for that.
 */
void
kling_job_sweep_uploads (KlingJob * job)
{
  g_autoptr (GPtrArray) keys = NULL;
  g_autofree gchar *place = NULL, *ours = join_leftovers (job);
  guint n = 0;

  if (job->store == NULL || job->settings->upload == NULL
      || !job->uploads_removed || ours)
    return;
  place = kling_upload_dup_place (job->settings->upload);
  keys = kling_store_list (job->store, NULL);
  for (guint i = 0; keys && i < keys->len && n < MAX_SWEPT; i++) {
    g_autoptr (KlingRecord) record = NULL;

    if (!kling_job_may_go_on (job, NULL))
      return;
    if (!kling_store_read (job->store, keys->pdata[i], &record, NULL)
        || record == NULL || !is_left (record, place))
      continue;
    if (!job_clean_up_after (job, record, place))
      return;
    n++;
  }
}

static void
redact (const KlingUploaded * uploaded, GError * error)
{
  gchar *text;

  if (uploaded == NULL)
    return;
  text = kling_uploaded_redact (uploaded, error->message);
  g_free (error->message);
  error->message = text;
}

/**
 * kling_job_redact:
 * @job: a job that holds a record
 * @error: (nullable): an error with words of the service
 *
 * Services quote the URLs they could not use. Ours are secrets.
 */
void
kling_job_redact (KlingJob * job, GError * error)
{
  if (error == NULL)
    return;
  redact (job->video_upload, error);
  redact (job->audio_upload, error);
}
