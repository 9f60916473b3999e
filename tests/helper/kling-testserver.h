/* klinglipsync tests: a server that answers from a script
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * KlingTestAct:
 * @KLING_TEST_ANSWER: answers
 * @KLING_TEST_RESET: reads the request, then resets the connection
 * @KLING_TEST_CLOSE: reads the request, then closes without a byte
 * @KLING_TEST_HANG: reads the request, then stays silent
 * @KLING_TEST_RAW: sends the body alone, as it is, then closes
 */
typedef enum
{
  KLING_TEST_ANSWER,
  KLING_TEST_RESET,
  KLING_TEST_CLOSE,
  KLING_TEST_HANG,
  KLING_TEST_RAW,
} KlingTestAct;

/* In the body of an answer it stands for the external_task_id that came last. */
#define KLING_TEST_EXTERNAL_MARK "@EXTERNAL@"

/**
 * KlingTestStep:
 * @method: (nullable): matches this method only
 * @path: (nullable): matches paths that start so
 * @times: how many requests it answers; 0: any number
 * @act: what it does
 * @status: HTTP status; 0: 200
 * @headers: (nullable): header lines, each ended by "\r\n"
 * @body: (nullable): what the answer holds
 * @size: bytes of @body; 0: it is a string
 * @length: Content-Length to claim; 0: the true one, -1: none at all
 * @send: bytes of @body that are sent before the connection is closed; 0: all
 * @delay: milliseconds before the answer
 * @drip: milliseconds between the blocks of the body; 0: it is sent at once
 * @block: bytes of a block; 0: one
 * @etag: (nullable): ETag of the body, of which a part can be asked for
 *
 * Answers for the requests that it matches. The strings must outlive the
 * server. Only the first step that matches and is not used up acts.
 */
typedef struct
{
  const gchar *method;
  const gchar *path;
  guint times;
  KlingTestAct act;
  guint status;
  const gchar *headers;
  const gchar *body;
  gsize size;
  gint64 length;
  gsize send;
  guint delay;
  guint drip;
  gsize block;
  const gchar *etag;
} KlingTestStep;

/**
 * KlingTestCall:
 * @method: its method
 * @path: its path with the query
 * @authorization: (nullable): value of the Authorization header
 * @head: the request line and the headers as they came
 * @body: its body; a NUL follows it
 * @time: g_get_monotonic_time() when its head had come
 * @connection: which connection it came over, counted from 1
 * @sent: bytes of bodies that it was answered with; kling_test_server_sent()
 *
 * One request, as it came.
 */
typedef struct
{
  gchar *method;
  gchar *path;
  gchar *authorization;
  gchar *head;
  GBytes *body;
  gint64 time;
  guint connection;
  gsize sent;
} KlingTestCall;

typedef struct _KlingTestServer KlingTestServer;

KlingTestServer *kling_test_server_start (const KlingTestStep * steps,
    guint n_steps);
void kling_test_server_stop (KlingTestServer * server);

gchar *kling_test_server_url (KlingTestServer * server, const gchar * path);
guint kling_test_server_count (KlingTestServer * server, const gchar * method,
    const gchar * path);
gsize kling_test_server_sent (KlingTestServer * server, const gchar * path);
guint kling_test_server_count_connections (KlingTestServer * server);
gboolean kling_test_server_wait (KlingTestServer * server, guint n_calls,
    guint milliseconds);
const KlingTestCall *kling_test_server_call (KlingTestServer * server,
    guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestServer, kling_test_server_stop)

G_END_DECLS
