/* klinglipsync: how a service spells the API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-limits.h"
#include "kling-request.h"

G_BEGIN_DECLS

/**
 * KlingSources:
 * @session_id: (nullable): the session of the source video, once there is one
 * @video_url: (nullable): where the service reads the source video
 * @audio_url: (nullable): where the service reads what is said
 *
 * What a request needs to be sent and does not say itself: files from pads have
 * become URLs.
 */
typedef struct
{
  const gchar *session_id;
  const gchar *video_url;
  const gchar *audio_url;
} KlingSources;

/**
 * KlingDialect:
 * @nick: the word users write
 * @default_base_url: (nullable): where its best known service is
 * @identify_path: path of identify-face, below the base URL
 * @create_path: path of the call that buys a task
 * @query_path: path of a task, with %s for its id
 * @limits: how long and how large what is sent may be
 * @check: the dialect's own rules for a complete request; sends nothing
 * @identify_body: JSON of identify-face
 * @create_body: JSON of the call that buys a task
 *
 * Pure functions and constants, one file per dialect. Adding a dialect touches
 * its own file and the table in kling-dialect.c.
 */
typedef struct
{
  const gchar *nick;
  const gchar *default_base_url;
  const gchar *identify_path;
  const gchar *create_path;
  const gchar *query_path;
  KlingLimits limits;

  gboolean (*check) (const KlingRequest * request, GError ** error);
  GBytes *(*identify_body) (const KlingRequest * request,
      const KlingSources * sources);
  GBytes *(*create_body) (const KlingRequest * request,
      const KlingSources * sources);
} KlingDialect;

extern const KlingDialect kling_dialect_gateway;

const KlingDialect *kling_dialect_get (KlingDialectId id);

G_END_DECLS
