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

#include "kling-clock.h"
#include "kling-log.h"

/* A URL that expires has to be good for the task and for waiting before it. */
#define LIFE_IN_TASK_TIMEOUTS 2
/* People want to see that something moves; nobody wants to see every block. */
#define TELL_INTERVAL (2 * KLING_SECOND)
/* What was looked at so long ago is looked at again before something is paid. */
#define RECHECK_INTERVAL (30 * KLING_SECOND)

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

/* What cannot be removed is worth a warning, not the loss of a video. A later
 * run tries again, unless that is no use. */
static void
job_remove_upload (KlingJob * job, KlingUploaded ** slot)
{
  g_autoptr (GError) error = NULL;
  KlingUploadWay way = job_get_way (job, NULL);

  if (*slot == NULL)
    return;
  if (kling_uploaded_is_owed (*slot)
      && !kling_uploaded_remove (*slot, &way, &error)) {
    g_autofree gchar *file = kling_uploaded_describe (*slot);

    kling_job_warn (job, "Left behind: %s. %s", file, error->message);
  }
  if (error == NULL || error->code == KLING_ERROR_SETTINGS)
    g_clear_pointer (slot, kling_uploaded_free);
}

static gboolean
job_upload (KlingJob * job, const KlingMedia * media, KlingUploaded ** slot,
    Transfer * transfer, GError ** error)
{
  KlingUploadFile file = {
    media->spool, media->digest, media->extension, media->content_type
  };
  KlingUploadWay way = job_get_way (job, transfer);
  KlingUpload *upload = job->settings->upload;
  gdouble size = (gdouble) kling_spool_get_size (media->spool);

  /* the call that was sent before may have arrived, and reads it */
  if (job->record->resent && *slot)
    return TRUE;
  /* what an earlier run left behind may have expired, or be half there */
  job_remove_upload (job, slot);
  g_clear_pointer (slot, kling_uploaded_free);
  kling_job_progress (job, KLING_STAGE_UPLOADING, transfer->from,
      "Uploading the %s (%.1f MB) to %s.", transfer->what, size / 1e6,
      kling_upload_get_shown (upload));
  kling_test_point ("before-upload");
  *slot = kling_upload_prepare (upload, &file, error);
  /* whoever stops us in the middle is to know of it, too */
  kling_job_update_leftovers (job);
  if (*slot == NULL || !kling_uploaded_put (*slot, &file, &way, error))
    return FALSE;
  kling_test_point ("after-upload");
  kling_job_update_leftovers (job);
  if (!kling_uploaded_check (*slot, &way, error))
    return FALSE;
  job->uploads_checked_at = kling_clock_now ();
  KLING_INFO ("uploaded the %s to %s", transfer->what,
      kling_upload_get_shown (upload));
  return TRUE;
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
  const KlingRequest *request = job->request;
  KlingRecord *record = job->record;
  gint half = KLING_PERCENT_IDENTIFY / 2;
  Transfer video = { job, "video", 0, half, kling_clock_now () };
  Transfer audio = { job, "audio", half, KLING_PERCENT_IDENTIFY,
    kling_clock_now ()
  };

  /* a session that is known has seen the video */
  if (request->video && record->session_id == NULL
      && !job_upload (job, request->video, &job->video_upload, &video,
          error))
    return FALSE;
  return request->audio == NULL || job->settings->upload == NULL
      || job_upload (job, request->audio, &job->audio_upload, &audio, error);
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
  KlingRecord *record = job->record;

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
 * Removes what kling_job_upload_inputs() has put somewhere. Once in a run.
 */
void
kling_job_remove_uploads (KlingJob * job)
{
  if (job->uploads_removed)
    return;
  job->uploads_removed = TRUE;
  job_remove_upload (job, &job->video_upload);
  job_remove_upload (job, &job->audio_upload);
  kling_job_update_leftovers (job);
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
