/* The texts that were spoken, by audio id.
 *
 * One small file per text beside its sound, so that an id outlives a restart.
 * What was not spoken yet when the sandbox ended is gone.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-audio.h"

#define MAX_AUDIOS 10000
#define VALID_SECONDS (30 * 24 * 60 * 60)

struct _SandboxAudios
{
  char *folder;
  GHashTable *by_id;            /* owns them */
  GHashTable *by_task;
};

static void
audio_free (SandboxAudio * audio)
{
  g_free (audio->id);
  g_free (audio->task_id);
  g_free (audio->reason);
  g_free (audio);
}

static void
remember (SandboxAudios * audios, SandboxAudio * audio)
{
  g_hash_table_insert (audios->by_id, audio->id, audio);
  g_hash_table_insert (audios->by_task, audio->task_id, audio);
}

static void
load (const char *path, gpointer data)
{
  SandboxAudios *audios = data;
  g_autofree char *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  SandboxAudio *audio;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return;
  object = sandbox_json_parse_object (text, size, NULL);
  if (sandbox_json_string (object, "id") == NULL
      || sandbox_json_string (object, "task_id") == NULL)
    return;
  audio = g_new0 (SandboxAudio, 1);
  audio->id = g_strdup (sandbox_json_string (object, "id"));
  audio->task_id = g_strdup (sandbox_json_string (object, "task_id"));
  audio->reason = g_strdup (sandbox_json_string (object, "reason"));
  audio->state = audio->reason ? SANDBOX_FAILED : SANDBOX_SUCCEEDED;
  sandbox_json_number (object, "duration", &audio->duration);
  audio->created = sandbox_json_integer (object, "created", 0);
  remember (audios, audio);
}

/**
 * sandbox_audios_open:
 * @folder: where those of earlier runs are
 *
 * Returns: (transfer full): them all
 */
SandboxAudios *
sandbox_audios_open (const char *folder)
{
  SandboxAudios *audios = g_new0 (SandboxAudios, 1);

  audios->folder = g_strdup (folder);
  audios->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      (GDestroyNotify) audio_free);
  audios->by_task = g_hash_table_new (g_str_hash, g_str_equal);
  sandbox_load_folder (folder, load, audios);
  return audios;
}

void
sandbox_audios_free (SandboxAudios * audios)
{
  g_hash_table_unref (audios->by_task);
  g_hash_table_unref (audios->by_id);
  g_free (audios->folder);
  g_free (audios);
}

/**
 * sandbox_audios_add:
 * @audios: the audios
 * @error: return location
 *
 * Returns: (transfer none): one that waits to be spoken
 */
SandboxAudio *
sandbox_audios_add (SandboxAudios * audios, GError ** error)
{
  SandboxAudio *audio;

  if (g_hash_table_size (audios->by_id) >= MAX_AUDIOS) {
    g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
        "the state directory holds %d spoken texts; start with a new one",
        MAX_AUDIOS);
    return NULL;
  }
  audio = g_new0 (SandboxAudio, 1);
  audio->id = sandbox_random_digits (18);
  audio->task_id = sandbox_random_digits (18);
  audio->created = g_get_real_time ();
  remember (audios, audio);
  return audio;
}

static void
save (SandboxAudios * audios, SandboxAudio * audio)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strconcat (audio->id, ".json", NULL);
  g_autofree char *path = g_build_filename (audios->folder, name, NULL);
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "id", audio->id);
  json_object_set_string_member (object, "task_id", audio->task_id);
  if (audio->reason)
    json_object_set_string_member (object, "reason", audio->reason);
  json_object_set_double_member (object, "duration", audio->duration);
  json_object_set_int_member (object, "created", audio->created);
  text = sandbox_json_print_object (object);
  if (!sandbox_write_file (path, text, &error))
    g_warning ("cannot keep audio %s: %s", audio->id, error->message);
}

/**
 * sandbox_audios_finish:
 * @audios: the audios
 * @audio: one that waited
 * @duration: of its sound, seconds
 * @reason: (nullable): why there is none
 */
void
sandbox_audios_finish (SandboxAudios * audios, SandboxAudio * audio,
    double duration, const char *reason)
{
  audio->state = reason ? SANDBOX_FAILED : SANDBOX_SUCCEEDED;
  audio->reason = g_strdup (reason);
  audio->duration = duration;
  save (audios, audio);
}

/**
 * sandbox_audios_find:
 * @audios: the audios
 * @id: an audio id
 *
 * Returns: (transfer none) (nullable): the audio, if it can be used
 */
SandboxAudio *
sandbox_audios_find (SandboxAudios * audios, const char *id)
{
  SandboxAudio *audio = g_hash_table_lookup (audios->by_id, id);
  gint64 age;

  if (audio == NULL || audio->state != SANDBOX_SUCCEEDED)
    return NULL;
  age = g_get_real_time () - audio->created;
  return age / G_USEC_PER_SEC < VALID_SECONDS ? audio : NULL;
}

SandboxAudio *
sandbox_audios_find_task (SandboxAudios * audios, const char *task_id)
{
  return g_hash_table_lookup (audios->by_task, task_id);
}
