/* klinglipsync: the step of a job that decides who of several speaks
 *
 * identify-face has been paid and the create call has not, so this is the time
 * to ask. What was chosen is kept with the session: a later run does not ask
 * again. On the job's thread, which waits here for the application's answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-log.h"

/* Returns: (transfer full): the faces, for a sentence that says there is none
 * like that */
static gchar *
list_faces (GPtrArray * faces)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < faces->len; i++) {
    const KlingFace *face = faces->pdata[i];

    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", face->id);
    if (face->start >= 0 && face->end >= 0)
      g_string_append_printf (list, " (%.3f s to %.3f s)", face->start / 1e3,
          face->end / 1e3);
  }
  return g_string_free (list, FALSE);
}

/* @whose: what named @id */
static gboolean
check_face (GPtrArray * faces, const gchar * id, const gchar * whose,
    GError ** error)
{
  g_autofree gchar *list = NULL;

  if (faces == NULL || kling_faces_find (faces, id))
    return TRUE;
  list = list_faces (faces);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "%s %s, which is none of the faces in the video. There are: %s.", whose,
      id, list);
  return FALSE;
}

static GPtrArray *
job_get_faces (const KlingJob * job)
{
  return job->session ? job->session->faces : NULL;
}

static gboolean
check_any (KlingJob * job, KlingEntry * session, GError ** error)
{
  GPtrArray *faces = job_get_faces (job);

  if (faces == NULL || faces->len > 0)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_INPUT,
      "The service found no face in the video, so the lip-sync was not asked"
      " for. It needs one that looks at the camera and is not small.");
  /* another look at the video may see more */
  kling_record_forget_session (session->record);
  kling_job_put (job, session);
  return FALSE;
}

static void
job_tell_choice (KlingJob * job)
{
  GPtrArray *faces = job_get_faces (job);
  const KlingFace *face = kling_faces_find (faces, job->session->face_id);

  if (faces->len == 1)
    return;
  if (face->start >= 0 && face->end >= 0)
    kling_job_progress (job, job->stage, -1,
        "%u faces were found. Face %s speaks, which is seen from %.1f s to"
        " %.1f s.", faces->len, face->id, face->start / 1e3, face->end / 1e3);
  else
    kling_job_progress (job, job->stage, -1,
        "%u faces were found. Face %s speaks.", faces->len, face->id);
}

/* Asks the application, when there is something to choose. */
static gboolean
job_ask_for_face (KlingJob * job, KlingEntry * session, GError ** error)
{
  KlingRecord *record = job->session;
  g_autofree gchar *answer = NULL;

  if (record->faces->len > 1 && !kling_job_await_face (job, &answer, error))
    return FALSE;
  if (answer != NULL
      && !check_face (record->faces, answer,
          "The signal select-face was answered with", error))
    return FALSE;
  record->face_id = answer ? g_steal_pointer (&answer)
      : g_strdup (kling_faces_get_longest (record->faces)->id);
  session->record->face_id = g_strdup (record->face_id);
  kling_job_put (job, session);
  job_tell_choice (job);
  return TRUE;
}

static gboolean
job_decide (KlingJob * job, KlingEntry * session, GError ** error)
{
  GPtrArray *faces = job_get_faces (job);

  if (job->request->face_id)
    return check_face (faces, job->request->face_id,
        "The property face-id is", error);
  if (job->session && job->session->face_id)
    return TRUE;
  if (faces == NULL) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SERVICE,
        "The service did not say which faces it found. Set face-id, if you know"
        " one from its console; otherwise ask its support.");
    return FALSE;
  }
  return job_ask_for_face (job, session, error);
}

/* What cannot be chosen is not what was asked for, perhaps. */
static void
job_warn_of_chance (KlingJob * job)
{
  GPtrArray *faces = job_get_faces (job);

  if (faces != NULL && faces->len > 1)
    kling_job_warn (job,
        "%u faces were found in the video, and with the dialect"
        " %s it is the service that decides which of them speaks. A video with"
        " one face is safe, and so is a service of a dialect that can choose:"
        " official or relay.", faces->len, job->dialect->nick);
}

/**
 * kling_job_choose_face:
 * @job: a job that has a session, if its dialect has sessions
 * @session: (nullable): its entry, %NULL when the session was given
 * @error: return location for a #KlingError
 *
 * Decides whose lips move: the face that was set, the one that the application
 * chooses, or the one that is seen longest.
 *
 * Returns: %TRUE when that is known, or is the service's to decide
 */
gboolean
kling_job_choose_face (KlingJob * job, KlingEntry * session, GError ** error)
{
  if (job_get_faces (job))
    kling_job_tell_faces (job);
  if (!check_any (job, session, error))
    return FALSE;
  if (job->dialect->chooses_face)
    return job_decide (job, session, error);
  job_warn_of_chance (job);
  return TRUE;
}

/**
 * kling_job_get_face_id:
 * @job: a job
 *
 * Returns: (transfer none) (nullable): whose lips move
 */
const gchar *
kling_job_get_face_id (const KlingJob * job)
{
  if (job->request->face_id)
    return job->request->face_id;
  return job->session ? job->session->face_id : NULL;
}
