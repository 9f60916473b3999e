/* klinglipsync: what a run would send, and what that would cost
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-face.h"
#include "kling-request.h"

G_BEGIN_DECLS

/* What it costs is not known */
#define KLING_UNITS_UNKNOWN -1

/**
 * KlingPlannedCall:
 * @name: "upload", "check-upload", "read-audio", "identify-face", "speech",
 *   "create", "look-up", "poll", "download" or "remove-upload"
 * @method: (nullable): "GET", "POST", "PUT" or "DELETE"; %NULL when this process
 *   serves a file itself
 * @url: (nullable): where to, as it may be shown; %NULL when only an answer will
 *   tell. What is not known yet stands in it in brackets, as "(task)"
 * @size: bytes of the body, -1 without one
 * @is_exact: nothing in the body is still to be found out, so @size is exact
 * @is_paid: it costs money
 * @units_min: hundredths of a unit that it costs at least; 0 when it costs
 *   nothing, %KLING_UNITS_UNKNOWN when its price is not known
 * @units_max: likewise, at most
 * @text: what it is, a sentence for people
 *
 * One of the calls that a run would make. Those that wait for something are made
 * more than once.
 */
typedef struct
{
  const gchar *name;
  const gchar *method;
  gchar *url;
  goffset size;
  gboolean is_exact;
  gboolean is_paid;
  gint units_min;
  gint units_max;
  gchar *text;
} KlingPlannedCall;

/**
 * KlingPlan:
 * @calls: (element-type KlingPlannedCall): in the order in which they are made
 * @paid_calls: how many of them cost money
 * @units_min: hundredths of a unit that they cost together at least, or
 *   %KLING_UNITS_UNKNOWN
 * @units_max: likewise, at most
 * @digest: by what the request is known
 * @text: all of it in one or a few sentences for people
 *
 * What a run would do.
 */
typedef struct
{
  GPtrArray *calls;
  guint paid_calls;
  gint units_min;
  gint units_max;
  gchar *digest;
  gchar *text;
} KlingPlan;

/**
 * KlingPlanKnown:
 * @session_id: (nullable): the session of the source video
 * @face: (nullable): who speaks, when that is decided
 * @speech_id: (nullable): the text, spoken
 * @speech_length: milliseconds, -1 when it is not known
 * @speech_task: (nullable): what makes that speech, when it was paid and is not
 *   there yet
 * @task_id: (nullable): the task that makes the video, or has made it
 * @query_path: which of the dialect's paths knows that task
 * @is_here: the video is here
 * @attempts: tasks bought for this request before
 * @lost_id: (nullable): external id of a task of which it is not known whether
 *   it was bought, and which is looked for first
 *
 * What earlier runs have found out and paid. Owns nothing.
 */
typedef struct
{
  const gchar *session_id;
  const KlingFace *face;
  const gchar *speech_id;
  gint64 speech_length;
  const gchar *speech_task;
  const gchar *task_id;
  guint query_path;
  gboolean is_here;
  guint attempts;
  const gchar *lost_id;
} KlingPlanKnown;

KlingPlan *kling_plan_new (const KlingRequest * request,
    const KlingSettings * settings, const KlingPlanKnown * known,
    GError ** error);
void kling_plan_free (KlingPlan * plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingPlan, kling_plan_free)

G_END_DECLS
