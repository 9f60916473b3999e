/* klinglipsync: how a service spells the API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-limits.h"
#include "kling-request.h"

G_BEGIN_DECLS

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
  GBytes *(*identify_body) (const KlingRequest * request);
  GBytes *(*create_body) (const KlingRequest * request,
      const gchar * session_id);
} KlingDialect;

extern const KlingDialect kling_dialect_gateway;

const KlingDialect *kling_dialect_get (KlingDialectId id);

G_END_DECLS
