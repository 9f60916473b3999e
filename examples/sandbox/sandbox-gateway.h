/* How the gateway dialect spells its answers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

typedef enum {
  SANDBOX_WAITING,
  SANDBOX_RUNNING,
  SANDBOX_SUCCEEDED,
  SANDBOX_FAILED,
} SandboxState;

/* Which of the documented spellings is used. */
typedef struct {
  int depth;                    /* 1-3 levels of `data` in a query's answer */
  gboolean integer_ids;
  gboolean face_data;           /* not `face_list` */
  gboolean nested_create;
  int words;                    /* which words say how far a task is */
  int errors;                   /* how a refusal is wrapped */
  gboolean nested_upload;
} SandboxShape;

/* What a client may know about a task. */
typedef struct {
  const char *id;
  const char *upstream_id;      /* the service's own, behind the gateway */
  SandboxState state;
  gboolean fresh;               /* accepted a moment ago */
  guint percent;
  const char *reason;           /* (nullable): why it failed */
  const char *url;              /* (nullable): of the result */
  double duration;              /* of the result, seconds */
  gint64 created;               /* unix microseconds, 0: not yet */
  gint64 started;
  gint64 finished;
} SandboxTaskView;

typedef struct {
  const char *session_id;
  double duration;              /* of the video, seconds */
  guint width;
  guint height;
} SandboxSessionView;

void sandbox_shape_init (SandboxShape *shape);
gboolean sandbox_shape_set (SandboxShape *shape, JsonObject *wish,
    GError **error);
JsonObject *sandbox_shape_print (const SandboxShape *shape);

JsonObject *sandbox_gateway_session (const SandboxShape *shape,
    const SandboxSessionView *session);
JsonObject *sandbox_gateway_created (const SandboxShape *shape,
    const SandboxTaskView *task);
JsonObject *sandbox_gateway_task (const SandboxShape *shape,
    const SandboxTaskView *task);
JsonObject *sandbox_gateway_refusal (const SandboxShape *shape,
    JsonObject *body);
JsonObject *sandbox_gateway_no_task (void);
JsonObject *sandbox_gateway_no_key (void);
JsonObject *sandbox_gateway_no_route (const char *method, const char *path);

G_END_DECLS
