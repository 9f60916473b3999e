/* klinglipsync: bounded and tolerant reading of JSON
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Deeper than any answer known (6 levels), shallower than any stack. */
#define KLING_JSON_MAX_DEPTH 64

JsonNode *kling_json_parse (const gchar * data, gsize size);

JsonObject *kling_json_get_object (JsonObject * object, const gchar * name);
const gchar *kling_json_get_string (JsonObject * object, const gchar * name);
gchar *kling_json_dup_scalar (JsonObject * object, const gchar * name);
gboolean kling_json_get_number (JsonObject * object, const gchar * name,
    gdouble * number);
JsonObject *kling_json_first_object (JsonNode * node);

gchar *kling_json_print (JsonBuilder * builder);
void kling_json_add (JsonBuilder * builder, const gchar * name,
    const gchar * value);

G_END_DECLS
