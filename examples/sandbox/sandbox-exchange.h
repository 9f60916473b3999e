/* One request on its way to its answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

#include "sandbox-fault.h"

G_BEGIN_DECLS

typedef struct _Sandbox Sandbox;

typedef struct {
  int refs;
  Sandbox *sandbox;
  SoupServerMessage *message;
  char *method;
  char *path;                   /* decoded, without query */
  GHashTable *query;            /* (nullable) */
  const char *kind;
  char *task;                   /* (nullable): named in the path */
  gint64 arrived;               /* unix microseconds */
  gboolean authorization;
  gboolean paid;
  gboolean charged;
  gboolean answered;
  SandboxFault *fault;          /* (nullable) */
} SandboxExchange;

typedef struct {
  guint status;
  char *type;                   /* (nullable): Content-Type */
  GBytes *parts[2];             /* (nullable): the body, in order */
  char *etag;                   /* (nullable): set: Range is honoured */
  char *location;               /* (nullable) */
} SandboxReply;

SandboxExchange *sandbox_exchange_new (Sandbox *sandbox,
    SoupServerMessage *message, const char *path, GHashTable *query);
SandboxExchange *sandbox_exchange_ref (SandboxExchange *exchange);
void sandbox_exchange_unref (SandboxExchange *exchange);
const SandboxFaultAction *sandbox_exchange_action (SandboxExchange *exchange);
const char *sandbox_exchange_header (SandboxExchange *exchange,
    const char *name);
const char *sandbox_exchange_query (SandboxExchange *exchange,
    const char *name);
JsonObject *sandbox_exchange_body (SandboxExchange *exchange, GError **error);
void sandbox_exchange_answer (SandboxExchange *exchange, SandboxReply *reply);
void sandbox_exchange_answer_json (SandboxExchange *exchange, guint status,
    JsonObject *object);
void sandbox_exchange_answer_code (SandboxExchange *exchange, gint64 code,
    const char *message);

SandboxReply *sandbox_reply_new (guint status, const char *type,
    GBytes *body);
SandboxReply *sandbox_reply_new_json (guint status, JsonObject *object);
void sandbox_reply_free (SandboxReply *reply);
gsize sandbox_reply_size (const SandboxReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxExchange, sandbox_exchange_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxReply, sandbox_reply_free)

G_END_DECLS
