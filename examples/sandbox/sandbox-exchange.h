/* One request on its way to its answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

#include "sandbox-credential.h"
#include "sandbox-fault.h"
#include "sandbox-intake.h"

G_BEGIN_DECLS

typedef struct _Sandbox Sandbox;

typedef struct _SandboxExchange SandboxExchange;
struct _SandboxExchange {
  int refs;
  Sandbox *sandbox;
  SoupServerMessage *message;   /* owned once it is held */
  gboolean held;
  char *method;
  char *path;                   /* decoded, without query */
  GHashTable *query;            /* (nullable) */
  const char *kind;
  void (*handler) (SandboxExchange *exchange);  /* (nullable): no such path */
  char *task;                   /* (nullable): named in the path */
  char *name;                   /* (nullable): of a file or a session there */
  gint64 arrived;               /* unix microseconds */
  gboolean authorization;
  SandboxCredentials credentials;
  gsize received;               /* bytes of the body so far */
  gsize limit;                  /* more of them are too many */
  SandboxIntake *intake;        /* (nullable): a body that goes to a file */
  gboolean paid;
  gboolean charged;
  gboolean answered;
  SandboxFault *fault;          /* (nullable) */
};

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
void sandbox_exchange_hold (SandboxExchange *exchange);
void sandbox_exchange_receive (SandboxExchange *exchange, GBytes *chunk);
gboolean sandbox_exchange_is_too_large (SandboxExchange *exchange);
gboolean sandbox_exchange_is_behind_gateway (SandboxExchange *exchange);
const SandboxFaultAction *sandbox_exchange_action (SandboxExchange *exchange);
const char *sandbox_exchange_header (SandboxExchange *exchange,
    const char *name);
const char *sandbox_exchange_query (SandboxExchange *exchange,
    const char *name);
JsonObject *sandbox_exchange_body (SandboxExchange *exchange, GError **error);
void sandbox_exchange_answer (SandboxExchange *exchange, SandboxReply *reply);
void sandbox_exchange_answer_json (SandboxExchange *exchange, guint status,
    JsonObject *object);
void sandbox_exchange_answer_list (SandboxExchange *exchange,
    JsonArray *list);
void sandbox_exchange_answer_problem (SandboxExchange *exchange,
    guint status, const char *message);
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
