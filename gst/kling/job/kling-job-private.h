/* klinglipsync: inside of a job
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-cut.h"
#include "kling-job.h"
#include "kling-journal.h"
#include "kling-service.h"
#include "kling-slots.h"

G_BEGIN_DECLS

/* Of the whole job: what is behind it when a step begins */
#define KLING_PERCENT_IDENTIFY 5
#define KLING_PERCENT_CREATE 6
#define KLING_PERCENT_TASK 7
#define KLING_PERCENT_DOWNLOAD 90

/* People want to see that something lives; nobody wants to see every poll. */
#define KLING_TELL_INTERVAL (10 * KLING_SECOND)

struct _KlingJob
{
  gatomicrefcount refs;

  /* immutable */
  KlingPrepare prepare;
  gpointer data;
  GDestroyNotify destroy;
  KlingSettings *settings;
  KlingJournal *journal;
  GCancellable *stop;

  /* the job's thread only */
  KlingRequest *request;        /* immutable once it is there */
  const KlingDialect *dialect;
  KlingHttp *http;
  KlingService *service;
  KlingStore *store;            /* NULL: there is none */
  gchar *account;               /* who pays */
  KlingSlot *slot;              /* NULL: none is held */
  KlingEntry *entry;            /* NULL while another run has the record */
  KlingRecord *record;          /* of entry, or a copy of what another has */
  KlingRecord *session;         /* a copy */
  KlingRecord *speech;          /* a copy */
  KlingUploaded *video_upload;
  KlingUploaded *audio_upload;
  KlingDetails details;
  KlingStage stage;
  gint percent;
  gint64 audio_length;          /* milliseconds, -1: not known */
  KlingCut cut;
  gboolean adopted;             /* the task was found at the service */
  gboolean bought;              /* the task was asked for by this run */
  gboolean again;               /* the call that costs is sent once more */
  gint64 uploads_checked_at;
  gboolean uploads_removed;

  /* guarded by lock; cond says that any of it has changed */
  GMutex lock;
  GCond cond;
  GQueue events;
  gboolean waited_for;
  gboolean interrupted;
  gboolean stopped;
  gboolean finished;
  gchar *task_id;
  gchar *leftovers;
  gboolean face_answered;
  gchar *face_answer;
  KlingResult *result;
  GError *error;
  KlingDetails error_details;
};

/* kling-job-run.c: the job's thread, from request to result */
KlingResult *kling_job_run (KlingJob * job, GError ** error);
gboolean kling_job_may_go_on (KlingJob * job, GError ** error);
const gchar *kling_job_advise_after (const KlingRecord * record, gint code);
gboolean kling_job_may_ask_again (const KlingJob * job);
gboolean kling_job_sleep (KlingJob * job, gint64 span, gint64 deadline,
    GError ** error);

/* kling-job-store.c: what is known from before, and is written down */
gboolean kling_job_open_store (KlingJob * job, GError ** error);
KlingEntry *kling_job_hold (KlingJob * job, KlingRecordKind kind,
    const gchar * key, const gchar * what, GError ** error);
gboolean kling_job_hold_record (KlingJob * job, KlingRecordKind kind,
    const gchar * key, GError ** error);
void kling_job_let_go (KlingJob * job);
gboolean kling_job_take_over (KlingJob * job);
void kling_job_put (KlingJob * job, KlingEntry * entry);
void kling_job_put_answer (KlingJob * job, KlingEntry * entry);
KlingResult *kling_job_get_kept (KlingJob * job, const KlingRecord * record,
    GError ** error);
KlingResult *kling_job_get_followed (KlingJob * job);

/* kling-job-session.c: the faces of the source video */
gboolean kling_job_has_session (KlingJob * job);
gboolean kling_job_obtain_session (KlingJob * job, GError ** error);
void kling_job_forget_session (KlingJob * job);
const gchar *kling_job_get_session_id (const KlingJob * job);

/* kling-job-attach.c: a task that the user names */
gboolean kling_job_attach (KlingJob * job, GError ** error);

/* kling-job-upload.c: files from pads, to where the service reads them */
gboolean kling_job_upload_video (KlingJob * job, GError ** error);
gboolean kling_job_upload_inputs (KlingJob * job, GError ** error);
gboolean kling_job_refresh_uploads (KlingJob * job, GError ** error);
void kling_job_remove_uploads (KlingJob * job);
void kling_job_sweep_uploads (KlingJob * job);
void kling_job_update_leftovers (KlingJob * job);
void kling_job_redact (KlingJob * job, GError * error);

/* kling-job-buy.c: the steps that cost money */
typedef KlingEnding (*KlingPaidCall) (KlingJob * job, KlingEntry * entry,
    KlingReply * reply, GError ** error);

KlingSources kling_job_get_sources (const KlingJob * job);
gboolean kling_job_may_pay (const KlingJob * job, GError ** error);
gboolean kling_job_buy_task (KlingJob * job, GError ** error);
gboolean kling_job_settle (KlingJob * job, GError ** error);
KlingEnding kling_job_call_paid (KlingJob * job, KlingEntry * entry,
    KlingPaidCall call, GError ** error);

/* kling-job-slot.c: not more tasks at once than there may be */
gboolean kling_job_check_slots (KlingJob * job, GError ** error);
gboolean kling_job_take_slot (KlingJob * job, GError ** error);
void kling_job_resume_slot (KlingJob * job);
void kling_job_end_slot (KlingJob * job);
gboolean kling_job_await_turn (KlingJob * job, KlingEntry * entry,
    gint64 deadline, GError ** error);
void kling_job_share_wait (KlingJob * job, gint64 span);

/* kling-job-face.c: whose lips move */
gboolean kling_job_choose_face (KlingJob * job, KlingEntry * session,
    GError ** error);
const gchar *kling_job_get_face_id (const KlingJob * job);

/* kling-job-speech.c: what is said */
gboolean kling_job_measure_audio (KlingJob * job, GError ** error);
gboolean kling_job_has_speech (KlingJob * job);
gboolean kling_job_obtain_speech (KlingJob * job, GError ** error);

/* kling-job-lookup.c: a task whose answer was lost */
gchar *kling_job_dup_external_id (KlingJob * job);
gboolean kling_job_has_own_external_id (const KlingJob * job);
gboolean kling_job_adopt_duplicate (KlingJob * job, gboolean * answered);
gboolean kling_job_find_task (KlingJob * job, GError ** error);

/* kling-job-plan.c: what all of it would be */
gboolean kling_job_plan (KlingJob * job, GError ** error);

/* kling-job-fetch.c: the steps that do not */
typedef struct _KlingPolls KlingPolls;

KlingResult *kling_job_fetch_result (KlingJob * job, GError ** error);
gchar *kling_job_await_url (KlingJob * job, KlingPolls * polls, gint64 wait,
    GError ** error);

/* kling-job-download.c: the video, from its URL to here */
KlingResult *kling_job_download (KlingJob * job, gchar * first_url,
    gint64 deadline, KlingPolls * polls, GError ** error);

/* kling-job.c: what the steps tell the world */
void kling_job_progress (KlingJob * job, KlingStage stage, gint percent,
    const gchar * format, ...) G_GNUC_PRINTF (4, 5);
void kling_job_warn (KlingJob * job, const gchar * format, ...)
    G_GNUC_PRINTF (2, 3);
void kling_job_tell_task (KlingJob * job, const gchar * word, gint64 elapsed,
    guint attempt);
void kling_job_tell_faces (KlingJob * job);
void kling_job_tell_plan (KlingJob * job, KlingPlan * plan);
gboolean kling_job_await_face (KlingJob * job, gchar ** face_id,
    GError ** error);
void kling_job_set_task_id (KlingJob * job, const gchar * task_id);
void kling_job_set_leftovers (KlingJob * job, gchar * leftovers);

G_END_DECLS
