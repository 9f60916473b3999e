/* The videos that were looked at, by session id.
 *
 * One small file per session, so that a session outlives a restart. The
 * oldest go when there are too many; each is valid for a day, as the
 * service's are.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-session.h"

#include <glib/gstdio.h>
#include <string.h>

#define MAX_SESSIONS 10000
#define VALID_SECONDS (24 * 60 * 60)

struct _SandboxSessions
{
  char *folder;
  GHashTable *by_id;            /* owns them */
  GQueue by_age;                /* of SandboxSession, oldest first */
};

static void
session_free (SandboxSession * session)
{
  g_free (session->id);
  g_free (session->source);
  g_free (session);
}

static char *
session_path (SandboxSessions * sessions, const char *id)
{
  g_autofree char *name = g_strconcat (id, ".json", NULL);

  return g_build_filename (sessions->folder, name, NULL);
}

static int
compare_age (gconstpointer a, gconstpointer b, gpointer data)
{
  const SandboxSession *first = a, *second = b;

  return (first->created > second->created)
      - (first->created < second->created);
}

static void
remember (SandboxSessions * sessions, SandboxSession * session)
{
  g_hash_table_insert (sessions->by_id, session->id, session);
  g_queue_push_tail (&sessions->by_age, session);
  if (g_queue_get_length (&sessions->by_age) > MAX_SESSIONS) {
    SandboxSession *oldest = g_queue_pop_head (&sessions->by_age);
    g_autofree char *path = session_path (sessions, oldest->id);

    g_unlink (path);
    g_hash_table_remove (sessions->by_id, oldest->id);
  }
}

static void
load (const char *path, gpointer data)
{
  SandboxSessions *sessions = data;
  g_autofree char *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  SandboxSession *session;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return;
  object = sandbox_json_parse_object (text, size, NULL);
  if (sandbox_json_string (object, "id") == NULL)
    return;
  session = g_new0 (SandboxSession, 1);
  session->id = g_strdup (sandbox_json_string (object, "id"));
  session->source = g_strdup (sandbox_json_string (object, "source"));
  if (session->source == NULL)
    session->sample = CLAMP (sandbox_json_integer (object, "sample",
            SANDBOX_ONE_FACE), SANDBOX_ONE_FACE, SANDBOX_SAMPLES - 1);
  sandbox_json_number (object, "duration", &session->video.duration);
  session->video.width = sandbox_json_integer (object, "width", 0);
  session->video.height = sandbox_json_integer (object, "height", 0);
  session->created = sandbox_json_integer (object, "created", 0);
  remember (sessions, session);
}

/**
 * sandbox_sessions_open:
 * @folder: where the sessions of earlier runs are
 *
 * Returns: (transfer full): them all
 */
SandboxSessions *
sandbox_sessions_open (const char *folder)
{
  SandboxSessions *sessions = g_new0 (SandboxSessions, 1);

  sessions->folder = g_strdup (folder);
  sessions->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      (GDestroyNotify) session_free);
  sandbox_load_folder (folder, load, sessions);
  g_queue_sort (&sessions->by_age, compare_age, NULL);
  return sessions;
}

void
sandbox_sessions_free (SandboxSessions * sessions)
{
  g_queue_clear (&sessions->by_age);
  g_hash_table_unref (sessions->by_id);
  g_free (sessions->folder);
  g_free (sessions);
}

static gboolean
save (SandboxSessions * sessions, SandboxSession * session, GError ** error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *path = session_path (sessions, session->id);
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "id", session->id);
  if (session->source)
    json_object_set_string_member (object, "source", session->source);
  json_object_set_int_member (object, "sample", session->sample);
  json_object_set_double_member (object, "duration", session->video.duration);
  json_object_set_int_member (object, "width", session->video.width);
  json_object_set_int_member (object, "height", session->video.height);
  json_object_set_int_member (object, "created", session->created);
  text = sandbox_json_print_object (object);
  return sandbox_write_file (path, text, error);
}

/**
 * sandbox_sessions_add:
 * @sessions: the sessions
 * @source: (nullable): the video's file, below the state directory
 * @sample: which of the sandbox's own it is, without @source
 * @video: what it is
 * @error: return location
 *
 * Returns: (transfer none): a new session, which is on disk already
 */
SandboxSession *
sandbox_sessions_add (SandboxSessions * sessions, const char *source,
    SandboxSample sample, const SandboxVideoInfo * video, GError ** error)
{
  SandboxSession *session = g_new0 (SandboxSession, 1);

  session->id = sandbox_random_digits (18);
  session->source = g_strdup (source);
  session->sample = sample;
  session->video = *video;
  session->created = g_get_real_time ();
  if (!save (sessions, session, error)) {
    session_free (session);
    return NULL;
  }
  remember (sessions, session);
  return session;
}

SandboxSession *
sandbox_sessions_find (SandboxSessions * sessions, const char *id)
{
  SandboxSession *session = g_hash_table_lookup (sessions->by_id, id);
  gint64 age;

  if (session == NULL)
    return NULL;
  age = g_get_real_time () - session->created;
  return age / G_USEC_PER_SEC < VALID_SECONDS ? session : NULL;
}

/* Nobody knows who is in a stranger's video: one face, from its beginning to
 * its end, around the place where a mouth is painted. */
static SandboxFaceSpan
face_of_stranger (const SandboxVideoInfo * video)
{
  int side = MIN (video->width, video->height) / 2;
  SandboxFaceSpan face = { "0", 0, video->duration };

  face.x = ((int) video->width - side) / 2;
  face.y = ((int) video->height - side) / 2;
  face.width = face.height = side;
  return face;
}

/**
 * sandbox_session_face:
 * @session: a session
 * @index: which face, from 0
 * @face: (out): where and when it is seen
 *
 * Returns: whether there is such a face
 */
gboolean
sandbox_session_face (const SandboxSession * session, guint index,
    SandboxFaceSpan * face)
{
  const SandboxFaceSpan *faces;
  guint count = 1;

  if (session->source) {
    *face = face_of_stranger (&session->video);
  } else {
    faces = sandbox_sample_faces (session->sample, &count);
    if (index < count)
      *face = faces[index];
  }
  return index < count;
}

/**
 * sandbox_session_find_face:
 * @session: a session
 * @id: a face id in any spelling: "0" or "face_001"
 *
 * Returns: its index, or -1
 */
int
sandbox_session_find_face (const SandboxSession * session, const char *id)
{
  SandboxFaceSpan face;

  for (guint i = 0; sandbox_session_face (session, i, &face); i++) {
    g_autofree char *listed = g_strdup_printf ("face_%03u", i + 1);

    if (strcmp (id, face.id) == 0 || strcmp (id, listed) == 0)
      return i;
  }
  return -1;
}
