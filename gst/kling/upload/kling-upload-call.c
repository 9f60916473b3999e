/* klinglipsync: one call to an upload place, made until it works
 *
 * On the job's thread. What is repeated costs nothing: a PUT or a DELETE twice
 * is the same as once. A form is another matter, because each one that arrives
 * makes a file.
 *
 * Of an answer only its status is used, so nothing that a place says gets into
 * a sentence.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-log.h"
#include "kling-secret.h"

#define MAX_TRIES 5
/* What a connection has to carry, on the average, to be worth waiting for */
#define LEAST_BYTES_PER_SECOND (8 * 1024)

static const gchar moved[] =
    "It sends us elsewhere, which is not followed with a file: set the"
    " property upload to the final address; for s3:// check the region.";
static const gchar busy[] =
    "It is in trouble, or has too much to do: try again later.";
static const gchar broken[] =
    "Something is wrong there: look into its log, or try again later. (nginx"
    " answers so, too, when the directory is not there.)";
static const gchar other[] =
    "Check the address in the property upload; it has to be one that takes"
    " files in this way.";

/**
 * kling_upload_deadline:
 * @way: how patiently
 * @size: bytes that have to pass
 *
 * Returns: on our clock, when one try has lasted too long although something
 *   moves all the time
 */
gint64
kling_upload_deadline (const KlingUploadWay * way, goffset size)
{
  gint64 patience = MIN (way->timeout, KLING_NEVER / 4);

  return kling_clock_after (2 * patience
      + size / LEAST_BYTES_PER_SECOND * KLING_SECOND);
}

/**
 * kling_upload_sleep:
 * @way: whom to tell, and what ends it at once
 * @why: a sentence that says what failed
 * @span: microseconds
 * @error: set to %KLING_ERROR_CANCELLED
 *
 * Waits before another try.
 *
 * Returns: %FALSE when we were told to stop
 */
gboolean
kling_upload_sleep (const KlingUploadWay * way, const gchar * why, gint64 span,
    GError ** error)
{
  if (way->again)
    way->again (why, span, way->user_data);
  if (kling_clock_sleep (kling_clock_after (span), way->stop))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED,
      "The upload was stopped.");
  return FALSE;
}

static gboolean
is_delete (const KlingUploadCall * call)
{
  return g_str_equal (call->method, "DELETE");
}

/* Of a file to be deleted it is good news that it is not there. */
static gboolean
is_done (const KlingUploadCall * call, guint status)
{
  return (status >= 200 && status < 300)
      || (is_delete (call) && (status == 404 || status == 410));
}

static gboolean
may_be_repeated (const KlingUploadCall * call, const KlingHttpAnswer * answer,
    const GError * cause)
{
  if (call->once && answer->sent_all)
    return FALSE;
  if (cause != NULL)
    return cause->code == KLING_ERROR_NETWORK
        || cause->code == KLING_ERROR_TIMED_OUT;
  return answer->status >= 500 || answer->status == 408
      || answer->status == 429;
}

/* --- sentences --- */

static KlingError
find_code (guint status)
{
  if (status == 401 || status == 403)
    return KLING_ERROR_NOT_AUTHORIZED;
  if (status >= 500 || status == 408 || status == 429)
    return KLING_ERROR_SERVICE;
  return KLING_ERROR_SETTINGS;
}

/* Returns: (transfer full): what to do about @status */
static gchar *
make_advice (const KlingUpload * upload, guint status, goffset size)
{
  const gchar *words = other;

  if (status == 413)
    return g_strdup_printf ("The file has %" G_GOFFSET_FORMAT " bytes, which"
        " is too large for it: raise its limit, which is client_max_body_size"
        " in nginx, or use another place.", size);
  if (status == 401 || status == 403)
    words = upload->kind->denied;
  else if (status == 404 || status == 409)
    words = upload->kind->missing;
  else if (status >= 300 && status < 400)
    words = moved;
  else if (status == 500)
    words = broken;
  else if (find_code (status) == KLING_ERROR_SERVICE)
    words = busy;
  return g_strdup (words);
}

static goffset
body_size (const KlingUploadCall * call)
{
  goffset size = 0;

  for (GBytes * const *part = call->body; part && *part; part++)
    size += g_bytes_get_size (*part);
  return size;
}

/* Returns: (transfer full): the sentence for a call that was given up */
static GError *
make_error (const KlingUpload * upload, const KlingUploadCall * call,
    guint status, const GError * cause, guint tries)
{
  const gchar *end = is_delete (call) ?
      " It is still there: delete it by hand." : KLING_UPLOAD_UNPAID;
  const gchar *what = is_delete (call) ?
      "The uploaded file could not be deleted" :
      "The file could not be uploaded";
  g_autofree gchar *times = tries > 1 ?
      g_strdup_printf (", in %u tries", tries) : g_strdup ("");
  g_autofree gchar *advice = NULL;

  if (cause != NULL)
    return g_error_new (KLING_ERROR, cause->code, "%s%s. %s%s", what, times,
        cause->message, end);
  advice = make_advice (upload, status, body_size (call));
  return g_error_new (KLING_ERROR, find_code (status),
      "%s%s: %s answers HTTP %u. %s%s", what, times, upload->shown, status,
      advice, end);
}

/* Returns: (transfer full): why a call is made again */
static gchar *
make_reason (const KlingUpload * upload, guint status, const GError * cause)
{
  if (cause != NULL)
    return g_strdup (cause->message);
  return g_strdup_printf ("%s answers HTTP %u.", upload->shown, status);
}

/* --- calling --- */

static gchar **
make_headers (const KlingUpload * upload, const KlingUploadCall * call)
{
  if (upload->kind->make_headers != NULL)
    return upload->kind->make_headers (upload, call);
  return g_strdupv (upload->headers);
}

static void
wipe_headers (gchar ** headers)
{
  for (gchar ** text = headers; text != NULL && *text != NULL; text++)
    kling_secret_wipe_string (*text);
  g_free (headers);
}

static gboolean
call_once (const KlingUpload * upload, const KlingUploadCall * call,
    const KlingUploadWay * way, KlingHttpAnswer * answer, GError ** error)
{
  gchar **headers = make_headers (upload, call);
  KlingHttpParcel parcel = {
    .method = call->method,
    .url = call->url,
    .headers = (const gchar * const *) headers,
    .content_type = call->content_type,
    .body = call->body,
    .timeout = way->timeout,
    .deadline = kling_upload_deadline (way, body_size (call)),
    .progress = call->body ? way->progress : NULL,
    .user_data = way->user_data,
  };
  gboolean answered = kling_http_send (way->http, &parcel, way->stop, answer,
      error);

  wipe_headers (headers);
  return answered;
}

/* A file that was given up may have arrived all the same, with an answer that
 * was lost. It is taken back once, whatever comes of that. */
static void
take_back (const KlingUpload * upload, const KlingUploadCall * call,
    const KlingHttpAnswer * given_up, const KlingUploadWay * way)
{
  KlingUploadCall back = { "DELETE", call->url };
  g_auto (KlingHttpAnswer) answer = { 0, };
  gboolean may_be_there = given_up->sent_all && (given_up->status == 0
      || given_up->status == 408 || given_up->status >= 500);

  if (upload->cleanup && may_be_there && g_str_equal (call->method, "PUT"))
    call_once (upload, &back, way, &answer, NULL);
}

/**
 * kling_upload_call:
 * @upload: a place
 * @call: what to send
 * @way: how to get there
 * @answer: (out caller-allocates): the last answer
 * @error: set to %KLING_ERROR_CANCELLED, or what the last try came to
 *
 * Tries up to %MAX_TRIES times, with full jitter, where that may help.
 *
 * Returns: whether the place did what was asked
 */
gboolean
kling_upload_call (const KlingUpload * upload, const KlingUploadCall * call,
    const KlingUploadWay * way, KlingHttpAnswer * answer, GError ** error)
{
  KlingBackoff backoff = { 0 };

  for (guint tries = 1;; tries++) {
    g_autoptr (GError) cause = NULL;
    g_autofree gchar *why = NULL;
    gint64 wait;

    if (call_once (upload, call, way, answer, &cause)
        && is_done (call, answer->status))
      return TRUE;
    if (g_error_matches (cause, KLING_ERROR, KLING_ERROR_CANCELLED)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    why = make_reason (upload, answer->status, cause);
    KLING_INFO ("%s, try %u: %s", call->method, tries, why);
    if (tries == MAX_TRIES || !may_be_repeated (call, answer, cause)) {
      take_back (upload, call, answer, way);
      g_propagate_error (error, make_error (upload, call, answer->status,
              cause, tries));
      return FALSE;
    }
    wait = kling_backoff_next (&backoff, answer->retry_after);
    kling_http_answer_clear (answer);
    if (!kling_upload_sleep (way, why, wait, error))
      return FALSE;
  }
}

/**
 * kling_upload_put_file:
 * @upload: a place
 * @url: where the file goes
 * @file: the file
 * @way: how to get there
 * @error: set as by kling_upload_call()
 *
 * Returns: whether it is there
 */
gboolean
kling_upload_put_file (const KlingUpload * upload, const gchar * url,
    const KlingUploadFile * file, const KlingUploadWay * way, GError ** error)
{
  g_autoptr (GBytes) bytes = kling_spool_get_bytes (file->spool, error);
  GBytes *body[] = { bytes, NULL };
  KlingUploadCall call = { "PUT", url, file->content_type, body,
    kling_spool_get_sha256 (file->spool), FALSE
  };
  g_auto (KlingHttpAnswer) answer = { 0, };

  return bytes != NULL
      && kling_upload_call (upload, &call, way, &answer, error);
}

/**
 * kling_upload_delete_file:
 * @uploaded: a file at that place
 * @url: where it is
 * @way: how to get there
 * @error: set as by kling_upload_call()
 *
 * Returns: whether it is gone
 */
gboolean
kling_upload_delete_file (KlingUploaded * uploaded, const gchar * url,
    const KlingUploadWay * way, GError ** error)
{
  KlingUploadCall call = { "DELETE", url, NULL, NULL, NULL, FALSE };
  g_auto (KlingHttpAnswer) answer = { 0, };

  if (!kling_upload_call (uploaded->upload, &call, way, &answer, error))
    return FALSE;
  uploaded->owed = FALSE;
  return TRUE;
}
