/* klinglipsync: what the readers of answers share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>
#include "kling-answer.h"

G_BEGIN_DECLS

/* The root and the objects named `data` below it */
#define KLING_LEVELS_MAX 5

/**
 * KlingLevels:
 * @objects: (transfer none): from the outermost object inwards
 * @n: how many there are
 *
 * An answer as a row of levels.
 */
typedef struct
{
  JsonObject *objects[KLING_LEVELS_MAX];
  guint n;
} KlingLevels;

gboolean kling_answer_is_url (const gchar * text);
gchar *kling_answer_find_result (const KlingLevels * levels,
    gboolean is_success);
void kling_answer_read_media (KlingAnswer * answer,
    const KlingLevels * levels);
gchar *kling_answer_dup_id (JsonObject * object, const gchar * name);

G_END_DECLS
