/* klinglipsync tests: runs of the element in processes that may die
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>
#include <sys/wait.h>

#include "kling-testsandbox.h"

G_BEGIN_DECLS

/* How many times as fast the clock of the element runs: 120 s for the answer to
 * a paid call are 10 s. */
#define FAULTS_SPEED 12

/* Path of the video with the face, at the service */
#define FAULTS_FACE "/sandbox/uploads/face.mp4"

/* What fault-run ends with */
#define FAULTS_WELL 0
#define FAULTS_ERROR 1
#define FAULTS_STOPPED 4

/**
 * KlingFaults:
 * @sandbox: the service
 * @dialect: nick of the dialect that it is spoken to in
 * @directory: for everything that a test writes
 *
 * A service, and room for stores and videos.
 */
typedef struct
{
  KlingTestSandbox *sandbox;
  gchar *dialect;
  gchar *directory;

  /*< private > */
  gint files;                   /* atomic */
} KlingFaults;

KlingFaults *kling_faults_new (const gchar * dialect, const gchar * latency);
void kling_faults_free (KlingFaults * faults);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingFaults, kling_faults_free)

gboolean kling_faults_is_official (KlingFaults * faults);
gchar *kling_faults_dup_path (KlingFaults * faults, const gchar * name);
gchar *kling_faults_make_wav (KlingFaults * faults, guint milliseconds,
    guint8 seed);
gint64 kling_faults_paid (KlingFaults * faults);
void kling_faults_wait_paid (KlingFaults * faults, gint64 paid);
guint kling_faults_calls (KlingFaults * faults);
gchar *kling_faults_dup_newest_task (KlingFaults * faults);
gchar *kling_faults_dup_sum (KlingFaults * faults, const gchar * task_id);

/**
 * KlingFaultsRequest:
 * @faults: where
 * @store: the store
 *
 * What fault-run is called with, and in which environment.
 */
typedef struct
{
  KlingFaults *faults;
  gchar *store;

  /*< private > */
  GHashTable *properties;       /* name -> value */
  GHashTable *environment;      /* name -> value */
  gchar *audio;
} KlingFaultsRequest;

KlingFaultsRequest *kling_faults_request_new (KlingFaults * faults,
    const gchar * text);
void kling_faults_request_free (KlingFaultsRequest * request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingFaultsRequest, kling_faults_request_free)

void kling_faults_request_set (KlingFaultsRequest * request,
    const gchar * name, const gchar * value);
void kling_faults_request_setenv (KlingFaultsRequest * request,
    const gchar * name, const gchar * value);
void kling_faults_request_say (KlingFaultsRequest * request,
    const gchar * audio);
void kling_faults_request_use_store (KlingFaultsRequest * request,
    const gchar * path);
gchar *kling_faults_find_record (KlingFaultsRequest * request,
    const gchar * kind);

/**
 * KlingFaultsRun:
 * @pid: of the process, 0 when it has ended
 * @status: as waitpid() tells it
 * @said: what it said of the element, after the end
 * @complained: its standard error, after the end
 * @video: path of the video, which may not be there
 *
 * One process.
 */
typedef struct
{
  pid_t pid;
  gint status;
  gchar *said;
  gchar *complained;
  gchar *video;

  /*< private > */
  KlingFaults *faults;
  gchar *command;
  gchar *said_path;
  gchar *complained_path;
} KlingFaultsRun;

KlingFaultsRun *kling_faults_start (KlingFaultsRequest * request,
    const gchar * kill, const gchar * option, ...) G_GNUC_NULL_TERMINATED;
KlingFaultsRun *kling_faults_run (KlingFaultsRequest * request,
    const gchar * kill);
void kling_faults_wait (KlingFaultsRun * run);
void kling_faults_run_free (KlingFaultsRun * run);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingFaultsRun, kling_faults_run_free)

gboolean kling_faults_was_killed (KlingFaultsRun * run);
gchar *kling_faults_dup_said (KlingFaultsRun * run, const gchar * name);
gboolean kling_faults_wait_said (KlingFaultsRun * run, const gchar * line);
void kling_faults_check_end (KlingFaultsRun * run, gint status);
void kling_faults_check_video (KlingFaultsRun * run, const gchar * task_id);
void kling_faults_check_error (KlingFaultsRun * run, const gchar * part);
G_NORETURN void kling_faults_fail (KlingFaultsRun * run, const gchar * format,
    ...) G_GNUC_PRINTF (2, 3);

/* Ends the process with a sentence when @condition does not hold of @run */
#define kling_faults_check(run, condition, ...) \
  G_STMT_START { \
    if (!(condition)) \
      kling_faults_fail (run, __VA_ARGS__); \
  } G_STMT_END

G_END_DECLS
