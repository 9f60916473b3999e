/* klinglipsync: the step of a job that fetches the video
 *
 * It costs nothing, so it is patient: a download that breaks off is gone on with
 * where it did, at a URL that is asked for anew, because the first may have
 * expired. What has arrived is looked at before it is called a video: nobody
 * downstream shall get an error page, nor half a file.
 *
 * With a store the bytes go into a part there, and the record says of which file
 * they are, so that a later run goes on, too. A part that was written before this
 * machine was last started is not trusted: its length may have reached the disk
 * before its bytes did. If the store does not take it the video is still handed
 * out. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-isobmff.h"
#include "kling-kept.h"
#include "kling-log.h"
#include "kling-url.h"

/* A file that arrives whole and is no video does not get better for ever. */
#define MAX_UNUSABLE 3
#define COPY_BLOCK (256 * 1024)

/* One video on its way here, over as many connections as it takes */
typedef struct
{
  KlingJob *job;
  gint64 deadline;
  KlingSpool *spool;            /* what has come of it */
  gboolean is_part;             /* it is in the store */
  gboolean kept;                /* it is whole, and in its place there */
  goffset length;               /* of the whole, -1: not known */
  gchar *validator;             /* of which file, NULL: it cannot be asked */
  gint64 told_at;
  guint unusable;
} Download;

static void
download_clear (Download * download)
{
  g_clear_pointer (&download->spool, kling_spool_unref);
  g_free (download->validator);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Download, download_clear);

/* Whether the bytes of a part are those that were written */
static gboolean
can_be_trusted (const KlingRecord * record)
{
  g_autofree gchar *boot = kling_kept_dup_boot_id ();

  return record->etag && record->part_length > 0 && boot
      && g_strcmp0 (boot, record->boot) == 0;
}

static KlingSpool *
job_open_part (KlingJob * job, gboolean trust)
{
  g_autoptr (GError) reason = NULL;
  KlingSpool *part;

  if (job->store == NULL || job->entry == NULL)
    return NULL;
  part = kling_kept_open_part (job->store, job->record->key, trust, &reason);
  if (part == NULL)
    kling_job_warn (job, "%s The video is fetched, but not kept.",
        reason->message);
  return part;
}

/* Says where the bytes go, and what of them is there already: the spool has
 * them, and length and validator say of which file they are. */
static void
download_open (Download * download)
{
  KlingJob *job = download->job;
  KlingRecord *record = job->record;
  gboolean trust = can_be_trusted (record);

  download->spool = job_open_part (job, trust);
  download->is_part = download->spool != NULL;
  if (!download->is_part)
    download->spool = kling_spool_new ("result");
  if (download->is_part && trust) {
    download->validator = g_strdup (record->etag);
    download->length = record->part_length;
  }
}

/* A download begins or goes on: of which file, and how long that is. Bytes are
 * written only after this. */
static void
download_note (Download * download)
{
  KlingJob *job = download->job;
  KlingRecord *record = job->record;

  if (!download->is_part
      || (g_strcmp0 (record->etag, download->validator) == 0
          && record->part_length == download->length
          && can_be_trusted (record)))
    return;
  kling_record_forget_part (record);
  record->etag = g_strdup (download->validator);
  record->part_length = download->length;
  record->boot = kling_kept_dup_boot_id ();
  kling_job_put (job, job->entry);
}

static gboolean
copy_spool (const KlingSpool * from, KlingSpool * to, GError ** error)
{
  g_autofree guint8 *block = g_malloc (COPY_BLOCK);
  goffset done = 0;
  gssize n;

  while ((n = kling_spool_read (from, done, block, COPY_BLOCK, error)) > 0) {
    if (!kling_spool_write (to, block, n, error))
      return FALSE;
    done += n;
  }
  return n == 0 && kling_spool_finish (to, error);
}

/* The run that had the record has ended while we fetched, or died: then the
 * video is ours to keep. */
static void
download_move_to_store (Download * download)
{
  KlingJob *job = download->job;
  gdouble units = job->record->units;
  g_autoptr (GError) reason = NULL;
  g_autoptr (KlingSpool) part = NULL;

  if (job->store == NULL || job->entry || !kling_job_take_over (job))
    return;
  if (job->record->units < 0)
    job->record->units = units;
  part = job_open_part (job, FALSE);
  if (part == NULL)
    return;
  if (!copy_spool (download->spool, part, &reason)) {
    kling_job_warn (job, "%s The video is handed out, but not kept.",
        reason->message);
    return;
  }
  kling_spool_unref (download->spool);
  download->spool = g_steal_pointer (&part);
  download->is_part = TRUE;
}

/* All bytes are here, and they are a video. */
static void
download_publish (Download * download)
{
  KlingJob *job = download->job;
  g_autoptr (GError) reason = NULL;

  if (!download->is_part)
    return;
  download->kept = kling_kept_publish (job->store, job->record->key,
      download->spool, &reason);
  if (!download->kept)
    kling_job_warn (job, "%s The video is handed out, but not kept.",
        reason->message);
}

static gboolean
download_check_url (const gchar * url, gpointer user_data, GError ** error)
{
  Download *download = user_data;

  return kling_url_check_result (url, download->job->request->base_url, error);
}

static gboolean
download_begin (const KlingHttpPart * part, gpointer user_data, GError ** error)
{
  Download *download = user_data;

  g_free (download->validator);
  download->validator = g_strdup (part->validator);
  download->length = part->length;
  if (part->offset > 0)
    kling_job_progress (download->job, KLING_STAGE_DOWNLOADING, -1,
        "Downloading goes on after %.1f of %.1f MB.", part->offset / 1e6,
        part->length / 1e6);
  else if (!kling_spool_restart (download->spool, error))
    return FALSE;
  download_note (download);
  return TRUE;
}

static void
download_tell (Download * download)
{
  gint64 now = kling_clock_now ();
  goffset done = kling_spool_get_size (download->spool);

  if (now - download->told_at < KLING_TELL_INTERVAL)
    return;
  download->told_at = now;
  if (download->length > 0)
    kling_job_progress (download->job, KLING_STAGE_DOWNLOADING,
        KLING_PERCENT_DOWNLOAD + (gint) ((100 - KLING_PERCENT_DOWNLOAD) * done /
            download->length), "Downloading: %.1f of %.1f MB.", done / 1e6,
        download->length / 1e6);
  else
    kling_job_progress (download->job, KLING_STAGE_DOWNLOADING,
        KLING_PERCENT_DOWNLOAD, "Downloading: %.1f MB so far.", done / 1e6);
}

/* Of a length that is not known it can be whole only when the server said so. */
static gboolean
download_is_whole (const Download * download)
{
  return download->length > 0
      && kling_spool_get_size (download->spool) == download->length;
}

static gboolean
download_write (const guint8 * data, gsize size, gpointer user_data,
    GError ** error)
{
  Download *download = user_data;

  if (!kling_spool_write (download->spool, data, size, error))
    return FALSE;
  if (!download_is_whole (download))
    kling_test_point ("downloading");
  download_tell (download);
  return TRUE;
}

/* Asks for what is missing: all, unless it can be told whether that is still the
 * rest of the same file. */
static gboolean
download_fetch (Download * download, const gchar * url, GError ** error)
{
  static const KlingHttpSink sink = {
    download_check_url, download_begin, download_write
  };
  KlingJob *job = download->job;
  g_autofree gchar *validator = g_strdup (download->validator);
  KlingHttpPart rest = { kling_spool_get_size (download->spool),
    download->length, validator
  };
  g_autofree gchar *shown = kling_url_display (url);
  g_autoptr (GError) cause = NULL;

  KLING_INFO ("downloading %s", shown);
  if (kling_http_fetch (job->http, url, &rest, job->settings->timeout,
          download->deadline, job->stop, &sink, download,
          &job->details.http_status, &cause))
    return TRUE;
  /* What came for the rest does not fit what is here: all of it, next time. */
  if (job->details.http_status == 206 && cause->code == KLING_ERROR_SERVICE)
    g_clear_pointer (&download->validator, g_free);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
spool_read_exactly (goffset offset, guint8 * data, gsize size,
    gpointer user_data)
{
  return kling_spool_read (user_data, offset, data, size, NULL)
      == (gssize) size;
}

static gboolean
download_check (Download * download, KlingIsobmff * info, GError ** error)
{
  if (!kling_isobmff_read (info, kling_spool_get_size (download->spool),
          spool_read_exactly, download->spool, error))
    return FALSE;
  if (info->n_video > 0)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_RESULT,
      "It has no picture.");
  return FALSE;
}

/* Takes away what has come: it is no use for another attempt. */
static gboolean
download_drop (Download * download, GError ** error)
{
  g_clear_pointer (&download->validator, g_free);
  download->length = -1;
  return kling_spool_restart (download->spool, error);
}

/* Returns: (transfer full) (nullable): the video, when all of it is here */
static KlingResult *
download_try (Download * download, const gchar * url, GError ** error)
{
  KlingJob *job = download->job;
  g_autoptr (GError) unusable = NULL;
  KlingIsobmff info;

  if (!download_is_whole (download) && !download_fetch (download, url, error))
    return NULL;
  kling_test_point ("downloaded");
  if (!download_check (download, &info, &unusable)) {
    if (download_drop (download, error))
      g_propagate_error (error, g_steal_pointer (&unusable));
    return NULL;
  }
  if (!kling_spool_finish (download->spool, error))
    return NULL;
  download_move_to_store (download);
  download_publish (download);
  return kling_result_new (job->record, job->store, download->spool, &info);
}

/* The disk of the store does not take it: another one may. */
static gboolean
download_leave_store (Download * download, const GError * reason)
{
  if (!download->is_part || reason->code != KLING_ERROR_LOCAL)
    return FALSE;
  kling_job_warn (download->job, "%s The video is fetched, but not kept.",
      reason->message);
  kling_spool_unref (download->spool);
  download->spool = kling_spool_new ("result");
  download->is_part = FALSE;
  download->length = -1;
  g_clear_pointer (&download->validator, g_free);
  return TRUE;
}

/* Whether another attempt may help: not when we may not go there, when this
 * machine is full, or when we were told to stop. */
static gboolean
download_may_be_repeated (Download * download, const GError * reason)
{
  if (reason->code == KLING_ERROR_CANCELLED
      || reason->code == KLING_ERROR_LOCAL)
    return FALSE;
  if (reason->code == KLING_ERROR_RESULT)
    download->unusable += 1;
  return download->unusable < MAX_UNUSABLE;
}

/* A video that is not kept is fetched again by the next run. */
static void
download_keep_result (Download * download, KlingResult * result)
{
  KlingJob *job = download->job;
  KlingRecord *record = job->record;
  goffset size = kling_spool_get_size (result->spool);

  result->is_new = job->bought;
  record->size = size;
  record->duration = result->info.duration;
  g_free (record->sha256);
  record->sha256 = g_strdup (kling_spool_get_sha256 (result->spool));
  kling_record_forget_part (record);
  if (download->kept || job->store == NULL)
    record->state = KLING_RECORD_DONE;
  if (download->kept)
    result->location = kling_kept_dup_path (job->store, record->sha256);
  if (job->entry && job->store == NULL)
    kling_entry_set_result (job->entry, result);
  kling_job_put (job, job->entry);
  kling_test_point ("record-done");
  KLING_INFO ("result: %" G_GOFFSET_FORMAT " bytes, %.2f s, sha256 %s", size,
      (gdouble) result->info.duration / KLING_SECOND,
      kling_spool_get_sha256 (result->spool));
}

static void
job_set_unusable (KlingJob * job, GError * reason, GError ** error)
{
  if (reason->code == KLING_ERROR_CANCELLED)
    g_propagate_error (error, reason);
  else
    g_propagate_prefixed_error (error, reason,
        "Task %s is done, but its video cannot be fetched. ",
        job->record->task_id);
}

/* Tries until it is here. The address is asked for anew after each failure. */
static KlingResult *
download_run (Download * download, gchar * first_url, KlingPolls * polls,
    GError ** error)
{
  g_autofree gchar *url = first_url;
  KlingJob *job = download->job;
  KlingBackoff backoff = { 0 };

  for (;;) {
    g_autoptr (GError) reason = NULL;
    goffset had = kling_spool_get_size (download->spool);
    KlingResult *result = download_try (download, url, &reason);

    if (result) {
      download_keep_result (download, result);
      return result;
    }
    KLING_INFO ("download failed: %s", reason->message);
    if (download_leave_store (download, reason))
      continue;
    if (!download_may_be_repeated (download, reason)) {
      job_set_unusable (job, g_steal_pointer (&reason), error);
      return NULL;
    }
    if (kling_spool_get_size (download->spool) > had)
      kling_backoff_reset (&backoff);
    gint64 wait = kling_backoff_next (&backoff, KLING_SECOND);

    kling_job_progress (job, KLING_STAGE_DOWNLOADING, -1,
        "%s Trying again in %.1f s.", reason->message,
        (gdouble) wait / KLING_SECOND);
    g_free (url);
    url = kling_job_await_url (job, polls, wait, error);
    if (url == NULL)
      return NULL;
  }
}

/**
 * kling_job_download:
 * @job: a job whose task is done
 * @first_url: (transfer full): where its video is
 * @deadline: on our clock
 * @polls: with what kling_job_await_url() asks for a fresh URL
 * @error: return location for a #KlingError
 *
 * Returns: (transfer full) (nullable): the result, which the record has, too
 */
KlingResult *
kling_job_download (KlingJob * job, gchar * first_url, gint64 deadline,
    KlingPolls * polls, GError ** error)
{
  g_auto (Download) download = { job, deadline, NULL, FALSE, FALSE, -1, };

  download.told_at = kling_clock_now ();
  kling_job_progress (job, KLING_STAGE_DOWNLOADING, KLING_PERCENT_DOWNLOAD,
      "The video is made. Downloading it.");
  download_open (&download);
  return download_run (&download, first_url, polls, error);
}
