/* What has to be fetched and looked at before a call can be answered.
 *
 * The functions called "get" run on a worker's thread, which owns the errand
 * meanwhile; once one of them has failed the others do nothing. The rest is
 * for the main thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-errand.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "sandbox-fetch.h"
#include "sandbox.h"

static void
file_clear (SandboxInput * file)
{
  if (file->path)
    g_unlink (file->path);
  g_free (file->path);
  g_free (file->url);
}

SandboxErrand *
sandbox_errand_new (SandboxExchange * exchange)
{
  SandboxErrand *errand = g_new0 (SandboxErrand, 1);

  errand->exchange = sandbox_exchange_ref (exchange);
  errand->stop = g_object_ref (exchange->sandbox->stop);
  return errand;
}

/* What was kept has been moved away by now. */
void
sandbox_errand_free (SandboxErrand * errand)
{
  file_clear (&errand->video);
  file_clear (&errand->audio);
  file_clear (&errand->image);
  g_clear_pointer (&errand->task, sandbox_task_free);
  g_clear_pointer (&errand->body, json_object_unref);
  g_clear_pointer (&errand->exchange, sandbox_exchange_unref);
  g_clear_object (&errand->stop);
  g_clear_error (&errand->error);
  g_free (errand->digest);
  g_free (errand);
}

/**
 * sandbox_errand_plan:
 * @errand: the errand
 * @file: one of its files
 * @url: (nullable): where it is
 * @base64: (nullable): the file itself; outlives the errand
 */
void
sandbox_errand_plan (SandboxErrand * errand, SandboxInput * file,
    const char *url, const char *base64)
{
  g_autofree char *name = sandbox_random_hex (16);

  if (url == NULL && base64 == NULL)
    return;
  file->url = g_strdup (url);
  file->base64 = base64;
  file->path = sandbox_path (errand->exchange->sandbox, "incoming", name);
}

/* Bare Base64 and nothing else: GLib would read over what does not belong. */
static gboolean
is_base64 (const char *text)
{
  gsize digits = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
      "abcdefghijklmnopqrstuvwxyz0123456789+/");
  gsize padding = strspn (text + digits, "=");

  return text[digits + padding] == '\0' && padding <= 2
      && (digits + padding) % 4 == 0;
}

static gboolean
decode (SandboxErrand * errand, SandboxInput * file, gsize limit)
{
  g_autofree char *bytes = NULL;
  gsize size;

  if (!is_base64 (file->base64))
    return sandbox_refuse (&errand->error, "the file is neither an http or "
        "https URL nor bare Base64");
  bytes = (char *) g_base64_decode (file->base64, &size);
  if (size > limit)
    return sandbox_refuse (&errand->error, "the file is too large");
  return g_file_set_contents_full (file->path, bytes, size,
      G_FILE_SET_CONTENTS_NONE, 0600, &errand->error);
}

static gboolean
get (SandboxErrand * errand, SandboxInput * file, gsize limit)
{
  if (errand->error || file->path == NULL)
    return FALSE;
  if (file->base64)
    return decode (errand, file, limit);
  file->status = sandbox_fetch (file->url, limit, file->path, errand->stop,
      &errand->error);
  return errand->error == NULL;
}

void
sandbox_errand_get_video (SandboxErrand * errand)
{
  if (!get (errand, &errand->video, SANDBOX_MAX_VIDEO_BYTES))
    return;
  if (!sandbox_media_check_video (errand->video.path, errand->limits,
          &errand->info, &errand->error))
    return;
  errand->sample = sandbox_sample_of_file (errand->video.path);
  errand->digest = sandbox_file_sha256 (errand->video.path, &errand->error);
}

void
sandbox_errand_get_audio (SandboxErrand * errand)
{
  if (get (errand, &errand->audio, SANDBOX_MAX_AUDIO_BYTES))
    sandbox_media_check_audio (errand->audio.path, &errand->seconds,
        errand->stop, &errand->error);
}

void
sandbox_errand_get_image (SandboxErrand * errand)
{
  if (get (errand, &errand->image, SANDBOX_MAX_IMAGE_BYTES))
    sandbox_media_check_image (errand->image.path, &errand->error);
}

static void
record (SandboxErrand * errand, const SandboxInput * file)
{
  g_autofree char *shown = NULL;
  SandboxCall call = {
    .time = g_get_real_time (),
    .method = "FETCH",
    .kind = "other",
    .status = file->status,
  };

  if (file->url == NULL)
    return;
  shown = sandbox_url_without_query (file->url);
  call.path = shown;
  sandbox_ledger_add (errand->exchange->sandbox->ledger, &call);
}

/* The ledger shows what the sandbox itself went for, too. */
void
sandbox_errand_record (SandboxErrand * errand)
{
  record (errand, &errand->video);
  record (errand, &errand->audio);
  record (errand, &errand->image);
}

static gboolean
move (SandboxErrand * errand, SandboxInput * file, const char *name,
    GError ** error)
{
  g_autofree char *path = sandbox_path (errand->exchange->sandbox, name, NULL);

  if (g_rename (file->path, path) == 0)
    return TRUE;
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
      "cannot keep %s: %s", name, g_strerror (errno));
  return FALSE;
}

/**
 * sandbox_errand_keep_video:
 * @errand: an errand that has got its video
 * @error: return location
 *
 * The same video is kept once, whatever it was called.
 *
 * Returns: (transfer none) (nullable): a session for it
 */
SandboxSession *
sandbox_errand_keep_video (SandboxErrand * errand, GError ** error)
{
  SandboxSessions *sessions = errand->exchange->sandbox->sessions;
  g_autofree char *source = NULL;

  if (errand->sample == SANDBOX_NO_SAMPLE) {
    source = g_build_filename ("sources", errand->digest, NULL);
    if (!move (errand, &errand->video, source, error))
      return NULL;
  }
  return sandbox_sessions_add (sessions, source, errand->sample,
      &errand->info, error);
}

/**
 * sandbox_errand_keep_audio:
 * @errand: an errand with a task
 * @error: return location
 *
 * What came with the call becomes what the task says.
 *
 * Returns: whether it is kept, or there is none
 */
gboolean
sandbox_errand_keep_audio (SandboxErrand * errand, GError ** error)
{
  SandboxTask *task = errand->task;

  if (errand->audio.path == NULL)
    return TRUE;
  task->audio = g_strdup_printf ("speech/%s.audio", task->id);
  return move (errand, &errand->audio, task->audio, error);
}
