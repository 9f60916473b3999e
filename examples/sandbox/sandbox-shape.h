/* Which of the documented spellings is used.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

/* In the order of their names. */
enum { SANDBOX_DEPTH_OWN };     /* else: so many levels */
enum { SANDBOX_CREATE_OWN, SANDBOX_CREATE_FLAT, SANDBOX_CREATE_NESTED };
enum { SANDBOX_ERRORS_FLAT, SANDBOX_ERRORS_WRAPPED, SANDBOX_ERRORS_NESTED };

typedef struct {
  int depth;                    /* levels of `data` in a query's answer */
  int create;                   /* whether there is one in a create's */
  int integer_ids;
  int face_data;                /* not `face_list` */
  int words;                    /* which words say how far a task is */
  int errors;                   /* how a refusal is wrapped */
  int text_times;               /* of faces: "0", not 0 */
  int queued_speech;            /* a text is not spoken at once */
  int nested_upload;
} SandboxShape;

gboolean sandbox_shape_set (SandboxShape *shape, JsonObject *wish,
    GError **error);
JsonObject *sandbox_shape_print (const SandboxShape *shape);

G_END_DECLS
