/* klinglipsync: what the files of the element share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "gstklinglipsync.h"
#include "gstklingproperties.h"
#include "kling-job.h"

G_BEGIN_DECLS

/* Threads and locks: see gstklinglipsync.c. */
struct _GstKlingLipsync
{
  GstBin parent;

  GstElement *source;           /* our child; a reference of our own */
  GstPad *srcpad;               /* ghost of its pad */
  KlingJournal *journal;

  /* object lock */
  GstKlingProperties properties;
  gchar *credentials_source;
  GstKlingLipsyncStatus status;
  gchar *current_task_id;
  gchar *result_location;

  /* lock */
  GMutex lock;
  GCond cond;
  gboolean flushing;            /* the child shall not wait */
  gboolean abandoned;           /* a direct EOS came while nothing was there */
  gboolean delivered;           /* the result is being read out */
  gboolean playing;             /* in PLAYING, or on the way there */
  gboolean closed;              /* no input is taken any more */
  GError *input_error;          /* posted already, by the sink pad it came to */
  GPtrArray *inputs;            /* taken when it was closed, until the job */
  gint64 heard_at;              /* when a sink pad got something, or began */
  gint64 activated_at;          /* when READY was left, in real time */
  KlingJob *job;

  /* src pad task, or change_state() after it */
  gboolean progress_open;
  gboolean failed;
};

/* gstklinglipsync.c: properties */
GParamSpec *gst_kling_lipsync_get_pspec (guint id);
void gst_kling_lipsync_set_status (GstKlingLipsync * self,
    GstKlingLipsyncStatus status);
void gst_kling_lipsync_set_task_id (GstKlingLipsync * self,
    const gchar * task_id);
void gst_kling_lipsync_set_result_location (GstKlingLipsync * self,
    const gchar * location);
gchar *gst_kling_lipsync_select_face (GstKlingLipsync * self,
    GstStructure * faces);
void gst_kling_lipsync_set_credentials_source (GstKlingLipsync * self,
    gchar * source);

/* gstklingrequest.c: from properties and pads to a request */
KlingRequest *gst_kling_lipsync_make_request (GstKlingLipsync * self);
gboolean gst_kling_lipsync_check_inputs (GstKlingLipsync * self,
    const KlingRequest * request, GError ** error);
gboolean gst_kling_lipsync_check_offline (GstKlingLipsync * self,
    GError ** error);
KlingJob *gst_kling_lipsync_start_job (GstKlingLipsync * self,
    GPtrArray * inputs, GError ** error);

/* gstklingwait.c: the task of the src pad */
void gst_kling_lipsync_set_playing (GstKlingLipsync * self, gboolean playing);
void gst_kling_lipsync_close_progress (GstKlingLipsync * self,
    GstProgressType type, const gchar * text);

G_END_DECLS
