/* klinglipsync tests: a sandbox of one's own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The key it accepts unless it is started with another one */
#define KLING_TEST_SANDBOX_KEY "sandbox"

typedef struct _KlingTestSandbox KlingTestSandbox;

KlingTestSandbox *kling_test_sandbox_start (const gchar * option, ...)
    G_GNUC_NULL_TERMINATED;
void kling_test_sandbox_stop (KlingTestSandbox * sandbox);

void kling_test_sandbox_kill (KlingTestSandbox * sandbox);
void kling_test_sandbox_restart (KlingTestSandbox * sandbox);

const gchar *kling_test_sandbox_get_url (KlingTestSandbox * sandbox);
gchar *kling_test_sandbox_url (KlingTestSandbox * sandbox, const gchar * path);

GBytes *kling_test_sandbox_get (KlingTestSandbox * sandbox,
    const gchar * path);
void kling_test_sandbox_put (KlingTestSandbox * sandbox, const gchar * path,
    GBytes * data);
void kling_test_sandbox_post (KlingTestSandbox * sandbox, const gchar * path,
    const gchar * json);
JsonNode *kling_test_sandbox_get_json (KlingTestSandbox * sandbox,
    const gchar * path);

gint64 kling_test_sandbox_count (KlingTestSandbox * sandbox,
    const gchar * member);
guint kling_test_sandbox_count_calls (KlingTestSandbox * sandbox,
    const gchar * kind);

void kling_test_sandbox_add_fault (KlingTestSandbox * sandbox,
    const gchar * format, ...) G_GNUC_PRINTF (2, 3);
void kling_test_sandbox_clear_faults (KlingTestSandbox * sandbox);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestSandbox, kling_test_sandbox_stop)

G_END_DECLS
