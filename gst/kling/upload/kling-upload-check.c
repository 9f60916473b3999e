/* klinglipsync: whether the service will be able to read an uploaded file
 *
 * Reads its URL once as the service will: without credentials. A file that the
 * service cannot read fails a task, and some services take money for that.
 *
 * On the job's thread. The length is enough: a page that says "log in first"
 * has another one. So reading ends after the headers, where they have it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-log.h"
#include "kling-url.h"

#define MAX_READS 4

typedef struct
{
  const KlingUploaded *uploaded;
  goffset length;               /* what there is, as far as it is known */
  gboolean seen;                /* enough: reading is broken off */
} Reading;

/* Someone else's server must not make us read from this machine. */
static gboolean
reading_check_url (const gchar * url, gpointer user_data, GError ** error)
{
  Reading *reading = user_data;

  if (!kling_url_check_upload ("The URL of the uploaded file", url, error))
    return FALSE;
  if (!kling_url_is_loopback (url)
      || kling_url_is_loopback (reading->uploaded->url))
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The URL of the uploaded file leads back to this machine.");
  return FALSE;
}

static gboolean
reading_stop (Reading * reading, goffset length, GError ** error)
{
  reading->seen = TRUE;
  reading->length = length;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED,
      "Enough was read.");
  return FALSE;
}

static gboolean
reading_begin (const KlingHttpPart * part, gpointer user_data, GError ** error)
{
  return part->length < 0 ? TRUE
      : reading_stop (user_data, part->length, error);
}

static gboolean
reading_write (const guint8 * data, gsize size, gpointer user_data,
    GError ** error)
{
  Reading *reading = user_data;

  reading->length += size;
  return reading->length <= reading->uploaded->size ? TRUE
      : reading_stop (reading, reading->length, error);
}

static gboolean
check_length (const KlingUploaded * uploaded, goffset length, GError ** error)
{
  g_autofree gchar *shown = NULL;

  if (length == uploaded->size)
    return TRUE;
  shown = kling_url_display_host (uploaded->url);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The service could not read the uploaded file: at its public URL, %s"
      " has %s%" G_GOFFSET_FORMAT " bytes instead of %" G_GOFFSET_FORMAT "."
      " Probably that URL leads to something else, as a page or an older file:"
      " check the property upload-public-url." KLING_UPLOAD_UNPAID, shown,
      length > uploaded->size ? "at least " : "", length, uploaded->size);
  return FALSE;
}

static void
set_refused (const KlingUploaded * uploaded, guint status, GError ** error)
{
  g_autofree gchar *shown = kling_url_display_host (uploaded->url);

  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The service could not read the uploaded file: at its public URL, %s"
      " answers HTTP %u to a reader without credentials, where 200 and %"
      G_GOFFSET_FORMAT " bytes were expected. Probably the bucket or directory"
      " is private, or the property upload-public-url is wrong."
      KLING_UPLOAD_UNPAID, shown, status, uploaded->size);
}

static gboolean
may_be_repeated (guint status, const GError * cause)
{
  if (cause->code == KLING_ERROR_SERVICE)
    return status >= 500 || status == 408 || status == 429;
  return cause->code == KLING_ERROR_NETWORK
      || cause->code == KLING_ERROR_TIMED_OUT;
}

static void
set_given_up (const KlingUploaded * uploaded, guint status,
    const GError * cause, GError ** error)
{
  if (cause->code == KLING_ERROR_CANCELLED)
    g_propagate_error (error, g_error_copy (cause));
  else if (cause->code == KLING_ERROR_SERVICE && status >= 400 && status < 500)
    set_refused (uploaded, status, error);
  else
    g_set_error (error, KLING_ERROR, cause->code,
        "The uploaded file cannot be read at its public URL. %s"
        KLING_UPLOAD_UNPAID, cause->message);
}

/* Returns: whether the file could be read as far as needed */
static gboolean
read_once (const KlingUploaded * uploaded, const KlingUploadWay * way,
    goffset * length, guint * status, GError ** error)
{
  static const KlingHttpSink sink = {
    reading_check_url, reading_begin, reading_write, kling_url_display_host
  };
  Reading reading = { uploaded, 0, FALSE };
  g_autoptr (GError) cause = NULL;
  gboolean done =
      kling_http_fetch (way->http, uploaded->url, NULL, way->timeout,
      kling_upload_deadline (way, uploaded->size), way->stop, &sink, &reading,
      status, &cause);

  *length = reading.length;
  if (done || reading.seen)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/**
 * kling_uploaded_check:
 * @uploaded: an uploaded file
 * @way: how to get there
 * @error: set to %KLING_ERROR_SETTINGS when the service could not read it, and
 *   %KLING_ERROR_CANCELLED, %KLING_ERROR_NETWORK, %KLING_ERROR_TIMED_OUT,
 *   %KLING_ERROR_SERVICE
 *
 * Blocks the calling thread, and may try several times. A URL that expires is
 * made anew first.
 *
 * Returns: whether the file can be read by everyone who has its URL
 */
gboolean
kling_uploaded_check (KlingUploaded * uploaded, const KlingUploadWay * way,
    GError ** error)
{
  KlingBackoff backoff = { 0 };

  if (uploaded->upload->kind->renew_url)
    uploaded->upload->kind->renew_url (uploaded, way);
  for (guint reads = 1;; reads++) {
    g_autoptr (GError) cause = NULL;
    goffset length = 0;
    guint status = 0;

    if (read_once (uploaded, way, &length, &status, &cause))
      return check_length (uploaded, length, error);
    if (reads == MAX_READS || !may_be_repeated (status, cause)) {
      set_given_up (uploaded, status, cause, error);
      return FALSE;
    }
    KLING_INFO ("reading the uploaded file failed: %s", cause->message);
    if (!kling_upload_sleep (way, cause->message,
            kling_backoff_next (&backoff, 0), error))
      return FALSE;
  }
}
