/* klinglipsync: one request on its way to one result
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-journal.h"
#include "kling-plan.h"
#include "kling-request.h"

G_BEGIN_DECLS

/**
 * KlingStage:
 * @KLING_STAGE_PREPARING: the request is being made
 * @KLING_STAGE_UPLOADING: files from pads go where the service can read them
 * @KLING_STAGE_IDENTIFYING: looking for the face in the source video
 * @KLING_STAGE_CREATING: asking for the task, the call that costs
 * @KLING_STAGE_QUEUED: the task waits at the service
 * @KLING_STAGE_RUNNING: the service makes the video
 * @KLING_STAGE_DOWNLOADING: the result is being fetched
 *
 * How far a job is.
 */
typedef enum
{
  KLING_STAGE_PREPARING,
  KLING_STAGE_UPLOADING,
  KLING_STAGE_IDENTIFYING,
  KLING_STAGE_CREATING,
  KLING_STAGE_QUEUED,
  KLING_STAGE_RUNNING,
  KLING_STAGE_DOWNLOADING,
} KlingStage;

/**
 * KlingEventType:
 * @KLING_EVENT_PROGRESS: @text is worth showing to a person
 * @KLING_EVENT_TASK: the service was asked about the task
 * @KLING_EVENT_WARNING: @text is worth a warning; the job goes on
 * @KLING_EVENT_FACES: @faces were found
 * @KLING_EVENT_CHOICE: one of @faces is to be chosen: the job waits for
 *   kling_job_answer_face()
 * @KLING_EVENT_PLAN: @plan is what a run would do
 */
typedef enum
{
  KLING_EVENT_PROGRESS,
  KLING_EVENT_TASK,
  KLING_EVENT_WARNING,
  KLING_EVENT_FACES,
  KLING_EVENT_CHOICE,
  KLING_EVENT_PLAN,
} KlingEventType;

/**
 * KlingEvent:
 * @type: what happened
 * @stage: how far the job is
 * @text: (nullable): a sentence for people
 * @percent: of the whole job, -1 when it is not known
 * @task_id: (nullable): the task
 * @task_word: (nullable): the service's word for the task's state
 * @elapsed: microseconds since we began to wait for the task
 * @attempt: how often the service was asked about the task
 * @faces: (nullable) (element-type KlingFace): the faces in the source video
 * @session_id: (nullable): the session they are of
 * @plan: (nullable): of a dry run
 */
typedef struct
{
  KlingEventType type;
  KlingStage stage;
  gchar *text;
  gint percent;
  gchar *task_id;
  gchar *task_word;
  gint64 elapsed;
  guint attempt;
  GPtrArray *faces;
  gchar *session_id;
  KlingPlan *plan;
} KlingEvent;

void kling_event_free (KlingEvent * event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingEvent, kling_event_free)

/**
 * KlingWait:
 * @KLING_WAIT_EVENT: something happened, the job goes on
 * @KLING_WAIT_DONE: the result is there
 * @KLING_WAIT_NOTHING: it has ended well without one: it was a dry run
 * @KLING_WAIT_FAILED: there will be none
 * @KLING_WAIT_INTERRUPTED: kling_job_interrupt() was called
 *
 * Why kling_job_wait() returned.
 */
typedef enum
{
  KLING_WAIT_EVENT,
  KLING_WAIT_DONE,
  KLING_WAIT_NOTHING,
  KLING_WAIT_FAILED,
  KLING_WAIT_INTERRUPTED,
} KlingWait;

typedef struct _KlingJob KlingJob;

/**
 * KlingPrepare:
 * @data: what kling_job_start() was given
 * @warnings: sentences may be appended, to be freed with g_free()
 * @error: return location for a #KlingError
 *
 * Makes the request of a job, on the job's thread: a minute of audio may take a
 * second.
 *
 * Returns: (transfer full) (nullable): a request that has been checked
 */
typedef KlingRequest *(*KlingPrepare) (gpointer data, GPtrArray * warnings,
    GError ** error);

KlingJob *kling_job_start (KlingPrepare prepare, gpointer data,
    GDestroyNotify destroy, KlingSettings * settings, KlingJournal * journal,
    GError ** error);
KlingJob *kling_job_ref (KlingJob * job);
void kling_job_unref (KlingJob * job);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingJob, kling_job_unref)

KlingWait kling_job_wait (KlingJob * job, KlingEvent ** event);
void kling_job_interrupt (KlingJob * job, gboolean interrupted);
void kling_job_answer_face (KlingJob * job, const gchar * face_id);
void kling_job_stop (KlingJob * job);

gchar *kling_job_dup_task_id (KlingJob * job);
gchar *kling_job_dup_leftovers (KlingJob * job);
KlingResult *kling_job_get_result (KlingJob * job);
GError *kling_job_dup_error (KlingJob * job, KlingDetails * details);

G_END_DECLS
