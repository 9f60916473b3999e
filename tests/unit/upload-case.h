/* klinglipsync tests: a file on its way to an upload place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/check/gstcheck.h>

#include "kling-clock.h"
#include "kling-error.h"
#include "kling-testserver.h"
#include "kling-upload.h"

/* Waits between tries are drawn from up to 15 seconds: our clock runs so fast
 * that they do not count, and the timeouts are so long that a busy machine does
 * not meet them. */
#define CASE_SPEED "30"
#define CASE_TIMEOUT (900 * KLING_SECOND)

#define CASE_DIGEST \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define START_SERVER(steps) \
  kling_test_server_start (steps, G_N_ELEMENTS (steps))

typedef struct
{
  KlingHttp *http;
  KlingSpool *spool;
  guint8 *bytes;
  gsize size;
  GCancellable *stop;
  gint64 timeout;
  gint64 life;
  gboolean cleanup;
  const gchar *public_url;
  const gchar *const *headers;

  KlingUpload *upload;
  KlingUploaded *uploaded;
  GError *error;
  goffset sent, told_size;
  guint told;
} Case;

Case *case_new (gsize size);
void case_free (Case * c);
gboolean case_open (Case * c, const gchar * address);
gboolean case_put (Case * c, const gchar * address);
gboolean case_put_at (Case * c, KlingTestServer * server,
    const gchar * before, const gchar * path);
gboolean case_check (Case * c);
gboolean case_remove (Case * c);
void case_check_error (const Case * c, KlingError code, const gchar * words);
void case_check_unpaid (const Case * c, KlingError code, const gchar * words);
void case_check_body (const Case * c, const KlingTestCall * call);
void case_set_aws (gboolean token);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)
