/* klinglipsync: what was asked, and which task answers it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-error.h"
#include "kling-face.h"
#include "kling-isobmff.h"
#include "kling-request.h"
#include "kling-spool.h"
#include "kling-upload.h"

G_BEGIN_DECLS

/**
 * KlingResult:
 * @task_id: the task that made it
 * @spool: its bytes
 * @info: what the file says about itself
 *
 * A finished video. Immutable; refcounted.
 */
typedef struct
{
  /*< private > */
  gatomicrefcount refs;

  /*< public > */
  gchar *task_id;
  KlingSpool *spool;
  KlingIsobmff info;
} KlingResult;

KlingResult *kling_result_new (const gchar * task_id, KlingSpool * spool,
    const KlingIsobmff * info);
KlingResult *kling_result_ref (KlingResult * result);
void kling_result_unref (KlingResult * result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingResult, kling_result_unref)

/**
 * KlingRecordState:
 * @KLING_RECORD_READY: nothing was bought
 * @KLING_RECORD_UNKNOWN: a task may or may not have been bought
 * @KLING_RECORD_RUNNING: there is a task
 * @KLING_RECORD_DONE: there is a result
 * @KLING_RECORD_FAILED: the service gave the task up
 *
 * The states that make a difference within one process.
 */
typedef enum
{
  KLING_RECORD_READY,
  KLING_RECORD_UNKNOWN,
  KLING_RECORD_RUNNING,
  KLING_RECORD_DONE,
  KLING_RECORD_FAILED,
} KlingRecordState;

/**
 * KlingRecord:
 * @request: what was asked, the bytes of its files left out
 * @state: how far it got
 * @session_id: (nullable): what identify-face obtained
 * @faces: (nullable) (element-type KlingFace): likewise
 * @face_id: (nullable): the face that was chosen among them
 * @video_upload: (nullable): the source video, where the service reads it
 * @audio_upload: (nullable): what is said, likewise
 * @identify_unknown: an identify-face call was sent and its answer lost
 * @speech_id: (nullable): what is said, when it was made of a text
 * @speech_task_id: (nullable): what makes it, as long as it is not there
 * @speech_length: milliseconds, -1 when it is not known
 * @speech_unknown: a call that makes it was sent and its answer lost
 * @task_id: (nullable): the task
 * @query_path: which of the dialect's paths knows the task
 * @succeeded: the service has said that the task is done
 * @result: (nullable): the video, as long as it is kept
 * @reason: (nullable): why it is %KLING_RECORD_UNKNOWN or _FAILED
 * @details: beside @reason
 * @attempts: tasks bought for this request
 * @external_id: (nullable): our own id of the task that is %KLING_RECORD_UNKNOWN
 * @sent_at: on our clock, when it was asked for
 * @resent: it was asked for once more with that id
 *
 * What is known of one request. Only the job that holds it reads or writes it.
 */
typedef struct
{
  /*< private > */
  gboolean held;
  gchar *digest;                /* of request */

  /*< public > */
  KlingRequest *request;
  KlingRecordState state;
  gchar *session_id;
  GPtrArray *faces;
  gchar *face_id;
  KlingUploaded *video_upload;
  KlingUploaded *audio_upload;
  gboolean identify_unknown;
  gchar *speech_id;
  gchar *speech_task_id;
  gint64 speech_length;
  gboolean speech_unknown;
  gchar *task_id;
  guint query_path;
  gboolean succeeded;
  KlingResult *result;
  GError *reason;
  KlingDetails details;
  guint attempts;
  gchar *external_id;
  gint64 sent_at;
  gboolean resent;
} KlingRecord;

void kling_record_forget_session (KlingRecord * record);
void kling_record_set_reason (KlingRecord * record, KlingRecordState state,
    const GError * reason, const KlingDetails * details);

/**
 * KlingJournal:
 *
 * The records of one element, in memory. It outlives the element as long as a
 * paid call is completing in the background.
 */
typedef struct _KlingJournal KlingJournal;

KlingJournal *kling_journal_new (void);
KlingJournal *kling_journal_ref (KlingJournal * journal);
void kling_journal_unref (KlingJournal * journal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingJournal, kling_journal_unref)

KlingRecord *kling_journal_try_hold (KlingJournal * journal,
    const KlingRequest * request);
void kling_journal_release (KlingJournal * journal, KlingRecord * record);

G_END_DECLS
