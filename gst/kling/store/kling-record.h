/* klinglipsync: what is known of something that costs money
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-error.h"
#include "kling-face.h"

G_BEGIN_DECLS

/**
 * KlingRecordKind:
 * @KLING_RECORD_REQUEST: a video that was asked for
 * @KLING_RECORD_SESSION: the faces of a source video (identify-face)
 * @KLING_RECORD_SPEECH: a text that is spoken
 * @KLING_RECORD_TASK: a task that the user named, whoever bought it
 *
 * What a record is about.
 */
typedef enum
{
  KLING_RECORD_REQUEST,
  KLING_RECORD_SESSION,
  KLING_RECORD_SPEECH,
  KLING_RECORD_TASK,
} KlingRecordKind;

/**
 * KlingRecordState:
 * @KLING_RECORD_READY: nothing was bought, and no call is under way
 * @KLING_RECORD_SENDING: the call that costs may have been sent
 * @KLING_RECORD_UNKNOWN: it was, and whether something was bought is not known
 * @KLING_RECORD_RUNNING: there is a task
 * @KLING_RECORD_FETCHING: the task is done, its video is not here
 * @KLING_RECORD_DONE: what was bought is here: a kept video, a session, speech
 * @KLING_RECORD_FAILED: the service gave the task up
 * @KLING_RECORD_REFUSED: the service said no, and there is no task
 * @KLING_RECORD_GONE: the service made the video and has it no more
 *
 * How far it got. docs/architecture.md, "States of a record", says what leads
 * from one to the next and what is on disk before that.
 */
typedef enum
{
  KLING_RECORD_READY,
  KLING_RECORD_SENDING,
  KLING_RECORD_UNKNOWN,
  KLING_RECORD_RUNNING,
  KLING_RECORD_FETCHING,
  KLING_RECORD_DONE,
  KLING_RECORD_FAILED,
  KLING_RECORD_REFUSED,
  KLING_RECORD_GONE,
} KlingRecordState;

/**
 * KlingRecord:
 * @kind: what it is about
 * @key: 64 hex digits by which it is known, and the name of its files
 * @state: how far it got
 * @dialect: (nullable): nick of the dialect
 * @service: (nullable): base URL of the service, as it may be shown
 * @label: (nullable): what was asked for, in words for people
 * @take: (nullable): the name of this take
 * @account: (nullable): who paid, as kling_store_dup_account() tells
 * @attempt: the number of the call that costs, from 1; 0 before the first
 * @resent: that call was sent once more, with the same id
 * @sent_at: when, in microseconds since 1970; 0 if never
 * @external_id: (nullable): our own id of the task
 * @task_id: (nullable): the task; of speech, what makes it
 * @query_path: which of the dialect's paths knows the task
 * @reason: (nullable): why it is unknown, failed, refused or gone
 * @details: beside @reason
 * @units: what it cost, in units of the service; -1 when it did not say
 * @sha256: (nullable): of the video, once it was here
 * @size: of the video in bytes, -1 before
 * @duration: of the video in microseconds, -1 when it does not say
 * @delivered: somebody was handed the video
 * @etag: (nullable): by which a part of the video is known to be of the same
 * @part_length: how long the whole will be, -1 when the server did not say
 * @boot: (nullable): in which run of this machine the part was written
 * @owed_place: (nullable): at which place files of ours stand
 * @owed_video: (nullable): the name of the source video there
 * @owed_audio: (nullable): the name of what is said there
 * @session_id: (nullable): of a session
 * @faces: (nullable) (element-type KlingFace): of a session, without pictures
 * @face_id: (nullable): the face that was chosen among them
 * @speech_id: (nullable): of speech
 * @speech_length: of speech, in milliseconds; -1 when it is not known
 * @created_at: when the record was begun, in microseconds since 1970
 * @changed_at: when it was last written
 *
 * No key, no query of a URL and no URL of a result is ever in it, and of a text
 * 40 characters. Only who holds its entry writes it.
 */
typedef struct
{
  KlingRecordKind kind;
  gchar *key;
  KlingRecordState state;
  gchar *dialect;
  gchar *service;
  gchar *label;
  gchar *take;
  gchar *account;
  guint attempt;
  gboolean resent;
  gint64 sent_at;
  gchar *external_id;
  gchar *task_id;
  guint query_path;
  GError *reason;
  KlingDetails details;
  gdouble units;
  gchar *sha256;
  gint64 size;
  gint64 duration;
  gboolean delivered;
  gchar *etag;
  gint64 part_length;
  gchar *boot;
  gchar *owed_place;
  gchar *owed_video;
  gchar *owed_audio;
  gchar *session_id;
  GPtrArray *faces;
  gchar *face_id;
  gchar *speech_id;
  gint64 speech_length;
  gint64 created_at;
  gint64 changed_at;
} KlingRecord;

KlingRecord *kling_record_new (KlingRecordKind kind, const gchar * key);
KlingRecord *kling_record_copy (const KlingRecord * record);
void kling_record_free (KlingRecord * record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingRecord, kling_record_free)

void kling_record_set_task (KlingRecord * record, const gchar * task_id);
void kling_record_set_reason (KlingRecord * record, KlingRecordState state,
    const GError * reason, const KlingDetails * details);
void kling_record_forget_session (KlingRecord * record);
void kling_record_forget_part (KlingRecord * record);
gchar *kling_record_dup_sent_at (const KlingRecord * record);
gboolean kling_record_has_task (const KlingRecord * record);

const gchar *kling_record_kind_get_nick (KlingRecordKind kind);
const gchar *kling_record_state_get_nick (KlingRecordState state);

gchar *kling_record_to_text (const KlingRecord * record, gsize * size);
KlingRecord *kling_record_from_text (const gchar * text, gsize size,
    GError ** error);

G_END_DECLS
